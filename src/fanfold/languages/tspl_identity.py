"""What a printer says of itself in TSPL: the answer to `~!T`, a line with its model. Pure; knows no connection."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fanfold.device_id import clean
from fanfold.model import Traits

QUESTIONS = (b"~!T\r\n",)
"""The line's end is for firmware that reads by lines; to the rest it is an empty one."""

_MODEL = re.compile(rb"[\s\0]*([\x21-\x7e][\x20-\x7e]{1,63}?)[\s\0]*")
"""One line with nothing around it. Whether a line's end or a NUL closes it differs between firmwares."""

_NO_MODEL = re.compile(rb"~!|220[ -]|SSH-|HTTP/|.*:\Z")
"""What no printer is called: our own question from something that echoes, greetings and prompts of other services."""


def identity(answers: Sequence[bytes]) -> Traits | None:
    """Return what the answer to `~!T` says; None where it is none."""
    said = _MODEL.fullmatch(b"".join(answers[:1]))
    if said is None or not re.search(rb"[A-Za-z]", said[1]) or _NO_MODEL.match(said[1]):
        return None
    return Traits(model=clean(said[1].decode("ascii")), languages=("tspl",), told_by=("printer",))
