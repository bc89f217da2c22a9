"""What each request of zebra_ws_print's apps asks the engine, step by step. Knows no route and no body's format.

A talk yields a command, is sent its reply, and returns the answer; it raises Refused where it ends in a refusal.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from urllib.parse import quote, unquote

from fanfold.dialects.zebra_ws_print_bodies import Label, Question, Reopening
from fanfold.errors import Refused
from fanfold.messages import (
    Accepted,
    AskPrinter,
    Command,
    Done,
    ListPrinters,
    Printers,
    PrinterSaid,
    PrinterShown,
    PrinterView,
    Refusal,
    ReopenChannel,
    Reply,
    ShowPrinter,
    Submit,
)
from fanfold.wire import Document

Talk = Generator[Command, Reply, bytes]

ZPL = "application/vnd.zebra-zpl"
PARTS = ("main", "raw", "config")
"""The original's order. It lists `id_q` too, a queue of its own that is no part of a printer: that is left out."""
SCHEME = "weblink"


def list_printers() -> Talk:
    """List each Weblink printer that is there, by serial, with its open channels."""
    reply = yield ListPrinters()
    if not isinstance(reply, Printers):
        raise _refused(reply)
    return "".join(_listed(view) for view in reply.printers).encode()


def print_labels(labels: Sequence[Label], *, keep_when_absent: bool) -> Talk:
    """Have all labels kept in their order; none of them, where one of their printers is unknown or away."""
    views = {}
    for serial in dict.fromkeys(label.serial for label in labels):
        views[serial] = view = yield from _find(serial)
        if not keep_when_absent and _is_absent(view):
            raise _absent(serial)
    for kept, label in enumerate(labels):
        # It may go away before this is done: the label is then kept, as its app is told, and prints on its return.
        document = Document.of(label.zpl, ZPL)
        ask = Submit(views[label.serial].printer.id, document, external_id=label.external_id, is_typed=True)
        reply = yield ask
        if not isinstance(reply, Accepted):
            raise _partly(labels, kept, _refused(reply)) if kept else _refused(reply)
    return b"."


def ask_printer(question: Question, *, within_s: float) -> Talk:
    """Put a question to a printer, by its usual channel, and bring back the answer as it came."""
    view = yield from _find(question.serial)
    reply = yield AskPrinter(view.printer.id, question.text, within_s=within_s)
    if not isinstance(reply, PrinterSaid):
        raise _refused(reply)
    return reply.answer


def reopen(asked: Reopening) -> Talk:
    """Have a channel opened anew."""
    view = yield from _find(asked.serial)
    reply = yield ReopenChannel(view.printer.id, asked.channel)
    if not isinstance(reply, Done):
        raise _refused(reply)
    return f"The channel {asked.channel} of {asked.serial} is open anew.".encode()


def _find(serial: str) -> Generator[Command, Reply, PrinterView]:
    """Return the printer with that serial; else the one that people call so, which need not dial in."""
    for said in (_uri(serial), serial):
        reply = yield ShowPrinter(said)
        if isinstance(reply, PrinterShown):
            if said is serial or _serial(reply.view) == serial:
                return reply.view
        elif (refused := _refused(reply)).code != "unknown-printer":
            raise refused
    raise _unknown(serial)


def _uri(serial: str) -> str:
    return f"{SCHEME}:{quote(serial, safe='', errors='surrogatepass')}"


def _serial(view: PrinterView) -> str:
    scheme, _, serial = view.printer.uri.partition(":")
    return unquote(serial) if scheme.lower() == SCHEME else ""


def _is_absent(view: PrinterView) -> bool:
    """Tell whether it is away for certain: of one that we dial, only trying can say."""
    return bool(_serial(view)) and not view.channels


def _listed(view: PrinterView) -> str:
    serial = _serial(view)
    parts = [f"\n[{serial}] - {part}" for part in PARTS if part in view.channels] if serial else []
    return "".join((*parts, "\n")) if parts else ""


def _refused(reply: Reply) -> Refused:
    if isinstance(reply, Refusal):
        return Refused(reply.says, code=reply.code, status=reply.status)
    raise TypeError(f"{type(reply).__name__} answers none of what this dialect asked")


def _unknown(serial: str) -> Refused:
    says = (
        f"There is no printer {serial[:80]!r} here, and nothing was done. One that dials in has to be let in once: see "
        "`fanfold printers unadopted`, then `fanfold printers adopt SERIAL`."
    )
    return Refused(says, code="unknown-printer", status=404)


def _absent(serial: str) -> Refused:
    says = (
        f"The printer {serial[:80]!r} is not connected now. Nothing was kept and nothing will print: send it again "
        "later, or set `keep_when_absent` under [dialects.zebra_ws_print]."
    )
    return Refused(says, code="printer-away", status=503)


def _partly(labels: Sequence[Label], kept: int, why: Refused) -> Refused:
    # 409, not its own status: an app that simply sends all of it again would print the first ones twice.
    says = (
        f"{kept} of {len(labels)} labels, the first, are kept and will print. Number {kept + 1}, for "
        f"{labels[kept].serial}, and all behind it are not: {why.says} Send only those again."
    )
    return Refused(says, code="partly-kept", status=409)
