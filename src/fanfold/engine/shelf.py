"""Documents that were just accepted, at hand for the lane: a cache in front of the store, bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict

from fanfold.model import JobId
from fanfold.wire import Document

SHELF_BYTES = 16 * 1024 * 1024


class Shelf:
    """Small documents by job. What is not here is read from the store."""

    def __init__(self, size_bytes: int = SHELF_BYTES) -> None:
        self._room_bytes = size_bytes
        self._documents: OrderedDict[JobId, Document] = OrderedDict()

    def put(self, job: JobId, document: Document) -> None:
        """Keep a document that is in memory; the oldest make room."""
        if document.data is None:
            return
        self._documents[job] = document
        self._room_bytes -= document.size_bytes
        while self._room_bytes < 0:
            _, oldest = self._documents.popitem(last=False)
            self._room_bytes += oldest.size_bytes

    def take(self, job: JobId) -> Document | None:
        """Return the document and forget it; None when it is not here."""
        document = self._documents.pop(job, None)
        if document is not None:
            self._room_bytes += document.size_bytes
        return document
