"""The leanest clients that still speak the protocols: what is measured shall be the gateway, not these."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Self, cast

NO_MASK = bytes(4)
"""A key of zeros is a key (RFC 6455 §5.3), and spares the client the masking."""


def text_frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        head = bytes((0x81, 0x80 | size))
    elif size < 1 << 16:
        head = b"\x81\xfe" + size.to_bytes(2, "big")
    else:
        head = b"\x81\xff" + size.to_bytes(8, "big")
    return head + NO_MASK + payload


class Answers(asyncio.Protocol):
    """A connection whose peer's messages are taken one by one."""

    def __init__(self) -> None:
        self._came: deque[bytes] = deque()
        self._wanted: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._room = asyncio.Event()
        self._room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by inheritance

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._room.set()
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_exception(exc or ConnectionError("the gateway closed the connection"))

    def send(self, data: bytes | memoryview) -> None:
        assert self._transport is not None
        self._transport.write(data)

    async def send_large(self, data: memoryview) -> None:
        """Send piece by piece, as fast as they are taken."""
        for start in range(0, len(data), 1 << 18):
            self.send(data[start : start + (1 << 18)])
            await self._room.wait()

    async def next(self) -> bytes:
        """Return the next message; one task at a time."""
        if self._came:
            return self._came.popleft()
        self._wanted = asyncio.get_running_loop().create_future()
        return await self._wanted

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def take(self, message: bytes) -> None:
        """Take a message that is whole."""
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(message)
        else:
            self._came.append(message)


class WebSocket(Answers):
    """A WebSocket client for one port of this machine. `take` may be overridden to be called back."""

    def __init__(self) -> None:
        super().__init__()
        self._open = False

    @classmethod
    async def connect(cls, port: int, path: str = "/", subprotocol: str = "") -> Self:
        _, client = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        offer = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
        client.send(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{offer}\r\n".encode()
        )
        said = await client.next()
        if not said.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(f"no WebSocket at port {port}{path}: {said[:200]!r}")
        return client

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open and not self._opened():
            return
        while self._frame():
            pass

    def _opened(self) -> bool:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        self._open, self._buffer = True, rest
        Answers.take(self, bytes(head))
        return True

    def _frame(self) -> bool:
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        size, start = buffer[1], 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(buffer[2:10], "big"), 10
        end = start + size
        if len(buffer) < end:
            return False
        kind, payload = buffer[0] & 0xF, bytes(buffer[start:end])
        del buffer[:end]
        if kind == 1:
            self.take(payload)
        elif kind == 9:
            self.send(bytes((0x8A, 0x80 | size)) + NO_MASK + payload)
        return True


class Http(Answers):
    """An HTTP/1.1 client for one kept connection. A message is head and body as they came."""

    @classmethod
    async def connect(cls, port: int) -> Self:
        _, client = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return client

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        head = bytes(self._buffer[:end]).lower()
        _, _, length = head.partition(b"content-length: ")
        end += int(length.partition(b"\r\n")[0] or 0)
        if len(self._buffer) >= end:
            message = bytes(self._buffer[:end])
            del self._buffer[:end]
            self.take(message)


def request(port: int, method: str, path: str, body: bytes = b"", media_type: str = "") -> bytes:
    return request_head(port, method, path, len(body), media_type) + body


def request_head(port: int, method: str, path: str, size_bytes: int, media_type: str) -> bytes:
    kind = f"Content-Type: {media_type}\r\n" if media_type else ""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{kind}Content-Length: {size_bytes}\r\n\r\n".encode()
