"""What is known of one printer, by its lane and by itself, told to history when it changes in a way that people see."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from fanfold import clock
from fanfold.engine.background import Background
from fanfold.engine.merge import by_itself, hinders, merged
from fanfold.model import PrinterId, PrinterState, PrinterStatus, Reachable, Reason
from fanfold.store.base import Store

_LASTING = {Reason.PAUSED, Reason.STORE_FAILED, Reason.BROKEN_DRIVER}
"""What a lane says of a printer that is as true when the printer comes back."""

MOST_FAULTS = 32
WORDS_LENGTH = 300
"""Of each fault; a printer may say what it likes, and all of it is shown."""
MOST_CHANGES = 32
CHANGE_EVERY_S = 1.0
"""So long after a change is on disk its place is free again; of more at once only what they come to is kept."""


class Standing:
    """A printer's status. Turning from idle to processing and back is no event; a reason or an absence is."""

    def __init__(self, printer: PrinterId, store: Store, background: Background) -> None:
        self.status = PrinterStatus()
        """All that is known, made one."""
        self.lane = PrinterStatus()
        """What the lane learned by turning to the printer."""
        self._device = PrinterStatus()
        self._faults: dict[str, str] = {}
        self._warning = PrinterStatus()
        self._room, self._recorded_last = MOST_CHANGES, _to_people(self.status)
        self._printer, self._store, self._background = printer, store, background

    @property
    def hindrance(self) -> PrinterStatus:
        """The status without what is no reason to wait: a printer that is low on paper prints."""
        faults = {reason: words for reason, words in self._faults.items() if hinders(reason)}
        return merged(self.lane, by_itself(self._device, faults))

    # by the lane

    def tell(self, state: PrinterState, reachable: Reachable, reasons: tuple[str, ...] = (), message: str = "") -> None:
        """Note what the lane learned just now."""
        self._become(PrinterStatus(state, reasons, message, reachable, "lane", clock.now()))

    def busy(self, *, busy: bool) -> None:
        """It prints, or has nothing to print."""
        state = PrinterState.PROCESSING if busy else PrinterState.IDLE
        now = self.lane
        if now.reasons or now.reachable is not Reachable.UP or now.state is not state:
            self.tell(state, Reachable.UP)

    def unknown(self) -> None:
        """The lane knows nothing any more."""
        self.tell(PrinterState.UNKNOWN, Reachable.UNKNOWN)

    # by the printer itself, as its transport passes it on

    def came(self, source: str, faults: Mapping[str, str]) -> None:
        """It is there; these are all its faults, with words. That the lane did not reach it before is over."""
        self._faults = _bounded(faults)
        self._become(_without_absence(self.lane), self._told(source, Reachable.UP))

    def went(self, source: str, message: str) -> None:
        """It is there no more; its faults are unknown."""
        self._faults = _bounded({Reason.OFFLINE: message})
        self._become(self.lane, self._told(source, Reachable.DOWN))

    def faults(self, source: str, sets: Mapping[str, str], clears: frozenset[str]) -> None:
        """Some faults are so now, others are over."""
        kept = {reason: words for reason, words in self._faults.items() if reason not in clears}
        self._faults = _bounded(kept | dict(sets))
        self._become(self.lane, self._told(source, self._device.reachable))

    def forget_device(self) -> None:
        """It is another printer from now on: what the former one said is void."""
        self._faults = {}
        self._warning = PrinterStatus()
        self._become(self.lane, PrinterStatus())

    # by who receives it

    def warn(self, source: str, reason: str, words: str) -> None:
        """Somebody must look to it, until `calm`: whatever it says of itself, and though it prints."""
        self._warning = PrinterStatus(reasons=(reason,), message=words, source=source, at=clock.now())
        self._become(self.lane)

    def calm(self) -> None:
        """Nobody must, any more."""
        self._warning = PrinterStatus()
        self._become(self.lane)

    def _told(self, source: str, reachable: Reachable) -> PrinterStatus:
        word = PrinterStatus(reachable=reachable, source=source, at=clock.now())
        return by_itself(word, self._faults)

    def _become(self, lane: PrinterStatus, device: PrinterStatus | None = None) -> None:
        self.lane, self._device = lane, device or self._device
        self.status = merged(self.lane, self._device, self._warning)
        self._record()

    def _record(self) -> None:
        """Keep what is so now, where it is another thing than what was kept last and there is room for it."""
        now = self.status
        if not self._room or _to_people(now) == self._recorded_last:
            return
        self._room, self._recorded_last = self._room - 1, _to_people(now)
        record = self._store.record(self._printer, now.state.value, now.reasons, now.message)
        self._background.start(record, f"standing {self._printer}").add_done_callback(self._recorded)

    def _recorded(self, record: asyncio.Task[Any]) -> None:
        if not record.cancelled():
            record.get_loop().call_later(CHANGE_EVERY_S, self._make_room)

    def _make_room(self) -> None:
        self._room += 1
        if not self._background.closed:
            self._record()


def _to_people(status: PrinterStatus) -> tuple[object, ...]:
    """What of a status makes it another one to people."""
    return status.reasons, status.reachable


def _bounded(faults: Mapping[str, str]) -> dict[str, str]:
    return {reason: words[:WORDS_LENGTH] for reason, words in islice(faults.items(), MOST_FAULTS)}


def _without_absence(lane: PrinterStatus) -> PrinterStatus:
    """What the lane says, but for that it did not reach the printer."""
    if lane.reachable is not Reachable.DOWN:
        return lane
    if lane.state is PrinterState.PROCESSING:
        return replace(lane, reasons=(), message="", reachable=Reachable.UNKNOWN)
    if _LASTING.isdisjoint(lane.reasons):
        return PrinterStatus()
    return replace(lane, reachable=Reachable.UNKNOWN)
