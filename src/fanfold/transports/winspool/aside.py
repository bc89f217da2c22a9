"""A thread of its own for calls that may never return: late ones are given up, and nobody waits for it to end.

Knows no printer. An executor of Python's would not do: a program cannot end before its threads do.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")

IDLE_S = 10.0
"""A thread that has had nothing to do for so long ends; the next call begins another."""

Task = Callable[[], None]


class Aside:
    """Runs calls one after another, in their order."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running = False
        self._late: asyncio.Future[Any] | None = None

    @property
    def is_running(self) -> bool:
        """Whether there is a thread: it works, hangs, or had something to do a moment ago."""
        return self._running

    def run(self, call: Callable[[], T]) -> asyncio.Future[T]:
        """Run the call as soon as those before it have returned. Whoever gives up the future does not stop it."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        done.add_done_callback(_noticed)

        def task() -> None:
            tell = _outcome(call, done)
            with suppress(RuntimeError):  # the loop is closed: nobody waits for it any more
                loop.call_soon_threadsafe(tell)

        self.post(task)
        return done

    def post(self, task: Task) -> None:
        """As `run`, for what nobody waits for; it must not raise."""
        with self._lock:
            self._tasks.put(task)
            if not self._running:
                self._running = True
                threading.Thread(target=self._work, name=self._name, daemon=True).start()

    async def within(self, call: Callable[[], T], limit_s: float) -> T:
        """Return what the call returns.

        Raises TimeoutError when it has not within the limit, and then ends alone; or when such a one still has not.
        """
        if self._late is not None:
            await _waited(self._late, limit_s)
        done = self.run(call)
        self._late = done
        await _waited(done, limit_s)
        return done.result()

    def end(self) -> None:
        """Let the thread end after what it has to do, if it ever does. Idempotent."""
        self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._next()) is not None:
            task()

    def _next(self) -> Task | None:
        while True:
            with suppress(queue.Empty):
                if (task := self._tasks.get(timeout=IDLE_S)) is not None:
                    return task
            with self._lock:
                if self._tasks.empty():
                    self._running = False
                    return None


def _outcome(call: Callable[[], T], done: asyncio.Future[T]) -> Task:
    """Make the call; return what tells its end in the loop."""
    try:
        result = call()
    except Exception as fault:  # noqa: BLE001  (it is raised where it is waited for)
        return partial(_fail, done, fault)
    return partial(_settle, done, result)


def _settle(done: asyncio.Future[T], result: T) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: asyncio.Future[T], fault: Exception) -> None:
    if not done.done():
        done.set_exception(fault)


async def _waited(done: asyncio.Future[Any], limit_s: float) -> None:
    await asyncio.wait({done}, timeout=limit_s)
    if not done.done():
        raise TimeoutError


def _noticed(done: asyncio.Future[Any]) -> None:
    """Take note of how a call ended that nobody waits for any more: else Python complains of it."""
    if not done.cancelled():
        done.exception()
