"""Tells what language a document is in by its first bytes. Knows the covers that documents come in, no language.

Order decides where two languages could both be meant; it is the order of the tuple given to `detect`:
exact magic first (PDF, PostScript, PNG, JPEG), then ZPL, CPCL, TSPL, EPL, and ESC/POS last, which is known by
single commands that could stand in the others' binary parts. Printer job language (PJL) around any of them is
taken off first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fanfold.languages.base import Language

_COVER = re.compile(
    rb"(?:\xef\xbb\xbf"  # byte order mark
    rb"|[\s\0\x04]+"  # blanks, padding, the end-of-file sign of serial lines
    rb"|\x1b%-12345X"  # universal exit: begins and ends a PJL job
    rb"|@PJL[^\n]*(?:\n|\Z)"
    rb"|<xpml>.*?</xpml>"  # BarTender's page marks, which no printer reads
    rb")+",
    re.DOTALL,
)
_ENTERED = re.compile(rb"@PJL\s+ENTER\s+LANGUAGE\s*=\s*(\w+)", re.IGNORECASE)

FLUSH_NULS = bytes(100)
"""Brother raster jobs begin with so many NULs or more, then ESC @, which would otherwise read as ESC/POS."""


def detect(head: bytes, languages: Iterable[Language]) -> str:
    """Return the name of the first language that recognises the head; empty when none does. Never raises."""
    return next((language.name for language in languages if language.recognises(head)), "")


def peel(head: bytes) -> bytes:
    """Return the head without what documents are wrapped in: marks, padding, PJL."""
    if head.startswith(FLUSH_NULS):
        return head
    cover = _COVER.match(head)
    return head[cover.end() :] if cover else head


def entered(head: bytes) -> str:
    """Return the language that PJL says will follow, in lower case; empty when it says nothing."""
    if b"@PJL" not in head:
        return ""
    named = _ENTERED.search(head)
    return named[1].decode("ascii", "replace").lower() if named else ""
