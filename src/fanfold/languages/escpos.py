"""ESC/POS, the language of receipt printers, and its cash-drawer pulses. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fanfold.languages import escpos_identity
from fanfold.languages.base import Problem
from fanfold.languages.detect import peel
from fanfold.model import Traits

# Text in any code page, then one of the commands, so that chance in other people's binary does not count. ESC E, ESC =
# and ESC * mean other things in PCL and Star's raster mode, ESC i in Brother's: their arguments tell.
_START = re.compile(
    rb"[^\x00-\x06\x08\x0b\x0e-\x1f]*"
    rb"(?:\x1b(?:[@atMJGRcdmprSTV23!{ \-$]|E[\x00\x01]|=[\x01-\x03]|\*[\x00\x01\x20\x21]|i(?![azS]))"
    rb"|\x1d(?:[!vV(8BbfhwkHLWPIar/*^:$\\])"
    rb"|\x1c[.&pqCS!(\-]"
    rb"|\x10[\x04\x05\x14])"
)
_STAR = re.compile(rb"\x1b\x1da|\x1b\*rA|\x1b\x1ea|\x1b\x1d\x03")

# Moves a drawer: ESC p m t1 t2, DLE DC4 1 m t; and the single characters by which Star's printers do it.
_PULSE = rb"\x1bp...|\x10\x14\x01..|[\x07\x19\x1a]|\x1c(?![.&])"
# Prints, feeds and cuts nothing: initialise, select the device or a manner of writing, set Star's pulse length. Tills'
# libraries put some of them before every pulse.
_QUIET = rb"\x1b[@2S]|\x1b[=tRa!MEG3 {V\-].|\x1bc[3-5].|\x1b\x07..|\x1c[.&]|\x1d[!B].|\x00"
_PULSE_ONLY = re.compile(rb"(?:%b)*(?:%b)(?:%b|%b)*" % (_QUIET, _PULSE, _QUIET, _PULSE), re.DOTALL)

_BODY = re.compile(
    rb"\x1dv0[\x00-\x03\x30-\x33](?P<raster>.{4})"
    rb"|\x1b\*(?P<single>[\x00\x01].{2})|\x1b\*(?P<triple>[\x20\x21].{2})"
    rb"|\x1d\([A-Z](?P<counted>.{2})|\x1d8L(?P<large>.{4})",
    re.DOTALL,
)


class EscPos:
    """Prints while lines are fed; there is no end but a cut."""

    name = "escpos"
    media_types: tuple[str, ...] = ("application/vnd.escpos", "application/escpos", "application/x-escpos")
    raw = True
    questions: tuple[bytes, ...] = escpos_identity.QUESTIONS
    text_encoding = "cp437"
    """Code page 0, with which they begin (`ESC t 0`)."""

    def recognises(self, head: bytes) -> bool:
        """Tell whether its first command is one of ESC/POS's, or it moves a drawer."""
        core = peel(head)
        if _STAR.search(core):
            return False
        return _START.match(core) is not None or _PULSE_ONLY.fullmatch(core) is not None

    def identity(self, answers: Sequence[bytes]) -> Traits | None:
        """Return what a printer says of itself; None where that is no answer in this language."""
        return escpos_identity.identity(answers)

    def check(self, document: bytes) -> Iterator[Problem]:
        """Yield images and other counted data that are cut off."""
        at = 0
        while found := _BODY.search(document, at):
            at = found.end() + _body_bytes(found)
            if at > len(document):
                missing = at - len(document)
                yield Problem(found.start(), f"its image is cut off: the printer waits for {missing} more bytes")

    def pulse_only(self, document: bytes) -> bool:
        """Tell whether it moves a drawer, and neither prints nor feeds nor cuts."""
        return _PULSE_ONLY.fullmatch(document) is not None


def _body_bytes(found: re.Match[bytes]) -> int:
    kind = found.lastgroup or ""
    sizes = found[kind]
    match kind:
        case "raster":
            return int.from_bytes(sizes[:2], "little") * int.from_bytes(sizes[2:], "little")
        case "single":
            return int.from_bytes(sizes[1:], "little")
        case "triple":
            return int.from_bytes(sizes[1:], "little") * 3
        case _:
            return int.from_bytes(sizes, "little")
