"""A wire between two parties that keeps what passed, and can be cut so that nobody notices. Knows no protocol."""

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
        self._whole = _set()
        """Set while bytes pass; every connection keeps the one of its time."""
        self._cut: list[asyncio.Event] = []
        self._left_bytes: int | None = None

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
        self._whole.clear()

    def cut_after(self, size_bytes: int) -> None:
        """Be cut when so many bytes more have passed."""
        self._left_bytes = size_bytes

    def heal(self) -> None:
        """Pass on again, first all that was said meanwhile, as TCP does when it tries again."""
        for whole in (*self._cut, self._whole):
            whole.set()
        self._cut.clear()

    def reroute(self) -> None:
        """Pass on for those that connect from now on only; the others' bytes come late, at `heal`."""
        self._cut.append(self._whole)
        self._whole = _set()

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                await self._carry(reader, writer, self._whole)
        finally:
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, whole: asyncio.Event) -> None:
        await whole.wait()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        handed = bytearray()
        self.streams.append(handed)
        there = asyncio.create_task(self._pass(reader, far_writer, handed, whole))
        back = asyncio.create_task(self._pass(far_reader, writer, bytearray(), whole))
        try:
            await asyncio.wait({there, back})
        finally:
            there.cancel()
            back.cancel()
            far_writer.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray, whole: asyncio.Event
    ) -> None:
        """Pass on until one side ends, and let the other know how."""
        with suppress(OSError):
            while data := await reader.read(READ_BYTES):
                self._spend(len(data))
                await whole.wait()
                kept += data
                writer.write(data)
                await writer.drain()
            await whole.wait()
            writer.write_eof()
            return
        await whole.wait()
        writer.transport.abort()

    def _spend(self, size_bytes: int) -> None:
        if self._left_bytes is None:
            return
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            self._left_bytes = None
            self.cut()


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event
