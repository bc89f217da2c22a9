"""The outbox of the store on disk: its verbs, through the store's one writer and its readers. Knows no webhook."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fanfold.store import letters as reading
from fanfold.store import outbox
from fanfold.store.base import Letter, Postbox
from fanfold.store.readers import Readers
from fanfold.store.writer import Urgency, Writer


class SqliteOutbox:
    """Keeps the promises of `Outbox`, but for the age. Its writes share transactions with settles and claims."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        """Write and read through these parts of the store."""
        self._writer = writer
        self._readers = readers

    async def postbox(self, webhook: str) -> Postbox:
        """Return how a webhook's outbox stands."""
        return await self._readers.ask(partial(reading.postbox, webhook=webhook))

    async def post(self, webhook: str, cursor: int, letters: Sequence[Letter] = ()) -> None:
        """Move the webhook's cursor there and keep the letters that were not delivered, in one transaction."""
        verb = partial(outbox.post, webhook=webhook, cursor=cursor, letters=letters)
        await self._writer.ask(Urgency.SETTLE, verb, sum(len(letter.body) for letter in letters))

    async def next_letters(self, webhook: str, limit: int = 100) -> Sequence[Letter]:
        """Return of each subject the oldest letter that waits, those first whose `next_s` is first."""
        return await self._readers.ask(partial(reading.next_letters, webhook=webhook, limit=limit))

    async def waiting_subjects(self, webhook: str) -> frozenset[str]:
        """Return the subjects that have letters waiting: later ones of theirs must wait behind them."""
        return await self._readers.ask(partial(reading.waiting_subjects, webhook=webhook))

    async def taken(self, webhook: str, letters: Sequence[int]) -> None:
        """Forget letters that were delivered, by their ids."""
        await self._writer.ask(Urgency.SETTLE, partial(outbox.taken, webhook=webhook, letters=letters))

    async def put_off(self, letters: Sequence[Letter], *, dead: bool = False) -> None:
        """Keep these letters' `tries`, `last_at`, `next_s` and `error`; dead ones are not tried again by themselves."""
        await self._writer.ask(Urgency.SETTLE, partial(outbox.put_off, letters=letters, dead=dead))

    async def dead_letters(self, webhook: str, limit: int = 100) -> Sequence[Letter]:
        """Return letters that were given up, newest first."""
        return await self._readers.ask(partial(reading.dead_letters, webhook=webhook, limit=limit))

    async def revive(self, webhook: str, next_s: float) -> int:
        """Let all dead letters wait again, as if new at that age; return how many. Works in small steps."""
        revived, step = 0, partial(outbox.revive_some, webhook=webhook, next_s=next_s)
        while some := await self._writer.ask(Urgency.STEP, step):
            revived += some
        return revived

    async def drop_webhook(self, webhook: str) -> None:
        """Forget a webhook with its cursor and letters. Idempotent. The letters' room is freed in small steps."""
        await self._writer.ask(Urgency.SETTLE, partial(outbox.drop_webhook, webhook=webhook))
        await self._drop_forgotten()

    async def webhooks(self) -> Sequence[str]:
        """List the webhooks that have a cursor."""
        return await self._readers.ask(reading.webhooks)

    async def _drop_forgotten(self) -> None:
        """Take away the letters of dropped webhooks, also those that an earlier run left."""
        while await self._writer.ask(Urgency.STEP, outbox.drop_forgotten):
            pass
