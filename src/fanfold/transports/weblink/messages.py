"""The JSON that Weblink's channels begin with and that main speaks on. Pure; knows no socket and no printer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

MESSAGE_BYTES = 1024 * 1024
"""The longest object on main: a discovery packet takes 600 bytes, a scan up to some kilobytes."""
MAX_DEPTH = 64
"""Objects within objects; alerts go two deep, settings three."""

Channel = Literal["raw", "config"]
CHANNELS: Mapping[Channel, str] = {"raw": "v1.raw.zebra.com", "config": "v1.config.zebra.com"}
"""What the channels are called inside JSON (seen by several servers of real printers)."""

_BLANK = re.compile(rb"[\s\xef\xbb\xbf]*+")
"""Between objects: white space, and the byte order mark, whole or cut."""
_TO_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+', re.DOTALL)
_TO_QUOTE = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_SETTING = re.compile(r"[\w.-]{1,256}", re.ASCII)


class NotJson(ValueError):
    """What came is no JSON object, or one too deep to be meant."""


class TooLong(ValueError):
    """An object or a reply is longer than its reader was told to take."""


class NotHello(ValueError):
    """A channel's first message is none that Weblink knows."""


class BadSetting(ValueError):
    """A setting's name or value that would break out of the command it is put in."""


class Gather:
    """Joins messages until an object is whole: a printer may cut one anywhere, even within a letter.

    Takes time linear in the bytes, however they are cut. One that raised is done with.
    """

    def __init__(self, limit_bytes: int = MESSAGE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._data = bytearray()
        self._at = 0
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def feed(self, data: bytes) -> Iterator[object]:
        """Take a message; yield the objects that are whole by now. What is not asked for now comes next time.

        White space, line ends and byte order marks between objects are dropped; bytes that are not UTF-8 are replaced.

        Raises:
            NotJson: what stands where an object must begin is none, or the whole of it is no JSON.
            TooLong: an object is longer than the limit, whole or not.
        """
        self._data += data
        return self._objects()

    @property
    def is_empty(self) -> bool:
        """Whether nothing of an object waits for its end."""
        return not self._data

    def _objects(self) -> Iterator[object]:
        while (size_bytes := self._size_bytes()) is not None:
            piece = bytes(self._data[:size_bytes])
            del self._data[:size_bytes]
            self._at = 0
            yield _parsed(piece)

    def _size_bytes(self) -> int | None:
        """Scan on from where the last scan ended; None: the object that has begun is not whole."""
        if self._at == 0:
            self._begin()
        whole = False
        while self._at < len(self._data) and not whole:
            self._step()
            whole = self._depth == 0
        if (self._at if whole else len(self._data)) > self._limit_bytes:
            raise TooLong(f"an object of JSON is longer than the {self._limit_bytes} bytes allowed")
        return self._at if whole else None

    def _begin(self) -> None:
        blank = _BLANK.match(self._data)
        del self._data[: _end(blank)]
        if self._data and self._data[0] != ord("{"):
            shown = bytes(self._data[:20]).decode("ascii", "backslashreplace")
            raise NotJson(f"a JSON object must begin with '{{', and this begins with {shown!r}")

    def _step(self) -> None:
        """Go past the next bracket outside of strings, or past the next quote within one."""
        if self._escaped:
            self._at += 1
            self._escaped = False
        self._at = _end((_TO_QUOTE if self._in_string else _TO_BRACKET).match(self._data, self._at))
        if self._at == len(self._data):
            return
        sign = self._data[self._at]
        self._at += 1
        if sign == ord("\\"):
            self._escaped = True
        elif sign == ord('"'):
            self._in_string = not self._in_string
        else:
            self._nest(1 if sign in b"{[" else -1)

    def _nest(self, by: int) -> None:
        self._depth += by
        if self._depth > MAX_DEPTH:
            raise NotJson(f"the JSON nests deeper than {MAX_DEPTH}")


def _end(match: re.Match[bytes] | None) -> int:
    # only the number leaves: a match would keep its bytearray from shrinking
    assert match is not None, "these patterns match everywhere"  # noqa: S101
    return match.end()


def _parsed(piece: bytes) -> object:
    try:
        # printers put line ends into strings as they are (log entries), which strict JSON forbids
        return json.loads(piece.decode("utf-8", "replace"), strict=False)
    except ValueError as error:
        raise NotJson(f"what came is bracketed like JSON and is none: {error}") from error


# --- the first message of a channel ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MainHello:
    """A main channel, with the discovery packet as it came: base64, perhaps `:` and a checksum."""

    discovery: str


@dataclass(frozen=True, slots=True)
class ChannelHello:
    """A channel that we asked for. `channel_id` is not known to mean anything; `serial` is what the printer claims."""

    kind: Channel
    channel_id: str
    serial: str


def first_message(message: object) -> MainHello | ChannelHello:
    """Tell which channel begins so. Raises NotHello, with what it is instead.

    Nothing else tells channels apart: address and subprotocol are the same for all (seen by five servers).
    """
    if not isinstance(message, dict):
        raise NotHello("a channel's first message must be an object of JSON")
    if "discovery_b64" in message:
        return MainHello(_text(message, "discovery_b64"))
    if "channel_name" not in message:
        keys = ", ".join(sorted(map(repr, message))[:5]) or "none"
        raise NotHello(f"a channel's first message has the key discovery_b64 or channel_name; this one has {keys}")
    name = _text(message, "channel_name")
    for kind, known in CHANNELS.items():
        if name == known:
            return ChannelHello(kind, _text(message, "channel_id", required=False), _text(message, "unique_id"))
    raise NotHello(f"channel_name is {name[:80]!r}; known are {' and '.join(CHANNELS.values())}")


def _text(message: Mapping[str, object], key: str, *, required: bool = True) -> str:
    value = message.get(key, "")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or (required and not value.strip(" \0")):
        raise NotHello(f"{key} must be a text that is not empty")
    return value.strip(" \0").encode("utf-8", "replace").decode()


# --- what we say on main ---------------------------------------------------------------------------------------


def open_channel(kind: Channel) -> bytes:
    """Return the request that the printer open a channel of this kind. No answer to it is known but the channel."""
    return _message({"open": CHANNELS[kind]})


def configure_alerts(settings: Iterable[str] = ()) -> bytes:
    """Return the request for all alerts, set and cleared, and for one whenever any of these settings changes.

    The wildcard leaves out changes of settings, so each needs an entry of its own. Not known to be answered, nor
    to last: say it on every connect. Fields: Zebra's programming guide, SGD `alerts.add`.

    Raises:
        BadSetting: a name that is no setting's.
    """
    entries = ["ALL MESSAGES,SDK,Y,Y,,,N"]
    entries += (f"SGD SET,SDK,Y,Y,,,N,{setting_name(setting)}" for setting in settings)
    return _message({"configure_alert": "|".join(entries)})


def setting_name(name: str) -> str:
    """Return the name when it is one: letters, digits, `.`, `_`, `-`. Raises BadSetting."""
    if _SETTING.fullmatch(name) is None:
        raise BadSetting(
            f"{name[:80]!r} is no setting's name: those have letters, digits, dots, hyphens and underscores"
        )
    return name


def _message(message: Mapping[str, str]) -> bytes:
    return json.dumps(message).encode()
