"""Bodies of requests: small ones into memory, documents streamed to disk. Knows no dialect and keeps nothing."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar

from aiohttp import HttpVersion11, web

from fanfold.errors import Refused
from fanfold.server.base import STALL_S
from fanfold.store.base import INLINE_BYTES
from fanfold.wire import Document

T = TypeVar("T")

BATCH_BYTES = 1024**2
"""Written at once: few enough hops to a thread, little enough memory."""
WRITE_BACK_BYTES = 8 * 1024**2
"""How often the kernel is made to write: a sync of 50 MiB at the end would hold up everyone else's."""


async def read_message(request: web.Request, limit_bytes: int) -> bytes:
    """Return a body that is no document.

    Raises:
        Refused: `message-too-large` 413, `upload-stalled` 408, `kind-not-accepted` 415.
    """
    pieces = [piece async for piece in _pieces(request, limit_bytes, _message_too_large)]
    return b"".join(pieces)


async def receive_document(request: web.Request, limit_bytes: int, folder: Path, threads: Executor) -> Document:
    """Return the body as a document, in memory up to INLINE_BYTES, else in a new file in that folder.

    The file is the caller's to remove. Where the upload breaks off none is left.

    Raises:
        Refused: `document-too-large` 413, `store-full` 507, `upload-stalled` 408, `kind-not-accepted` 415.
    """
    upload = _Upload(folder)
    waiting: list[bytes] = []
    try:
        async for piece in _pieces(request, limit_bytes, _document_too_large):
            waiting.append(piece)
            if upload.count(len(piece)) >= BATCH_BYTES:
                await _in_thread(threads, upload.write, waiting)
                waiting = []
        if upload.size_bytes <= INLINE_BYTES:
            return Document.of(b"".join(waiting), request.content_type)
        await _in_thread(threads, upload.write, waiting)
        return await _in_thread(threads, upload.finish, request.content_type)
    except BaseException as error:
        await asyncio.shield(_in_thread(threads, upload.drop))
        if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
            raise _not_kept(error) from error
        raise


def remove(path: Path) -> None:
    """Remove a document's file unless the store moved it away."""
    path.unlink(missing_ok=True)


async def _pieces(request: web.Request, limit_bytes: int, too_large: Callable[[int], Refused]) -> AsyncIterator[bytes]:
    _refuse_coded(request)
    announced = request.content_length
    if announced is not None and announced > limit_bytes:
        raise too_large(limit_bytes)
    await _invite(request)
    size_bytes = 0
    while piece := await _next(request):
        size_bytes += len(piece)
        if size_bytes > limit_bytes:
            raise too_large(limit_bytes)
        yield piece


async def _invite(request: web.Request) -> None:
    """Tell a caller that waits for our word before it sends its body (RFC 9110 §10.1.1) to go on."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version == HttpVersion11:
        transport = request.transport
        if transport is not None:
            transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _next(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(STALL_S):
            return await request.content.readany()
    except TimeoutError as error:
        raise Refused(
            f"Nothing of the body came for {STALL_S:g} s. Send it again.", code="upload-stalled", status=408
        ) from error


def _refuse_coded(request: web.Request) -> None:
    """Bodies come as they are: what is cut off can be told from a whole by its length only where nothing unpacks it."""
    coding = request.headers.get("Content-Encoding", "identity").strip()
    if coding.lower() not in ("", "identity"):
        says = f"A body with `Content-Encoding: {coding[:40]}` is not taken. Send it as it is, without that header."
        raise Refused(says, code="kind-not-accepted", status=415)


def _document_too_large(limit_bytes: int) -> Refused:
    says = (
        f"The document is larger than {limit_bytes} bytes, the most that this gateway takes. "
        "Send a smaller one, or raise `document_bytes` under `[limits]` in fanfold.toml."
    )
    return Refused(says, code="document-too-large", status=413)


def _message_too_large(limit_bytes: int) -> Refused:
    says = (
        f"The request is larger than {limit_bytes} bytes, the most that this gateway reads at once. "
        "Send large documents as the raw body, or raise `message_bytes` under `[limits]` in fanfold.toml."
    )
    return Refused(says, code="message-too-large", status=413)


def _not_kept(error: OSError) -> Refused:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Refused(
            "The gateway's disk is full; nothing was accepted. Make room on it.", code="store-full", status=507
        )
    why = error.strerror or type(error).__name__
    return Refused(
        f"The gateway cannot write to its data folder: {why}. Nothing was accepted.", code="store-failed", status=503
    )


async def _in_thread(threads: Executor, work: Callable[..., T], *given: object) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, work, *given)


class _Upload:
    """A document on its way to disk. `write`, `finish` and `drop` run in threads, one at a time by the lock."""

    def __init__(self, folder: Path) -> None:
        self.size_bytes = 0
        self._unwritten_bytes = 0
        self._folder = folder
        self._lock = threading.Lock()
        self._hash = hashlib.sha256()
        self._file: int | None = None
        self._path: Path | None = None
        self._unsynced_bytes = 0
        self._dropped = False

    def count(self, size_bytes: int) -> int:
        """Count what arrived, and return how much of it is not written yet."""
        self.size_bytes += size_bytes
        self._unwritten_bytes += size_bytes
        return self._unwritten_bytes

    def write(self, pieces: Sequence[bytes]) -> None:
        """Append to the file, which is made at the first time."""
        with self._lock:
            if self._dropped:  # the upload was cancelled while this waited for its thread
                return
            self._unwritten_bytes = 0
            for piece in pieces:
                self._hash.update(piece)
                self._append(piece)
            if self._unsynced_bytes >= WRITE_BACK_BYTES:
                self._unsynced_bytes = 0
                getattr(os, "fdatasync", os.fsync)(self._opened())

    def finish(self, media_type: str) -> Document:
        """Close the file and return the document that it holds."""
        with self._lock:
            os.close(self._opened())
            self._file = None
            return Document(self.size_bytes, self._hash.hexdigest(), media_type, path=self._path)

    def drop(self) -> None:
        """Leave nothing behind."""
        with self._lock:
            self._dropped = True
            if self._file is not None:
                os.close(self._file)
                self._file = None
            if self._path is not None:
                self._path.unlink(missing_ok=True)

    def _opened(self) -> int:
        if self._file is None:
            self._file, name = tempfile.mkstemp(dir=self._folder, prefix="upload-")
            self._path = Path(name)
        return self._file

    def _append(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(self._opened(), rest) :]
        self._unsynced_bytes += len(piece)
