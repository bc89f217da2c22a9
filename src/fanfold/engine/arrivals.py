"""The reception: tells transports who is let in, and takes their printers' news. Knows no protocol."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import assert_never

from fanfold import clock
from fanfold.engine.background import Background
from fanfold.engine.lane import Lane
from fanfold.engine.names import address
from fanfold.engine.roster import Roster
from fanfold.errors import Refused
from fanfold.model import Printer, PrinterId
from fanfold.reception import (
    Came,
    ChannelClosed,
    ChannelOpened,
    Faults,
    Known,
    News,
    Scanned,
    Suspicious,
    Went,
)
from fanfold.store.base import Store

log = logging.getLogger(__name__)

CONFLICT = "identity-conflict-warning"
TOLD_EVERY_S = 60.0
"""What a printer's flood costs us in the log."""
CONFLICT_EVERY_S = 60.0
"""Somebody who claims to be a printer tries again every few seconds: one line of history a minute says as much."""
CONFLICT_LASTS_S = 600.0
"""So long after the last such claim it is shown on the printer, for people who look later."""
MOST_UNWRITTEN = 1000
"""News of one printer that wait for the disk; one that floods us shall not fill our memory."""
INFO_LENGTH = 300


@dataclass(slots=True)
class _Told:
    at_s: float
    since: int = 0
    """How often that was so again, and nobody was told."""


class Arrivals:
    """The engine's `reception.Reception`."""

    def __init__(self, store: Store, roster: Roster, background: Background) -> None:
        self._store, self._roster, self._background = store, roster, background
        self._closed = False
        self._rejected: dict[str, None] = {}
        self._unwritten: Counter[PrinterId] = Counter()
        self._lost: dict[PrinterId, _Told] = {}
        self._suspicions: dict[PrinterId, _Told] = {}
        self._ends: dict[PrinterId, asyncio.TimerHandle] = {}
        """Of conflicts that are shown."""

    async def start(self) -> None:
        """Bring back who was rejected, and receive for the transports; before their doors open."""
        self._rejected = dict.fromkeys(map(address, await self._store.rejected()))
        for receiver in {id(one): one for one in self._roster.receivers.values()}.values():
            receiver.receive_for(self)

    def close(self) -> None:
        """Take no more news: that all printers go while the gateway stops says nothing of them. Idempotent."""
        self._closed = True
        for end in self._ends.values():
            end.cancel()

    # who is rejected

    @property
    def rejected(self) -> Sequence[str]:
        """The URIs of printers that were rejected, oldest first."""
        return tuple(self._rejected)

    async def reject(self, uri: str) -> None:
        """Put on disk that this printer is not let in. Raises StoreFailed."""
        await self._store.reject(address(uri))
        self._rejected[address(uri)] = None

    async def unreject(self, uri: str) -> None:
        """Forget that, where it is so. Raises StoreFailed."""
        if address(uri) in self._rejected:
            await self._store.unreject(address(uri))
            self._rejected.pop(address(uri), None)

    # reception.Reception

    def known(self, uri: str) -> Known | None:
        """Return what is known under a URI, from memory."""
        if lane := self._roster.at(uri):
            return Known(lane.printer.id, lane.printer.identity)
        return Known(None) if address(uri) in self._rejected else None

    async def bind(self, uri: str, identity: str) -> bool:
        """Put on disk that this identity is the printer's, unless another is."""
        lane = self._roster.at(uri)
        if lane is None:
            return False
        if not lane.printer.identity:
            with suppress(Refused):  # it was removed meanwhile
                await self._roster.edit(lane, lambda now: replace(now, identity=now.identity or identity))
        return self._roster.at(uri) is lane and lane.printer.identity == identity

    def tell(self, uri: str, news: News) -> None:
        """Take news of a printer that is let in; of any other they are nobody's."""
        lane = self._roster.at(uri)
        if lane is None or self._closed:
            return
        try:
            self._take(lane, news)
        except Exception as fault:  # noqa: BLE001  # told; a fault here must not end the printer's connection
            self._background.fault(f"news of {lane.printer.id}", fault)

    def _take(self, lane: Lane, news: News) -> None:
        match news:
            case Came(info, reasons, language):
                lane.came(reasons, language)
                self._learn(lane, info[:INFO_LENGTH])
            case Went(message):
                lane.standing.went(lane.scheme, message)
            case ChannelOpened(channel):
                self._note(lane, "connected", (), "", channel)
                lane.stir()
            case ChannelClosed(channel, message):
                self._note(lane, "disconnected", (), message, channel)
            case Faults(sets, clears):
                lane.standing.faults(lane.scheme, sets, clears)
            case Scanned(data, source):
                self._note(lane, "scanned", (source,), "", data)
            case Suspicious(message):
                self._suspect(lane, message)
            case _:
                assert_never(news)

    def _learn(self, lane: Lane, info: str) -> None:
        if info != lane.printer.info:
            self._background.start(self._save(lane, info), f"facts of {lane.printer.id}")

    async def _save(self, lane: Lane, info: str) -> None:
        def learned(printer: Printer) -> Printer:
            return replace(printer, info=info)

        with suppress(Refused):  # it was removed meanwhile
            await self._roster.edit(lane, learned)

    def calm(self, printer: PrinterId) -> None:
        """Show no longer that somebody else claimed to be that printer: that was long ago, or a person decided."""
        if end := self._ends.pop(printer, None):
            end.cancel()
            self._suspicions.pop(printer, None)
            if lane := self._roster.by_id(printer):
                lane.standing.calm()

    def _suspect(self, lane: Lane, message: str) -> None:
        printer, now_s = lane.printer.id, clock.uptime_s()
        if end := self._ends.get(printer):
            end.cancel()
        is_shown = CONFLICT in lane.standing.status.reasons
        lane.standing.warn(lane.scheme, CONFLICT, message)
        self._ends[printer] = asyncio.get_running_loop().call_later(CONFLICT_LASTS_S, self.calm, printer)
        before = self._suspicions.get(printer)
        if before is not None and now_s - before.at_s < CONFLICT_EVERY_S:
            before.since += 1
            return
        if before is not None and before.since:
            message = f"{message} ({before.since} times more since this was last told)"
        self._suspicions[printer] = _Told(now_s)
        log.warning("%s: %s", lane.printer.name, message)
        if is_shown:
            status = lane.standing.status
            self._note(lane, status.state.value, status.reasons, message, "")

    def _note(self, lane: Lane, state: str, reasons: tuple[str, ...], message: str, data: str) -> None:
        """Keep an event on a printer, in the order of the news."""
        printer = lane.printer.id
        if self._unwritten[printer] >= MOST_UNWRITTEN:
            self._lose(lane)
            return
        self._unwritten[printer] += 1
        task = self._background.start(
            self._store.record(printer, state, reasons, message, data), f"news of {printer}"
        )  # fmt: skip
        task.add_done_callback(lambda _: self._unwritten.subtract((printer,)))

    def _lose(self, lane: Lane) -> None:
        """Tell now and then that some of a printer's news are not kept."""
        printer, now_s = lane.printer.id, clock.uptime_s()
        before = self._lost.get(printer)
        if before is not None and now_s - before.at_s < TOLD_EVERY_S:
            before.since += 1
            return
        says = f"{lane.printer.name} tells more than the disk takes; some of it is not in the history"
        if before is not None and before.since:
            says += f" ({before.since} more since this was last told)"
        self._lost[printer] = _Told(now_s)
        self._background.fault(f"news of {printer}", RuntimeError(says))
