"""The outbox of the store in memory. Knows no webhook and no event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fanfold.store.base import Letter, Postbox
from fanfold.store.memory_ends import Ends


@dataclass(slots=True)
class _Kept:
    """A letter with what only the store knows of it."""

    webhook: str
    letter: Letter
    dead_s: float | None = None
    """The store's age when it was given up; None while it waits."""


class MemoryOutbox(Ends):
    """The verbs of `Outbox`."""

    def __init__(self) -> None:
        super().__init__()
        self._cursors: dict[str, int] = {}
        self._letters: dict[int, _Kept] = {}
        self._last_letter = 0

    async def postbox(self, webhook: str) -> Postbox:
        """Return how a webhook's outbox stands."""
        self._check_open()
        dead = [kept.dead_s is not None for kept in self._letters.values() if kept.webhook == webhook]
        return Postbox(self._cursors.get(webhook), dead.count(False), dead.count(True))

    async def post(self, webhook: str, cursor: int, letters: Sequence[Letter] = ()) -> None:
        """Move the webhook's cursor there and keep the letters that were not delivered."""
        self._check_open()
        self._cursors[webhook] = cursor
        for letter in sorted(letters, key=lambda letter: letter.event):
            self._last_letter += 1
            self._letters[self._last_letter] = _Kept(webhook, replace(letter, id=self._last_letter))

    async def next_letters(self, webhook: str, limit: int = 100) -> Sequence[Letter]:
        """Return of each subject the oldest letter that waits, those first whose `next_s` is first."""
        self._check_open()
        first: dict[str, Letter] = {}
        for letter in self._waiting(webhook):
            first.setdefault(letter.subject, letter)
        return sorted(first.values(), key=lambda letter: (letter.next_s, letter.id))[: max(0, limit)]

    async def waiting_subjects(self, webhook: str) -> frozenset[str]:
        """Return the subjects that have letters waiting."""
        self._check_open()
        return frozenset(letter.subject for letter in self._waiting(webhook))

    async def taken(self, webhook: str, letters: Sequence[int]) -> None:
        """Forget letters that were delivered, by their ids."""
        self._check_open()
        for number in letters:
            if (kept := self._letters.get(number)) and kept.webhook == webhook:
                del self._letters[number]

    async def put_off(self, letters: Sequence[Letter], *, dead: bool = False) -> None:
        """Keep these letters' `tries`, `last_at`, `next_s` and `error`; dead ones are not tried again by themselves."""
        self._check_open()
        for letter in letters:
            if kept := self._letters.get(letter.id):
                self._put_off(kept, letter, dead=dead)

    async def dead_letters(self, webhook: str, limit: int = 100) -> Sequence[Letter]:
        """Return letters that were given up, newest first."""
        self._check_open()
        return [kept.letter for kept in self._dead(webhook)][::-1][: max(0, limit)]

    async def revive(self, webhook: str, next_s: float) -> int:
        """Let all dead letters wait again, as if new at that age; return how many."""
        self._check_open()
        dead = list(self._dead(webhook))
        for kept in dead:
            kept.dead_s, kept.letter = None, replace(kept.letter, since_s=next_s, next_s=next_s, tries=0)
        return len(dead)

    async def drop_webhook(self, webhook: str) -> None:
        """Forget a webhook with its cursor and letters. Idempotent."""
        self._check_open()
        self._cursors.pop(webhook, None)
        self._letters = {number: kept for number, kept in self._letters.items() if kept.webhook != webhook}

    async def webhooks(self) -> Sequence[str]:
        """List the webhooks that have a cursor."""
        self._check_open()
        return list(self._cursors)

    def _waiting(self, webhook: str) -> Iterator[Letter]:
        return (kept.letter for kept in self._letters.values() if kept.webhook == webhook and kept.dead_s is None)

    def _dead(self, webhook: str) -> Iterator[_Kept]:
        return (kept for kept in self._letters.values() if kept.webhook == webhook and kept.dead_s is not None)

    def _put_off(self, kept: _Kept, letter: Letter, *, dead: bool) -> None:
        kept.letter = replace(
            kept.letter, tries=letter.tries, last_at=letter.last_at, next_s=letter.next_s, error=letter.error
        )
        if dead and kept.dead_s is None:
            kept.dead_s = self.age_s

    def _drop_dead(self, until_s: float) -> None:
        """Drop letters that were given up at that age or before."""
        gone = [number for number, kept in self._letters.items() if kept.dead_s is not None and kept.dead_s <= until_s]
        for number in gone:
            del self._letters[number]

    def _heard(self) -> int | None:
        """Return the last event that every webhook has passed; None: there is no webhook."""
        return min(self._cursors.values(), default=None)
