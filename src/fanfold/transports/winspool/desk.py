"""What all links to one queue of Windows share: its two threads, the one poller, and what was asked back. No engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeVar

from fanfold.transports.winspool.aside import Aside
from fanfold.transports.winspool.eye import Eye, Sight, Silence, Verdict
from fanfold.transports.winspool.mark import Mark
from fanfold.transports.winspool.spooler import QueueFacts, Spooler

LOOK_S = 5.0
"""How long Windows may take to answer a look; a print server that is switched off takes up to 90 s."""
HANG_S = 1.0
"""Closing an earlier job takes milliseconds where nothing hangs."""
FIRST_S, LAST_S, SLOWER = 0.05, 0.5, 1.5
"""Between looks at followed jobs: a label passes a local spooler in some hundredths of a second."""

T = TypeVar("T")
Look = Callable[[], Awaitable[Sight]]


class Desk:
    """One queue. `eye` looks and takes back; `hand` writes, and may hang meanwhile in what it writes to."""

    def __init__(self, spooler: Spooler, queue: str) -> None:
        self.spooler, self.queue = spooler, queue
        self.who = f"the Windows queue {queue}"
        self.hand = Aside(f"fanfold-winspool-hand {queue}")
        self.verdicts: dict[str, Verdict] = {}
        """Of jobs that were asked back, by their tokens (Windows gives ids out again), until who follows has read."""
        self._thread = Aside(f"fanfold-winspool-eye {queue}")
        self._eye = Eye(spooler, queue)
        self._xps: tuple[str, bool] | None = None
        self._visitors = 0
        self._ears: set[asyncio.Queue[Sight | Exception]] = set()
        self._nudged = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it may be forgotten: another in its place would know and do the same."""
        used = self._visitors or self._ears or self.verdicts
        return not (used or self._thread.is_running or self.hand.is_running)

    @asynccontextmanager
    async def visited(self) -> AsyncIterator[None]:
        """Keep the handle, by which looks are compared, for so long."""
        self._visitors += 1
        try:
            yield
        finally:
            self._visitors -= 1
            if not self._visitors:
                self._thread.post(self._eye.blink)

    async def look(self) -> Sight:
        """Look now. Takes a bounded time."""
        sight: Sight | None = await self._seen(self._eye.look)
        return sight or Silence(f"{self.who}: Windows has not answered for {LOOK_S:g} s")

    async def facts(self) -> QueueFacts | None:
        """Return what Windows says of the queue, without its jobs; None where it says nothing now."""
        return await self._seen(self._eye.facts)

    async def takes_xps(self, driver: str) -> bool:
        """Whether its driver, of this name, is fed XPS."""
        if self._xps is None or self._xps[0] != driver:
            self._xps = driver, bool(await self._seen(self._eye.takes_xps))
        return self._xps[1]

    async def hangs(self) -> bool:
        """Whether the thread that writes does not come back from an earlier job."""
        try:
            await self.hand.within(lambda: None, HANG_S)
        except TimeoutError:
            return True
        return False

    async def take_back(self, mark: Mark) -> Verdict:
        """Have the job deleted, in a bounded time, and keep what came of it for who follows it."""
        verdict = await self._seen(lambda: self._taken_back(mark)) or Verdict.KEPT
        self.nudge()
        return verdict

    @contextmanager
    def watched(self) -> Iterator[Look]:
        """Follow the queue: what is given waits for the next look at it."""
        ear: asyncio.Queue[Sight | Exception] = asyncio.Queue(1)
        self._ears.add(ear)
        self.nudge()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._poll(), name=f"winspool watch {self.queue}")
        try:
            yield lambda: _next(ear)
        finally:
            self._ears.discard(ear)
            self.nudge()

    def nudge(self) -> None:
        """Look soon: something is about to change."""
        self._nudged.set()

    async def close(self) -> None:
        """Look no more, and let the threads end when they can. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._thread.end()
        self.hand.end()

    def _taken_back(self, mark: Mark) -> Verdict:
        """Noted where it is done, so that no later look can see the job gone and not know why: nobody may wait here."""
        verdict = self._eye.take_back(mark)
        if verdict is not Verdict.KEPT:
            self.verdicts[mark.token] = verdict
        return verdict

    async def _seen(self, call: Callable[[], T]) -> T | None:
        """Return what is seen; None where Windows does not answer in time, or hangs in an earlier question."""
        with suppress(TimeoutError):
            return await self._thread.within(call, LOOK_S)
        return None

    async def _poll(self) -> None:
        pause_s = 0.0
        while self._ears:
            sight = await self._look_or_fault()
            for ear in self._ears:
                if ear.full():
                    ear.get_nowait()
                ear.put_nowait(sight)
            pause_s = FIRST_S if self._nudged.is_set() else min(max(pause_s * SLOWER, FIRST_S), LAST_S)
            self._nudged.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._nudged.wait()

    async def _look_or_fault(self) -> Sight | Exception:
        try:
            return await self.look()
        except Exception as fault:  # noqa: BLE001  (it is raised where the jobs are followed)
            return fault


async def _next(ear: asyncio.Queue[Sight | Exception]) -> Sight:
    sight = await ear.get()
    if isinstance(sight, Exception):
        raise sight
    return sight
