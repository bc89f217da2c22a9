"""The lines that one printer holds: mains, raws, configs; the first live one of each is in use. Knows no job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from fanfold.door import Line
from fanfold.transports.weblink.channel import Channel
from fanfold.transports.weblink.messages import Channel as Kind
from fanfold.transports.weblink.packet import Discovery

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
    may_be_full: Callable[[], bool] = lambda: False
    """Whether the printer may have so much to print that it reads no more of raw; then it answers no ping there."""

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

    async def call_the_roll(self, said: int | None) -> RollCall:
        """Ping every line, after the printer said how many it has."""
        roll = RollCall(said, asyncio.get_running_loop().time(), [one for one in self.all() if one.line.is_open])
        for one in roll.asked:
            with suppress(ConnectionError):  # then it does not answer
                await one.line.ping(b"fanfold")
        return roll

    async def drop_the_dead(self, newest: Main, within_s: float) -> None:
        """Hang up on lines older than this one that do not answer in time, but for a channel that a job is on."""
        asked_s = asyncio.get_running_loop().time()
        older: list[Main | Channel] = [one for one in self.all() if one is not newest and one.line.is_open]
        for one in older:
            with suppress(ConnectionError):  # its reader learns of it too
                await one.line.ping(b"fanfold")
        await asyncio.sleep(within_s)
        silent = [one for one in older if one.line.heard_s < asked_s]
        is_another_life = all(one in silent for one in older)
        for one in silent:
            if isinstance(one, Main) or not (one.busy or (self.may_be_full() and not is_another_life)):
                one.line.abort()


@dataclass(frozen=True, slots=True)
class RollCall:
    """How many lines a printer said that it has open, and which of them are known here."""

    said: int | None
    asked_s: float
    asked: list[Main | Channel]

    @property
    def is_complete(self) -> bool:
        """Whether every line that the printer has is one that answered: bytes may come to it over no other.

        Such another is one that broke off for us only: a proxy or the net may hold what was sent over it, and bring
        it late.
        """
        return self.said == sum(one.line.heard_s >= self.asked_s for one in self.asked)
