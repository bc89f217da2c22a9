"""Counts of waiting and held jobs and of kept bytes, in memory. Knows no disk; whoever owns one keeps it true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fanfold.model import JobState, PrinterId

Move = tuple[PrinterId, JobState | None, JobState | None]
"""A job's way from a state to another; None: it was not there before, or is not there after."""


class Tally:
    """How many jobs wait and are held per printer, and how many bytes of documents are kept."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.pending: Counter[PrinterId] = Counter()
        self.held: Counter[PrinterId] = Counter()
        self.kept_bytes = 0

    def copy(self) -> Tally:
        """Return another with the same counts."""
        other = Tally()
        other.pending.update(self.pending)
        other.held.update(self.held)
        other.kept_bytes = self.kept_bytes
        return other

    def move(self, printer: PrinterId, from_state: JobState | None, to_state: JobState | None) -> None:
        """Count one job's way."""
        if from_state is to_state:
            return
        self._count(printer, from_state, -1)
        self._count(printer, to_state, +1)

    def redo(self, moves: Sequence[Move]) -> None:
        """Count these ways."""
        for printer, from_state, to_state in moves:
            self.move(printer, from_state, to_state)

    def undo(self, moves: Sequence[Move]) -> None:
        """Count these ways back."""
        for printer, from_state, to_state in moves:
            self.move(printer, to_state, from_state)

    def _count(self, printer: PrinterId, state: JobState | None, step: int) -> None:
        if state is JobState.PENDING:
            self.pending[printer] += step
        elif state is JobState.HELD:
            self.held[printer] += step
