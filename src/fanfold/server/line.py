"""A line of frames with a printer, over the framework's WebSocket. Knows no door and no word of what is said."""

from __future__ import annotations

import asyncio
import socket

from aiohttp import WSMsgType, web

from fanfold.door import Heard, Hung, Pong, Said
from fanfold.server.base import GOODBYE_S

ROOM_BYTES = 16 * 1024
"""Over so much that waits in our own memory `send` waits. By default TLS alone would take half a megabyte a line."""
KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
"""The kernel gives up a peer that is silent and gone after a minute.

Not TCP_USER_TIMEOUT: Linux also takes it for peers that are there but keep their window shut, so a printer would be
cut off in the midst of a document for being out of paper (seen on Linux 6.18: cut after just that time).
"""
REASON_BYTES = 123
"""The room that a close frame has for words (RFC 6455 §5.5)."""

BROKEN, NO_CODE = 1006, 1005
_PING, _PONG = b"\x89", b"\x8a"
_SMALL_BYTES = 125
"""The most that a control frame may carry (RFC 6455 §5.5)."""


class SocketLine:
    """`door.Line` over a prepared WebSocket that answers no pings and no closing by itself.

    Has no timers of its own, for there are thousands: who owns the line looks at `heard_s` and `sent_s`.
    """

    __slots__ = ("_ended", "_loop", "_socket", "_transport", "heard_s", "sent_s")

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self._socket = socket
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._ended: Hung | None = None
        self.heard_s = self.sent_s = self._loop.time()
        transport.set_write_buffer_limits(ROOM_BYTES)
        _keep_alive(transport)

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
            message = await self._socket.receive()
            if self._ended is not None:  # closed by us meanwhile
                continue
            self.heard_s = self._loop.time()
            match message.type:
                case WSMsgType.BINARY:
                    return Said(message.data)
                case WSMsgType.TEXT:
                    return Said(message.data, is_text=True)
                case WSMsgType.PONG:
                    return Pong(bytes(message.data))
                case WSMsgType.PING:
                    self._control(_PONG, bytes(message.data))
                case WSMsgType.CLOSE:
                    await self._take_leave(Hung(message.data or NO_CODE, message.extra or ""))
                case _:
                    self._ended = Hung(self._socket.close_code or BROKEN, _why(self._socket.exception()))
        return end

    async def send(self, frame: bytes) -> None:
        """Send one binary frame; waits for room behind it. Raises ConnectionError."""
        self._check_open()
        self.sent_s = self._loop.time()
        await self._socket.send_frame(frame, WSMsgType.BINARY)

    async def ping(self, payload: bytes) -> None:
        """Send a ping behind all frames before it. Raises ConnectionError."""
        self._check_open()
        self._control(_PING, payload)

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye and hang up, in a bounded time. Idempotent."""
        if self._ended is None:
            await self._take_leave(Hung(code, reason))

    def abort(self) -> None:
        """Hang up at once."""
        self._ended = self._ended or Hung(BROKEN, "hung up by us")
        self._transport.abort()

    def _check_open(self) -> None:
        if not self.is_open:
            raise ConnectionResetError("The line is over.")

    def _control(self, head: bytes, payload: bytes) -> None:
        """Write a control frame past the framework, which would wait for room: behind a full line, for ever."""
        self.sent_s = self._loop.time()
        said = payload[:_SMALL_BYTES]
        if not self._transport.is_closing():
            self._transport.write(head + bytes((len(said),)) + said)

    async def _take_leave(self, end: Hung) -> None:
        """Say our goodbye, or answer theirs; what they do not take in GOODBYE_S is thrown away."""
        self._ended = end
        code = 1000 if end.code == NO_CODE else end.code
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._socket.close(code=code, message=_cut_to_fit(end.reason))
        except TimeoutError:
            self._transport.abort()
        except BaseException:
            self._transport.abort()
            raise
        if self._transport.get_write_buffer_size():  # a closed transport would wait for its peer to read, for ever
            self._transport.abort()


def _keep_alive(transport: asyncio.Transport) -> None:
    wire = transport.get_extra_info("socket")
    if wire is not None and wire.family in (socket.AF_INET, socket.AF_INET6):
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE:
            if hasattr(socket, name):
                wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _why(error: BaseException | None) -> str:
    return "" if error is None else str(error) or type(error).__name__


def _cut_to_fit(reason: str) -> bytes:
    return reason.encode()[:REASON_BYTES].decode(errors="ignore").encode()
