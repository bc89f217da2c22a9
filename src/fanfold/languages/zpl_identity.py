"""What a printer says of itself in ZPL: the answer to `~HI`. Pure; knows no connection.

Form, by Zebra's programming guide: STX model,firmware,dots per mm,memory[,options] ETX CR LF.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fanfold.device_id import clean
from fanfold.model import Traits

QUESTIONS = (b"~HI",)

_FRAME = re.compile(rb"\x02([\x20-\x7e]{1,512})\x03")
_DPI = {6: 152, 8: 203, 12: 300, 24: 600}
"""Dots per mm of the print heads that there are, and what is called their dots per inch."""


def identity(answers: Sequence[bytes]) -> Traits | None:
    """Return what the answer to `~HI` says; None where it is none."""
    for frame in _FRAME.finditer(b"".join(answers[:1])):
        model, *rest = frame[1].decode("ascii").split(",")
        if len(rest) >= 2 and re.search("[A-Za-z]", model):  # a status (`~HS`) is framed likewise, and all numbers
            return Traits(model=clean(model), languages=("zpl",), dpi=_dpi(rest[1]), told_by=("printer",))
    return None


def _dpi(dots_per_mm: str) -> int | None:
    number = re.match(r"\s*(\d{1,2})(?!\d)", dots_per_mm)
    return _DPI.get(int(number[1])) if number else None
