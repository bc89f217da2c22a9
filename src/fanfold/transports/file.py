"""The virtual printer: a folder that gets one file for each attempt. Knows nothing of languages but their file endings.

A file appears under its name when it is whole and synced, not before; what has not (`.….part`) is no paper.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from threading import Lock
from urllib.parse import unquote

from fanfold.errors import NotReached, Refused
from fanfold.model import Evidence, Printer, Reason
from fanfold.transports.base import Link, Report
from fanfold.wire import CHUNK_BYTES, Document, Receipt, Work

OPEN_LIMIT_S = 5.0
"""How long a folder may take to be looked at; one on a network share that is gone takes for ever."""

_DRIVE = re.compile(r"/[A-Za-z]:(?=[/\\]|$)")
_ENDINGS = {
    "postscript": "ps",
    "jpeg": "jpg",
    "application/pdf": "pdf",
    "application/postscript": "ps",
    "image/png": "png",
    "image/jpeg": "jpg",
    "text/plain": "txt",
}


class FileTransport:
    """Prints into folders: `file:/var/labels`, `file:labels` (from where the gateway runs), `file:C:/labels`."""

    schemes: tuple[str, ...] = ("file",)
    takes: tuple[str, ...] = ("*",)

    def __init__(self) -> None:
        # Threads of its own: a folder that hangs must not take those that everybody shares.
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="fanfold-file")

    def check(self, uri: str) -> None:
        """Say whether the URI names a folder. Raises Refused `bad-uri`."""
        folder_of(uri)

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        """See that the folder is there and can be written to; make it where only its last part is missing."""
        folder = folder_of(printer.uri)
        try:
            async with asyncio.timeout(OPEN_LIMIT_S):
                await self._aside(_stand_ready, folder)
        except TimeoutError as late:
            says = f"the folder {folder} of {printer.name!r} does not answer; see to the disk or share that it is on"
            raise NotReached(says, reasons=(Reason.OFFLINE,)) from late
        except OSError as error:
            raise _unwritable(folder, error) from error
        yield FileLink(folder, self._threads)

    async def _aside(self, look: Callable[[Path], None], folder: Path) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, look, folder)

    async def close(self) -> None:
        """Let go of the threads. Idempotent."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class FileLink:
    """The way into one folder, for one document."""

    def __init__(self, folder: Path, threads: ThreadPoolExecutor) -> None:
        self._folder, self._threads = folder, threads
        self._sheet: _Sheet | None = None

    @property
    def sent_bytes(self) -> int:
        """How many bytes came out: all of them, or none, because a file that is not in its place is no paper."""
        return self._sheet.placed_bytes if self._sheet else 0

    async def deliver(self, work: Work, report: Report) -> Receipt:
        """Write the file, sync it and put it in its place. Raises NotReached, and then nothing is there."""
        sheet = self._sheet = _Sheet(self._folder, work)
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, sheet.put)
        except OSError as error:
            raise _unwritable(self._folder, error) from error
        finally:
            sheet.give_up()
            report.progress(sheet.placed_bytes)  # also where we were cancelled, but the file was in its place already
        return Receipt(Evidence.DELIVERED, f"written to {sheet.target}")


class _Sheet:
    """One file on its way into the folder: put there by one thread, given up by another, whichever is first."""

    def __init__(self, folder: Path, work: Work) -> None:
        name = f"{work.job}-{work.attempt}.{_ending(work)}"
        self.target = folder / name
        self.placed_bytes = 0
        self._unfinished = folder / f".{name}.part"
        self._work = work
        self._given_up = False
        self._lock = Lock()

    def put(self) -> None:
        """Write all copies, one after another, and put the file in its place. Raises OSError: then it is not there."""
        try:
            size_bytes = self._write()
            with self._lock:
                if not self._given_up:
                    self._unfinished.replace(self.target)
                    self.placed_bytes = size_bytes
        finally:
            if not self.placed_bytes:
                self._unfinished.unlink(missing_ok=True)
        _sync_folder(self.target.parent)

    def _write(self) -> int:
        with self._unfinished.open("wb") as file:
            for _ in range(self._work.copies):
                for chunk in _chunks(self._work.document):
                    if self._given_up:
                        return 0
                    file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def give_up(self) -> None:
        """From now on nothing is put in place. Idempotent."""
        with self._lock:
            self._given_up = True


def folder_of(uri: str) -> Path:
    """Return the folder that a `file:` URI names. Raises Refused."""
    scheme, _, rest = uri.partition(":")
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host not in ("", "localhost"):
            raise _bad(uri, f"names the other machine {host!r}; a folder of this machine has no name there")
        rest = slash + path
    if _DRIVE.match(rest):
        rest = rest[1:]
    path = unquote(rest)
    if scheme.lower() != "file" or not path or "\0" in path:
        raise _bad(uri, "does not name a folder")
    return Path(path)


def _bad(uri: str, why: str) -> Refused:
    example = "write it like file:/var/labels, file:labels or file:C:/labels"
    return Refused(f"the address {uri!r} {why}; {example}", code="bad-uri", status=422)


def _ending(work: Work) -> str:
    kind = work.document.media_type.partition(";")[0].strip().lower()
    ending = _ENDINGS.get(work.language, work.language) or _ENDINGS.get(kind, "bin")
    return re.sub(r"[^a-z0-9]", "", ending) or "bin"


def _chunks(document: Document) -> Iterator[bytes]:
    if document.path is None:
        yield document.data or b""
        return
    with document.path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _stand_ready(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(0, "it may not be written to")


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return  # folders cannot be synced there; the file system orders the renaming itself
    # The file is there by now; file systems that do not promise more (some shares say EINVAL) cannot be made to.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unwritable(folder: Path, error: OSError) -> NotReached:
    why = error.strerror or str(error)
    says = f"the folder {folder} cannot be written to: {why}; make it, free space or give this user the right to it"
    return NotReached(says, reasons=(Reason.OFFLINE,))
