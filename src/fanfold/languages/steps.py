"""Walks a document command by command and steps over binary bodies, which may contain anything. Knows no language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod

from fanfold.languages.base import Problem


@dataclass(frozen=True, slots=True)
class Step:
    """One command that a grammar names; `missing_bytes` of its declared body are not there."""

    kind: str
    start: int
    missing_bytes: int = 0


def steps(document: bytes, grammar: re.Pattern[bytes]) -> Iterator[Step]:
    """Yield the commands in order.

    The grammar is alternatives, each one named group: its name is the step's kind. Groups inside of it, if any,
    hold decimal numbers whose product is the size of the binary body that follows.
    """
    at = 0
    while found := grammar.search(document, at):
        kind = found.lastgroup or ""
        sizes = [int(size) for name, size in found.groupdict().items() if size is not None and name != kind]
        at = found.end() + (prod(sizes) if sizes else 0)
        yield Step(kind, found.start(), max(0, at - len(document)))


def unprinted(found: Iterable[Step], says: str) -> Iterator[Problem]:
    """Yield bodies that are cut off, and what was drawn (kind `draw`) after the last print (kind `print`)."""
    drawn: int | None = None
    for step in found:
        if step.missing_bytes:
            yield Problem(step.start, f"its image or file is cut off: {step.missing_bytes} bytes are missing")
        if step.kind == "print":
            drawn = None
        elif step.kind in ("draw", "body") and drawn is None:
            drawn = step.start
    if drawn is not None:
        yield Problem(drawn, says)
