"""A printer that is a bare TCP port and keeps what each connection brought. Knows nothing of what prints to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Paper:
    """What one connection brought. `ended`: the peer said that this was all; `broken`: it was reset."""

    data: bytearray = field(default_factory=bytearray)
    ended: bool = False
    broken: bool = False


class Sink:
    """`async with Sink() as sink:`; `sink.port` stays the same over `leave` and `come_back`."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.papers: list[Paper] = []
        self._server: asyncio.Server | None = None
        self._reads = asyncio.Event()
        self._reads.set()
        self._news = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        await self.come_back()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    @property
    def printed(self) -> list[bytes]:
        """The bytes of each connection that ended, in the order in which they began."""
        return [bytes(paper.data) for paper in self.papers if paper.ended]

    def hold(self) -> None:
        """Take connections, and read nothing more from them."""
        self._reads.clear()

    def release(self) -> None:
        """Read again."""
        self._reads.set()

    async def leave(self) -> None:
        """Be away: nobody listens, open connections are reset."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            await self._until(lambda: not self._writers)
            await self._server.wait_closed()
            self._server = None

    async def come_back(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self.port, limit=4096)
        self.port = self._server.sockets[0].getsockname()[1]

    async def arrived(self, count: int) -> None:
        """Wait until so many connections have come, ever."""
        await self._until(lambda: len(self.papers) >= count)

    async def ended(self, count: int) -> list[bytes]:
        """Wait until so many connections have ended, ever; return what they brought."""
        await self._until(lambda: len(self.printed) >= count)
        return self.printed

    async def _until(self, true: Callable[[], bool]) -> None:
        async with self._news:
            await self._news.wait_for(true)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        paper = Paper()
        self.papers.append(paper)
        self._writers.add(writer)
        await self._tell()
        try:
            await self._read(reader, writer, paper)
        except OSError:
            paper.broken = True
        finally:
            writer.close()
            self._writers.discard(writer)
            await self._tell()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, paper: Paper) -> None:
        while True:
            await self._until_it_reads(writer)
            chunk = await reader.read(65536)
            if writer.transport.is_closing():
                raise ConnectionAbortedError
            if not chunk:
                paper.ended = True
                return
            paper.data += chunk

    async def _until_it_reads(self, writer: asyncio.StreamWriter) -> None:
        """Hold, but let go of a connection that is no more, without waiting for `release`."""
        while not self._reads.is_set():
            if writer.transport.is_closing():
                raise ConnectionAbortedError
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await self._reads.wait()
