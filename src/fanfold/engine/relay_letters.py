"""From an event to a letter, and the line of those that nobody tried yet. Pure; knows no outbox and no HTTP."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from typing import assert_never

from fanfold.config.words import EventKind
from fanfold.messages import (
    Event,
    JobChanged,
    PrinterChanged,
    PrinterConnected,
    PrinterDisconnected,
    PrinterScanned,
)
from fanfold.store.base import Letter


def kind_of(event: Event) -> EventKind:
    """Return what receivers and the configuration call this kind of event."""
    match event:
        case JobChanged():
            return EventKind.JOB_CHANGED
        case PrinterChanged():
            return EventKind.PRINTER_CHANGED
        case PrinterConnected():
            return EventKind.PRINTER_CONNECTED
        case PrinterDisconnected():
            return EventKind.PRINTER_DISCONNECTED
        case PrinterScanned():
            return EventKind.PRINTER_SCANNED
        case _:
            assert_never(event)


def subject_of(event: Event) -> str:
    """Return what an event is about: events of one subject are told in their order."""
    return f"job:{event.job}" if isinstance(event, JobChanged) else f"printer:{event.printer}"


class Line:
    """Letters that nobody has tried yet, each subject's in their order."""

    def __init__(self) -> None:
        self._subjects: dict[str, deque[Letter]] = {}

    def add(self, letter: Letter) -> None:
        """Put a letter at the end."""
        self._subjects.setdefault(letter.subject, deque()).append(letter)

    def next(self, busy: Collection[str]) -> Letter | None:
        """Take the first letter whose subject is not busy."""
        for subject, letters in self._subjects.items():
            if subject not in busy:
                letter = letters.popleft()
                if not letters:
                    del self._subjects[subject]
                return letter
        return None

    def leave(self, subject: str) -> Sequence[Letter]:
        """Take out all letters of a subject."""
        return self._subjects.pop(subject, ())

    def clear(self) -> Sequence[Letter]:
        """Take out all letters."""
        letters = [letter for letters in self._subjects.values() for letter in letters]
        self._subjects.clear()
        return letters
