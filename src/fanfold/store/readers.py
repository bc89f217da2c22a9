"""A few threads that only read, each with a connection of its own. Knows no query's meaning."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from fanfold.errors import StoreFailed

T = TypeVar("T")

READERS = 2
"""One may be busy with a long list while the other answers."""

CACHE_KIB = 4096
"""Pages that each reader keeps: the upper levels of the indexes of a million jobs."""


class Readers:
    """Runs queries off the loop's thread."""

    def __init__(self, path: Path) -> None:
        """Read from the store at this path."""
        self._connections: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        for _ in range(READERS):
            self._connections.put(_open(path))
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="fanfold-read")
        self._closed = False

    async def ask(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Return what the query returns.

        Raises:
            StoreFailed: the store is closed, or its file cannot be read.
        """
        if self._closed:
            raise StoreFailed("The store is closed: the gateway is shutting down. Ask again when it runs.")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, query)
        except (sqlite3.Error, OSError) as error:
            raise StoreFailed(f"The store could not be read: {error}. Check the disk, then try again.") from error

    def close(self) -> None:
        """Let queries under way end, then let go. Idempotent. Blocks as long as they last."""
        if self._closed:
            return
        self._closed = True
        self._pool.shutdown()
        for _ in range(READERS):
            self._connections.get().close()

    def _run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        db = self._connections.get()
        try:
            return query(db)
        finally:
            self._connections.put(db)


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    db.execute("PRAGMA query_only = ON")
    return db
