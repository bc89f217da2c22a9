"""What is known of one printer by its lane, told to history when it changes in a way that people care about."""

from __future__ import annotations

from fanfold import clock
from fanfold.engine.background import Background
from fanfold.model import PrinterId, PrinterState, PrinterStatus, Reachable
from fanfold.store.base import Store


class Standing:
    """A printer's status. Turning from idle to processing and back is no event; a reason or an absence is."""

    def __init__(self, printer: PrinterId, store: Store, background: Background) -> None:
        self.status = PrinterStatus()
        self._printer, self._store, self._background = printer, store, background

    def tell(self, state: PrinterState, reachable: Reachable, reasons: tuple[str, ...] = (), message: str = "") -> None:
        """Note what was learned just now."""
        before, self.status = self.status, PrinterStatus(state, reasons, message, reachable, "lane", clock.now())
        if (before.reasons, before.reachable) != (reasons, reachable):
            record = self._store.record(self._printer, state.value, reasons, message)
            self._background.start(record, f"standing {self._printer}")

    def busy(self, *, busy: bool) -> None:
        """It prints, or has nothing to print."""
        state = PrinterState.PROCESSING if busy else PrinterState.IDLE
        status = self.status
        if status.reasons or status.reachable is not Reachable.UP:
            self.tell(state, Reachable.UP)
        elif status.state is not state:
            self.status = PrinterStatus(state, (), "", Reachable.UP, "lane", clock.now())

    def unknown(self) -> None:
        """Nothing is known any more."""
        self.tell(PrinterState.UNKNOWN, Reachable.UNKNOWN)
