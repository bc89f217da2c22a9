"""The lines that one printer holds: mains, raws, configs; the first live one of each is in use. Knows no job."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from fanfold.door import Line
from fanfold.transports.weblink_channel import Channel, Lost
from fanfold.transports.weblink_messages import Channel as Kind
from fanfold.transports.weblink_packet import Discovery

MOST = 101
"""Lines of each kind that one printer may hold; its own cap is 100 for all together at most."""


@dataclass(eq=False, slots=True)
class Main:
    """A main line, with what the printer said of itself on it."""

    line: Line
    says: Discovery
    opened_s: float
    pinged_s: float = 0.0


@dataclass(slots=True)
class Lines:
    """Some printers dial again and again though they are connected: extras idle, and step in when the first is lost."""

    mains: list[Main] = field(default_factory=list)
    raws: list[Channel] = field(default_factory=list)
    configs: list[Channel] = field(default_factory=list)

    @property
    def primary(self) -> Main | None:
        """The main line in use."""
        return next((main for main in self.mains if main.line.is_open), None)

    def current(self, kind: Kind) -> Channel | None:
        """Return the channel of that kind in use."""
        return next((channel for channel in self.of(kind) if channel.is_live), None)

    def of(self, kind: Kind) -> list[Channel]:
        """Return all channels of that kind."""
        return self.raws if kind == "raw" else self.configs

    def all(self) -> Iterator[Main | Channel]:
        """Yield every line."""
        yield from self.mains
        yield from self.raws
        yield from self.configs

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is open, by the names people know."""
        open_now = {"main": self.primary, "raw": self.current("raw"), "config": self.current("config")}
        return tuple(kind for kind, one in open_now.items() if one is not None)

    def abort(self) -> None:
        """Hang up on all."""
        for one in tuple(self.all()):
            one.line.abort()

    async def drop_the_dead(self, newest: Main, within_s: float) -> None:
        """Hang up on lines older than this one that do not answer in time, but for a channel that a job is on."""
        asked_s = asyncio.get_running_loop().time()
        older = [main for main in self.mains if main is not newest and main.line.is_open]
        for main in older:
            try:
                await main.line.ping(b"fanfold")
            except ConnectionError:
                continue
        channels = [channel for channel in (*self.raws, *self.configs) if channel.is_live]
        await asyncio.gather(*(_drop_unless_it_stands(channel, within_s) for channel in channels))
        await asyncio.sleep(asked_s + within_s - asyncio.get_running_loop().time())
        for main in older:
            if main.line.heard_s < asked_s:
                main.line.abort()


async def _drop_unless_it_stands(channel: Channel, within_s: float) -> None:
    try:
        if not channel.busy and not await channel.stands(within_s) and not channel.busy:
            channel.line.abort()
    except Lost:
        return
