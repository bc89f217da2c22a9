"""WebSocket frames (RFC 6455): taken apart as a peer's bytes come, and put together for it. Pure; no socket."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

BINARY, TEXT, CONTINUATION = 0x2, 0x1, 0x0
CLOSE, PING, PONG = 0x8, 0x9, 0xA
CONTROL_BYTES = 125
"""The most that a control frame may carry (§5.5)."""
NORMAL, PROTOCOL_ERROR, NO_CODE, BROKEN, BAD_WORDS, TOO_LARGE = 1000, 1002, 1005, 1006, 1007, 1009

_WHOLE, _RESERVED, _MASKED = 0x80, 0x70, 0x80
_KINDS = frozenset({BINARY, TEXT, CONTINUATION, CLOSE, PING, PONG})


@dataclass(frozen=True, slots=True)
class Message:
    """A message, whole, or a control frame."""

    kind: int
    payload: bytes


class Malformed(Exception):
    """What came is no WebSocket as it must be; ends the line, with this code."""

    def __init__(self, code: int, says: str) -> None:
        super().__init__(says)
        self.code = code
        self.says = says


class Parser:
    """Takes a client's bytes in any pieces. Holds little more than what has come of the message under way."""

    __slots__ = ("_bytes", "_kind", "_needed_bytes", "_partial", "limit_bytes")

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._bytes = bytearray()
        self._needed_bytes = 2
        self._kind = CONTINUATION
        self._partial = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take bytes and yield what is whole by them. Raises Malformed; then nothing more can be fed."""
        self._bytes += data
        while len(self._bytes) >= self._needed_bytes:
            frame = self._next()
            if frame is not None and (message := self._message(*frame)) is not None:
                yield message

    def _next(self) -> tuple[int, bytes] | None:
        """Take the next frame off; None: more of it must come first, as much as is needed for the next step."""
        first, second = self._bytes[0], self._bytes[1]
        self._check(first, second)
        head_bytes, length = self._length(second & 0x7F)
        if first & 0xF < CLOSE and len(self._partial) + length > self.limit_bytes:
            raise Malformed(TOO_LARGE, f"a message of more than {self.limit_bytes} bytes")
        whole_bytes = head_bytes + 4 + length
        if len(self._bytes) < head_bytes or length < 0 or len(self._bytes) < whole_bytes:
            self._needed_bytes = head_bytes if length < 0 else whole_bytes
            return None
        mask = self._bytes[head_bytes : head_bytes + 4]
        payload = _unmasked(self._bytes[head_bytes + 4 : whole_bytes], mask)
        del self._bytes[:whole_bytes]
        self._needed_bytes = 2
        return first, payload

    def _length(self, short: int) -> tuple[int, int]:
        """Return how long the head is without its mask, and the payload's length; -1: not known yet."""
        if short <= CONTROL_BYTES:
            return 2, short
        head_bytes, form = (4, "!H") if short == 126 else (10, "!Q")
        if len(self._bytes) < head_bytes:
            return head_bytes, -1
        (length,) = struct.unpack_from(form, self._bytes, 2)
        return head_bytes, length

    def _check(self, first: int, second: int) -> None:
        kind = first & 0xF
        if first & _RESERVED or kind not in _KINDS:
            raise Malformed(PROTOCOL_ERROR, f"a frame that begins with {first:#04x}")
        if not second & _MASKED:
            raise Malformed(PROTOCOL_ERROR, "a frame without mask")
        if kind >= CLOSE and (not first & _WHOLE or second & 0x7F > CONTROL_BYTES):
            raise Malformed(PROTOCOL_ERROR, "a control frame in parts, or too long")
        if kind < CLOSE and (kind == CONTINUATION) != (self._kind != CONTINUATION):
            raise Malformed(PROTOCOL_ERROR, "a message that begins within another, or goes on without a beginning")

    def _message(self, first: int, payload: bytes) -> Message | None:
        kind = first & 0xF
        if kind >= CLOSE:
            return Message(kind, payload)
        if not first & _WHOLE:
            self._kind = kind or self._kind
            self._partial += payload
            return None
        message = Message(kind or self._kind, bytes(self._partial + payload) if self._partial else payload)
        self._kind, self._partial = CONTINUATION, bytearray()
        return message


def frame(kind: int, payload: bytes) -> bytes:
    """Return one whole frame, as servers send it."""
    length = len(payload)
    if length <= CONTROL_BYTES:
        return struct.pack("!BB", _WHOLE | kind, length) + payload
    if length < 65536:
        return struct.pack("!BBH", _WHOLE | kind, 126, length) + payload
    return struct.pack("!BBQ", _WHOLE | kind, 127, length) + payload


def goodbye(code: int, reason: str) -> bytes:
    """Return a closing frame; words that do not fit are cut between letters, codes that are never sent are left out."""
    if code in (NO_CODE, BROKEN):
        return frame(CLOSE, b"")
    words = reason.encode()[: CONTROL_BYTES - 2].decode(errors="ignore").encode()
    return frame(CLOSE, struct.pack("!H", code) + words)


def farewell(payload: bytes) -> tuple[int, str]:
    """Return code and words of a peer's closing frame. Raises Malformed."""
    if not payload:
        return NO_CODE, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not 1000 <= code < 5000 or code in (1004, NO_CODE, BROKEN, 1015):
        raise Malformed(PROTOCOL_ERROR, "a closing frame with no proper code")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError as error:
        raise Malformed(BAD_WORDS, "a closing frame whose words are not UTF-8") from error


def _unmasked(payload: bytes | bytearray, mask: bytes | bytearray) -> bytes:
    """Undo the mask all at once, as one large number: byte by byte a printer's long answer would hold up the others."""
    length = len(payload)
    if not any(mask):
        return bytes(payload)
    wide = bytes(mask) * (length // 4) + bytes(mask[: length % 4])
    return (int.from_bytes(payload, "big") ^ int.from_bytes(wide, "big")).to_bytes(length, "big")
