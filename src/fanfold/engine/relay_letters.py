"""From an event to a letter, and where letters are on their way. Pure; knows no outbox and no HTTP."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
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


@dataclass(slots=True)
class _Step:
    """An event that was read. `letter` is what has to go into the outbox when it was not taken."""

    told: bool
    over: bool
    letter: Letter | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """The events up to `cursor` are over, but for these letters. `told`: the receiver took some of them."""

    events: int
    cursor: int
    letters: Sequence[Letter]
    told: bool


class Trail:
    """The events that were read and that the cursor on disk has not passed: it passes one when all before are over."""

    def __init__(self, cursor: int) -> None:
        self.read_to = self._cursor = cursor
        self._steps: dict[int, _Step] = {}
        self._held: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def untaken(self) -> int:
        """How many of them the receiver should have and does not."""
        return sum(1 for step in self._steps.values() if step.told and (not step.over or step.letter))

    def pass_over(self, event: int) -> None:
        """Read an event of which the receiver is not told."""
        self.read_to = event
        self._steps[event] = _Step(told=False, over=True)

    def begin(self, event: int) -> None:
        """Read an event that has to be told."""
        self.read_to = event
        self._steps[event] = _Step(told=True, over=False)

    def taken(self, event: int) -> None:
        """The receiver took it, or nobody wants it any more."""
        self._steps[event].over = True

    def keep(self, letter: Letter) -> None:
        """It has to go into the outbox."""
        step = self._steps[letter.event]
        step.over, step.letter = True, letter
        self._held[letter.subject] += 1

    def holds(self, subject: str) -> bool:
        """Tell whether a letter on this subject has to go into the outbox."""
        return subject in self._held

    def stretch(self) -> Stretch:
        """Return how far the cursor may move."""
        events, cursor, letters, told = 0, self._cursor, [], False
        for event, step in self._steps.items():
            if not step.over:
                break
            events, cursor = events + 1, event
            if step.letter is not None:
                letters.append(step.letter)
            elif step.told:
                told = True
        return Stretch(events, cursor, letters, told)

    def moved(self, stretch: Stretch) -> None:
        """The cursor stands there on disk now, with the letters."""
        for event in list(islice(self._steps, stretch.events)):
            del self._steps[event]
        for letter in stretch.letters:
            self._held[letter.subject] -= 1
        self._held = +self._held
        self._cursor = stretch.cursor


class Box:
    """What is known here of a webhook's outbox: of each subject the oldest letter, those first that are due first."""

    def __init__(self) -> None:
        self.is_stale = True
        """It changed since it was looked into."""
        self._letters: list[Letter] = []
        self._subjects: set[str] | None = None
        self._tried: set[int] = set()

    @property
    def letters(self) -> Sequence[Letter]:
        """Those that were found at the last look and are not forgotten."""
        return self._letters

    def fill(self, letters: Sequence[Letter], limit: int) -> None:
        """Take what a look found; as many as the limit: there may be more."""
        self._letters, self.is_stale = list(letters), False
        self._subjects = {letter.subject for letter in letters} if len(letters) < limit else None

    def holds(self, subject: str) -> bool:
        """Tell whether a letter on this subject may be waiting there."""
        return self._subjects is None or subject in self._subjects

    def kept(self, letters: Sequence[Letter]) -> None:
        """These went in."""
        self.is_stale = True
        if self._subjects is not None:
            self._subjects.update(letter.subject for letter in letters)

    def forget(self, letter: Letter) -> None:
        """This one is there no more, or is not to be tried."""
        self.is_stale = True
        self._letters = [one for one in self._letters if one.id != letter.id]

    def put_off(self, letter: Letter) -> None:
        """This one was tried, and is to be tried later."""
        self.is_stale = True
        self._letters = [letter if one.id == letter.id else one for one in self._letters]

    def tried(self, letter: Letter) -> None:
        """Let this one wait its time from now on."""
        self._tried.add(letter.event)

    def try_all(self) -> None:
        """Let each be tried at once, whatever its time: the receiver is back."""
        self._tried.clear()

    def due_s(self, letter: Letter) -> float:
        """Return the age at which a letter may be tried."""
        return letter.next_s if letter.event in self._tried else 0.0

    def ready(self, now_s: float, busy: Collection[str]) -> Letter | None:
        """Return the first letter that may be tried now and whose subject is not busy."""
        due = (one for one in self._letters if one.subject not in busy and self.due_s(one) <= now_s)
        return next(due, None)

    def probe(self, busy: Collection[str]) -> Letter | None:
        """Return the letter by which to try a receiver that is down: one tried little, for others may be to blame."""
        free = (one for one in self._letters if one.subject not in busy)
        return min(free, key=lambda one: (one.tries, one.next_s), default=None)
