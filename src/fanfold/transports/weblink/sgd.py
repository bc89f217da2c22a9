"""Questions about a Zebra's settings (SGD), and where their answers end. Pure; waits for nothing.

Syntax: Zebra's programming guide, "SGD printer commands"; status strings: its pages on `~HS`, `~HI`, `~HQ`, `~HM`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fanfold.transports.weblink.messages import BadSetting, Gather, NotJson, TooLong, setting_name

REPLY_BYTES = 8 * 1024 * 1024
"""The longest reply taken; all settings of a printer are some hundred kilobytes."""
UNKNOWN = "?"
"""What a printer answers for a setting that it does not have, or that is not set."""

_STX, _ETX = b"\x02", b"\x03"
_ASKS = re.compile(
    rb'\b(?P<get>getvar)\s+"[^"]*"|\b(?P<set>setvar)\s+"[^"]*"\s+"[^"]*"|\b(?P<do>do)\s+"[^"]*"'
    rb"|(?P<three>~HS)|(?P<one>~HI|~HM|~HQ[A-Z]{2})|(?P<unmarked>[~^]H[A-Z])",
    re.IGNORECASE,
)
_QUOTED = re.compile(r'"([^"]*)"')


# --- questions -------------------------------------------------------------------------------------------------


def getvar(name: str) -> bytes:
    """Return the command that reads a setting. Raises BadSetting."""
    return f'! U1 getvar "{setting_name(name)}"\r\n'.encode()


def setvar(name: str, value: str) -> bytes:
    """Return the command that sets a setting; nothing answers it. Raises BadSetting."""
    return f'! U1 setvar "{setting_name(name)}" "{_quotable(value)}"\r\n'.encode()


def do(name: str, value: str = "") -> bytes:
    """Return the command that does an action (`device.reset`, `file.dir`); some answer. Raises BadSetting."""
    return f'! U1 do "{setting_name(name)}" "{_quotable(value)}"\r\n'.encode()


def json_command(settings: Mapping[str, str | None]) -> bytes:
    """Return JSON that reads (None), sets (a text) or does (""), many at once; one object answers it.

    A write is answered with the value now in force, the old one where the new one was refused. Raises BadSetting.
    """
    told = {setting_name(name): value if value is None else _text(value) for name, value in settings.items()}
    return b"{}" + json.dumps(told, ensure_ascii=False).encode()


def _quotable(value: str) -> str:
    # nothing escapes a quote in the text form, so a value with one is two commands
    bad = next((sign for sign in value if sign == '"' or not sign.isprintable()), None)
    if bad is not None:
        raise BadSetting(f"the value {value[:80]!r} holds {bad!r}, which this command cannot carry; send it as JSON")
    return value


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadSetting(f"the value {value[:80]!r} is no text: it holds half of a letter") from error
    return value


# --- answers ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Expecting:
    """The reply to one question, as it comes in. Made by `of`; one that raised is done with.

    Its end is known by quotes (one pair per getvar), by frames (STX … ETX), or by an object of JSON; what comes
    before the first of those is passed over. Time is linear in the bytes, however they are cut. A value that itself
    holds a quote seems to end there: ask for such by JSON.
    """

    _awaited: list[_Quoted | _Framed | _Objects]
    _limit_bytes: int = REPLY_BYTES
    _quiet: bool = False
    _data: bytearray = field(default_factory=bytearray)

    @classmethod
    def of(cls, question: bytes, limit_bytes: int = REPLY_BYTES) -> Expecting:
        """Tell by the question what will answer it."""
        parts = list(_json_parts(question, limit_bytes) if question.lstrip().startswith(b"{}") else _parts(question))
        marked = [part for part in parts if part is not None]
        quiet = not marked or len(marked) < len(parts)
        return cls([] if quiet else marked, limit_bytes, quiet)

    @property
    def is_quiet_end(self) -> bool:
        """Whether nothing marks the end: take `so_far` after a short silence (perhaps nothing: setvar has no answer).

        It may turn out so only when the reply comes, as for a whole branch of settings, which comes without quotes.
        """
        return self._quiet

    @property
    def so_far(self) -> bytes:
        """All that has come, as it came."""
        return bytes(self._data)

    def feed(self, data: bytes) -> bytes | None:
        """Take bytes; return the reply once it is whole, all of it as it came; None before.

        Raises:
            TooLong: the reply is longer than the limit.
        """
        self._data += data
        if len(self._data) > self._limit_bytes:
            raise TooLong(f"the reply is longer than the {self._limit_bytes} bytes allowed")
        while self._awaited and not self._quiet:
            try:
                left = self._awaited[0].feed(data)
            except NotJson:
                self._quiet = True
                return None
            if left is None:
                return None
            del self._awaited[0]
            data = left
        return None if self._quiet else bytes(self._data)


def value_of(reply: bytes) -> str | None:
    """Return the value in a getvar's reply: from its first quote to its last. None: unknown, or no such reply."""
    text = reply.decode("utf-8", "replace").strip(" \r\n\0")
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return None
    return None if text[1:-1] == UNKNOWN else text[1:-1]


def values_of(reply: bytes) -> tuple[str | None, ...]:
    """Return the values in the reply to several getvars, in order; None where one is unknown."""
    return tuple(None if value == UNKNOWN else value for value in _QUOTED.findall(reply.decode("utf-8", "replace")))


def settings_of(reply: bytes) -> Mapping[str, object] | None:
    """Return the first object in a reply of JSON; None when there is none."""
    try:
        found = next(Gather(len(reply)).feed(reply[reply.find(b"{") :]), None)
    except (NotJson, TooLong):
        return None
    return found if isinstance(found, dict) else None


# --- the parts of a reply --------------------------------------------------------------------------------------


class _Quoted:
    """From one quote to the next. Begins with something else than a quote: it is no single value."""

    def __init__(self) -> None:
        self._begun = False

    def feed(self, data: bytes) -> bytes | None:
        if not self._begun:
            data = data.lstrip(b"\r\n \0")
            if not data:
                return None
            if data[:1] != b'"':
                raise NotJson("no quoted value")
            self._begun, data = True, data[1:]
        end = data.find(b'"')
        return None if end < 0 else data[end + 1 :]


class _Framed:
    """From STX to ETX, with whatever stands before."""

    def __init__(self) -> None:
        self._begun = False

    def feed(self, data: bytes) -> bytes | None:
        if not self._begun:
            _, begun, data = data.partition(_STX)
            self._begun = bool(begun)
        _, ended, after = data.partition(_ETX)
        return after if self._begun and ended else None


class _Objects:
    """So many objects of JSON, with whatever stands before."""

    def __init__(self, count: int, limit_bytes: int) -> None:
        self._count = count
        self._gather = Gather(limit_bytes)
        self._begun = False

    def feed(self, data: bytes) -> bytes | None:
        if not self._begun:
            data = data[data.find(b"{") :] if b"{" in data else b""
            self._begun = bool(data)
        for _ in self._gather.feed(data):
            self._count -= 1
        return b"" if self._count <= 0 else None


def _parts(question: bytes) -> Iterator[_Quoted | _Framed | None]:
    """What answers, in order; None for what may answer and marks no end. setvar and printing answer nothing."""
    for asks in _ASKS.finditer(question):
        match asks.lastgroup:
            case "get":
                yield _Quoted()
            case "one":
                yield _Framed()
            case "three":
                yield from (_Framed(), _Framed(), _Framed())
            case "do" | "unmarked":
                yield None


def _json_parts(question: bytes, limit_bytes: int) -> Iterator[_Objects | None]:
    """Each object with something in it is answered by one; the empty one before it only says that JSON comes."""
    try:
        count = sum(1 for asked in Gather(len(question)).feed(question) if asked)
    except NotJson:
        count = 0
    yield _Objects(count, limit_bytes) if count else None
