"""An LPD server of ours, read off RFC 1179, with moods; it prints what it has whole. Knows nothing of the client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

YES = b"\0"


@dataclass(frozen=True)
class Mood:
    """What it does otherwise than RFC 1179 says.

    The steps are `queue`, `control name`, `control`, `data name`, `data`. `answers` says what it answers there instead
    of a zero: bytes, or None for nothing at all. It closes at a step of `closes`; `data` may come with how many bytes
    it reads first. `greets` is said before anything is asked, `holds_at` how much of the data it reads and no more.
    """

    answers: dict[str, bytes | None] = field(default_factory=dict)
    closes: dict[str, int] = field(default_factory=dict)
    greets: bytes = b""
    holds_at: int | None = None
    early: bytes = b""
    """Said once, in the midst of the data, after its first byte."""


@dataclass
class Job:
    """What one connection brought. `steps` in their order."""

    queue: str = ""
    steps: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    control: bytes = b""
    data: bytearray = field(default_factory=bytearray)
    whole: bool = False
    aborted: bool = False

    @property
    def lines(self) -> list[str]:
        return self.control.decode().splitlines()

    @property
    def copies(self) -> int:
        return sum(line[0] in "lfop" for line in self.lines)


class _Leaves(Exception):
    """It closes the connection now."""


class LpdServer:
    """`async with LpdServer() as server:`; it stays on its port over `leave` and `come_back`."""

    def __init__(self, mood: Mood | None = None, *, buffer_bytes: int = 65536) -> None:
        self.mood = mood or Mood()
        self.jobs: list[Job] = []
        self.port = 0
        self.goes_on = asyncio.Event()
        """Set it to end the moods that wait: no answer, holding."""
        self.faults: list[str] = []
        """What a client did that RFC 1179 has no word for; there must be none at the end."""
        self._buffer_bytes = buffer_bytes
        self._server: asyncio.Server | None = None
        self._guests: set[asyncio.StreamWriter] = set()
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.come_back()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()
        assert not self.faults, self.faults

    @property
    def uri(self) -> str:
        return f"lpd://127.0.0.1:{self.port}/labels"

    async def come_back(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=self._buffer_bytes)
        self.port = self._server.sockets[0].getsockname()[1]

    async def leave(self) -> None:
        """Be away; who is there is cut off."""
        self.goes_on.set()
        if self._server is not None:
            self._server.close()
            for writer in list(self._guests):
                writer.transport.abort()
            await self._until(lambda: not self._guests)
            await self._server.wait_closed()
            self._server = None

    async def printed(self, count: int = 1) -> list[bytes]:
        """Wait for so many documents, return all that came out: each as often as its control file says."""
        await self._until(lambda: len(self.papers) >= count)
        return self.papers

    async def had(self, count_bytes: int) -> Job:
        """Wait until the last job has so much of its data."""
        await self._until(lambda: bool(self.jobs) and len(self.jobs[-1].data) >= count_bytes)
        return self.jobs[-1]

    async def at(self, step: str) -> Job:
        """Wait until the last job came to this step."""
        await self._until(lambda: bool(self.jobs) and step in self.jobs[-1].steps)
        return self.jobs[-1]

    def say(self, said: bytes) -> None:
        """Say something to all who are connected."""
        for guest in self._guests:
            guest.write(said)

    async def alone(self) -> None:
        """Wait until nobody is connected."""
        await self._until(lambda: not self._guests)

    @property
    def papers(self) -> list[bytes]:
        """What came out so far."""
        return [bytes(job.data) * job.copies for job in self.jobs if job.whole and job.control]

    async def _until(self, true: Callable[[], bool]) -> None:
        async with self._news:
            await self._news.wait_for(true)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._guests.add(writer)
        job = Job()
        try:
            writer.write(self.mood.greets)
            await self._receive(job, reader, writer)
        except (OSError, asyncio.IncompleteReadError, _Leaves):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self._guests.discard(writer)
            await self._tell()

    async def _receive(self, job: Job, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readuntil(b"\n")
        self._expect(line[0] == 2, f"it began with {line!r}")
        job.queue = line[1:-1].decode()
        self.jobs.append(job)
        await self._answer(job, "queue", writer)
        while line := await reader.readline():
            if line == b"\x01\n":
                job.aborted, job.whole, job.control = True, False, b""
                await self._tell()
                continue
            self._expect(line[0] in (2, 3), f"it went on with {line!r}")
            size, name = line[1:-1].decode().split(" ")
            job.names.append(name)
            if line[0] == 2:
                await self._control(job, int(size), reader, writer)
            else:
                await self._data(job, int(size), reader, writer)

    async def _control(self, job: Job, size: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not await self._answer(job, "control name", writer):
            return
        control = await reader.readexactly(size)
        self._expect(await reader.readexactly(1) == b"\0", "no zero behind the control file")
        if await self._answer(job, "control", writer):
            job.control = control
            await self._tell()

    async def _data(self, job: Job, size: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not await self._answer(job, "data name", writer):
            return
        while len(job.data) < size:
            await self._perhaps_stop(job, writer)
            chunk = await reader.read(min(65536, size - len(job.data)))
            if not chunk:
                raise _Leaves
            job.data += chunk
            await self._tell()
            if len(job.data) == len(chunk):
                writer.write(self.mood.early)
        self._expect(await reader.readexactly(1) == b"\0", "no zero behind the data")
        job.whole = await self._answer(job, "data", writer)
        await self._tell()

    def _expect(self, is_so: bool, words: str) -> None:
        if not is_so:
            self.faults.append(words)
            raise _Leaves

    async def _perhaps_stop(self, job: Job, writer: asyncio.StreamWriter) -> None:
        if self.mood.holds_at is not None and len(job.data) >= self.mood.holds_at:
            await self.goes_on.wait()
        if "data" in self.mood.closes and 0 < self.mood.closes["data"] <= len(job.data):
            writer.transport.abort()
            raise _Leaves

    async def _answer(self, job: Job, step: str, writer: asyncio.StreamWriter) -> bool:
        """Answer; return whether that was a yes."""
        job.steps.append(step)
        await self._tell()
        if step in self.mood.closes:
            raise _Leaves
        answer = self.mood.answers.get(step, YES)
        if answer is None:
            await self.goes_on.wait()
            answer = YES
        writer.write(answer)
        await writer.drain()
        if len(answer) > 1:
            raise _Leaves
        return answer == YES
