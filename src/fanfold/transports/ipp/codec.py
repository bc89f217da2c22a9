"""IPP on the wire (RFC 8010 §3): messages to bytes and back. Pure; knows no HTTP and no meaning of any attribute."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

VERSION = (1, 1)
"""What every IPP printer must take (RFC 8011 §4.1.8); CUPS and IPP Everywhere printers take it too."""

MAX_DEPTH = 16
"""Collections within collections; real ones go three deep."""

# groups
OPERATION, JOB, END, PRINTER, UNSUPPORTED = 0x01, 0x02, 0x03, 0x04, 0x05
_LAST_GROUP = 0x0F
# values
NO_VALUE = 0x13
INTEGER, BOOLEAN, ENUM = 0x21, 0x22, 0x23
OCTETS, DATE, RESOLUTION, RANGE, COLLECTION, TEXT_LANG, NAME_LANG, _COLLECTION_END = range(0x30, 0x38)
TEXT, NAME, _, KEYWORD, URI, SCHEME, CHARSET, LANGUAGE, MIME, _MEMBER = range(0x41, 0x4B)
_OUT_OF_BAND = range(0x10, 0x20)
_STRINGS = range(0x40, 0x60)


class BadIpp(ValueError):
    """Bytes that are not IPP, or a value that IPP cannot say."""


@dataclass(frozen=True, slots=True)
class Range:
    """rangeOfInteger."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """Dots per inch (units 3) or per centimetre (units 4)."""

    across: int
    feed: int
    units: int = 3


@dataclass(frozen=True, slots=True)
class Worded:
    """A text or a name with its language."""

    language: str
    text: str


Attributes = Mapping[str, "tuple[Value, ...]"]
Datum = int | bool | str | bytes | datetime | Range | Resolution | Worded | Attributes | None


@dataclass(frozen=True, slots=True)
class Value:
    """One value with its tag. Out-of-band values are None; those of unknown tags, and dates that are none, bytes."""

    tag: int
    data: Datum


@dataclass(frozen=True, slots=True)
class Group:
    """A group of attributes; an attribute is a set of one or more values."""

    tag: int
    attributes: Attributes = field(default_factory=dict)

    def all(self, name: str) -> tuple[Datum, ...]:
        """Return all values of an attribute; none when it is not there."""
        return tuple(value.data for value in self.attributes.get(name, ()))

    def text(self, name: str) -> str:
        """Return the first value as text; empty when it is not there or is no text."""
        match next(iter(self.all(name)), None):
            case str(text) | Worded(text=text):
                return text
            case _:
                return ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Return those values that are text."""
        return tuple(data for data in self.all(name) if isinstance(data, str))

    def number(self, name: str) -> int | None:
        """Return the first value where it is a number (or a truth)."""
        data = next(iter(self.all(name)), None)
        return data if isinstance(data, int) else None


@dataclass(frozen=True, slots=True)
class Message:
    """A request (`code` is its operation) or a response (`code` is its status)."""

    code: int
    request_id: int
    groups: tuple[Group, ...]
    version: tuple[int, int] = VERSION

    def of(self, tag: int) -> tuple[Group, ...]:
        """Return the groups of this tag, in order."""
        return tuple(group for group in self.groups if group.tag == tag)

    def first(self, tag: int) -> Group:
        """Return the first group of this tag; an empty one when there is none."""
        return next(iter(self.of(tag)), Group(tag))


def encode(message: Message) -> bytes:
    """Return the bytes up to and with the end tag; the document follows them. Raises BadIpp."""
    out = bytearray()
    try:
        out += struct.pack(">BBHI", *message.version, message.code, message.request_id)
        for group in message.groups:
            out.append(group.tag)
            for name, values in group.attributes.items():
                _put_set(out, name, values)
    except (struct.error, OverflowError, UnicodeError, ValueError, TypeError, AttributeError) as error:
        raise BadIpp(f"IPP cannot say this: {error}") from error
    out.append(END)
    return bytes(out)


def decode(data: bytes) -> tuple[Message, int]:
    """Return the message and the offset at which its document begins. Raises BadIpp."""
    reader = _Reader(data)
    major, minor, code, request_id = reader.unpack(">BBHI")
    groups: list[Group] = []
    while (tag := reader.byte()) != END:
        if tag > _LAST_GROUP:
            raise BadIpp(f"byte {reader.at - 1}: tag 0x{tag:02x} where a group must begin")
        groups.append(Group(tag, _group(reader)))
    return Message(code, request_id, tuple(groups), (major, minor)), reader.at


# --- to bytes ---------------------------------------------------------------------------------------------------


def _put_set(out: bytearray, name: str, values: tuple[Value, ...]) -> None:
    if not values or not name:
        raise BadIpp(f"attribute {name!r} needs a name and a value")
    for value in values:
        _put_value(out, name, value)
        name = ""


def _put_value(out: bytearray, name: str, value: Value) -> None:
    if value.tag == COLLECTION and isinstance(value.data, Mapping):
        _put(out, COLLECTION, name, b"")
        for member, members in value.data.items():
            _put(out, _MEMBER, "", member.encode())
            for inner in members:
                _put_value(out, "", inner)
        _put(out, _COLLECTION_END, "", b"")
    else:
        _put(out, value.tag, name, _pack(value.tag, value.data))


def _put(out: bytearray, tag: int, name: str, data: bytes) -> None:
    label = name.encode()
    out += struct.pack(">BH", tag, len(label)) + label + struct.pack(">H", len(data)) + data


def _pack(tag: int, data: Datum) -> bytes:
    match data:
        case None:
            return b""
        case bytes():
            return data
        case str():
            return data.encode()
        case bool():
            return struct.pack(">?", data)
        case int():
            return struct.pack(">i", data)
        case Range():
            return struct.pack(">ii", data.low, data.high)
        case Resolution():
            return struct.pack(">iib", data.across, data.feed, data.units)
        case Worded():
            language, text = data.language.encode(), data.text.encode()
            return struct.pack(">H", len(language)) + language + struct.pack(">H", len(text)) + text
        case datetime():
            return _pack_date(data)
        case _:
            raise BadIpp(f"tag 0x{tag:02x} takes no {type(data).__name__}")


def _pack_date(moment: datetime) -> bytes:
    """RFC 2579 DateAndTime: to a tenth of a second, the offset from UTC in minutes."""
    offset = moment.utcoffset()
    if offset is None:
        raise BadIpp("a date needs its offset from UTC")
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    day = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    sign = b"-" if offset < timedelta(0) else b"+"
    return struct.pack(">HBBBBBBcBB", *day, moment.microsecond // 100_000, sign, hours, minutes)


# --- from bytes -------------------------------------------------------------------------------------------------


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self._data):
            raise BadIpp(f"byte {self.at}: the message ends where {size} more bytes were promised")
        piece = self._data[self.at : end]
        self.at = end
        return piece

    def unpack(self, form: str) -> tuple[int, ...]:
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def byte(self) -> int:
        return self.take(1)[0]

    def peek(self) -> int:
        return self._data[self.at] if self.at < len(self._data) else END

    def block(self) -> bytes:
        return self.take(self.unpack(">H")[0])


def _group(reader: _Reader) -> Attributes:
    found: dict[str, list[Value]] = {}
    last: list[Value] | None = None
    while reader.peek() > _LAST_GROUP:
        tag, name = reader.byte(), _text(reader.block())
        if name:
            last = found[name] = []
        if last is None:
            raise BadIpp(f"byte {reader.at}: a value that belongs to no attribute")
        last.append(_value(reader, tag, depth=0))
    return {name: tuple(values) for name, values in found.items()}


def _value(reader: _Reader, tag: int, depth: int) -> Value:
    data = reader.block()
    if tag == COLLECTION:
        return Value(tag, _collection(reader, depth + 1))
    if tag in (_COLLECTION_END, _MEMBER):
        raise BadIpp(f"byte {reader.at}: a part of a collection outside of one")
    try:
        return Value(tag, _unpack(tag, data))
    except struct.error as error:
        raise BadIpp(f"byte {reader.at}: {len(data)} bytes are no value of tag 0x{tag:02x}") from error


def _collection(reader: _Reader, depth: int) -> Attributes:
    if depth > MAX_DEPTH:
        raise BadIpp(f"byte {reader.at}: collections nest deeper than {MAX_DEPTH}")
    members: dict[str, list[Value]] = {}
    last: list[Value] | None = None
    while True:
        tag, name = reader.byte(), reader.block()
        if tag <= _LAST_GROUP or name:
            raise BadIpp(f"byte {reader.at}: a collection that does not end")
        if tag == _COLLECTION_END:
            reader.block()
            return {member: tuple(values) for member, values in members.items()}
        if tag == _MEMBER:
            last = members[_text(reader.block())] = []
        elif last is None:
            raise BadIpp(f"byte {reader.at}: a value that belongs to no member")
        else:
            last.append(_value(reader, tag, depth))


def _unpack(tag: int, data: bytes) -> Datum:
    if tag in _OUT_OF_BAND:
        return None
    if tag in _STRINGS:
        return _text(data)
    match tag:
        case 0x21 | 0x23:
            return int(struct.unpack(">i", data)[0])
        case 0x22:
            return bool(struct.unpack(">?", data)[0])
        case 0x31:
            return _date(data)
        case 0x32:
            return Resolution(*struct.unpack(">iib", data))
        case 0x33:
            return Range(*struct.unpack(">ii", data))
        case 0x35 | 0x36:
            return _worded(data)
        case _:
            return data


def _worded(data: bytes) -> Worded:
    reader = _Reader(data)
    return Worded(_text(reader.block()), _text(reader.block()))


def _date(data: bytes) -> datetime | bytes:
    year, month, day, hour, minute, second, tenths, sign, hours, minutes = struct.unpack(">HBBBBBBcBB", data)
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if sign == b"-" else 1)
    try:
        return datetime(year, month, day, hour, minute, second, tenths * 100_000, timezone(offset))
    except ValueError:  # printers whose clock was never set say all zeros: no reason to lose their other words
        return data


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
