"""A line of frames with a printer, over a connection that is taken out of the framework's hands. Knows no door."""

from __future__ import annotations

import asyncio
import socket
from typing import assert_never

from fanfold.door import UNTRUSTED_BYTES, Heard, Hung, Pong, Said
from fanfold.server import frames
from fanfold.server.base import GOODBYE_S
from fanfold.server.frames import Malformed, Message, Parser

ROOM_BYTES = 16 * 1024
"""Over so much that waits in our own memory `send` waits. By default TLS alone would take half a megabyte a line."""
UNREAD_BYTES = 64 * 1024
"""Over so much that nobody has read yet the printer has to wait."""
OVERHEAD_BYTES = 128
"""What a message costs beside its bytes: empty ones fill memory too."""
TURN_MESSAGES = 256
"""So many are taken at once, then others have their turn: the system hands over tens of thousands of empty ones."""
KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
"""The kernel gives up a peer that is silent and gone after a minute.

Not TCP_USER_TIMEOUT: Linux also takes it for peers that are there but keep their window shut, so a printer would be
cut off in the midst of a document for being out of paper (seen on Linux 6.18: cut after just that time).
"""


class SocketLine(asyncio.Protocol):
    """`door.Line` over an open connection that speaks WebSocket from now on.

    Has no timers of its own, for there are thousands of lines: who owns one looks at `heard_s` and `sent_s`.
    """

    __slots__ = (
        "_arrived", "_ended", "_gone", "_has_more", "_is_held", "_loop", "_message_bytes", "_owed", "_parser", "_room",
        "_transport", "_unread", "_unread_bytes", "heard_s", "sent_s",
    )  # fmt: skip

    def __init__(self, transport: asyncio.Transport, message_bytes: int) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parser = Parser(min(message_bytes, UNTRUSTED_BYTES))
        self._message_bytes = message_bytes
        self._unread: list[Heard] = []  # mostly empty, never long; a deque would cost each idle line 760 bytes
        self._unread_bytes = 0
        self._has_more = self._is_held = False
        self._ended: Hung | None = None
        self._arrived: asyncio.Future[None] | None = None
        self._room: asyncio.Event | None = None
        self._owed: bytes | None = None
        self._gone: asyncio.Event | None = None
        self.heard_s = self.sent_s = self._loop.time()
        transport.set_write_buffer_limits(ROOM_BYTES)
        transport.set_protocol(self)
        _keep_alive(transport)

    @property
    def unsent_bytes(self) -> int:
        """How much waits here; with TLS up to 64 KiB more wait below it, where nobody can look."""
        return self._transport.get_write_buffer_size()

    @property
    def is_open(self) -> bool:
        """Whether frames may still get through, as far as is known."""
        return self._ended is None and not self._transport.is_closing()

    def trust(self) -> None:
        """Take messages as long as the settings allow."""
        self._parser.limit_bytes = self._message_bytes

    async def receive(self) -> Heard:
        """Return the next that comes; after Hung, Hung again."""
        while not self._unread:
            if self._ended is not None:
                return self._ended
            self._arrived = self._loop.create_future()
            try:
                await self._arrived
            finally:
                self._arrived = None
        heard = self._unread.pop(0)
        self._uncount(_size_bytes(heard))
        return heard

    async def send(self, frame: bytes) -> None:
        """Send one binary frame; waits for room behind it. Raises ConnectionError."""
        self._check_open()
        self._write(frames.frame(frames.BINARY, frame))
        while self._room is not None and self.is_open:
            await self._room.wait()
            self._check_open()

    async def ping(self, payload: bytes) -> None:
        """Send a ping behind all frames before it. Raises ConnectionError."""
        self._check_open()
        self._write(frames.frame(frames.PING, payload[: frames.CONTROL_BYTES]))

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye, wait a bounded time for theirs, and hang up. Idempotent."""
        if self._ended is not None:
            return
        self._gone = asyncio.Event()
        self._write(frames.goodbye(code, reason))
        self._end(Hung(code, reason))
        self._unread.clear()
        self._uncount(self._unread_bytes)
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._gone.wait()
        except TimeoutError:
            pass
        finally:
            self._transport.abort()

    def abort(self) -> None:
        """Hang up at once."""
        self._end(Hung(frames.BROKEN, "hung up by us"))
        self._transport.abort()

    # --- what the event loop tells

    def data_received(self, data: bytes) -> None:
        """Take bytes of the peer's apart."""
        self.heard_s = self._loop.time()
        self._take_apart(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is over."""
        self._end(Hung(frames.BROKEN, str(exc or "") or "the connection broke"))
        if self._gone is not None:
            self._gone.set()

    def pause_writing(self) -> None:
        """Note that much waits to be sent."""
        self._room = asyncio.Event()

    def resume_writing(self) -> None:
        """Note that little does."""
        self._make_room()
        if self._owed is not None:
            self._pong(self._owed)
            self._owed = None

    # --- within

    @property
    def _is_listening(self) -> bool:
        """Whether anything of the peer's is waited for: after our goodbye only theirs."""
        return self._ended is None or self._gone is not None

    @property
    def _is_full(self) -> bool:
        return self._unread_bytes > UNREAD_BYTES

    def _take_apart(self, data: bytes = b"") -> None:
        """Take what is whole by these bytes, or some of it, and the rest when others have had their turn."""
        self._has_more, left = False, TURN_MESSAGES
        try:
            for message in self._parser.feed(data) if self._is_listening else ():
                self._take(message)
                left -= 1
                if not left or self._is_full:
                    self._has_more = True
                    break
        except Malformed as error:
            self._hang_up(Hung(error.code, error.says), frames.goodbye(error.code, error.says))
        self._go_on()

    def _go_on(self) -> None:
        """Let the printer wait until there is room again and all that came is taken."""
        if self._has_more and not self._is_full:
            self._loop.call_soon(self._take_apart)
        was_held, self._is_held = self._is_held, self._is_full or self._has_more
        if self._is_held != was_held and not self._transport.is_closing():
            (self._transport.pause_reading if self._is_held else self._transport.resume_reading)()

    def _take(self, message: Message) -> None:
        if self._gone is not None:
            if message.kind == frames.CLOSE:
                self._transport.close()
            return
        match message.kind:
            case frames.BINARY | frames.TEXT:
                self._put(Said(message.payload, is_text=message.kind == frames.TEXT))
            case frames.PONG:
                self._put(Pong(message.payload))
            case frames.PING:
                self._pong(message.payload)
            case _:
                code, reason = frames.farewell(message.payload)
                answer = frames.NORMAL if code == frames.NO_CODE else code
                self._hang_up(Hung(code, reason), frames.goodbye(answer, ""))

    def _put(self, heard: Heard) -> None:
        if self._ended is None:
            self._unread.append(heard)
            self._unread_bytes += _size_bytes(heard)
            self._wake()

    def _uncount(self, size_bytes: int) -> None:
        """Note that so much was read; from UNREAD_BYTES downwards more is taken."""
        was_full, self._unread_bytes = self._is_full, self._unread_bytes - size_bytes
        if was_full and not self._is_full:
            self._go_on()

    def _pong(self, payload: bytes) -> None:
        if self._room is None:
            self._write(frames.frame(frames.PONG, payload))
        else:  # one who pings and does not read would fill our memory; the last ping is answered later (§5.5.3)
            self._owed = payload

    def _hang_up(self, end: Hung, last: bytes) -> None:
        self._write(last)
        self._end(end)
        self._transport.close()
        if self._transport.get_write_buffer_size():  # else it would wait for one who does not read, for ever
            self._transport.abort()

    def _end(self, end: Hung) -> None:
        self._ended = self._ended or end
        self._make_room()
        self._wake()

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def _make_room(self) -> None:
        if self._room is not None:
            self._room.set()
            self._room = None

    def _check_open(self) -> None:
        if not self.is_open:
            raise ConnectionResetError("The line is over.")

    def _write(self, data: bytes) -> None:
        self.sent_s = self._loop.time()
        if not self._transport.is_closing():
            self._transport.write(data)


def _size_bytes(heard: Heard) -> int:
    match heard:
        case Said(data) | Pong(data):
            return len(data) + OVERHEAD_BYTES
        case Hung():
            return 0
        case _:
            assert_never(heard)


def _keep_alive(transport: asyncio.Transport) -> None:
    wire = transport.get_extra_info("socket")
    if wire is not None and wire.family in (socket.AF_INET, socket.AF_INET6):
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE:
            if hasattr(socket, name):
                wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
