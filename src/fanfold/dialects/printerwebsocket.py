"""The PrinterWebSocket protocol, version 0, as its unmodified browser client expects it. Pure; knows no sockets.

Two traps rule this file: `uid` names no request (a page uses one for all that it asks), and a frame that the page did
not ask for breaks its pending list of printers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never, cast
from urllib.parse import parse_qs

from msgspec import Raw

from fanfold.dialects.base import Close, Dialect, Do, Effect, Frame, Listen, Send, Tag
from fanfold.dialects.printerwebsocket_frames import (
    INVALID,
    NAMELESS,
    STATUS_CODES,
    Frames,
    PrinterWebSocketSettings,
)
from fanfold.dialects.printerwebsocket_requests import Asked, BadParams, events_after, print_params, read, text_of
from fanfold.messages import (
    Accepted,
    Event,
    Follow,
    JobChanged,
    JobShown,
    ListPrinters,
    PrinterChanged,
    PrinterConnected,
    PrinterDisconnected,
    Printers,
    PrinterScanned,
    PrinterShown,
    Refusal,
    Reply,
    ShowPrinter,
    Submit,
)
from fanfold.model import Evidence, Job, JobId, JobState, OnLate, PrinterId

__all__ = ["STATUS_CODES", "PrinterWebSocket", "PrinterWebSocketSettings"]

OUTCOME_UNKNOWN = 1013
"""Closes a connection that cannot be told what became of its job: "try again later" (IANA's registry of codes)."""


@dataclass(frozen=True, slots=True)
class _Finding:
    uid: Raw


@dataclass(frozen=True, slots=True)
class _Showing:
    uid: Raw
    name: str


@dataclass(frozen=True, slots=True)
class _Printing:
    uid: Raw
    name: str


@dataclass(frozen=True, slots=True)
class _Following:
    uid: Raw
    name: str
    job: JobId


@dataclass(frozen=True, slots=True)
class _Naming:
    """The first untold event waits for its printer's name."""


_Waiting = _Finding | _Showing | _Printing | _Following | _Naming


class PrinterWebSocket(Dialect):
    """One page's conversation. `settings` is asked at each use, so that a reload needs no new connection."""

    def __init__(self, settings: Callable[[], PrinterWebSocketSettings], path: str) -> None:
        self._settings = settings
        self._wants_events = "1" in parse_qs(path.partition("?")[2]).get("events", ())
        self._listening = False
        self._finds = 0
        self._kept_back: list[Effect] = []
        self._untold: deque[JobChanged | PrinterChanged] = deque()
        self._names: dict[PrinterId, str] = {}

    def opened(self) -> Iterable[Effect]:
        """Listen at once when the path asks for events; say nothing: a late greeting breaks the original client."""
        return self._listen(None) if self._wants_events else ()

    def receive(self, frame: Frame, now: datetime) -> Iterable[Effect]:
        """Take a frame; what is no request of this protocol is passed over in silence, as the original does."""
        asked = read(frame)
        if asked is None:
            return ()
        match text_of(asked.call):
            case "printers.find":
                self._finds += 1
                return (Do(ListPrinters(), _Finding(asked.uid)),)
            case "server.version":
                return self._say(self._frames.version(asked.uid))
            case "print":
                return self._print(asked)
            case "printerStatus":
                return self._show(asked)
            case "events.subscribe":
                return self._subscribe(asked)
            case call if self._listening:
                return self._say(self._frames.error(asked.uid, f"There is no call {call!r} here"))
            case _:
                return ()

    def answer(self, tag: Tag, reply: Reply) -> Iterable[Effect]:
        """Word the reply to one of our commands."""
        waiting = cast("_Waiting", tag)
        match waiting:
            case _Finding():
                return self._found(waiting, reply)
            case _Showing():
                return self._shown(waiting, reply)
            case _Printing():
                return self._taken(waiting, reply)
            case _Following():
                return self._followed(waiting, reply)
            case _Naming():
                return self._named(reply)
            case _:
                assert_never(waiting)

    def notify(self, event: Event) -> Iterable[Effect]:
        """Tell an event, after those before it; a printer that changed may have a new name, which is asked for.

        Channels that open and close, and scanned data, are left out: this protocol has two sentences for events, a
        printer's and a job's, and its pages know no other. That a printer came or went is told as its new status.
        """
        match event:
            case JobChanged() | PrinterChanged():
                self._untold.append(event)
                return self._tell() if len(self._untold) == 1 else ()
            case PrinterConnected() | PrinterDisconnected() | PrinterScanned():
                return ()
            case _:
                assert_never(event)

    # what they ask

    def _print(self, asked: Asked) -> Iterable[Effect]:
        try:
            name, text = print_params(asked)
        except BadParams as fault:
            return self._say(self._frames.error(asked.uid, INVALID, detail=str(fault)))
        wait_s = self._settings().start_within_s
        late, within_s = (OnLate.CANCEL, wait_s) if wait_s else (OnLate.PRINT, None)
        return (Do(Submit(name, text, start_within_s=within_s, on_late=late), _Printing(asked.uid, name)),)

    def _show(self, asked: Asked) -> Iterable[Effect]:
        name = text_of(asked.name)
        if not name:
            return self._say(self._frames.error(asked.uid, NAMELESS))
        return (Do(ShowPrinter(name), _Showing(asked.uid, name)),)

    def _subscribe(self, asked: Asked) -> Iterable[Effect]:
        try:
            after = events_after(asked)
        except BadParams as fault:
            return self._say(self._frames.error(asked.uid, str(fault)))
        return (*self._say(self._frames.subscribed(asked.uid)), *self._listen(after))

    def _listen(self, after: int | None) -> Iterable[Effect]:
        if self._listening:
            return ()
        self._listening = True
        return (Listen(after),)

    # what the engine replies

    def _found(self, finding: _Finding, reply: Reply) -> Iterable[Effect]:
        self._finds -= 1
        if isinstance(reply, Printers):
            answer = self._frames.found(finding.uid, [view.printer.name for view in reply.printers])
        else:
            answer = self._frames.error(finding.uid, _refusal(reply).says)
        return (Send(answer), *self._let_out())

    def _shown(self, showing: _Showing, reply: Reply) -> Iterable[Effect]:
        if isinstance(reply, PrinterShown):
            return self._say(self._frames.status(showing.uid, showing.name, reply.view))
        return self._say(self._frames.error(showing.uid, _refusal(reply).says, PrinterName=showing.name))

    def _taken(self, printing: _Printing, reply: Reply) -> Iterable[Effect]:
        uid, name = printing.uid, printing.name
        if isinstance(reply, Accepted):
            self._names[reply.job.printer] = reply.printer_name
            return (*self._say(self._frames.started(uid, name, reply.job)), _follow(uid, name, reply.job))
        refusal = _refusal(reply)
        refused = self._frames.error(uid, refusal.says, reasons=[refusal.code])
        return (*self._say(self._frames.started(uid, name)), *self._say(refused))

    def _followed(self, following: _Following, reply: Reply) -> Iterable[Effect]:
        if isinstance(reply, JobShown):
            if not _is_settled(reply.job):
                return (_follow(following.uid, following.name, reply.job),)
            return self._say(self._frames.outcome(following.uid, following.name, reply.job))
        _refusal(reply)  # the job is kept and may print yet, so that an error frame would be a lie
        return (Close(OUTCOME_UNKNOWN, f"job {following.job} is kept; what becomes of it cannot be told now"),)

    def _named(self, reply: Reply) -> Iterable[Effect]:
        event = self._untold.popleft()
        if isinstance(reply, PrinterShown):
            self._names[event.printer] = reply.view.printer.name
        told = self._frames.told(event, self._names.get(event.printer))
        return (*self._say(told), *self._tell())

    # what goes out

    @property
    def _frames(self) -> Frames:
        return Frames(self._settings())

    def _tell(self) -> Iterable[Effect]:
        effects: list[Effect] = []
        while self._untold:
            event = self._untold[0]
            name = self._names.get(event.printer)
            if name is None or isinstance(event, PrinterChanged):
                return (*effects, Do(ShowPrinter(event.printer), _Naming()))
            effects += self._say(self._frames.told(event, name))
            self._untold.popleft()
        return effects

    def _say(self, frame: str) -> Iterable[Effect]:
        """Send it, but no frame between a request for the printers and its answer."""
        if self._finds:
            self._kept_back.append(Send(frame))
            return ()
        return (Send(frame),)

    def _let_out(self) -> Iterable[Effect]:
        if self._finds:
            return ()
        kept_back, self._kept_back = self._kept_back, []
        return kept_back


def _follow(uid: Raw, name: str, job: Job) -> Do:
    return Do(Follow(job.id, until=Evidence.DELIVERED), _Following(uid, name, job.id))


def _is_settled(job: Job) -> bool:
    return job.state.finished or job.state is JobState.HELD or job.evidence >= Evidence.DELIVERED


def _refusal(reply: Reply) -> Refusal:
    if isinstance(reply, Refusal):
        return reply
    raise TypeError(f"{type(reply).__name__} answers none of what this dialect asked")
