"""A thread of one printer's own: what may hang there holds up nobody else. Knows no printer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class OwnThread:
    """Does one thing after another. After `end` it takes nothing more, and goes when it is done."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="fanfold-usb")

    def begin(self, call: Callable[P, T], *args: P.args, **named: P.kwargs) -> Future[T]:
        """Have it called, after what was begun before."""
        return self._pool.submit(call, *args, **named)

    async def do(self, call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Have it called and wait. Cancelled, it goes on by itself unless it has not begun."""
        return await asyncio.wrap_future(self.begin(call, *args, **named))

    def end(self) -> None:
        """Take nothing more. Idempotent."""
        self._pool.shutdown(wait=False)
