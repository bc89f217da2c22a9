"""The one thread that writes: what is asked, in groups, each a synced transaction. Knows no verb's meaning."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from fanfold.errors import FanfoldError, StoreFailed
from fanfold.store import refusals
from fanfold.store.reserve import is_disk_fault
from fanfold.store.transaction import Ledger, Transaction

T = TypeVar("T")

GROUP = 256
"""Verbs in one transaction at most: a settle that comes meanwhile waits for no more than these."""

GROUP_BYTES = 4 * 1024**2
"""Bytes of documents in one transaction, for the same reason: a synced MiB takes about 5 ms here."""

_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})


class Urgency(Enum):
    """What shares a transaction with what, in the order of its turn."""

    SETTLE = 1
    """Settles, claims, notes, letters: what already lies in the store moves on first, and is not undone for others."""
    ADD = 2
    """New jobs."""
    STEP = 3
    """A step of the upkeep, alone."""


@dataclass(frozen=True, slots=True)
class Verb:
    """Something to be done in a transaction. `run` returns the answer; an error is raised to who asked."""

    urgency: Urgency
    run: Callable[[Transaction], Any]
    answer: asyncio.Future[Any]
    size_bytes: int = 0


class Writer:
    """Runs verbs in its thread and tells each commit to `tell`, in the loop's thread, with one call."""

    def __init__(self, db: sqlite3.Connection, ledger: Ledger, tell: Callable[[Transaction], None]) -> None:
        """Write through this connection, which is the writer's until `close`. Made in the loop's thread."""
        self._db = db
        self._ledger = ledger
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._gathered: list[Verb] = []
        self._asked: SimpleQueue[Sequence[Verb] | None] = SimpleQueue()
        self._turns: dict[Urgency, deque[Verb]] = {urgency: deque() for urgency in Urgency}
        self._closing = False
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name="fanfold-store", daemon=True)
        self._thread.start()

    def ask(
        self, urgency: Urgency, run: Callable[[Transaction], T | FanfoldError], size_bytes: int = 0
    ) -> asyncio.Future[T]:
        """Have this done; the answer comes when it is synced. `size_bytes` is how much of documents it writes.

        Raises:
            StoreFailed: the store is closed.
        """
        if self._closing:
            raise StoreFailed("The store is closed: the gateway is shutting down. Ask again when it runs.")
        answer: asyncio.Future[T] = self._loop.create_future()
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append(Verb(urgency, run, answer, size_bytes))
        return answer

    async def close(self) -> None:
        """Do what was asked, then end the thread. Idempotent."""
        if not self._closing:
            self._closing = True
            self._hand_over()
            self._asked.put(None)
        await asyncio.shield(self._closed)
        self._thread.join()

    def _hand_over(self) -> None:
        """Give the thread what was asked in this turn of the loop. One by one it would wake amid the turn, and both
        would wait for Python's lock."""
        gathered, self._gathered = self._gathered, []
        self._asked.put(gathered)

    # in the writer's thread

    def _run(self) -> None:
        more = True
        while more or any(self._turns.values()):
            more = self._take(wait=not any(self._turns.values())) and more
            self._turn()
        self._call(self._closed.set_result, None)

    def _take(self, *, wait: bool) -> bool:
        """Take what was asked meanwhile; return False when the end was asked for."""
        try:
            verbs = self._asked.get(block=wait)
            while verbs is not None:
                for verb in verbs:
                    self._turns[verb.urgency].append(verb)
                verbs = self._asked.get_nowait()
        except Empty:
            return True
        return False

    def _turn(self) -> None:
        """Give each urgency its turn, so that a flood of one kind does not keep the others from theirs."""
        for urgency, waiting in self._turns.items():
            if waiting:
                self._do(_next_group(waiting, 1 if urgency is Urgency.STEP else GROUP))

    def _do(self, group: Sequence[Verb]) -> None:
        """Do a group in one transaction; if that fails, each verb in one of its own."""
        try:
            self._commit(group)
        except Exception as error:  # noqa: BLE001  # whatever it was, it is told to who asked
            if group[0].urgency is not Urgency.ADD and is_disk_fault(error):
                self._do_with_reserve(group)
            else:
                self._do_singly(group, error)

    def _do_with_reserve(self, group: Sequence[Verb]) -> None:
        """Make room, and do the group once more."""
        try:
            self._ledger.reserve.free()
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            self._commit(group)
        except Exception as error:  # noqa: BLE001  # as above
            self._do_singly(group, error)

    def _do_singly(self, group: Sequence[Verb], error: Exception) -> None:
        if len(group) == 1:
            self._call(_answer, [(group[0].answer, _told(group[0], error))])
            return
        for verb in group:
            try:
                self._commit([verb])
            except Exception as own:  # noqa: BLE001  # as above
                self._do_singly([verb], own)

    def _commit(self, group: Sequence[Verb]) -> None:
        if gone := self._ledger.place.says:
            raise StoreFailed(gone)
        tx = Transaction(self._db, self._ledger)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            answers = [(verb.answer, verb.run(tx)) for verb in group]
            tx.finish()
            self._db.execute("COMMIT")
        except BaseException:
            tx.undo()
            self._roll_back()
            raise
        tx.stands()
        self._call(self._committed, tx, answers)

    def _roll_back(self) -> None:
        if self._db.in_transaction:  # a full disk may have ended it already
            self._db.execute("ROLLBACK")

    def _call(self, callback: Callable[..., Any], *args: Any) -> None:
        """Wake the loop once."""
        if not self._loop.is_closed():  # else nobody waits any more
            self._loop.call_soon_threadsafe(callback, *args)

    # in the loop's thread

    def _committed(self, tx: Transaction, answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
        _answer(answers)
        self._tell(tx)


def _next_group(waiting: deque[Verb], most: int) -> Sequence[Verb]:
    group = [waiting.popleft()]
    size_bytes = group[0].size_bytes
    while waiting and len(group) < most and size_bytes + waiting[0].size_bytes <= GROUP_BYTES:
        size_bytes += waiting[0].size_bytes
        group.append(waiting.popleft())
    return group


def _answer(answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, value in answers:
        if future.done():  # who asked has gone
            continue
        if isinstance(value, Exception):
            future.set_exception(value)
        else:
            future.set_result(value)


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0)


def _told(verb: Verb, error: Exception) -> Exception:
    """Return what is told to who asked for a verb that failed."""
    if verb.urgency is Urgency.ADD and isinstance(error, sqlite3.Error) and _code(error) in _NO_ROOM:
        return refusals.disk_full(f"The disk has no room for the job ({error}). Free some space, then send it again.")
    failed = StoreFailed(f"The store could not write: {error}. Nothing of it was done; check the disk, then try again.")
    failed.__cause__ = error
    return failed
