"""Documents as files beside the store's own: synced when they are there, gone when no row names them. Knows no SQL."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from fanfold.model import JobId
from fanfold.wire import Document

INCOMING = "incoming"
DOCUMENTS = "documents"

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class DocumentFiles:
    """The folders of a store. Its verbs may take as long as a disk does: never call them in the loop's thread."""

    def __init__(self, directory: Path) -> None:
        """Use two folders in the store's directory; `make` makes them."""
        self.incoming = directory / INCOMING
        self.folder = directory / DOCUMENTS

    def make(self) -> None:
        """Make the folders where they are missing, readable by nobody else."""
        self.incoming.mkdir(mode=0o700, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def path_of(self, job: JobId) -> Path:
        """Return where the job's document lies, or would lie."""
        return self.folder / quote(job, safe="")

    def keep(self, job: JobId, document: Document) -> None:
        """Put the document in its place, synced, file and folder. Leaves nothing behind when that fails.

        Raises:
            OSError: the disk did not take it; FileExistsError: there is one of that job already.
        """
        path = self.path_of(job)
        if path.exists():
            raise FileExistsError(errno.EEXIST, "there is a document of that job already", str(path))
        try:
            if document.path is None:
                _write(path, document.data or b"")
            else:
                _sync(document.path)
                document.path.replace(path)
            _sync_folder(self.folder)
        except OSError:
            discard(path)
            raise

    def drop(self, jobs: Iterable[JobId]) -> None:
        """Remove documents that no row names any more."""
        for job in jobs:
            discard(self.path_of(job))

    def drop_orphans(self, is_named: Callable[[str], bool]) -> None:
        """Remove what a crash left behind: half-arrived bodies, and documents that no row names."""
        for path in self.incoming.iterdir():
            path.unlink()
        for path in self.folder.iterdir():
            if not is_named(path.name):
                path.unlink()


def discard(path: Path) -> None:
    """Remove a file that nothing names any more."""
    with suppress(OSError):  # Windows keeps a file that is being read: `drop_orphans` takes it at the next start
        path.unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    with path.open("r+b") as file:  # Windows syncs only what may be written
        os.fsync(file.fileno())


if sys.platform == "win32":

    def _sync_folder(folder: Path) -> None:
        """Windows keeps names with the files, and has no way to sync a folder."""
else:

    def _sync_folder(folder: Path) -> None:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
