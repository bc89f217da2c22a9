"""What a PrinterWebSocket page may send, read with tolerance. Knows no answer and no command."""

from __future__ import annotations

import json
from typing import NoReturn

import msgspec

from fanfold.dialects.base import Frame

_NULL = msgspec.Raw(b"null")
LINE_END = "\r\n"


class Asked(msgspec.Struct):
    """One request. What is echoed or read later stays as it came, so that a fault in it spoils nothing else."""

    call: msgspec.Raw = _NULL
    uid: msgspec.Raw = _NULL
    params: msgspec.Raw = _NULL
    name: msgspec.Raw = msgspec.field(default=_NULL, name="PrinterName")


class _Named(msgspec.Struct):
    name: str


class _PrintParams(msgspec.Struct):
    printer: _Named
    data: list[str] | str


class _EventsParams(msgspec.Struct):
    after: int | None = None


class BadParams(ValueError):
    """The fields of a call are not what it needs; the text says which."""


_asked = msgspec.json.Decoder(Asked)
_print_params = msgspec.json.Decoder(_PrintParams)
_events_params = msgspec.json.Decoder(_EventsParams | None)
_text = msgspec.json.Decoder(str)


def read(frame: Frame) -> Asked | None:
    """Return the request; None for what is none (no JSON, no object). Never raises."""
    try:
        asked = _asked.decode(frame)
    except msgspec.ValidationError:
        return None
    except ValueError:
        return _read_again(frame)
    except RecursionError:
        return None
    asked.uid = asked.uid.copy()  # a view would keep the whole frame in memory as long as its job is followed
    return asked


def _read_again(frame: Frame) -> Asked | None:
    """Read a frame that a page wrote with half a character in it (an emoji cut in two): `JSON.stringify` escapes it.

    It becomes U+FFFD, as the browser itself would have made of it; the `uid` goes back as it came.
    """
    try:
        fields = json.loads(frame, parse_constant=_refuse)
        if not isinstance(fields, dict):
            return None
        uid = json.dumps(fields.get("uid"), allow_nan=False)
        whole = json.dumps(fields, ensure_ascii=False, allow_nan=False)
        asked = _asked.decode(whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except (ValueError, RecursionError):
        return None
    asked.uid = msgspec.Raw(uid.encode())
    return asked


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def text_of(raw: msgspec.Raw) -> str:
    """Return the string that stands there; empty when something else does."""
    try:
        return _text.decode(raw)
    except (ValueError, RecursionError):
        return ""


def print_params(asked: Asked) -> tuple[str, str]:
    """Return the printer's name and the text to print.

    Raises:
        BadParams: one is missing, empty or of the wrong type.
    """
    try:
        params = _print_params.decode(asked.params)
    except (ValueError, RecursionError) as fault:
        raise BadParams(f"{fault} in `params`") from fault
    if not params.printer.name:
        raise BadParams("`params.printer.name` is empty: give the printer's name")
    text = params.data if isinstance(params.data, str) else joined(params.data)
    if not text:
        raise BadParams("`params.data` is empty: give the text to print")
    return params.printer.name, text


def joined(parts: list[str]) -> str:
    """Return the parts as one text: with nothing between, as ever.

    Only lines without any line end, as in the original's own example, are joined to lines: nothing printed them.
    """
    if len(parts) > 1 and not any("\r" in part or "\n" in part for part in parts):
        return LINE_END.join(parts)
    return "".join(parts)


def events_after(asked: Asked) -> int | None:
    """Return the event after which a peer wants to hear; None: from now on.

    Raises:
        BadParams: `params.after` is no number of an event.
    """
    try:
        params = _events_params.decode(asked.params)
    except (ValueError, RecursionError) as fault:
        raise BadParams(f"{fault} in `params`; `after` is the number of the last event seen") from fault
    after = params.after if params else None
    if after is not None and not 0 <= after < 2**63:
        raise BadParams("`params.after` is not the number of an event: give the last `event` seen, or leave it out")
    return after
