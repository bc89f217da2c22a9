"""What a round knows of its webhook's outbox, and what it has to tell it. Knows no event and no receiver."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fanfold.engine.relay_trail import Stretch
from fanfold.store.base import Letter, Outbox

LOOK = 100
"""Letters looked at at a time."""


class Box:
    """Of each subject the oldest letter, those first that are due first, as of the last `look`.

    What came of letters is noted at once, and told to the outbox by `write`.
    """

    def __init__(self, outbox: Outbox, webhook: str) -> None:
        self.is_stale = True
        """The outbox changed since the last look."""
        self.letters: Sequence[Letter] = ()
        """Those that the last look found and that still wait."""
        self._outbox, self._webhook = outbox, webhook
        self._subjects: set[str] | None = None
        self._tried: set[int] = set()
        self._taken: list[int] = []
        self._put_off: list[Letter] = []
        self._dead: list[Letter] = []

    # what waits

    def holds(self, subject: str) -> bool:
        """Tell whether a letter on this subject may be waiting there."""
        return self._subjects is None or subject in self._subjects

    def due_s(self, letter: Letter) -> float:
        """Return the age at which a letter may be tried."""
        return letter.next_s if letter.event in self._tried else 0.0

    def ready(self, now_s: float, busy: Collection[str]) -> Letter | None:
        """Return the first letter that may be tried now and whose subject is not busy."""
        due = (one for one in self.letters if one.subject not in busy and self.due_s(one) <= now_s)
        return next(due, None)

    def probe(self, busy: Collection[str]) -> Letter | None:
        """Return the letter by which to try a receiver that is down: one tried little, for others may be to blame."""
        free = (one for one in self.letters if one.subject not in busy)
        return min(free, key=lambda one: (one.tries, one.next_s), default=None)

    def try_all(self) -> None:
        """Let each be tried at once, whatever its time: the receiver is back."""
        self._tried.clear()
        self.is_stale = True

    # what came of letters

    def tried(self, letter: Letter) -> None:
        """Let a letter wait its time from now on, also one that is not in the outbox yet."""
        self._tried.add(letter.event)

    def taken(self, letter: Letter) -> None:
        """The receiver has it, or nobody wants it any more."""
        self._taken.append(letter.id)
        self._forget(letter)

    def put_off(self, letter: Letter) -> None:
        """It was tried, and is to be tried later."""
        self._put_off.append(letter)
        self.letters = [letter if one.id == letter.id else one for one in self.letters]
        self.is_stale = True

    def give_up(self, letter: Letter) -> None:
        """It was tried in vain for too long."""
        self._dead.append(letter)
        self._forget(letter)

    def _forget(self, letter: Letter) -> None:
        self.letters = [one for one in self.letters if one.id != letter.id]
        self.is_stale = True

    # the outbox

    async def keep(self, stretch: Stretch) -> None:
        """Move the cursor over a stretch of events, and keep its letters. Raises StoreFailed."""
        await self._outbox.post(self._webhook, stretch.cursor, stretch.letters)
        if stretch.letters:
            self.is_stale = True
            if self._subjects is not None:
                self._subjects.update(letter.subject for letter in stretch.letters)

    async def write(self) -> None:
        """Tell the outbox what came of letters. Raises StoreFailed; then it is told by the next call."""
        if self._taken:
            await self._outbox.taken(self._webhook, self._taken)
            self._taken = []
        for letters, dead in ((self._put_off, False), (self._dead, True)):
            if letters:
                await self._outbox.put_off(letters, dead=dead)
                letters.clear()

    async def look(self) -> None:
        """See what waits. Only after `write`. Raises StoreFailed."""
        self.letters = await self._outbox.next_letters(self._webhook, LOOK)
        # as many as were asked for: there may be others, whose subjects are not known
        self._subjects = {letter.subject for letter in self.letters} if len(self.letters) < LOOK else None
        self.is_stale = False
