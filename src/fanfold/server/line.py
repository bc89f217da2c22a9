"""A line of frames with a printer: the framework parses what comes, we write. Knows no door and no word of theirs."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

from aiohttp import WebSocketError, WSMessage, WSMsgType, web
from aiohttp.abc import AbstractStreamWriter

from fanfold.door import Heard, Hung, Pong, Said
from fanfold.server.base import GOODBYE_S

ROOM_BYTES = 16 * 1024
"""Over so much that waits in our own memory `send` waits. By default TLS alone would take half a megabyte a line."""
KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
"""The kernel gives up a peer that is silent and gone after a minute.

Not TCP_USER_TIMEOUT: Linux also takes it for peers that are there but keep their window shut, so a printer would be
cut off in the midst of a document for being out of paper (seen on Linux 6.18: cut after just that time).
"""
CONTROL_BYTES = 125
"""The most that a control frame may carry (RFC 6455 §5.5)."""

BROKEN, NO_CODE, NORMAL = 1006, 1005, 1000
_BINARY, _CLOSE, _PING, _PONG = 0x82, 0x88, 0x89, 0x8A
"""First bytes of frames: whole, of that kind."""


class SocketLine:
    """`door.Line` over a WebSocket that the framework has opened and now only reads from.

    Frames are written past the framework: it would let a ping wait for room behind a full line, and its one place to
    wait in is lost for all who wait there when one of them is cancelled. Has no timers of its own, for there are
    thousands of lines: who owns one looks at `heard_s` and `sent_s`.
    """

    __slots__ = (
        "_drain", "_draining", "_ended", "_framework", "_is_read", "_loop", "_over", "_protocol", "_transport",
        "heard_s", "sent_s",
    )  # fmt: skip

    def __init__(self, framework: web.WebSocketResponse, writer: AbstractStreamWriter, request: web.Request) -> None:
        """Take over a prepared WebSocket. Raises ConnectionError where it is gone already."""
        if request.transport is None:
            raise ConnectionResetError("The line is over.")
        self._framework = framework
        self._drain = writer.drain
        self._protocol = request.protocol
        self._transport: asyncio.Transport = request.transport
        self._loop = asyncio.get_running_loop()
        self._draining: asyncio.Task[None] | None = None
        self._ended: Hung | None = None
        self._is_read = False
        self._over: asyncio.Event | None = None
        self.heard_s = self.sent_s = self._loop.time()
        self._transport.set_write_buffer_limits(ROOM_BYTES)
        _keep_alive(self._transport)

    @property
    def unsent_bytes(self) -> int:
        """How much waits here; with TLS up to 64 KiB more wait below it, where nobody can look."""
        return self._transport.get_write_buffer_size()

    @property
    def is_open(self) -> bool:
        """Whether frames may still get through, as far as is known."""
        return self._ended is None and not self._transport.is_closing()

    async def receive(self) -> Heard:
        """Return the next that comes; after Hung, Hung again."""
        while (end := self._ended) is None:
            message = await self._read()
            if self._ended is not None:  # ended by us meanwhile
                continue
            match message.type:
                case WSMsgType.BINARY:
                    return Said(message.data)
                case WSMsgType.TEXT:
                    return Said(message.data, is_text=True)
                case WSMsgType.PONG:
                    return Pong(bytes(message.data))
                case WSMsgType.PING:
                    self._write(_PONG, bytes(message.data))
                case WSMsgType.CLOSE:
                    self._answer_goodbye(Hung(message.data or NO_CODE, message.extra or ""))
                case _:
                    self._ended = _end(self._framework.exception() or message.data)
        return end

    async def send(self, frame: bytes) -> None:
        """Send one binary frame; waits for room behind it. Raises ConnectionError."""
        self._check_open()
        self._write(_BINARY, frame)
        if self._protocol.writing_paused:
            await self._room()

    async def ping(self, payload: bytes) -> None:
        """Send a ping behind all frames before it. Raises ConnectionError."""
        self._check_open()
        self._write(_PING, payload[:CONTROL_BYTES])

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye, wait a bounded time for theirs, and hang up. Idempotent."""
        if self._ended is not None:
            return
        self._ended = Hung(code, reason)
        self._write(_CLOSE, _goodbye(code, reason))
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._their_goodbye()
            self._transport.close()
        except TimeoutError:
            self._transport.abort()
        except BaseException:
            self._transport.abort()
            raise

    def abort(self) -> None:
        """Hang up at once."""
        self._ended = self._ended or Hung(BROKEN, "hung up by us")
        self._transport.abort()

    # --- in

    async def _read(self) -> WSMessage:
        self._is_read = True
        try:
            message: WSMessage = await self._framework.receive()
        finally:
            self._is_read = False
            if self._over is not None:
                self._over.set()
        self.heard_s = self._loop.time()
        return message

    async def _their_goodbye(self) -> None:
        """Return when they have said goodbye or are gone. Who reads just now goes on until then."""
        message = None
        while message is None or message.type in (WSMsgType.BINARY, WSMsgType.TEXT, WSMsgType.PING, WSMsgType.PONG):
            if self._is_read:
                self._over = asyncio.Event()
                await self._over.wait()
            if self._framework.close_code is not None or self._transport.is_closing():
                return
            message = await self._read()

    def _answer_goodbye(self, end: Hung) -> None:
        self._ended = end
        self._write(_CLOSE, _goodbye(NORMAL if end.code == NO_CODE else end.code, ""))
        self._transport.close()
        if self._transport.get_write_buffer_size():  # else it would wait for one who went to read, for ever
            self._transport.abort()

    # --- out

    def _check_open(self) -> None:
        if not self.is_open:
            raise ConnectionResetError("The line is over.")

    def _write(self, first: int, payload: bytes) -> None:
        self.sent_s = self._loop.time()
        if not self._transport.is_closing():
            self._transport.write(_head(first, len(payload)) + payload)  # as one: apart they would be two TLS records

    async def _room(self) -> None:
        """Return when little waits. Several may wait, and each may be cancelled without the others' notice."""
        while self._protocol.writing_paused and self.is_open:
            if self._draining is None:
                self._draining = self._loop.create_task(self._drained())
            await asyncio.wait((self._draining,))
        self._check_open()

    async def _drained(self) -> None:
        try:
            with suppress(ConnectionError):
                await self._drain()
        finally:
            self._draining = None


def _head(first: int, length: int) -> bytes:
    if length <= CONTROL_BYTES:
        return struct.pack("!BB", first, length)
    if length < 65536:
        return struct.pack("!BBH", first, 126, length)
    return struct.pack("!BBQ", first, 127, length)


def _goodbye(code: int, reason: str) -> bytes:
    words = reason.encode()[: CONTROL_BYTES - 2].decode(errors="ignore").encode()
    return struct.pack("!H", code) + words


def _end(error: object) -> Hung:
    if isinstance(error, WebSocketError):
        return Hung(int(error.code), str(error))
    return Hung(BROKEN, str(error or "") or "the connection broke")


def _keep_alive(transport: asyncio.Transport) -> None:
    wire = transport.get_extra_info("socket")
    if wire is not None and wire.family in (socket.AF_INET, socket.AF_INET6):
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE:
            if hasattr(socket, name):
                wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
