"""What a printer's label counter and buffer say of a job. Pure: answers in, verdicts out; knows no channel."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from fanfold.wire import Prints

COUNTER = b'! U1 getvar "odometer.total_label_count"\r\n'
"""Asked as text: JSON would be printed on paper by a printer in line-print mode."""

STATUS = b'! U1 getvar "device.host_status"\r\n'
"""The three strings of `~HS`; not answered by some printers while they have a fault (Zebra's guide)."""

LINES = b'! U1 getvar "weblink.ip.conn1.num_connections"\r\n! U1 getvar "weblink.ip.conn2.num_connections"\r\n'
"""How many lines it has open, to whomever: by each of its two Weblink clients (Zebra's guide, by setting)."""

OLD_STATUS = b"~HS\r\n"
"""The same in ZPL, for a printer that speaks it and does not know the setting."""

COUNTED = re.compile(rb'"(\d{1,15}|\?)"')
"""The answer to COUNTER: a number, or `?` where the setting is not known."""

_NUMBER = re.compile(rb'"(\d{1,6}|\?)"')

_FORMATS, _PARTIAL, _LEFT = (0, 4), (0, 7), (1, 8)
"""Where `~HS` says: formats in the receive buffer, a format begun and not ended, labels left of a batch."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What is known of a job: the counter before it, and what it asks for (None: cannot be told)."""

    counter: int
    prints: Prints | None
    is_alone: bool = True
    """The counter was read; else it is reckoned by what jobs ahead ask for, some of which may have been cancelled."""

    def written(self) -> str:
        """Return it as it is kept beside the job, so that a crash finds it."""
        asks = [self.prints.formats, self.prints.labels] if self.prints else None
        return json.dumps({"counter": self.counter, "prints": asks, "alone": self.is_alone})

    @classmethod
    def read(cls, text: str | None) -> Counted | None:
        """Return what was kept; None where that is nothing of ours."""
        try:
            kept = json.loads(text or "null")
            prints = Prints(*map(int, kept["prints"])) if kept["prints"] else None
            return cls(int(kept["counter"]), prints, is_alone=kept["alone"] is True)
        except (ValueError, TypeError, KeyError):
            return None


@dataclass(frozen=True, slots=True)
class AllPrinted:
    """The counter moved by just the job's labels."""


@dataclass(frozen=True, slots=True)
class NothingPrinted:
    """The counter did not move, and the printer has nothing of it left that could print."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It cannot be told; why, in words."""

    says: str


Verdict = AllPrinted | NothingPrinted | Unknown


@dataclass(frozen=True, slots=True)
class Reading:
    """The counter, and whether the printer says that its buffer is empty (None: it did not say)."""

    counter: int
    quiet: bool | None


def judge(counted: Counted, first: Reading, second: Reading) -> Verdict:
    """Say what two readings, some seconds apart, prove of a job that was broken off."""
    if first.counter != second.counter or first.quiet is False or second.quiet is False:
        return Unknown("the printer is still at work on something")
    moved = second.counter - counted.counter
    if counted.prints is not None and moved == counted.prints.labels and moved > 0:
        return AllPrinted()
    if moved == 0 and not counted.is_alone:
        return Unknown("jobs ahead of it were still being printed, so its label counter does not tell of this one")
    if moved == 0 and first.quiet and second.quiet:
        return NothingPrinted()
    if moved == 0:
        return Unknown("its label counter did not move, but it does not say whether its buffer is empty")
    asked = f" of the {counted.prints.labels} that the job asks for" if counted.prints else ""
    return Unknown(f"its label counter moved by {moved}{asked}")


def lines_in(answer: bytes) -> int | None:
    """Return the number in the answer to LINES, of both together; None: it does not say. `?` stands for none."""
    values = _NUMBER.findall(answer)
    if len(values) != len(LINES.splitlines()) or all(value == b"?" for value in values):
        return None
    return sum(int(value) for value in values if value != b"?")


def quiet_in(answer: bytes) -> bool | None:
    """Tell from the answer to STATUS (or `~HS`) whether nothing is in the printer's buffer; None: it is no answer."""
    text = answer.decode("ascii", "replace").replace("\x02", "").replace("\x03", "").strip().strip('"')
    rows = [row.split(",") for row in text.splitlines() if row.strip()]
    try:
        return not any(int(rows[row][field]) for row, field in (_FORMATS, _PARTIAL, _LEFT))
    except (IndexError, ValueError):
        return None
