"""One printer that dials in and is let in: its lines, what they tell, its jobs' proof. Knows no visitor and no rule."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, assert_never

from fanfold.config import Weblink
from fanfold.errors import NotReached
from fanfold.model import Reason
from fanfold.reception import Came, ChannelClosed, ChannelOpened, Faults, News, Scanned, Went
from fanfold.transports import weblink_alerts as alerts
from fanfold.transports.base import Report
from fanfold.transports.weblink_channel import Channel
from fanfold.transports.weblink_ledger import Entry
from fanfold.transports.weblink_lines import Lines, Main, drop_if_silent, drop_unless_it_stands
from fanfold.transports.weblink_messages import Channel as Kind
from fanfold.transports.weblink_messages import configure_alerts
from fanfold.transports.weblink_opener import NOT_OPENED, Opener
from fanfold.transports.weblink_packet import Discovery
from fanfold.transports.weblink_proof import Counted, Verdict
from fanfold.transports.weblink_prover import Prover

log = logging.getLogger(__name__)

CHECK_S = 10.0
"""How long a line may take to answer when another of the same printer makes it doubtful."""


class Device:
    """`tell` takes its news; `start` runs what nobody waits for."""

    __slots__ = ("_is_there", "_manners", "_openers", "_start", "_tell", "lines", "prover", "serial")

    def __init__(
        self,
        serial: str,
        manners: Weblink,
        tell: Callable[[News], None],
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self.serial, self._manners, self._tell, self._start = serial, manners, tell, start
        self.lines = Lines()
        self.prover = Prover(self.raw, start)
        self._is_there = False
        self._openers: dict[Kind, Opener] = {
            "raw": Opener("raw", self.lines, self._open_wait_s, self._raw_refused, start),
            "config": Opener("config", self.lines, self._open_wait_s, lambda _: None, start),
        }

    @property
    def words(self) -> str:
        """What it is called in sentences."""
        return f"the printer {self.serial}"

    # lines that come and go

    async def main_came(self, main: Main) -> None:
        """Take a main line; the first in use is asked for raw and for alerts."""
        for other in self.lines.mains:
            if other.line.is_open:
                self._start(drop_if_silent(other, CHECK_S))
        for channel in (*self.lines.raws, *self.lines.configs):
            if channel.is_live:
                self._start(drop_unless_it_stands(channel, CHECK_S))
        self.lines.mains.append(main)
        self._is_there = True
        self._tell(Came(in_words(main.says), _faults(main.says), _language(main.says)))
        if len(self.lines.mains) == 1:
            self._tell(ChannelOpened("main"))
        if self.lines.primary is main:
            await self._greet(main)

    async def main_went(self, main: Main, says: str) -> None:
        """Take note that a main line is over; another one steps in."""
        was_primary = self.lines.mains[:1] == [main]
        self.lines.mains.remove(main)
        if self.lines.mains:
            if was_primary and (heir := self.lines.primary) is not None:
                await self._greet(heir)
            return
        self._tell(ChannelClosed("main", says))
        self._gone_if_alone(says)

    def channel_came(self, channel: Channel, kind: Kind) -> None:
        """Take a channel."""
        channels = self.lines.of(kind)
        channels.append(channel)
        self._openers[kind].came()
        if len(channels) > 1:
            return
        self._tell(ChannelOpened(kind))
        if kind == "raw":
            self.prover.returned()

    def channel_went(self, channel: Channel, kind: Kind, says: str) -> None:
        """Take note that a channel is over. A raw one is asked for again; a config one ends after each command."""
        channels = self.lines.of(kind)
        channels.remove(channel)
        if not channels:
            self._tell(ChannelClosed(kind, says))
        if kind == "raw":
            self._openers["raw"].want()
        self._gone_if_alone(says)

    def turn_out(self) -> None:
        """Hang up on it: it is not let in any more."""
        for opener in self._openers.values():
            opener.stop()
        self.lines.abort()

    async def _greet(self, main: Main) -> None:
        manners = self._manners
        self._openers["raw"].want_anew()
        if manners.alerts:
            with suppress(ConnectionError):  # that main is over; its reader learns of it too
                await main.line.send(configure_alerts(manners.scans))

    def _gone_if_alone(self, says: str) -> None:
        if self._is_there and not any(True for _ in self.lines.all()):
            self._is_there = False
            self._tell(Went(says))

    # what it says

    def heard(self, message: object) -> None:
        """Take an object that came on a main line."""
        try:
            alert = alerts.alert(message)
        except alerts.NotAlert as error:
            log.info("%s said on its main channel what is not known here: %s", self.words, error)
            return
        if alert.serial != self.serial:
            log.warning("%s sent an alert for %.40r, which was passed over", self.words, alert.serial)
            return
        self._take(alerts.effect_of(alert))

    def _take(self, effect: alerts.Effect) -> None:
        match effect:
            case alerts.Sets(reason):
                self._tell(Faults({reason: alerts.WORDS[reason]}))
            case alerts.Clears(reason):
                self._tell(Faults(clears=frozenset({reason})))
            case alerts.JobDone():
                self.prover.alert()
            case alerts.Scanned(setting, data):
                if setting in self._manners.scans:
                    self._tell(Scanned(data, setting))
            case alerts.Restarting():
                self._tell(Faults(clears=frozenset(alerts.WORDS)))
            case alerts.Noted(reason, words):
                self._tell(Faults({reason: words}))
            case _:
                assert_never(effect)

    def _raw_refused(self, says: str) -> None:
        if says:
            self._tell(Faults({NOT_OPENED: says}))
        else:
            self._tell(Faults(clears=frozenset({NOT_OPENED})))

    # what its jobs and questions need

    async def raw(self) -> Channel:
        """Return the raw channel. Raises NotReached."""
        return await self.channel("raw")

    async def channel(self, kind: Kind) -> Channel:
        """Return a live channel, opened if it must be, in a bounded time. Raises NotReached."""
        return await self._openers[kind].get(self.words)

    async def reopen(self, kind: Kind) -> None:
        """Have that channel opened anew. Raises NotReached."""
        for channel in tuple(self.lines.of(kind)):
            if channel.busy:
                raise NotReached(f"{self.words} is being sent a job on it", reasons=(Reason.BUSY_ELSEWHERE,))
            await channel.line.close(1000, "opened anew")
        await self.channel(kind)

    def begin(self, report: Report) -> Entry[Report]:
        """Note that a job's first byte is about to leave."""
        return self.prover.ledger.begin(report)

    def before(self, entry: Entry[Report]) -> int | None:
        """Return where its label counter stands when all earlier jobs are out; None: not known."""
        return self.prover.ledger.before(entry)

    def delivered(self, entry: Entry[Report]) -> None:
        """Note that the printer has all of it."""
        self.prover.delivered(entry)

    def withdraw(self, entry: Entry[Report]) -> None:
        """Note that it was not delivered, as far as is known."""
        self.prover.ledger.withdraw(entry)

    def let_go(self, channel: Channel) -> None:
        """Hang up: bytes of a job that was given up must not trickle out."""
        channel.line.abort()

    async def settle_by_counter(self, counted: Counted, report: Report) -> Verdict:
        """Ask the printer, when it is back, what its counter says of a job; bounded."""
        return await self.prover.settle(counted)

    def counts_labels(self, language: str | None) -> bool:
        """Tell whether its counter is worth asking: it speaks ZPL, by its owner's word or its own."""
        primary = self.lines.primary
        return (language or (primary.says.primary_language if primary else None) or "zpl") == "zpl"

    def _open_wait_s(self) -> float:
        return self._manners.open_wait_s


def in_words(says: Discovery) -> str:
    """Say what a printer is: model, firmware, resolution, label size, where it stands."""
    dpi = f"{says.dpi} dpi" if says.dpi else ""
    size = ""
    if says.dots_per_mm and says.label_width_dots and says.label_length_dots:
        wide, long = says.label_width_dots / says.dots_per_mm, says.label_length_dots / says.dots_per_mm
        size = f"label {wide:.0f} x {long:.0f} mm"
    parts = (says.model, says.firmware, dpi, size, says.location)
    return ", ".join(part for part in parts if part)


def _faults(says: Discovery) -> dict[str, str]:
    return {reason: alerts.WORDS.get(reason, reason) for reason in says.reasons}


def _language(says: Discovery) -> str:
    return says.primary_language or ""
