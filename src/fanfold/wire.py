"""What travels: documents on their way to a printer, and HTTP exchanges in plain words. Knows no protocol."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fanfold.model import Evidence, JobId

CHUNK_BYTES = 256 * 1024
"""How much of a document is in memory at once: one read from disk, one write to a printer."""

OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Document:
    """A handle to the bytes: in memory (`data`) when small, else in a file (`path`), never both."""

    size_bytes: int
    sha256: str
    media_type: str = OCTETS
    data: bytes | None = None
    path: Path | None = None

    @classmethod
    def of(cls, data: bytes, media_type: str = OCTETS) -> Document:
        """Return a document held in memory."""
        return cls(len(data), hashlib.sha256(data).hexdigest(), media_type, data)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes in order, at most `CHUNK_BYTES` at a time. Raises OSError when its file cannot be read.

        Whoever may stop before the end closes it (`contextlib.aclosing`), so that its file is closed then and there.
        """
        if self.path is None:
            yield self.data or b""
            return
        file = await asyncio.to_thread(self.path.open, "rb")
        try:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk
        finally:
            file.close()

    async def head(self, size_bytes: int = 4096) -> bytes:
        """Return the first bytes: enough to recognise a language by."""
        if self.path is None:
            return (self.data or b"")[:size_bytes]
        return await asyncio.to_thread(_head, self.path, size_bytes)


def _head(path: Path, size_bytes: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size_bytes)


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt to print: what a link is given to deliver."""

    job: JobId
    attempt: int
    title: str
    document: Document
    copies: int = 1
    language: str = ""
    """Name of the language of the bytes; empty: not known."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a delivery ended well, and how much that proves."""

    evidence: Evidence
    message: str = ""
    may_rise: bool = False
    """More may become known of the paper: who waits for it goes on waiting, until `Report.proved` is given a receipt
    of which this is False, whatever that proves."""


@dataclass(frozen=True, slots=True)
class Prints:
    """How many formats (in ZPL each ^XA … ^XZ that prints) and labels (scaled by ^PQ) a document asks for."""

    formats: int
    labels: int


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read whole. `document` is its body when that was streamed aside as a raw document."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer; `document`, where given, is the body."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """One HTTP POST of JSON that tells a webhook's receiver of an event."""

    url: str
    body: bytes
