"""What a USB printer's port status says: three bits, as a parallel port had them. Pure.

USB Device Class Definition for Printing Devices 1.1, §4.2.2: 0x08 no error, 0x10 selected, 0x20 paper empty; all
other bits are reserved. Many printers answer with something that never changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fanfold.model import Reason

NO_ERROR, SELECTED, PAPER_EMPTY = 0x08, 0x10, 0x20
FINE = NO_ERROR | SELECTED
_BITS = FINE | PAPER_EMPTY

MEDIA_EMPTY, OTHER = "media-empty-error", "other-error"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, as a keyword and in words that go on after the printer's name."""

    reason: str
    says: str


Judge = Callable[[int | None], Fault | None]
"""Says what is wrong by a port status; None where nothing is or nothing is known."""

_NO_PAPER = Fault(MEDIA_EMPTY, "has no paper; put some in")
_OFFLINE = Fault(Reason.OFFLINE, "is switched to offline, or its cover is open; see to its keys and its cover")
_ERROR = Fault(OTHER, "reports an error; see to its cover, its cutter and its display")


def is_fine(status: int) -> bool:
    """Tell whether all three bits say so: whoever did this once can be believed when they say otherwise."""
    return status & _BITS == FINE


def fault(status: int | None, *, trusted: bool) -> Fault | None:
    """Return what is wrong; None where nothing is or nothing is known.

    That it is offline or in error is believed only of one that is trusted: many that print well say it always.
    """
    if status is None:
        return None
    if status & PAPER_EMPTY:
        return _NO_PAPER
    if not trusted:
        return None
    if not status & SELECTED:
        return _OFFLINE
    return None if status & NO_ERROR else _ERROR
