"""A wire between the gateway and cupsd that keeps what the gateway handed over. Knows no protocol."""

from __future__ import annotations

import asyncio
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

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            writer.transport.abort()
            self._tasks.discard(task)
            return
        handed = bytearray()
        self.streams.append(handed)
        there = asyncio.create_task(_pass(reader, far_writer, handed))
        back = asyncio.create_task(_pass(far_reader, writer, bytearray()))
        try:
            await asyncio.wait({there, back})
        finally:
            for one in (there, back):
                one.cancel()
            for end in (writer, far_writer):
                end.transport.abort()
            self._tasks.discard(task)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
    """Pass on until one side ends, and let the other know how."""
    with suppress(OSError):
        while data := await reader.read(READ_BYTES):
            kept += data
            writer.write(data)
            await writer.drain()
        writer.write_eof()
        return
    writer.transport.abort()
