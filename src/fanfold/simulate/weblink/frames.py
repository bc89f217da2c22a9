"""WebSocket frames as RFC 6455 has them, from a client's side and one by one, so that any wrong can be done on purpose.

Knows no socket.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """What a frame holds."""

    MORE = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


@dataclass(frozen=True, slots=True)
class Piece:
    """A control frame, or a part of a message as far as it came; `last` ends the message."""

    kind: Kind
    data: bytes
    last: bool


class BrokenFrame(Exception):
    """What the other side sent is no frame of a server."""


def framed(data: bytes, kind: Kind = Kind.BINARY, last: bool = True, key: bytes | None = None) -> bytes:
    """Return one masked frame. The key is random unless given."""
    key = os.urandom(4) if key is None else key
    size = len(data)
    head = bytes([(0x80 if last else 0) | kind])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 1 << 16:
        head += bytes([0x80 | 126]) + size.to_bytes(2)
    else:
        head += bytes([0x80 | 127]) + size.to_bytes(8)
    return head + key + masked(data, key)


def message(data: bytes, kind: Kind = Kind.BINARY, fragment_bytes: int | None = None) -> Iterator[bytes]:
    """Yield the frames of one message, whole or in fragments of so many bytes."""
    step = fragment_bytes or max(1, len(data))
    for start in range(0, len(data) or 1, step):
        end = start + step
        yield framed(data[start:end], kind if start == 0 else Kind.MORE, end >= len(data))


def masked(data: bytes, key: bytes) -> bytes:
    """Return the bytes under the key, all at once: as one large number."""
    size = len(data)
    pad = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "little") ^ int.from_bytes(pad, "little")).to_bytes(size, "little")


class Frames:
    """Reads a server's frames. Of a data frame it hands on what came, so that no size is too large."""

    __slots__ = ("_buffer", "_kind", "_last", "_left", "_message")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._kind = Kind.MORE
        self._message: Kind | None = None
        self._left = -1
        self._last = False

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield what these bytes completed. Raises BrokenFrame."""
        self._buffer += data
        while True:
            if self._left < 0 and not self._head():
                return
            size = len(self._buffer)
            control = self._kind >= Kind.CLOSE
            if size < self._left and (control or not size):
                return
            part = bytes(self._buffer[: self._left])
            del self._buffer[: self._left]
            self._left -= len(part)
            done = not self._left
            yield Piece(self._kind, part, done and self._last)
            if not done:
                return
            self._left = -1

    def _head(self) -> bool:
        """Read a frame's head, if it is there."""
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        size, start = buffer[1] & 0x7F, 2
        if size > 125:
            start += 2 if size == 126 else 8
            if len(buffer) < start:
                return False
            size = int.from_bytes(buffer[2:start])
        self._check(buffer[0], buffer[1], size)
        self._left = size
        del buffer[:start]
        return True

    def _check(self, first: int, second: int, size: int) -> None:
        if first & 0x70 or second & 0x80:
            raise BrokenFrame("a frame with an extension's bit, or masked by a server")
        try:
            kind = Kind(first & 0x0F)
        except ValueError:
            raise BrokenFrame(f"a frame of kind {first & 0x0F}") from None
        self._last = bool(first & 0x80)
        if kind >= Kind.CLOSE:
            if size > 125 or not self._last:
                raise BrokenFrame("a control frame in parts")
            self._kind = kind
            return
        if (kind is Kind.MORE) is (self._message is None):
            raise BrokenFrame("a message within a message, or the middle of none")
        self._kind = self._message = kind if self._message is None else self._message
        if self._last:
            self._message = None
