"""One printer that dials in and is let in: its lines, what they tell, its jobs' proof. Knows no visitor and no rule."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, assert_never

from fanfold.config import Weblink
from fanfold.errors import NotReached
from fanfold.model import Reason
from fanfold.reception import Came, ChannelClosed, ChannelOpened, Faults, News, Scanned, Went
from fanfold.transports.base import Report
from fanfold.transports.weblink import alerts, packet
from fanfold.transports.weblink.channel import Channel
from fanfold.transports.weblink.ledger import Entry
from fanfold.transports.weblink.lines import Lines, Main
from fanfold.transports.weblink.messages import Channel as Kind
from fanfold.transports.weblink.messages import configure_alerts
from fanfold.transports.weblink.opener import NOT_OPENED, Opener
from fanfold.transports.weblink.pace import Pace
from fanfold.transports.weblink.packet import Discovery
from fanfold.transports.weblink.proof import Counted, Verdict
from fanfold.transports.weblink.prover import Prover

Start = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Device:
    """`tell` takes its news, `complain` words on what it does wrong; `start` runs what nobody waits for."""

    __slots__ = (
        "_check", "_complain", "_faults", "_greeted", "_heard_s", "_is_there", "_manners", "_openers", "_pace",
        "_raw_heard_s", "_start", "_tell", "lines", "prover", "serial",
    )  # fmt: skip

    def __init__(
        self,
        serial: str,
        manners: Weblink,
        pace: Pace,
        *,
        tell: Callable[[News], None],
        complain: Callable[[str], None],
        start: Start,
    ) -> None:
        self.serial, self._manners, self._pace = serial, manners, pace
        self._tell, self._complain, self._start = tell, complain, start
        self.lines = Lines(may_be_full=self._may_be_full)
        self.prover = Prover(self.lines, self.raw, self._is_blocked, start, pace)
        self._is_there = False
        self._faults: set[str] = set()
        self._heard_s = 0.0
        """When it last told of a fault by an alert."""
        self._raw_heard_s = 0.0
        """When a raw channel that is over was last heard."""
        self._greeted: Main | None = None
        self._check: asyncio.Task[None] | None = None
        self._openers: dict[Kind, Opener] = {
            "raw": self._opener("raw", self._raw_refused, is_lasting=True),
            "config": self._opener("config", lambda _: None, is_lasting=False),
        }

    def _opener(self, kind: Kind, refused: Callable[[str], None], *, is_lasting: bool) -> Opener:
        wait_s = self._manners.open_wait_s
        return Opener(kind, self.lines, self._start, refused, is_lasting=is_lasting, wait_s=wait_s, pace=self._pace)

    @property
    def words(self) -> str:
        """What it is called in sentences."""
        return f"the printer {self.serial}"

    # lines that come and go

    async def main_came(self, main: Main) -> None:
        """Take a main line; the first in use is asked for raw and for alerts."""
        is_extra = self.lines.primary is not None
        if any(one.line.is_open for one in self.lines.all()):
            self._see_that_others_stand(main)
        self.lines.mains.append(main)
        self._is_there = True
        if is_extra:
            told = _faults(main.says)
            self._tell_faults(told, packet.REASONS - told.keys())  # what no packet tells of is not over by that
        else:
            self._tell_came(main)
        if len(self.lines.mains) == 1:
            self._tell(ChannelOpened("main"))
        await self._greet()

    async def main_went(self, main: Main, says: str) -> None:
        """Take note that a main line is over; another one steps in."""
        if main not in self.lines.mains:
            return
        self.lines.mains.remove(main)
        heir = self.lines.primary
        if heir is not None:
            if self._greeted is main and heir.opened_s > self._heard_s:
                self._tell_came(heir)  # the line before was dead for a while: this one's word is newer
            await self._greet()
        elif not self.lines.mains:
            for opener in self._openers.values():
                opener.stop()
            self._tell(ChannelClosed("main", says))
            self._gone_if_alone(says)

    def takes(self, kind: Kind) -> bool:
        """Tell whether it was asked for such a channel, so that one which comes is its own."""
        return self._openers[kind].was_asked

    def channel_came(self, channel: Channel, kind: Kind) -> None:
        """Take a channel."""
        self.lines.of(kind).append(channel)
        self._is_there = True
        self._openers[kind].came()
        if self.lines.current(kind) is not channel:
            return
        self._tell(ChannelOpened(kind))
        if kind == "raw":
            self._returned()

    def channel_went(self, channel: Channel, kind: Kind, says: str) -> None:
        """Take note that a channel is over. A raw one is asked for again; a config one ends after each command."""
        channels = self.lines.of(kind)
        channels.remove(channel)
        self._openers[kind].went()
        if not channels:
            self._tell(ChannelClosed(kind, says))
        if kind == "raw":
            self._raw_heard_s = max(self._raw_heard_s, channel.line.heard_s)
            self._openers["raw"].want()
            if channels:
                self._returned()
        self._gone_if_alone(says)

    def _returned(self) -> None:
        """Take note that raw is there anew. A main line outlives no restart: one from before tells that none was."""
        primary = self.lines.primary
        has_stood = primary is not None and primary.opened_s <= self._raw_heard_s
        self.prover.returned(may_have_forgotten=not has_stood)

    def _is_newer_than_raw(self, main: Main) -> bool:
        """Whether nothing came over raw since that line was opened: the printer may have begun anew in between."""
        raw = self.lines.current("raw")
        return main.opened_s > max(self._raw_heard_s, raw.line.heard_s if raw else 0.0)

    def turn_out(self) -> None:
        """Hang up on it: it is not let in any more."""
        self._tell = _nobody
        for opener in self._openers.values():
            opener.stop()
        self.lines.abort()
        self.prover.stop()

    async def _greet(self) -> None:
        """Ask the main line in use, where it is a new one, for what is wanted."""
        main = self.lines.primary
        if main is None or main is self._greeted:
            return
        self._greeted = main
        self._openers["raw"].want_anew()
        if self._manners.alerts:
            with suppress(ConnectionError):  # that main is over; its reader learns of it too
                await main.line.send(configure_alerts(self._manners.scans))

    def _see_that_others_stand(self, newest: Main) -> None:
        if self._check is None or self._check.done():
            self._check = self._start(self.lines.drop_the_dead(newest, self._pace.check_s))

    def _gone_if_alone(self, says: str) -> None:
        if self._is_there and not any(True for _ in self.lines.all()):
            self._is_there = False
            self._tell(Went(says))

    # what it says

    def heard(self, main: Main, message: object) -> None:
        """Take an object that came on a main line."""
        try:
            alert = alerts.alert(message)
        except alerts.NotAlert as error:
            self._complain(f"{self.words} said on its main channel what is not known here: {error}")
            return
        if alert.serial != self.serial:
            self._complain(f"{self.words} sent an alert for {alert.serial[:40]!r}, which was passed over")
            return
        self._heard_s = main.line.heard_s
        self._take(alerts.effect_of(alert), main)

    def _take(self, effect: alerts.Effect, main: Main) -> None:
        match effect:
            case alerts.Sets(reason):
                self._tell_faults({reason: alerts.WORDS[reason]})
            case alerts.Clears(reason):
                self._tell_faults({}, frozenset({reason}))
                self.prover.mended()
            case alerts.JobDone():
                self.prover.alert(may_have_forgotten=self._is_newer_than_raw(main))
            case alerts.Scanned(setting, data):
                if setting in self._manners.scans:
                    self._tell(Scanned(data, setting))
            case alerts.Restarting(is_up):
                # a main line does not outlive a restart: what was told as it began is as new as that
                still = frozenset(main.says.reasons) if is_up else frozenset()
                self._tell_faults({}, frozenset(alerts.WORDS) - still)
            case alerts.Noted(reason, words):
                self._tell(Faults({reason: words}))
                self._tell(Faults(clears=frozenset({reason})))  # it was a moment, and nothing will say that it is over
            case _:
                assert_never(effect)

    def _tell_came(self, main: Main) -> None:
        faults = _faults(main.says)
        self._faults = set(faults)
        self._tell(Came(in_words(main.says), faults, main.says.primary_language or ""))

    def _tell_faults(self, sets: dict[str, str], clears: frozenset[str] = frozenset()) -> None:
        self._faults = (self._faults - clears) | sets.keys()
        self._tell(Faults(sets, clears))

    def _raw_refused(self, says: str) -> None:
        if says:
            self._tell(Faults({NOT_OPENED: says}))
        else:
            self._tell(Faults(clears=frozenset({NOT_OPENED})))

    def _is_blocked(self) -> bool:
        """Tell whether it told of something with which it does not print."""
        return any(reason == alerts.LABEL_WAITING or not reason.endswith(alerts.HARMLESS) for reason in self._faults)

    def _may_be_full(self) -> bool:
        return self._is_blocked() or self.prover.ledger.waiting

    # what its jobs and questions need

    async def raw(self) -> Channel:
        """Return the raw channel. Raises NotReached."""
        return await self.channel("raw")

    async def raw_for_job(self) -> Channel:
        """Return the raw channel; after a loss not before it was looked what the printer forgot. Raises NotReached."""
        await self.raw()
        await self.prover.seen(self._pace.turn_s)
        return await self.raw()

    async def channel(self, kind: Kind) -> Channel:
        """Return a live channel, opened if it must be, in a bounded time. Raises NotReached."""
        return await self._openers[kind].get(self.words)

    async def reopen(self, kind: Kind) -> None:
        """Have that channel opened anew. Raises NotReached."""
        channels = tuple(self.lines.of(kind))
        if any(channel.busy for channel in channels):
            raise NotReached(f"{self.words} is being sent a job on it", reasons=(Reason.BUSY_ELSEWHERE,))
        await asyncio.gather(*(channel.line.close(1000, "opened anew") for channel in channels))
        if self.lines.primary is not None:
            self._openers[kind].want_anew()
        await self.channel(kind)

    def begin(self, report: Report) -> Entry[Report]:
        """Note that a job's first byte is about to leave."""
        return self.prover.ledger.begin(report)

    def counted(self, entry: Entry[Report], counter: int | None) -> None:
        """Note where its label counter stood before that job; None: it does not say."""
        self.prover.counted(entry, counter)

    def before(self, entry: Entry[Report]) -> int | None:
        """Return where its label counter stands when all earlier jobs are out; None: not known."""
        return self.prover.ledger.before(entry)

    def delivered(self, entry: Entry[Report]) -> bool:
        """Note that the printer has all of it; tell whether it may still be proven to be printed."""
        return self.prover.delivered(entry)

    def withdraw(self, entry: Entry[Report]) -> None:
        """Note that it was not delivered, as far as is known."""
        self.prover.withdraw(entry)

    def let_go(self, channel: Channel) -> None:
        """Hang up: bytes of a job that was given up must not trickle out."""
        channel.line.abort()

    async def settle_by_counter(self, counted: Counted) -> Verdict:
        """Ask the printer, when it is back, what its counter says of a job; bounded."""
        return await self.prover.settle(counted)

    def counts_labels(self, language: str | None) -> bool:
        """Tell whether its counter is worth asking: it speaks ZPL, by its owner's word or its own."""
        primary = self.lines.primary
        return (language or (primary.says.primary_language if primary else None) or "zpl") == "zpl"


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


def _nobody(_: News) -> None:
    """Its news concern nobody any more."""
