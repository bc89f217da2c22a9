"""CPCL, the language of Zebra's (Comtec's) mobile printers, and the settings language that shares its mark. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fanfold.languages.base import Problem
from fanfold.languages.detect import peel
from fanfold.languages.steps import steps, unprinted

_START = re.compile(rb"!\s+(?:U1\b|UTILITIES\b|DF\b|-?\d+\s+\d+\s+\d+\s+\d+\s+\d+)")
_GRAMMAR = re.compile(
    rb"^(?:(?P<draw>!\s+-?\d+\s+\d+\s+\d+\s+\d+\s+\d+)"
    rb"|(?P<body>V?CG\s+(?P<wide>\d{1,6})\s+(?P<high>\d{1,6})\s+\d+\s+\d+\s)"
    rb"|(?P<print>(?:PO)?PRINT\b))",
    re.MULTILINE,
)


class Cpcl:
    """A session opens with `!` and five numbers and comes out at `PRINT`."""

    name = "cpcl"
    media_types: tuple[str, ...] = ("application/vnd.zebra-cpcl", "application/cpcl")
    raw = True

    def recognises(self, head: bytes) -> bool:
        """Tell whether it starts with a session, or with settings (`! U1 …`)."""
        return _START.match(peel(head)) is not None

    def check(self, document: bytes) -> Iterator[Problem]:
        """Yield sessions that are never printed, and images that are cut off."""
        return unprinted(
            steps(document, _GRAMMAR), "this session never comes out; put PRINT on a line of its own at its end"
        )
