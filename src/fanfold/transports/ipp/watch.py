"""One poller for all jobs followed on one IPP server: who waits for a job gets each look at it. Knows no CUPS."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from fanfold.transports.ipp import codec as ipp
from fanfold.transports.ipp.client import Away, IppClient, Refusal
from fanfold.transports.ipp.codec import Group
from fanfold.transports.ipp.words import GET_JOB, JOB_KEYWORDS, integers, keywords

FIRST_S, LAST_S, SLOWER = 0.02, 0.5, 1.5
"""A label passes CUPS in 30 to 80 ms; a look costs cupsd less than one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The job under that id, as it is now."""

    job: Group


@dataclass(frozen=True, slots=True)
class Missing:
    """The server answers and shows no such job."""

    says: str


@dataclass(frozen=True, slots=True)
class Silence:
    """The server does not answer now."""

    says: str


Sight = Seen | Missing | Silence
Read = Callable[[tuple[int, ...]], Awaitable[Mapping[int, Sight]]]
Look = Callable[[], Awaitable[Sight]]


async def look_at(client: IppClient, path: str, job_id: int) -> Sight:
    """Look at one job."""
    wanted = {"job-id": integers(job_id), "requested-attributes": keywords(*JOB_KEYWORDS)}
    try:
        reply = await client.ask(GET_JOB, path, wanted)
    except Away as away:
        return Silence(str(away))
    except Refusal as refusal:
        return Silence(str(refusal)) if refusal.is_trouble else Missing(str(refusal))
    return Seen(reply.first(ipp.JOB))


class Watch:
    """Looks at the followed jobs again and again, soon after something is new, later more slowly."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._looks: dict[int, set[asyncio.Queue[Sight | Exception]]] = {}
        self._nudged = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def on(self, job_id: int) -> Iterator[Look]:
        """Follow a job: what is given waits for the next look at it."""
        queue: asyncio.Queue[Sight | Exception] = asyncio.Queue(1)
        self._looks.setdefault(job_id, set()).add(queue)
        self.nudge()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._poll(), name="ipp watch")
        try:
            yield lambda: _next(queue)
        finally:
            self._looks[job_id].discard(queue)
            if not self._looks[job_id]:
                del self._looks[job_id]
                self.nudge()

    def nudge(self) -> None:
        """Look soon: something is about to change."""
        self._nudged.set()

    async def close(self) -> None:
        """Stop to look. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _poll(self) -> None:
        pause_s = FIRST_S
        while self._looks:
            if self._nudged.is_set():
                self._nudged.clear()
                pause_s = FIRST_S
                await asyncio.sleep(pause_s)  # who follows many jobs nudges often: never without a pause
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._nudged.wait()
                pause_s = min(pause_s * SLOWER, LAST_S)
            await self._look_once()

    async def _look_once(self) -> None:
        ids = tuple(self._looks)
        sights: Mapping[int, Sight | Exception]
        try:
            sights = await self._read(ids) if ids else {}
        except Exception as fault:  # noqa: BLE001  (it is raised where the jobs are followed)
            sights = dict.fromkeys(ids, fault)
        for job_id, sight in sights.items():
            for queue in self._looks.get(job_id, ()):
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(sight)


async def _next(queue: asyncio.Queue[Sight | Exception]) -> Sight:
    sight = await queue.get()
    if isinstance(sight, Exception):
        raise sight
    return sight
