"""Conversations with printers written down for support: headers and first frames, never a document. Bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fanfold.door import Visit

LINES = 2000
"""Of one trace; then it says that it is full."""
TRACES = 20
"""At once; beginning another ends the oldest."""
SHOWN_BYTES = 512
"""Of each frame that a printer sends. Of ours only the size is written: they may be documents."""


@dataclass(slots=True)
class Trace:
    """What one printer's lines said, by name of line."""

    frames: int
    lines: list[str] = field(default_factory=list)
    _names: int = 0

    def opened(self, visit: Visit, now: datetime) -> TracedLine:
        """Write down the request of a line that was opened."""
        self._names += 1
        line = TracedLine(self, f"#{self._names}", self.frames)
        self.write(f"{line.name} {now:%Y-%m-%dT%H:%M:%S.%fZ} from {visit.peer}: GET {visit.path}")
        for name, value in visit.headers:
            self.write(f"{line.name}   {name}: {value[:SHOWN_BYTES]}")
        self.write(f"{line.name}   proved {', '.join(visit.identities) or 'nothing'}")
        return line

    def write(self, line: str) -> None:
        """Write a line, while there is room."""
        if len(self.lines) < LINES:
            self.lines.append(line)
        elif len(self.lines) == LINES:
            self.lines.append("… this trace is full; begin another")


@dataclass(slots=True)
class TracedLine:
    """One line under trace."""

    trace: Trace
    name: str
    left: int

    def came(self, data: bytes, *, is_text: bool, now: datetime) -> None:
        """Write down a message of the printer's."""
        if self.left > 0:
            self.left -= 1
            kind = "text" if is_text else "binary"
            more = "…" if len(data) > SHOWN_BYTES else ""
            shown = data[:SHOWN_BYTES].decode("ascii", "backslashreplace")
            shown = "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in shown)
            self.trace.write(f"{self.name} {now:%H:%M:%S.%f} > {kind}, {len(data)} bytes: {shown}{more}")

    def note(self, says: str, now: datetime) -> None:
        """Write down what became of the line."""
        self.trace.write(f"{self.name} {now:%H:%M:%S.%f} {says}")


@dataclass(slots=True)
class Traces:
    """All traces, by serial."""

    _traces: dict[str, Trace] = field(default_factory=dict)

    def begin(self, serial: str, frames: int) -> None:
        """Trace what that printer opens from now on; 0 ends it and forgets what was written."""
        self._traces.pop(serial, None)
        if frames <= 0:
            return
        if len(self._traces) >= TRACES:
            del self._traces[next(iter(self._traces))]
        self._traces[serial] = Trace(frames)

    def of(self, serial: str) -> Trace | None:
        """Return that printer's trace."""
        return self._traces.get(serial)

    def lines(self, serial: str) -> Sequence[str]:
        """Return what was written of that printer so far."""
        trace = self._traces.get(serial)
        return tuple(trace.lines) if trace else ()
