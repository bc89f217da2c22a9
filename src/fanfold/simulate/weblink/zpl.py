"""Takes the stream on raw apart: formats, immediate commands, SGD, JSON, files. Knows no printer.

It reads as much ZPL as counting labels needs. What stands between commands is skipped, as a printer does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """`^XA` to `^XZ`."""

    data: bytes
    prints: bool
    """Whether something of it comes out: it has something on it, and is not merely stored."""
    quantity: int | None = None
    stores: str = ""
    recalls: str = ""
    asks_config: bool = False
    lists: str = ""


@dataclass(frozen=True, slots=True)
class Immediate:
    """A command behind a tilde: `HS`, `JA`, `HQES`."""

    name: str


@dataclass(frozen=True, slots=True)
class Sgd:
    """One text command: `getvar`, `setvar` or `do`, its name and its value."""

    verb: str
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Json:
    """The JSON object behind `{}`."""

    asked: dict[str, object]


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that came by `~DY` or `! CISDFCRC16`."""

    name: str
    data: bytes


Command = Format | Immediate | Sgd | Json | Stored

_PRINTS = re.compile(rb"\^(FD|FV|FN|SN|SF|GB|GC|GD|GE|GF|GS|XG|XF|IL|IM|PQ)", re.IGNORECASE)
"""What puts something on a label, or asks for labels; a format without any of it only sets things."""
_QUANTITY = re.compile(rb"\^PQ\s*(\d+)", re.IGNORECASE)
_NAMED = re.compile(rb"\^(DF|XF|HW)\s*([^\^~\r\n]*)", re.IGNORECASE)
_CONFIG = re.compile(rb"\^HH", re.IGNORECASE)
_OUTSIDE = re.compile(rb"\^XA|~|! U|! CISDFCRC16|\{\}", re.IGNORECASE)
_INSIDE = re.compile(rb"\^XZ|~|\^GF[BC],", re.IGNORECASE)
_TAIL_BYTES = len("! CISDFCRC16") - 1
"""The longest beginning that may be cut off at a piece's end."""
_IMAGE = re.compile(rb"\^GF.,(\d+),[^,]*,[^,]*,", re.IGNORECASE)
_ONE = re.compile(rb'! U1\s+(?:(getvar)\s+"([^"]*)"|(setvar|do)\s+"([^"]*)"\s+"([^"]*)")\s', re.IGNORECASE)
_EACH = re.compile(rb'(getvar|setvar|do)\s+"([^"]*)"(?:\s+"([^"]*)")?', re.IGNORECASE)
_END = re.compile(rb"\sEND\s", re.IGNORECASE)
_DOWNLOAD = re.compile(rb"~DY([^,]*),([^,]*),([^,]*),(\d+),([^,]*),", re.IGNORECASE)
_BLOCK = re.compile(rb"! CISDFCRC16\r?\n[^\n]*\n([^\r\n]*)\r?\n([0-9A-F]{8})\r?\n[^\n]*\n", re.IGNORECASE)
_SIGNS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[{}]', re.DOTALL)
_HEAD_BYTES = 64 * 1024
"""Where a command has no end after so many bytes it is none."""


class Stream:
    """Reads a stream that comes in pieces of any size."""

    __slots__ = ("_at", "_buffer", "_needed", "partial")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0
        """Up to where the present format was looked through."""
        self._needed = 0
        """How many bytes must have come before another look."""
        self.partial = False
        """Whether a format has begun and not ended."""

    def feed(self, data: bytes) -> Iterator[Command]:
        """Yield each command that these bytes completed, before the next is looked at."""
        self._buffer += data
        while len(self._buffer) >= self._needed:
            self._needed = 0
            before = (len(self._buffer), self._at, self.partial)
            yield from self._inside() if self.partial else self._outside()
            if before == (len(self._buffer), self._at, self.partial):
                return

    @property
    def waiting_bytes(self) -> int:
        """How much came of commands that have not ended."""
        return len(self._buffer)

    # between formats

    def _outside(self) -> Iterator[Command]:
        buffer = self._buffer
        found = _OUTSIDE.search(buffer)
        if found is None:
            del buffer[:-_TAIL_BYTES]
            return
        word = found[0][:3].upper()  # a match looks into the buffer, and so not after it changed
        del buffer[: found.start()]
        match bytes(word):
            case b"^XA":
                self.partial, self._at = True, 3
            case b"~":
                yield from self._tilde()
            case b"! U":
                yield from self._sgd()
            case b"! C":
                yield from self._block()
            case _:
                yield from self._json()

    def _tilde(self) -> Iterator[Command]:
        name = self._name(0)
        if name == "DY":
            yield from self._download()
        elif name is not None:
            del self._buffer[: 1 + len(name)]
            if name:
                yield Immediate(name)

    def _name(self, at: int) -> str | None:
        """Return the name of the immediate command there, empty if it is none, or None if it has not all come."""
        name = self._buffer[at + 1 : at + 5].upper()
        if len(name) < (4 if name.startswith(b"HQ") else 2):
            return None
        name = name if name.startswith(b"HQ") else name[:2]
        return name.decode() if name.isalpha() and name.isascii() else ""

    def _sgd(self) -> Iterator[Command]:
        buffer = self._buffer
        kind = buffer[3:4]
        if kind == b"1":
            if one := _ONE.match(buffer):
                verb, name, value = (one[1], one[2], b"") if one[1] else (one[3], one[4], one[5])
                del buffer[: one.end()]
                yield Sgd(_word(verb).lower(), _word(name), _word(value))
            elif b"\n" in buffer or len(buffer) > _HEAD_BYTES:
                del buffer[:4]  # a line of another language, such as `! U1 SETLP`
        elif kind.isspace():
            if end := _END.search(buffer):
                block = bytes(buffer[: end.start()])
                del buffer[: end.end()]
                for each in _EACH.finditer(block):
                    yield Sgd(_word(each[1]).lower(), _word(each[2]), _word(each[3] or b""))
            elif len(buffer) > _HEAD_BYTES:
                del buffer[:4]
        elif kind:
            del buffer[:3]

    def _json(self) -> Iterator[Command]:
        buffer = self._buffer
        start = 2
        while buffer[start : start + 1].isspace():
            start += 1
        if bytes(buffer[start : start + 1]) not in {b"", b"{"}:
            del buffer[:2]
            return
        end = _object_end(buffer, start)
        if end is None:
            return
        text = bytes(buffer[start:end])
        del buffer[:end]
        try:
            yield Json(json.loads(text))
        except ValueError:
            return  # what a printer says to it is not known

    # files

    def _download(self) -> Iterator[Command]:
        head = _DOWNLOAD.match(self._buffer)
        if head is None:
            if len(self._buffer) > _HEAD_BYTES:
                del self._buffer[:3]
            return
        name, size = f"{_word(head[1])}.{_word(head[3])}".upper(), int(head[4])
        if _word(head[2]).upper() not in {"B", "P", "C"}:
            del self._buffer[: head.end()]  # in hexadecimal: text that is skipped like any other
            return
        yield from self._file(name, head.end(), size)

    def _block(self) -> Iterator[Command]:
        head = _BLOCK.match(self._buffer)
        if head is not None:
            yield from self._file(f"E:{_word(head[1]).upper()}", head.end(), int(head[2], 16))
        elif len(self._buffer) > _HEAD_BYTES:
            del self._buffer[:_TAIL_BYTES]

    def _file(self, name: str, start: int, size: int) -> Iterator[Command]:
        if len(self._buffer) < start + size:
            self._needed = start + size
            return
        data = bytes(self._buffer[start : start + size])
        del self._buffer[: start + size]
        yield Stored(name, data)

    # within a format

    def _inside(self) -> Iterator[Command]:
        buffer = self._buffer
        found = _INSIDE.search(buffer, self._at)
        if found is None:
            self._at = max(self._at, len(buffer) - 4)
        elif found[0] == b"~":
            name = self._name(found.start())
            if name is None:
                self._at = found.start()
                return
            self._at = found.start() + 1 + len(name)
            if name:
                yield Immediate(name)
        elif len(found[0]) > 3:
            self._skip_image(found.start())
        else:
            data = bytes(buffer[: found.end()])
            del buffer[: found.end()]
            self.partial, self._at = False, 0
            yield read_format(data)

    def _skip_image(self, start: int) -> None:
        head = _IMAGE.match(self._buffer, start)
        self._at = start
        if head is None:
            if len(self._buffer) - start > _HEAD_BYTES:
                self._at = start + 3
            return
        if len(self._buffer) < head.end() + int(head[1]):
            self._needed = head.end() + int(head[1])
            return
        self._at = head.end() + int(head[1])


def read_format(data: bytes) -> Format:
    """Return what one format is for."""
    named = {_word(one[1]).upper(): _word(one[2]).strip().upper() for one in _NAMED.finditer(data)}
    quantities = _QUANTITY.findall(data)
    return Format(
        data,
        prints=_PRINTS.search(data) is not None and "DF" not in named,
        quantity=max(1, int(quantities[-1])) if quantities else None,
        stores=_file_name(named["DF"]) if "DF" in named else "",
        recalls=_file_name(named["XF"]) if "XF" in named else "",
        asks_config=_CONFIG.search(data) is not None,
        lists=named.get("HW", ""),
    )


def _file_name(name: str) -> str:
    """Return `LABEL`, `R:LABEL` and `R:LABEL.ZPL` as the last of these."""
    name = name if ":" in name else f"R:{name}"
    return name if "." in name else f"{name}.ZPL"


def _object_end(buffer: bytearray, start: int) -> int | None:
    """Return where the JSON object that starts there has ended, if it has."""
    depth = 0
    for sign in _SIGNS.finditer(buffer, start):
        text = sign[0]
        if text in (b"{", b"}"):
            depth += 1 if text == b"{" else -1
            if not depth:
                return sign.end()
        elif len(text) < 2 or not text.endswith(b'"'):
            return None
    return None


def _word(data: bytes) -> str:
    return data.decode("utf-8", "replace")
