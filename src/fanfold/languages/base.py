"""What a language promises: it knows its own documents and their plain faults. Pure: bytes in, facts out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from fanfold.model import Traits

HEAD_BYTES = 4096
"""How much of a document `recognises` is given."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A plain fault in a document; `offset` in bytes from its start."""

    offset: int
    says: str


class Language(Protocol):
    """What the bytes mean to a printer."""

    name: str
    """Short, lower case: `zpl`, `escpos`, `pdf`."""
    media_types: tuple[str, ...]
    """Its media types, the preferred one first."""
    raw: bool
    """True: bytes for the printer itself (kind `raw`); False: a page that a driver must draw (PDF, PNG)."""

    def recognises(self, head: bytes) -> bool:
        """Tell whether a document that starts so (up to HEAD_BYTES) is in this language. Never raises."""

    def check(self, document: bytes) -> Iterable[Problem]:
        """Yield the plain faults of a whole document. Never raises."""


@runtime_checkable
class FindsPulses(Protocol):
    """A language in which a document may print nothing and only move something (a cash drawer)."""

    def pulse_only(self, document: bytes) -> bool:
        """Tell whether the document opens a drawer and prints nothing. Never raises."""


@runtime_checkable
class Encodes(Protocol):
    """A language whose printers begin with an encoding of their own for plain text."""

    text_encoding: str
    """By Python's name: `cp437`."""


@runtime_checkable
class Identifies(Protocol):
    """A language in which a printer can be asked what it is. To one that does not speak it, a question is a text."""

    questions: tuple[bytes, ...]
    """Put one after another: no printer gets the next one that has not answered the first in this language."""

    def identity(self, answers: Sequence[bytes]) -> Traits | None:
        """Return what the answers to as many questions say, empty ones among them; None: they are none.

        Never raises, whatever they are, and says nothing that does not stand there.
        """
