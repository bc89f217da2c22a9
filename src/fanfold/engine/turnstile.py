"""Lets through to a printer either a job or a question, never both. Knows no job, no question and no printer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, TypeVar

from fanfold.errors import NotReached
from fanfold.model import Reason

T = TypeVar("T")

GRACE_S = 1.0
"""How much longer a question may take than it has, to let go of its printer; then it is given up."""


class Turnstile:
    """One printer's. Whoever came first goes first; a question that must wait lets a lane know by `is_wanted`."""

    def __init__(self, stopped: asyncio.Event) -> None:
        self._turn = asyncio.Lock()
        self._stopped = stopped
        self._waiting = 0

    @property
    def is_wanted(self) -> bool:
        """Whether a question waits for who is with the printer now."""
        return self._waiting > 0

    @property
    def for_jobs(self) -> AbstractAsyncContextManager[Any]:
        """Hold the printer for jobs, as long as the context is open."""
        return self._turn

    async def ask(self, question: Callable[[float], Awaitable[T]], within_s: float) -> T:
        """Hold the printer for a question, which is given the seconds that are left for it; return its answer.

        Raises:
            NotReached: a job kept it for so long, or the gateway stops; what is asked when it does may have been heard.
            TimeoutError: it was asked, and there was no answer in time.
            Exception: whatever the question raises.
        """
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        await self._enter(within_s)
        try:
            if self._stopped.is_set():
                raise _stopping()
            return await self._bounded(question(max(0.0, until_s - loop.time())), until_s + GRACE_S - loop.time())
        finally:
            self._turn.release()

    async def _enter(self, within_s: float) -> None:
        self._waiting += 1
        stopping = asyncio.ensure_future(self._stopped.wait())
        try:
            async with asyncio.timeout(within_s) as limit:
                in_vain = partial(_over_now, limit)
                stopping.add_done_callback(in_vain)
                try:
                    await self._turn.acquire()
                finally:
                    stopping.remove_done_callback(in_vain)
        except TimeoutError:
            if self._stopped.is_set():
                raise _stopping() from None
            says = f"it has had something else in hand for the {within_s:g} s that it was waited for; ask again later"
            raise NotReached(says, reasons=(Reason.BUSY_ELSEWHERE,)) from None
        finally:
            self._waiting -= 1
            stopping.cancel()

    async def _bounded(self, question: Awaitable[T], limit_s: float) -> T:
        asking = asyncio.ensure_future(question)
        stopping = asyncio.ensure_future(self._stopped.wait())
        either: set[asyncio.Future[Any]] = {asking, stopping}
        try:
            await asyncio.wait(either, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                return asking.result()
            if stopping.done():
                raise _stopping()
            raise TimeoutError
        finally:
            for one in either:
                one.cancel()
            await asyncio.wait(either, timeout=GRACE_S)
            if asking.done() and not asking.cancelled():
                asking.exception()  # whoever asked has heard of the time that is over, not of this


def _over_now(limit: asyncio.Timeout, _: asyncio.Future[Any]) -> None:
    limit.reschedule(0)


def _stopping() -> NotReached:
    return NotReached("the gateway or its queue is being stopped", reasons=(Reason.SHUTDOWN,))
