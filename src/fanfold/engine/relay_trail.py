"""Which events were read and are not behind us yet, and how far the cursor may move. Pure; knows no outbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from fanfold.store.base import Letter


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
