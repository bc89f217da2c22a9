"""What a printer says of itself in ESC/POS: the answers to `GS I`. Pure; knows no connection.

`GS I 1` is answered by one byte, on every printer that knows the command at all; `GS I 66` (maker), 67 (model) and
68 (serial number) by 5F, a text and 00, on some. Kinds of answers are told apart by their fixed bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fanfold.device_id import clean
from fanfold.model import Traits

_ID, _MAKER, _MODEL, _SERIAL = b"\x1dI\x01", b"\x1dIB", b"\x1dIC", b"\x1dID"

QUESTIONS = (_ID, _ID + _MODEL + _ID + _MAKER + _ID + _SERIAL + _ID)
"""First what prints least where it is not known: one letter. Then all; the bytes between tell which text is missing."""

_XON_XOFF = (0x11, 0x13)
_TEXT = 0x5F


def identity(answers: Sequence[bytes]) -> Traits | None:
    """Return what the answers say; None where the first is not the one byte that it must be."""
    first = list(_parts(b"".join(answers[:1])))
    if len(first) != 1 or not _is_id(first[0]):
        return None
    _, model, make, serial, *_ = (*_texts(b"".join(answers[1:2])), "", "", "", "")
    return Traits(make, model, serial, languages=("escpos",), told_by=("printer",))


def _texts(answer: bytes) -> list[str]:
    """The text after each single byte, empty where none came; nothing at all where it is unknown which is which."""
    found = [""]
    for part in _parts(answer):
        if isinstance(part, str) and part and not found[-1]:
            found[-1] = part
        elif _is_id(part):
            found.append("")
        elif part != "":
            return []
    return found if not found[0] and len(found) <= QUESTIONS[1].count(_ID) + 1 else []


def _is_id(part: str | int) -> bool:
    return isinstance(part, int) and not part & 0x90


def _parts(answer: bytes) -> Iterator[str | int]:
    """Yield texts, and bytes that are none; a text that is cut off is not there."""
    at = 0
    while at < len(answer):
        end = at + 1
        if answer[at] == _TEXT:
            end = answer.find(b"\0", at) + 1
            if not end:
                return
            yield clean(answer[at + 1 : end - 1].decode("ascii", "replace"))
        elif _is_status(answer[at : at + 4]):
            end = at + 4
        elif answer[at] not in _XON_XOFF:
            yield answer[at]
        at = end


def _is_status(four: bytes) -> bool:
    """Tell whether it is what some send by themselves (automatic status back)."""
    return len(four) == 4 and four[0] & 0x93 == 0x10 and not any(byte & 0x90 for byte in four[1:])
