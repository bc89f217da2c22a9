"""An engine that does what a transcript says, and the reading of transcripts. Knows dialects by their seams only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from fanfold.dialects.base import Close, Dialect, Do, Effect, HttpDialect, Listen, Opens, Send, Tag
from fanfold.messages import (
    Accepted,
    AskPrinter,
    Command,
    Done,
    Event,
    Follow,
    JobChanged,
    JobShown,
    ListPrinters,
    PrinterChanged,
    PrinterConnected,
    PrinterDisconnected,
    Printers,
    PrinterSaid,
    PrinterScanned,
    PrinterShown,
    PrinterView,
    Refusal,
    ReopenChannel,
    Reply,
    ShowPrinter,
    Submit,
)
from fanfold.model import (
    Evidence,
    Job,
    JobId,
    JobState,
    Printer,
    PrinterId,
    PrinterState,
    PrinterStatus,
    Reachable,
)
from fanfold.wire import Request

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(slots=True)
class _Wait:
    follow: Follow
    tag: Tag


class ScriptedEngine:
    """Answers commands from memory; jobs change only when the script says so."""

    def __init__(self) -> None:
        self.views: dict[str, PrinterView] = {}
        self.jobs: dict[JobId, Job] = {}
        self.submitted: list[Submit] = []
        self.waits: list[_Wait] = []
        self.events: list[Event] = []
        self.refusal: Refusal | None = None
        self.taken_before_refusal = 0
        """How many jobs are taken yet before others are refused."""
        self.asked: list[AskPrinter | ReopenChannel] = []
        self.answers: dict[str, Reply] = {}
        """What printers answer when they are asked something."""
        self.deaf = False
        """Refuses to say what becomes of jobs (it is stopping)."""

    def add_printer(self, name: str) -> None:
        printer = Printer(PrinterId(name.lower()), name, f"file:/paper/{name}")
        status = PrinterStatus(PrinterState.IDLE, (), "", Reachable.UP, "script", NOON)
        self.views[name] = PrinterView(printer, status)

    def add_weblink_printer(self, serial: str, name: str, channels: tuple[str, ...]) -> None:
        self.add_printer(name)
        view = self.views[name]
        self.views[name] = replace(view, printer=replace(view.printer, uri=f"weblink:{serial}"), channels=channels)

    def do(self, command: Command, tag: Tag) -> Reply | None:
        """Return the reply; None when it comes later (a job is followed)."""
        match command:
            case Submit():
                return self._submit(command)
            case Follow():
                return self._follow(command, tag)
            case ListPrinters():
                return Printers(tuple(self.views.values()))
            case ShowPrinter(printer):
                view = self._view(printer)
                return PrinterShown(view) if view else self._unknown(printer)
            case AskPrinter(printer) | ReopenChannel(printer):
                self.asked.append(command)
                return self.answers.get(printer, Done())
            case _:
                raise AssertionError(f"the script has no answer to {command}")

    def change_job(self, job_id: JobId, **changes: Any) -> list[tuple[Tag, Reply]]:
        """Change a job; return the replies that this brings."""
        job = self.jobs[job_id] = replace(self.jobs[job_id], **changes)
        so_far = (job.state, job.reasons, job.message, job.evidence, job.attempt, job.sent_bytes)
        self.events.append(JobChanged(len(self.events) + 1, NOON, job.id, job.printer, *so_far))
        done = [wait for wait in self.waits if wait.follow.job == job_id and _arrived(job, wait.follow.until)]
        return [self._end(wait) for wait in done]

    def end_waits(self, job_id: JobId) -> list[tuple[Tag, Reply]]:
        """Let the time of all who wait for this job be over."""
        return [self._end(wait) for wait in list(self.waits) if wait.follow.job == job_id]

    def change_printer(self, name: str, state: PrinterState, reasons: tuple[str, ...], message: str) -> None:
        view = self.views[name]
        self.views[name] = replace(view, status=replace(view.status, state=state, reasons=reasons, message=message))
        self._tell_printer(view.printer.id, state, reasons, message)

    def remove_printer(self, name: str) -> None:
        view = self.views.pop(name)
        self._tell_printer(view.printer.id, "removed", (), "")

    def open_channel(self, name: str, channel: str) -> None:
        printer = self.views[name].printer.id
        self.events.append(PrinterConnected(len(self.events) + 1, NOON, printer, channel))

    def close_channel(self, name: str, channel: str) -> None:
        printer = self.views[name].printer.id
        self.events.append(PrinterDisconnected(len(self.events) + 1, NOON, printer, channel, "it hung up"))

    def scan(self, name: str, data: str) -> None:
        printer = self.views[name].printer.id
        self.events.append(PrinterScanned(len(self.events) + 1, NOON, printer, data, "capture.channel1.data.raw"))

    def _tell_printer(self, printer: PrinterId, state: str, reasons: tuple[str, ...], message: str) -> None:
        self.events.append(PrinterChanged(len(self.events) + 1, NOON, printer, state, reasons, message))

    def _submit(self, submit: Submit) -> Reply:
        view = self._view(submit.printer)
        if view is None:
            return self._unknown(submit.printer)
        if self.refusal and len(self.submitted) >= self.taken_before_refusal:
            return self.refusal
        self.submitted.append(submit)
        job_id = JobId(f"job-{len(self.submitted)}")
        self.jobs[job_id] = Job(job_id, view.printer.id, JobState.PENDING, NOON, NOON)
        return Accepted(self.jobs[job_id], view.printer.name)

    def _follow(self, follow: Follow, tag: Tag) -> Reply | None:
        if self.deaf:
            return Refusal("shutting-down", "The gateway is stopping.", 503)
        job = self.jobs[follow.job]
        if _arrived(job, follow.until):
            return JobShown(job, "")
        self.waits.append(_Wait(follow, tag))
        return None

    def _end(self, wait: _Wait) -> tuple[Tag, Reply]:
        self.waits.remove(wait)
        return wait.tag, JobShown(self.jobs[wait.follow.job], "")

    def _view(self, name: str) -> PrinterView | None:
        by_uri = {view.printer.uri: view for view in self.views.values()}
        by_name = {said: view for view in self.views.values() for said in (view.printer.id, view.printer.name)}
        return by_uri.get(name) or by_name.get(name)

    def _unknown(self, name: str) -> Refusal:
        return Refusal("unknown-printer", f"There is no printer {name}; see the list of printers.", 404)


def _arrived(job: Job, until: Evidence) -> bool:
    return job.state.finished or job.state is JobState.HELD or job.evidence >= until


class Conversation:
    """A dialect and a scripted engine, joined as a session would join them."""

    def __init__(self, dialect: Dialect, engine: ScriptedEngine) -> None:
        self.dialect, self.engine = dialect, engine
        self.sent: list[str] = []
        self.slow = False
        self._pending: list[tuple[Tag, Reply]] = []
        self._told = 0
        self.listens_after: int | None = None
        self.listening = False
        if isinstance(dialect, Opens):
            self.perform(dialect.opened())

    def receive(self, frame: str | bytes) -> None:
        self.perform(self.dialect.receive(frame, NOON))

    def perform(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(frame):
                    assert isinstance(frame, str), "this protocol has text frames only"
                    self.sent.append(frame)
                case Do(command, tag):
                    self._do(command, tag)
                case Listen(after):
                    assert not self.listening, "it listened already"
                    self.listening, self._told = True, len(self.engine.events) if after is None else after
                case Close(code, reason):
                    assert len(reason.encode()) <= 123, "a control frame holds no longer reason (RFC 6455 §5.5)"
                    self.sent.append(f"close {code} {reason}")

    def replies(self, replies: Iterable[tuple[Tag, Reply]]) -> None:
        for tag, reply in replies:
            self.perform(self.dialect.answer(tag, reply))

    def answer_all(self) -> None:
        """Bring the replies that a slow engine owes."""
        self.slow = False
        pending, self._pending = self._pending, []
        self.replies(pending)

    def tell_events(self) -> None:
        while self.listening and self._told < len(self.engine.events):
            self._told += 1
            self.perform(self.dialect.notify(self.engine.events[self._told - 1]))

    def _do(self, command: Command, tag: Tag) -> None:
        reply = self.engine.do(command, tag)
        if reply is not None and self.slow:
            self._pending.append((tag, reply))
        elif reply is not None:
            self.perform(self.dialect.answer(tag, reply))


class HttpConversation:
    """An HTTP dialect and a scripted engine, joined as the server would join them.

    A frame is `METHOD PATH BODY`, or `STATUS WORDS`; ␊ stands for a bare line feed.
    """

    def __init__(self, dialect: HttpDialect, engine: ScriptedEngine) -> None:
        self.dialect, self.engine = dialect, engine
        self.sent: list[str] = []

    def receive(self, frame: str) -> None:
        method, path, body = [*frame.split(" ", 2), ""][:3]
        said = self.dialect.ask(Request(method, path, body=body.replace("␊", "\n").encode()), NOON)
        while isinstance(said, Do):
            reply = self.engine.do(said.command, said.tag)
            assert reply is not None, "nothing here comes later"
            said = self.dialect.tell(said.tag, reply)
        assert said.media_type == "text/plain; charset=utf-8"
        self.sent.append(f"{said.status} {said.body.decode()}".replace("\n", "␊").strip())


MakeDialect = Callable[[str, dict[str, Any]], Dialect | HttpDialect]
"""Given the path and the settings that a transcript may change."""


class Transcript:
    """Plays one transcript, line by line; `README.md` beside it says how one is written."""

    def __init__(self, make: MakeDialect) -> None:
        self._make = make
        self._path = "/"
        self.settings: dict[str, Any] = {}
        self._engine = ScriptedEngine()
        self._conversation: Conversation | HttpConversation | None = None

    def play(self, text: str) -> None:
        for number, line in enumerate(text.splitlines(), 1):
            if line and not line.startswith("#"):
                try:
                    self._line(line[0], line[2:])
                except AssertionError as fault:
                    raise AssertionError(f"line {number}: {line}\n{fault}") from fault
        self._expect_silence()

    @property
    def _anyone(self) -> Conversation | HttpConversation:
        if self._conversation is None:
            dialect = self._make(self._path, self.settings)
            if hasattr(dialect, "ask"):
                self._conversation = HttpConversation(cast("HttpDialect", dialect), self._engine)
            else:
                self._conversation = Conversation(dialect, self._engine)
        return self._conversation

    @property
    def _talk(self) -> Conversation:
        assert isinstance(self._anyone, Conversation), "over HTTP this cannot happen"
        return self._anyone

    def _line(self, mark: str, rest: str) -> None:
        match mark:
            case "<":
                self._expect(rest)
            case ">":
                self._expect_silence()
                self._anyone.receive(rest)
            case "!":
                self._expect_silence()
                self._happen(rest)
            case "=":
                self._check(rest)
            case _:
                raise AssertionError("a line begins with '#', '>', '<', '!' or '='")

    def _expect(self, frame: str) -> None:
        assert self._anyone.sent, "nothing was sent"
        sent = self._anyone.sent.pop(0)
        if frame.startswith("close ") or isinstance(self._conversation, HttpConversation):
            assert sent == frame, f"sent was {sent}"
            return
        assert json.loads(sent) == json.loads(frame), f"sent was {sent}"

    def _expect_silence(self) -> None:
        sent = self._conversation.sent if self._conversation else []
        assert not sent, f"sent as well: {sent}"

    def _happen(self, what: str) -> None:
        for pattern, does in _HAPPENINGS:
            if found := re.fullmatch(pattern, what):
                does(self, *found.groups())
                return
        raise AssertionError("nobody knows how to make this happen; see scripted.py")

    def _check(self, what: str) -> None:
        for pattern, checks in _CHECKS:
            if found := re.fullmatch(pattern, what):
                checks(self, *found.groups())
                return
        raise AssertionError("nobody knows how to check this; see scripted.py")

    # what may happen

    def _path_is(self, path: str) -> None:
        self._path = path

    def _printers_are(self, names: str) -> None:
        for name in names.split(", "):
            self._engine.add_printer(name)

    def _weblink_printer_is(self, serial: str, name: str | None, channels: str | None) -> None:
        self._engine.add_weblink_printer(serial, name or serial, tuple(channels.split(", ")) if channels else ())

    def _printer_says(self, name: str, answer: str) -> None:
        self._engine.answers[name.lower()] = PrinterSaid(answer.replace("␊", "\n").encode())

    def _printer_refuses(self, name: str, status: str, code: str, says: str) -> None:
        self._engine.answers[name.lower()] = Refusal(code, says, int(status))

    def _setting_is(self, name: str, value: str) -> None:
        self.settings[name] = json.loads(value)

    def _engine_is_slow(self) -> None:
        self._talk.slow = True

    def _engine_answers(self) -> None:
        self._talk.answer_all()

    def _jobs_are_refused(self, number: str | None, code: str, says: str) -> None:
        self._engine.taken_before_refusal = int(number or 0)
        self._engine.refusal = Refusal(code, says, 503)

    def _engine_stops(self) -> None:
        self._engine.deaf = True

    def _wait_is_over(self, number: str) -> None:
        self._talk.replies(self._engine.end_waits(JobId(f"job-{number}")))

    def _job_is(self, number: str, state: str, evidence: str | None, *rest: str | None) -> None:
        because, sent_bytes, words = rest
        changes: dict[str, Any] = {"state": JobState(state), "message": words or "", "sent_bytes": int(sent_bytes or 0)}
        changes["reasons"] = tuple(because.split(" and ")) if because else ()
        if evidence:
            changes["evidence"] = Evidence[evidence.upper()]
        self._talk.replies(self._engine.change_job(JobId(f"job-{number}"), **changes))
        self._talk.tell_events()

    def _printer_is(self, name: str, state: str, because: str | None, words: str | None) -> None:
        reasons = tuple(because.split(" and ")) if because else ()
        self._engine.change_printer(name, PrinterState(state), reasons, words or "")
        self._talk.tell_events()

    def _printer_opens(self, name: str, channel: str) -> None:
        self._engine.open_channel(name, channel)
        self._talk.tell_events()

    def _printer_closes(self, name: str, channel: str) -> None:
        self._engine.close_channel(name, channel)
        self._talk.tell_events()

    def _printer_scans(self, name: str, data: str) -> None:
        self._engine.scan(name, data)
        self._talk.tell_events()

    def _printer_is_gone(self, name: str) -> None:
        self._engine.remove_printer(name)
        self._talk.tell_events()

    def _connects(self) -> None:
        self._talk.tell_events()

    # what may be checked

    def _prints(self, number: str, text: str, printer: str) -> None:
        submit = self._engine.submitted[int(number) - 1]
        sent = submit.document if isinstance(submit.document, str) else (submit.document.data or b"").decode()
        assert (sent, submit.printer) == (json.loads(text), printer)

    def _called(self, number: str, external_id: str) -> None:
        assert self._engine.submitted[int(number) - 1].external_id == (
            None if external_id == "nothing" else external_id
        )

    def _was_asked(self, printer: str, text: str, wait_s: str) -> None:
        assert AskPrinter(printer, json.loads(text).encode(), within_s=float(wait_s)) in self._engine.asked

    def _was_to_reopen(self, printer: str, channel: str) -> None:
        assert ReopenChannel(printer, channel) in self._engine.asked

    def _may_wait(self, number: str, wait_s: str, rule: str) -> None:
        submit = self._engine.submitted[int(number) - 1]
        assert (submit.start_within_s, submit.on_late) == (None if wait_s == "any time" else float(wait_s[:-2]), rule)

    def _jobs(self, number: str) -> None:
        assert len(self._engine.submitted) == int(number)


_EVIDENCE = r"(?:, (none|sent|delivered|printed))?"
_BECAUSE = r"(?:, because ([a-z0-9 -]+))?"
_WORDS = r"(?:: (.+))?"

_HAPPENINGS: list[tuple[str, Callable[..., None]]] = [
    (r"the path is (.+)", Transcript._path_is),
    (r"the printers are (.+)", Transcript._printers_are),
    (r"they connect", Transcript._connects),
    (r"the setting (\w+) is (.+)", Transcript._setting_is),
    (r"the engine is slow", Transcript._engine_is_slow),
    (r"the engine answers", Transcript._engine_answers),
    (r"the engine is stopping", Transcript._engine_stops),
    (r"jobs(?: after (\d+))? are refused, because ([a-z-]+): (.+)", Transcript._jobs_are_refused),
    (r"the Weblink printer (\w+)(?:, called (\w+),)? (?:is away|has (.+) open)", Transcript._weblink_printer_is),
    (r"printer (\w+) says (.+)", Transcript._printer_says),
    (r"printer (\w+) refuses with (\d+) ([a-z-]+): (.+)", Transcript._printer_refuses),
    (r"the wait for job (\d+) is over", Transcript._wait_is_over),
    (rf"job (\d+) is (\w+){_EVIDENCE}{_BECAUSE}(?:, after (\d+) bytes)?{_WORDS}", Transcript._job_is),
    (r"printer (\w+) opens its channel (\w+)", Transcript._printer_opens),
    (r"printer (\w+) closes its channel (\w+)", Transcript._printer_closes),
    (r"printer (\w+) scans (.+)", Transcript._printer_scans),
    (r"printer (\w+) is gone", Transcript._printer_is_gone),
    (rf"printer (\w+) is (\w+){_BECAUSE}{_WORDS}", Transcript._printer_is),
]

_CHECKS: list[tuple[str, Callable[..., None]]] = [
    (r"job (\d+) prints (\".*\") on (.+)", Transcript._prints),
    (r"job (\d+) may wait (any time|\d+ s), then (\w+)", Transcript._may_wait),
    (r"job (\d+) is known by its app as (\w+)", Transcript._called),
    (r"(\w+) was asked (\".*\") for (\d+) s", Transcript._was_asked),
    (r"(\w+) was to reopen (\w+)", Transcript._was_to_reopen),
    (r"there are (\d+) jobs", Transcript._jobs),
]
