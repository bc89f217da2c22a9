"""The native API's calls, shared by HTTP and WebSocket: name, request, command, answer. Knows neither of the two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from fanfold.dialects import native_requests as asks
from fanfold.dialects import native_shapes as shapes
from fanfold.dialects.native_answers import MASK
from fanfold.dialects.native_problems import refused
from fanfold.dialects.native_submit import UNTIL, Asked, bytes_of, submit
from fanfold.errors import Refused
from fanfold.messages import (
    AddDiscovered,
    AddPrinter,
    Adoption,
    AdoptPrinters,
    AllowOrigin,
    AskHealth,
    AskPrinter,
    AssumePrinted,
    CancelJob,
    ChangePrinter,
    Command,
    DisconnectClient,
    FetchDocument,
    Follow,
    IdentifyPrinter,
    ListClients,
    ListDeadLetters,
    ListDiscovered,
    ListJobs,
    ListOrigins,
    ListPrinters,
    ListUnadopted,
    ListWebhooks,
    PausePrinter,
    PrintTestPage,
    ReadLog,
    RejectPrinter,
    ReleaseJob,
    Reload,
    RemovePrinter,
    ReopenChannel,
    ReprintJob,
    ResumePrinter,
    RetryDeadLetters,
    RevokeOrigin,
    ShowJob,
    ShowPrinter,
    TracePrinter,
)
from fanfold.model import JobId


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that can be asked. `codes` are the errors that it may meet beside `bad-request`."""

    name: str
    takes: type[asks.Request]
    command: Callable[[Any], Command | Asked]
    """From a `takes` to what the engine is asked; may raise Refused."""
    gives: type[shapes.Shape]
    codes: tuple[str, ...]
    summary: str


def read(call: Call, params: Mapping[str, Any], *, strict: bool = True) -> Asked:
    """Check the params and return what to ask; not strict where all values are text (a query). Raises Refused."""
    try:
        ask = msgspec.convert(params, call.takes, strict=strict)
    except msgspec.ValidationError as error:
        raise misread(call.name, call.takes, error) from None
    command = call.command(ask)
    return command if isinstance(command, Asked) else Asked(command)


def misread(name: str, takes: type[asks.Request], error: Exception) -> Refused:
    """Word the refusal of params that do not fit a call."""
    fields = ", ".join(f"`{field}`" for field in takes.__struct_fields__) or "nothing"
    return refused("bad-request", f"{name}: {error}. It takes {fields}")


def read_object(text: bytes | str) -> dict[str, Any]:
    """Decode a JSON object. Raises Refused."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        raise refused("bad-request", f"a JSON object was expected: {error}") from None


def _always(command: Command) -> Callable[[Any], Command]:
    return lambda ask: command


def _printer(make: Callable[[str], Command]) -> Callable[[Any], Command]:
    return lambda ask: make(ask.printer)


def _job(make: Callable[[JobId], Command]) -> Callable[[Any], Command]:
    return lambda ask: make(JobId(ask.job))


def _follow(ask: asks.FollowJob) -> Command:
    return Follow(JobId(ask.job), UNTIL[ask.until], ask.within_s)


def _list_jobs(ask: asks.ListJobs) -> Command:
    return ListJobs(
        states=tuple(ask.state),
        printer=ask.printer,
        owner=ask.owner,
        reason=ask.reason,
        cursor=ask.cursor,
        limit=ask.limit,
    )


def _add(ask: asks.AddPrinter) -> Command:
    return AddPrinter(ask.name, _unmasked(ask.uri), tuple(ask.aliases), ask.options)


def _change(ask: asks.ChangePrinter) -> Command:
    return ChangePrinter(
        ask.printer,
        uri=None if ask.uri is msgspec.UNSET else _unmasked(ask.uri),
        name=None if ask.name is msgspec.UNSET else ask.name,
        aliases=None if ask.aliases is msgspec.UNSET else tuple(ask.aliases),
        options=None if ask.options is msgspec.UNSET else ask.options,
    )


def _adopt(ask: asks.AdoptPrinters) -> Command:
    return AdoptPrinters(tuple(Adoption(one.device, one.name, one.identity) for one in ask.adoptions))


def _reject(ask: asks.AboutDevice) -> Command:
    return RejectPrinter(ask.device)


def _ask(ask: asks.AskPrinter) -> Command:
    match ask.text, ask.data:
        case str(text), None:
            return AskPrinter(ask.printer, text.encode(), ask.channel, ask.within_s)
        case None, str(data):
            return AskPrinter(ask.printer, bytes_of(data), ask.channel, ask.within_s)
        case _:
            raise refused("bad-request", "give exactly one of `text` and `data` (base64)")


def _discovered(ask: asks.ListDiscovered) -> Command:
    return ListDiscovered(ask.wait_s)


def _add_discovered(ask: asks.AddDiscovered) -> Command:
    return AddDiscovered(ask.device, ask.name, ask.uri)


def _identify(ask: asks.IdentifyPrinter) -> Command:
    return IdentifyPrinter(ask.printer, ask.language, ask.within_s)


def _reopen(ask: asks.ReopenChannel) -> Command:
    return ReopenChannel(ask.printer, ask.channel)


def _trace(ask: asks.StartTrace) -> Command:
    return TracePrinter(ask.device, ask.frames)


def _traced(ask: asks.AboutDevice) -> Command:
    return TracePrinter(ask.device)


def _trace_no_more(ask: asks.AboutDevice) -> Command:
    return TracePrinter(ask.device, 0)


def _dead(ask: asks.ListDeadLetters) -> Command:
    return ListDeadLetters(ask.webhook, ask.limit)


def _retry(ask: asks.AboutWebhook) -> Command:
    return RetryDeadLetters(ask.webhook)


def _client(ask: asks.AboutClient) -> Command:
    return DisconnectClient(ask.client)


def _allow(ask: asks.AboutOrigin) -> Command:
    return AllowOrigin(ask.origin)


def _revoke(ask: asks.AboutOrigin) -> Command:
    return RevokeOrigin(ask.origin)


def _read_log(ask: asks.ReadLog) -> Command:
    return ReadLog(ask.after)


def _unmasked(uri: str) -> str:
    if f"//{MASK}" in uri:  # an answer of ours sent back would wipe out the password
        raise refused("bad-uri", f"the URI `{uri}` is masked: write its user and password again, or leave `uri` out")
    return uri


_ROOM = ("too-many-waiting", "store-full", "store-failed", "shutting-down")
_FIT = ("kind-not-accepted", "bad-encoding", "empty-document", "document-too-large")
_SUBMIT = ("unknown-printer", "key-reused", "nobodys-key", *_FIT, *_ROOM)
_TEST = ("unknown-printer", "kind-not-accepted", *_ROOM)
_AGAIN = ("unknown-job", "another-users", "unknown-printer", "not-finished", "document-gone", *_ROOM)

_PRINTER = ("unknown-printer",)
_OWNER = ("own-page-only", "not-trusted")
_ADD = (*_OWNER, "name-taken", "uri-taken", "bad-uri", "bad-option", "store-failed")
_CHANGE = ("unknown-printer", "printer-configured", *_ADD)
_REMOVE = (*_OWNER, "unknown-printer", "printer-configured", "store-failed")
_PAUSE = ("unknown-printer", "store-failed")

_DEVICE = (*_OWNER, "bad-uri", "ambiguous-device")
_FOUND = (*_OWNER, "unknown-device", "printer-known", "name-taken", "bad-option", "bad-uri", "store-failed")
_ADOPT = (*_DEVICE, "identity-needed", "name-taken", "bad-option", "store-failed")
_REJECT = (*_DEVICE, "printer-known", "store-failed")
_ASK = (*_OWNER, "unknown-printer", "cannot-ask", "unknown-channel", "printer-away", "no-answer", "answer-too-large")
_IDENTIFY = (*_ASK, "language-unknown", "bad-answer", "store-failed")
_REOPEN = (*_OWNER, "unknown-printer", "unknown-channel", "printer-away")
_TRACE = (*_DEVICE, "cannot-trace")
_WEBHOOK = (*_OWNER, "unknown-webhook", "store-failed")

_JOB = ("unknown-job",)
_LIST = ("bad-cursor",)
_CANCEL = ("unknown-job", "too-late", "already-finished", "store-failed")
_HELD = ("unknown-job", "unknown-printer", "not-held", "store-failed")
_BYTES = ("unknown-job", "another-users", "document-gone")

_END = (*_OWNER, "unknown-client")
_ALLOW = (*_OWNER, "bad-origin", "store-failed")
_REVOKE = (*_ALLOW, "unknown-origin", "origin-configured")
_RELOAD = (*_OWNER, "bad-config", "store-failed")

CALLS = (
    Call("printers.list", asks.Nothing, _always(ListPrinters()), shapes.Printers, (), "List the printers"),
    Call("printers.add", asks.AddPrinter, _add, shapes.Printer, _ADD, "Add a printer and keep it"),
    Call("printers.show", asks.AboutPrinter, _printer(ShowPrinter), shapes.Printer, _PRINTER, "Show a printer"),
    Call("printers.change", asks.ChangePrinter, _change, shapes.Printer, _CHANGE, "Change an added printer"),
    Call("printers.remove", asks.AboutPrinter, _printer(RemovePrinter), shapes.Done, _REMOVE, "Forget a printer"),
    Call("printers.pause", asks.AboutPrinter, _printer(PausePrinter), shapes.Printer, _PAUSE, "Let jobs wait"),
    Call("printers.resume", asks.AboutPrinter, _printer(ResumePrinter), shapes.Printer, _PAUSE, "Let jobs go again"),
    Call("printers.test", asks.AboutPrinter, _printer(PrintTestPage), shapes.Job, _TEST, "Print a small test page"),
    Call("printers.unadopted", asks.Nothing, _always(ListUnadopted()), shapes.Unadopted, _OWNER, "List newcomers"),
    Call("printers.adopt", asks.AdoptPrinters, _adopt, shapes.Adopted, _ADOPT, "Let printers in that dial in"),
    Call("printers.reject", asks.AboutDevice, _reject, shapes.Done, _REJECT, "Let a newcomer in never"),
    Call("printers.ask", asks.AskPrinter, _ask, shapes.PrinterSaid, _ASK, "Put a question to a printer"),
    Call("printers.identify", asks.IdentifyPrinter, _identify, shapes.Printer, _IDENTIFY, "Have it say what it is"),
    Call("printers.reopen", asks.ReopenChannel, _reopen, shapes.Done, _REOPEN, "Have a channel opened anew"),
    Call("discovered.list", asks.ListDiscovered, _discovered, shapes.Devices, _OWNER, "List devices that were found"),
    Call("discovered.add", asks.AddDiscovered, _add_discovered, shapes.Printer, _FOUND, "Make a device a printer"),
    Call("traces.start", asks.StartTrace, _trace, shapes.Traced, _TRACE, "Write down what a printer sends"),
    Call("traces.show", asks.AboutDevice, _traced, shapes.Traced, _TRACE, "Show what was written down"),
    Call("traces.end", asks.AboutDevice, _trace_no_more, shapes.Traced, _TRACE, "Write no more, and forget it"),
    Call("jobs.submit", asks.Submit, submit, shapes.Job, _SUBMIT, "Print a document"),
    Call("jobs.list", asks.ListJobs, _list_jobs, shapes.Jobs, _LIST, "List jobs, newest first"),
    Call("jobs.show", asks.AboutJob, _job(ShowJob), shapes.Job, _JOB, "Show a job with its timeline"),
    Call("jobs.follow", asks.FollowJob, _follow, shapes.Job, _JOB, "Wait until a job gets so far"),
    Call("jobs.document", asks.AboutJob, _job(FetchDocument), shapes.Document, _BYTES, "Fetch a job's document"),
    Call("jobs.cancel", asks.AboutJob, _job(CancelJob), shapes.Job, _CANCEL, "Cancel a job"),
    Call("jobs.release", asks.AboutJob, _job(ReleaseJob), shapes.Job, _HELD, "Let a held job print (again)"),
    Call("jobs.assume-printed", asks.AboutJob, _job(AssumePrinted), shapes.Job, _HELD, "Take a held job for printed"),
    Call("jobs.reprint", asks.AboutJob, _job(ReprintJob), shapes.Job, _AGAIN, "Make a new job of a finished one"),
    Call("webhooks.list", asks.Nothing, _always(ListWebhooks()), shapes.Webhooks, _OWNER, "List the webhooks"),
    Call("webhooks.dead", asks.ListDeadLetters, _dead, shapes.DeadLetters, _WEBHOOK, "List what was given up"),
    Call("webhooks.retry", asks.AboutWebhook, _retry, shapes.Done, _WEBHOOK, "Try what was given up again"),
    Call("clients.list", asks.Nothing, _always(ListClients()), shapes.Clients, (), "List who is connected"),
    Call("clients.disconnect", asks.AboutClient, _client, shapes.Done, _END, "End a connection"),
    Call("access.list", asks.Nothing, _always(ListOrigins()), shapes.Origins, (), "List the web origins let in"),
    Call("access.allow", asks.AboutOrigin, _allow, shapes.Origins, _ALLOW, "Let an origin in"),
    Call("access.revoke", asks.AboutOrigin, _revoke, shapes.Origins, _REVOKE, "Let it in no more"),
    Call("log.read", asks.ReadLog, _read_log, shapes.Log, (), "Read the log's newest lines"),
    Call("health", asks.Nothing, _always(AskHealth()), shapes.Health, (), "Ask whether the gateway takes work"),
    Call("reload", asks.Nothing, _always(Reload()), shapes.Done, _RELOAD, "Read the configuration again"),
)
"""All calls. A route names one of these; so does a WebSocket frame."""

BY_NAME = {call.name: call for call in CALLS}
