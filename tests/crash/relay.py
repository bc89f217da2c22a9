"""A wire between two parties that keeps what passed, and can be cut so that nobody notices. Knows no protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self

READ_BYTES = 65536


class Relay:
    """`async with Relay(port) as relay:` listens on `relay.port` and passes all on to that port of this machine."""

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self.streams: list[bytearray] = []
        """What each connection brought, as far as it was passed on."""
        self._to_port = to_port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._way = Way()
        """Every connection keeps the one of its time."""
        self._old_ways: list[Way] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Pass nothing on any more, no end and no reset either; who connects now is taken, and left unanswered."""
        self._way.is_whole.clear()

    def hold_after(self, size_bytes: int) -> None:
        """Pass only so many bytes more to those that connected; what they say still passes."""
        self._way.left_bytes = size_bytes

    def heal(self) -> None:
        """Pass on again, first all that was said meanwhile, as TCP does when it tries again."""
        for way in (*self._old_ways, self._way):
            way.heal()
        self._old_ways.clear()

    def reroute(self) -> None:
        """Pass on for those that connect from now on only; the others' bytes come late, at `heal`."""
        self._old_ways.append(self._way)
        self._way = Way()

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                await self._carry(reader, writer, self._way)
        finally:
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way) -> None:
        await way.there()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        handed = bytearray()
        self.streams.append(handed)
        there = asyncio.create_task(_pass(reader, far_writer, handed, way.there))
        back = asyncio.create_task(_pass(far_reader, writer, bytearray(), way.back))
        try:
            await asyncio.wait({there, back})
        finally:
            there.cancel()
            back.cancel()
            far_writer.transport.abort()


class Way:
    """What stops the bytes of connections."""

    def __init__(self) -> None:
        self.is_whole, self._leads_back = asyncio.Event(), asyncio.Event()
        self.left_bytes: int | None = None
        self.heal()

    def heal(self) -> None:
        """Let all bytes pass."""
        self.left_bytes = None
        self.is_whole.set()
        self._leads_back.set()

    async def there(self, _: int = 0) -> None:
        """Wait until what somebody who connected says may pass."""
        await self.is_whole.wait()

    async def back(self, size_bytes: int = 0) -> None:
        """Wait until so much may pass to somebody who connected."""
        if self.left_bytes is not None:
            self.left_bytes -= size_bytes
            if self.left_bytes < 0:
                self._leads_back.clear()
        await self._leads_back.wait()
        await self.is_whole.wait()


async def _pass(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    kept: bytearray,
    may_pass: Callable[[int], Awaitable[None]],
) -> None:
    """Pass on until one side ends, and let the other know how."""
    with suppress(OSError):
        while data := await reader.read(READ_BYTES):
            await may_pass(len(data))
            kept += data
            writer.write(data)
            await writer.drain()
        await may_pass(0)
        writer.write_eof()
        return
    await may_pass(0)
    writer.transport.abort()
