"""Conversations with printers written down for support: headers and first frames, never a document. Bounded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from fanfold import clock
from fanfold.door import Heard, Hung, Line, Pong, Said, Visit

LINES = 2000
"""Of one trace; then it says that it is full."""
TRACES = 20
"""At once; beginning another ends the oldest."""
SHOWN_BYTES = 512
"""Of each frame that is shown."""


@dataclass(slots=True)
class Trace:
    """What one printer's lines said, by name of line."""

    frames: int
    lines: list[str] = field(default_factory=list)
    _names: int = 0

    def opened(self, visit: Visit, line: Line, pieces: Sequence[Said], *, is_main: bool) -> TracedLine:
        """Write down the request of a line that was opened, and what it has said so far; return what listens in."""
        self._names += 1
        traced = TracedLine(line, self, f"#{self._names}", self.frames, is_main=is_main)
        self.write(f"{traced.name} {clock.now():%Y-%m-%dT%H:%M:%S.%fZ} from {visit.peer}: GET {visit.path}")
        for name, value in visit.headers:
            self.write(f"{traced.name}   {name}: {value[:SHOWN_BYTES]}")
        self.write(f"{traced.name}   proved {', '.join(visit.identities) or 'nothing'}")
        for piece in pieces:
            traced.came(piece)
        return traced

    def write(self, line: str) -> None:
        """Write a line, while there is room."""
        if len(self.lines) < LINES:
            self.lines.append(line)
        elif len(self.lines) == LINES:
            self.lines.append("… this trace is full; begin another")


class TracedLine:
    """A line that is listened in on, both ways. What we send over raw and config is not shown: it may be a document."""

    def __init__(self, line: Line, trace: Trace, name: str, frames: int, *, is_main: bool) -> None:
        self.name = name
        self._line, self._trace, self._left, self._is_main = line, trace, frames, is_main

    def came(self, said: Said) -> None:
        """Write down a message of the printer's."""
        self._frame(">", "text" if said.is_text else "binary", said.data, is_shown=True)

    def _frame(self, way: str, kind: str, data: bytes, *, is_shown: bool) -> None:
        if self._left > 0:
            self._left -= 1
            more = "…" if len(data) > SHOWN_BYTES else ""
            shown = f": {_printable(data)}{more}" if is_shown else ""
            self._note(f"{way} {kind}, {len(data)} bytes{shown}")

    def _note(self, says: str) -> None:
        self._trace.write(f"{self.name} {clock.now():%H:%M:%S.%f} {says}")

    # door.Line

    @property
    def heard_s(self) -> float:
        """The loop's time at which anything last came."""
        return self._line.heard_s

    @property
    def sent_s(self) -> float:
        """The loop's time at which we last gave it a frame."""
        return self._line.sent_s

    @property
    def unsent_bytes(self) -> int:
        """How many bytes wait in our own memory."""
        return self._line.unsent_bytes

    @property
    def is_open(self) -> bool:
        """Whether frames may still get through."""
        return self._line.is_open

    def trust(self) -> None:
        """Take longer messages."""
        self._line.trust()

    async def receive(self) -> Heard:
        """Return the next that comes."""
        match heard := await self._line.receive():
            case Said():
                self.came(heard)
            case Pong(payload):
                self._frame(">", "pong", payload, is_shown=True)
            case Hung(code, reason):
                self._note(f"over ({code} {_printable(reason.encode())})")
        return heard

    async def send(self, frame: bytes) -> None:
        """Send a frame."""
        self._frame("<", "binary", frame, is_shown=self._is_main)
        await self._line.send(frame)

    async def ping(self, payload: bytes) -> None:
        """Send a ping."""
        self._frame("<", "ping", payload, is_shown=True)
        await self._line.ping(payload)

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye and hang up."""
        self._note(f"we hang up ({code} {_printable(reason.encode())})")
        await self._line.close(code, reason)

    def abort(self) -> None:
        """Hang up at once."""
        self._line.abort()


_PLACE = re.compile(rb"(https?|wss?)://[^\s\"']*", re.IGNORECASE)
"""A printer that is asked where it dials says it with the secret in the path."""


def _printable(data: bytes) -> str:
    data = _PLACE.sub(rb"\1://***", data)
    shown = data[:SHOWN_BYTES].decode("ascii", "backslashreplace")
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in shown)


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
