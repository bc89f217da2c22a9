"""ZPL II, Zebra's label language. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fanfold.languages import zpl_identity
from fanfold.languages.base import Problem
from fanfold.languages.detect import peel
from fanfold.languages.steps import Step, steps
from fanfold.model import Traits

_START = re.compile(
    rb"\x10?"  # ZDesigner, the Windows driver, begins its jobs so
    rb"(?:! U1[^\n]*\n\s*)*"  # settings in Zebra's other language may come first
    rb"(?:CT~~CD|\^[A-Z][A-Z0-9@]"
    rb"|~(?:C[CDT]|D[BEGNSTUY]|EG|H[BDIMQSU]|J[A-Z]|KB|N[CRT]|P[HLMPRS]|RO|SD|TA|W[CQR]))",
    re.IGNORECASE,
)
_GRAMMAR = re.compile(rb"(?P<body>\^GF[BC],(?P<size>\d{1,9}),\d+,\d+,)|(?P<begin>\^XA)|(?P<end>\^XZ)", re.IGNORECASE)
_REMAPPED = re.compile(rb"[\^~]C(?:C[^\^]|T[^~])", re.IGNORECASE)


class Zpl:
    """A format is `^XA` … `^XZ`; `~` commands act at once, anywhere."""

    name = "zpl"
    media_types: tuple[str, ...] = ("application/vnd.zebra-zpl", "application/zpl", "text/zpl")
    raw = True
    questions: tuple[bytes, ...] = zpl_identity.QUESTIONS

    def recognises(self, head: bytes) -> bool:
        """Tell whether it starts with a command of ZPL's."""
        return _START.match(peel(head)) is not None

    def identity(self, answers: Sequence[bytes]) -> Traits | None:
        """Return what a printer says of itself; None where that is no answer in this language."""
        return zpl_identity.identity(answers)

    def check(self, document: bytes) -> Iterator[Problem]:
        """Yield formats without an end, and ends without a format."""
        if _REMAPPED.search(document):
            return  # other prefix characters from there on: what follows cannot be read by these words
        yield from _formats(steps(document, _GRAMMAR))


def _formats(found: Iterator[Step]) -> Iterator[Problem]:
    begun: int | None = None
    for step in found:
        if step.missing_bytes:
            yield Problem(step.start, f"its image is cut off: {step.missing_bytes} bytes are missing")
        elif step.kind == "begin" and begun is None:
            begun = step.start
        elif step.kind == "begin" and begun is not None:
            yield Problem(step.start, f"a label begins (^XA) before the one at byte {begun} has ended; put ^XZ between")
        elif step.kind == "end" and begun is None:
            yield Problem(step.start, "a label ends (^XZ) that never began; put ^XA before it")
        elif step.kind == "end":
            begun = None
    if begun is not None:
        yield Problem(begun, "this label (^XA) never ends, so that it is not printed; put ^XZ after it")
