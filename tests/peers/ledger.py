"""A lane's ear for tests of links: keeps what was reported, and lets a test wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fanfold.wire import Receipt


async def _nothing() -> None:
    """Do nothing more."""


class Ledger:
    """A `transports.base.Report`. `then` is awaited in the middle of `sent`, where a test may strike."""

    def __init__(self, then: Callable[[], Awaitable[None]] = _nothing) -> None:
        self.sent_bytes = 0
        self.stalls: list[tuple[str, str]] = []
        self.foreign: str | None = None
        self.proofs: list[Receipt] = []
        self.disproofs: list[str] = []
        self.is_sent = asyncio.Event()
        self.has_moved = asyncio.Event()
        self._then = then
        self._stalled = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def progress(self, sent_bytes: int) -> None:
        self.sent_bytes = sent_bytes
        if sent_bytes:
            self.has_moved.set()

    def stalled(self, reason: str, message: str) -> None:
        self.stalls.append((reason, message))
        task = asyncio.ensure_future(self._tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def resumed(self) -> None:
        self.stalls.append(("", ""))

    async def sent(self, foreign: str | None = None) -> None:
        self.foreign = foreign
        await self._then()
        self.is_sent.set()

    async def proved(self, receipt: Receipt) -> None:
        self.proofs.append(receipt)

    async def disproved(self, says: str) -> None:
        self.disproofs.append(says)

    async def stall(self, reason: str) -> str:
        """Wait for a stall of this reason; return its words."""
        async with self._stalled:
            await self._stalled.wait_for(lambda: any(told == reason for told, _ in self.stalls))
        return next(words for told, words in self.stalls if told == reason)

    async def _tell(self) -> None:
        async with self._stalled:
            self._stalled.notify_all()
