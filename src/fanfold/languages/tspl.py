"""TSPL, the label language of TSC and the many printers that took it over. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fanfold.languages import tspl_identity
from fanfold.languages.base import Problem
from fanfold.languages.detect import peel
from fanfold.languages.steps import steps, unprinted
from fanfold.model import Traits

# The arguments are part of the test: words like HOME or SIZE also begin plain texts.
_START = re.compile(
    rb"(?:SIZE|GAP|BLINE|DIRECTION|REFERENCE|DENSITY|SPEED|OFFSET|SHIFT|LIMITFEED|FEED|BACKFEED|SOUND|PRINT)[ \t]+-?\d"
    rb"|(?:TEXT|BARCODE|QRCODE|DMATRIX|BLOCK|BITMAP|BOX|BAR|PUTBMP|PUTPCX)[ \t]+-?\d+[ \t]*,"
    rb"|SET[ \t]+(?:CUTTER|PARTIAL_CUTTER|PEEL|TEAR|RIBBON|COUNTER|KEY\d|LED\d|GAP|HEAD|PRINTKEY|REPRINT|RESPONSE)\b"
    rb"|(?:CODEPAGE|COUNTRY)[ \t]+[\w-]+\s"
    rb"|DOWNLOAD[ \t]+(?:[FE][ \t]*,[ \t]*)?\""
    rb"|(?:CLS|SELFTEST|INITIALPRINTER|FORMFEED|HOME|EOJ|CUT)[ \t]*(?:[\r\n]|\Z)"
    rb"|~![@A-Z]"
    # The same bytes set ESC/POS's print mode, so that something TSPL-like (or nothing) has to follow.
    rb"|\x1b![?S.CDFOPQR](?:[\r\n]|\Z|\x1b!|SIZE|CLS)"
)
_GRAMMAR = re.compile(
    rb"(?P<text>\"[^\"\r\n]*\")"
    rb"|(?P<body>BITMAP\s+-?\d+\s*,\s*-?\d+\s*,\s*(?P<wide>\d{1,6})\s*,\s*(?P<high>\d{1,6})\s*,\s*\d\s*,)"
    rb"|(?P<file>DOWNLOAD\s+(?:[FE]\s*,\s*)?\"[^\"\r\n]*\"\s*,\s*(?P<size>\d{1,9})\s*,)"
    rb"|(?P<draw>(?:TEXT|BARCODE|QRCODE|DMATRIX|PDF417|BLOCK|BOX|BAR|CIRCLE|ELLIPSE|PUTBMP|PUTPCX)\s+-?\d)"
    rb"|(?P<print>PRINT\s)",
    re.IGNORECASE,
)


class Tspl:
    """A label is drawn by lines of keywords and comes out at `PRINT`."""

    name = "tspl"
    media_types: tuple[str, ...] = ("application/vnd.tsc-tspl", "application/tspl", "text/tspl")
    raw = True
    questions: tuple[bytes, ...] = tspl_identity.QUESTIONS

    def recognises(self, head: bytes) -> bool:
        """Tell whether it starts with a keyword of TSPL's and what belongs to it, or with one of its questions."""
        return _START.match(peel(head)) is not None

    def identity(self, answers: Sequence[bytes]) -> Traits | None:
        """Return what a printer says of itself; None where that is no answer in this language."""
        return tspl_identity.identity(answers)

    def check(self, document: bytes) -> Iterator[Problem]:
        """Yield what is drawn but never printed, and images that are cut off."""
        return unprinted(
            steps(document, _GRAMMAR), "what is drawn from here on never comes out; put a line PRINT 1 after it"
        )
