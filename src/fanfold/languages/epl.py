"""EPL2, the label language of Eltron and older Zebra printers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fanfold.languages.base import Problem
from fanfold.languages.detect import peel
from fanfold.languages.steps import steps, unprinted

_START = re.compile(
    rb"(?:(?:N|q\d+|Q\d+(?:,[\w+-]*)*|R\d+,\d+|S\d|D\d+|Z[BT]|JF|JB|O[A-Z]{0,3}|U[A-Z]?|I8,[\w,]+|\^ee|P\d+(?:,\d+)?)"
    rb"[ \t]*(?:[\r\n]|\Z)"
    rb"|[AB]\d+,\d+,\d|b\d+,\d+,|L[EOS]\d+,\d+,|X\d+,\d+,|GW ?\d+,\d+,|GG\d+,\d+,|[FG][KMS]\")"
)
_STORED_FORM = re.compile(rb"^FS\"", re.MULTILINE)
_GRAMMAR = re.compile(
    rb"^(?:(?P<body>GW ?\d+,\d+,(?P<wide>\d{1,6}),(?P<high>\d{1,6}),)"
    rb"|(?P<file>GM\"[^\"\r\n]*\"(?P<size>\d{1,9})\r?\n)"
    rb"|(?P<draw>(?:[ABbX]|L[EOSW]|GG)[\d\"])"
    rb"|(?P<print>PA?\d))",
    re.MULTILINE,
)


class Epl:
    """A label is drawn by lines of one letter and numbers, after `N`, and comes out at `P`."""

    name = "epl"
    media_types: tuple[str, ...] = ("application/vnd.eltron-epl", "application/vnd.zebra-epl", "application/epl")
    raw = True

    def recognises(self, head: bytes) -> bool:
        """Tell whether its first line is one of EPL's."""
        return _START.match(peel(head)) is not None

    def check(self, document: bytes) -> Iterator[Problem]:
        """Yield what is drawn but never printed, and images that are cut off."""
        if _STORED_FORM.search(document):
            return iter(())  # a form is kept in the printer and printed by other documents
        return unprinted(
            steps(document, _GRAMMAR), "what is drawn from here on never comes out; put a line P1 after it"
        )
