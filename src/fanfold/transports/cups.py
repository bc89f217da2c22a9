"""Queues of a CUPS server, local or remote: `cups:///queue`, `cups://host[:port]/queue`. Knows no engine.

Raw languages always go as `application/vnd.cups-raw`: with anything else CUPS may print their letters as text.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fanfold.errors import Declined, NotReached, Refused
from fanfold.model import Job, Printer, Reason
from fanfold.transports.base import Discovered, Found, Link, Report
from fanfold.transports.ipp import codec as ipp
from fanfold.transports.ipp.client import Away, IppClient, Refusal, checked_host
from fanfold.transports.ipp.codec import Attributes, Group
from fanfold.transports.ipp.job import IppLink
from fanfold.transports.ipp.pursuit import Destination, ask_back, find_again
from fanfold.transports.ipp.server import Server, path_of
from fanfold.transports.ipp.traits import WANTED as TRAITS_WANTED
from fanfold.transports.ipp.traits import marks_of, traits_of
from fanfold.transports.ipp.watch import Seen, Sight, Watch, look_at
from fanfold.transports.ipp.words import (
    CUPS_GET_PRINTERS,
    GET_JOBS,
    GET_PRINTER,
    JOB_KEYWORDS,
    NOT_FOUND,
    Mark,
    blocked,
    integers,
    keywords,
    page_type,
    unreached,
)
from fanfold.wire import Work

EXAMPLE = "cups:///Zebra_ZD420 or cups://printserver:631/Zebra_ZD420"
RAW = "application/vnd.cups-raw"
SOCKETS = ("/run/cups/cups.sock", "/var/run/cups/cups.sock", "/private/var/run/cupsd")
"""Debian and Fedora, older ones, macOS."""
PORT = 631
_IS_FAX, _IS_DEFAULT = 0x40000, 0x20000
"""Bits of `printer-type` (CUPS Implementation of IPP, "printer-type")."""
_IF_MISSING = "It may have crashed; if this happens to all jobs, set PreserveJobHistory Yes in its cupsd.conf"
_IF_AWAY = "See that CUPS runs there, and that the printer's URI or `cups_server` under `[discovery]` names it right"
_QUEUE = (
    "printer-name",
    "printer-type",
    "printer-state",
    "printer-state-reasons",
    "printer-state-message",
    "printer-is-accepting-jobs",
    "printer-is-temporary",
    "printer-location",
    *TRAITS_WANTED,
)


class CupsTransport:
    """The queues of CUPS servers. `server` is the default one: `host[:port]` or a socket's path, as in CUPS_SERVER."""

    schemes: tuple[str, ...] = ("cups",)
    takes: tuple[str, ...] = ("*",)

    def __init__(self, server: str | None = None) -> None:
        self._default = server
        self._desks: dict[Server, _Desk] = {}

    def check(self, uri: str) -> None:
        """Refuse what is not `cups://[host[:port]]/queue`."""
        _parse(uri, Server())

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        """Ask whether the queue is there and takes jobs, so that they wait with us and not in CUPS."""
        server, queue = _parse(printer.uri, self._default_server())
        desk = self._desk(server)
        to = desk.destination(queue)
        facts = await _facts(to)
        if (why := blocked(to.who, facts)) is not None:
            raise why
        raw = _is_raw(facts)

        def prepare(work: Work) -> tuple[str, Attributes]:
            return _document_format(work, to.who, raw=raw), {"copies": integers(work.copies)}

        yield IppLink(to, prepare, printer.options.stall_after_s)

    async def discover(self) -> Sequence[Discovered]:
        """List the queues of the default server."""
        client = self._desk(self._default_server()).client
        try:
            reply = await client.ask(CUPS_GET_PRINTERS, "/", {"requested-attributes": keywords(*_QUEUE)})
        except Away as away:
            raise NotReached(str(away), reasons=(Reason.OFFLINE,)) from away
        except Refusal as refusal:
            if refusal.status == NOT_FOUND:
                return ()  # "No destinations added."
            raise NotReached(str(refusal), reasons=(Reason.OFFLINE,)) from refusal
        return tuple(_discovered(facts) for facts in reply.of(ipp.PRINTER) if facts.text("printer-name"))

    def listed_as(self, uri: str) -> str:
        """Return `cups:///queue` for a queue of the default server, however that is named."""
        default = self._default_server()
        server, queue = _parse(uri, default)
        return f"cups://{path_of(queue)}" if _place(server) == _place(default) else uri

    async def find(self, printer: Printer, job: Job, report: Report) -> Found:
        """Follow a job of an earlier run by its mark, or look for the one whose name carries our id and attempt."""
        try:
            to, mark = self._whereabouts(printer, job)
        except ValueError as error:
            return Found(uncertain=str(error))
        return await find_again(to, job, mark, report)

    async def recall(self, printer: Printer, job: Job) -> None:
        """Ask CUPS to cancel a job of an earlier run, if it is ours."""
        try:
            to, mark = self._whereabouts(printer, job)
        except (ValueError, NotReached):
            return  # `find` says so
        await ask_back(to, job, mark)

    async def close(self) -> None:
        """Give up what is shared."""
        desks, self._desks = self._desks, {}
        for desk in desks.values():
            await desk.watch.close()
            await desk.client.close()

    def _whereabouts(self, printer: Printer, job: Job) -> tuple[Destination, Mark | None]:
        """Where the job went, which need not be where its printer is now."""
        if job.foreign is None:
            server, queue = _parse(printer.uri, self._default_server())
            return self._desk(server).destination(queue), None
        mark = Mark.load(job.foreign)
        queue = unquote(mark.queue.rpartition("/")[2])
        return self._desk(_server(mark.server)).destination(queue), mark

    def _desk(self, server: Server) -> _Desk:
        if server not in self._desks:
            self._desks[server] = _Desk(server)
        return self._desks[server]

    def _default_server(self) -> Server:
        """Return the server of a URI that names none. Raises NotReached where what names it names nothing."""
        named = self._default or os.environ.get("CUPS_SERVER")
        try:
            return _server(named or next((path for path in SOCKETS if Path(path).exists()), f"localhost:{PORT}"))
        except ValueError as error:
            says = f"{error}. Correct `cups_server` under `[discovery]`, or CUPS_SERVER in the environment"
            raise NotReached(says, reasons=(Reason.OFFLINE,)) from error


class _Desk:
    """What all links to one server share: its connections and the one poller."""

    def __init__(self, server: Server) -> None:
        self.client = IppClient(server)
        self.watch = Watch(self._look)

    def destination(self, queue: str) -> Destination:
        who = f"the CUPS queue {queue} at {self.client.server}"
        path = path_of("printers", queue)
        return Destination(
            self.client, self.watch, path, "/", who, _IF_MISSING, half_is_nothing=True, keeps_names=True, lists_all=True
        )

    async def _look(self, ids: tuple[int, ...]) -> Mapping[int, Sight]:
        """Look at many jobs at once; where one is unknown CUPS refuses them all, so then one by one."""
        if len(ids) > 1:
            wanted = {"job-ids": integers(*ids), "requested-attributes": keywords(*JOB_KEYWORDS)}
            try:
                jobs = (await self.client.ask(GET_JOBS, "/", wanted)).of(ipp.JOB)
            except (Away, Refusal):
                jobs = ()
            seen: dict[int, Sight] = {job.number("job-id") or 0: Seen(job) for job in jobs}
            if seen.keys() == set(ids):
                return seen
        sights = await asyncio.gather(*(look_at(self.client, "/", job_id) for job_id in ids))
        return dict(zip(ids, sights, strict=True))


async def _facts(to: Destination) -> Group:
    try:
        reply = await to.client.ask(GET_PRINTER, to.path, {"requested-attributes": keywords(*_QUEUE)})
    except (Away, Refusal) as error:
        raise unreached(to.who, to.client.server, error, _IF_AWAY) from error
    return reply.first(ipp.PRINTER)


def _is_raw(facts: Group) -> bool:
    return "raw printer" in facts.text("printer-make-and-model").lower()


def _document_format(work: Work, who: str, *, raw: bool) -> str:
    page = page_type(work)
    if page is None:
        return RAW
    if raw:
        raise Declined(
            f"{who} is a raw queue: it hands bytes on as they are and cannot draw {page}. "
            "Give the queue a driver in CUPS, or send the printer's own language"
        )
    return page


def _discovered(facts: Group) -> Discovered:
    name, kind = facts.text("printer-name"), facts.number("printer-type") or 0
    model, location = facts.text("printer-make-and-model"), facts.text("printer-location")
    is_virtual = facts.text("device-uri").startswith("cups-pdf:") or "cups-pdf" in model.lower()
    return Discovered(
        name,
        f"cups://{path_of(name)}",
        ("raw",) if _is_raw(facts) else ("*",),
        info=", ".join(words for words in (model, location) if words),
        is_default=bool(kind & _IS_DEFAULT),
        is_temporary=bool(kind & _IS_FAX or facts.number("printer-is-temporary") or is_virtual),
        traits=traits_of(facts, "cups"),
        marks=marks_of(facts),
    )


def _place(server: Server) -> tuple[str, int]:
    """What two names of one server have in common: a local cupsd answers at its socket and at this machine's names."""
    if server.socket_path and server.socket_path not in SOCKETS:
        return (server.socket_path, 0)
    host = server.host.lower()
    return ("localhost" if host in {"127.0.0.1", "::1"} else host, server.port)


def _server(named: str) -> Server:
    """Read a server as CUPS_SERVER names it. Raises ValueError."""
    if named.startswith("/"):
        return Server(socket_path=named)
    parts = urlsplit(f"//{named.partition('/')[0]}")  # it may end in /version=1.1
    if not parts.hostname:
        raise ValueError(f"{named!r} names no CUPS server; write host, host:port or a socket's path")
    return Server(checked_host(parts.hostname), parts.port or PORT)


def _parse(uri: str, default: Server) -> tuple[Server, str]:
    try:
        parts = urlsplit(uri)
        server = _server(parts.netloc) if parts.netloc else default
    except ValueError as error:
        raise _bad(uri, str(error)) from error
    queue = unquote(parts.path[1:])
    if parts.scheme != "cups" or not uri.lower().startswith("cups://"):
        raise _bad(uri, "it does not begin with cups://")
    if not queue or "/" in parts.path[1:]:
        raise _bad(uri, "it must name one queue after the host")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise _bad(uri, "it takes no user, query or fragment")
    return server, queue


def _bad(uri: str, why: str) -> Refused:
    return Refused(f"{uri!r} is no CUPS queue: {why}. Write, for example, {EXAMPLE}", code="bad-uri", status=422)
