"""How a job and its document come in: a small one with its row, a large one as a file before it. Knows no SQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from fanfold.errors import StoreFailed
from fanfold.model import Job
from fanfold.store import queries, refusals, verbs
from fanfold.store.base import INLINE_BYTES, Added, Limits
from fanfold.store.documents import FULL, DocumentFiles, discard
from fanfold.store.readers import Readers
from fanfold.store.recent import Recent
from fanfold.store.transaction import Transaction
from fanfold.store.writer import Urgency, Writer
from fanfold.wire import Document

T = TypeVar("T")


class Adding:
    """Both ways in. `large` must be seen through to its end: it is what removes a file that is not kept."""

    def __init__(self, writer: Writer, readers: Readers, files: DocumentFiles, recent: Recent) -> None:
        """Add through these parts of the store."""
        self._writer = writer
        self._readers = readers
        self._files = files
        self._recent = recent

    async def small(self, new: verbs.NewJob) -> Added:
        """Add a job with its document in memory."""
        added = await self._writer.ask(Urgency.ADD, partial(verbs.add, new=new), new.size_bytes)
        if added.fresh:
            document = Document(new.size_bytes, new.sha256, added.job.media_type, new.data)
            self._recent.keep_document(added.job.id, document)
        return added

    async def large(self, job: Job, document: Document, limits: Limits, fingerprint: str) -> Added:
        """Add a job whose document is large, or came as a file; that file is gone from `incoming` afterwards."""
        try:
            new = verbs.NewJob(job, None, document.size_bytes, document.sha256, limits, fingerprint)
            if document.path is not None and document.size_bytes <= INLINE_BYTES:
                return await self.small(replace(new, data=await _in_thread(document.path.read_bytes)))
            return await self._replayed(job, fingerprint) or await self._with_file(new, document)
        finally:
            if document.path is not None:
                await asyncio.to_thread(discard, document.path)

    async def room(self) -> str:
        """Take the reserve again if it is gone and fits; return why it does not, in words, empty where it is held."""

        def restored(tx: Transaction) -> str:
            reserve = tx.ledger.reserve
            return "" if reserve.restore() else reserve.says

        return await self._writer.ask(Urgency.STEP, restored)

    async def _with_file(self, new: verbs.NewJob, document: Document) -> Added:
        """Put the document in its place before its row is asked for; take it away again when there is none."""
        if full := await self.room():
            raise refusals.disk_full(full)
        await _in_thread(partial(self._files.keep, new.job.id, document))
        fresh = False
        try:
            added = await self._writer.ask(Urgency.ADD, partial(verbs.add, new=new))
            fresh = added.fresh
        finally:
            if not fresh:
                await asyncio.to_thread(self._files.drop, [new.job.id])
        return added

    async def _replayed(self, job: Job, fingerprint: str) -> Added | None:
        """Look first, so that a large document is not written for nothing, also while the disk is full."""
        if job.key is None:
            return None
        found = await self._readers.ask(partial(queries.job_by_key, owner=job.owner, key=job.key))
        if found is None:
            return None
        if found[1] != fingerprint:
            raise refusals.key_reused(job)
        return Added(found[0], fresh=False)


async def _in_thread(work: Callable[[], T]) -> T:
    """Return what the work returns. Raises Refused `store-full` or StoreFailed for what the disk does not do."""
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        if error.errno in FULL:
            says = f"The disk has no room for the document ({error.strerror}). Free some space, then send it again."
            raise refusals.disk_full(says) from error
        raise StoreFailed(f"The document could not be kept: {error}. Check the disk, then try again.") from error
