"""Printers that speak IPP themselves: `ipp://host[:port][/path]`, and `ipps://` over TLS. Knows no engine and no CUPS.

Certificates are checked against the system's CAs. Many printers sign their own: then install that certificate, or
write `?verify=no` behind the path to take any.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from fanfold.errors import Declined, Refused
from fanfold.model import Job, Printer
from fanfold.transports.base import Found, Link, Report
from fanfold.transports.ipp import codec as ipp
from fanfold.transports.ipp.client import Away, IppClient, Refusal, checked_host
from fanfold.transports.ipp.codec import Attributes, Group, Range
from fanfold.transports.ipp.job import IppLink
from fanfold.transports.ipp.pursuit import Destination, ask_back, find_again
from fanfold.transports.ipp.server import Server
from fanfold.transports.ipp.watch import Seen, Sight, Watch, look_at
from fanfold.transports.ipp.words import (
    ABORTED,
    CANCELED,
    COMPLETED,
    GET_PRINTER,
    Mark,
    blocked,
    integers,
    keywords,
    page_type,
    unreached,
)
from fanfold.wire import OCTETS, Work

EXAMPLE = "ipp://192.168.1.50/ipp/print or ipps://printer.example:631/ipp/print?verify=no"
PORT = 631
PATH = "/ipp/print"
"""What IPP Everywhere printers answer at (PWG 5100.14 §4.2)."""
_STATE = ("printer-state", "printer-state-reasons", "printer-state-message")
_FACTS = (*_STATE, "printer-is-accepting-jobs", "document-format-supported", "copies-supported")
_IF_AWAY = "See that it is on and in the network, and its address"
_ENDED = (CANCELED, ABORTED, COMPLETED)


class IppTransport:
    """Printers reached by IPP."""

    schemes: tuple[str, ...] = ("ipp", "ipps")
    takes: tuple[str, ...] = ("*",)

    def __init__(self) -> None:
        self._printers: dict[tuple[Server, str], Destination] = {}

    def check(self, uri: str) -> None:
        """Refuse what is not `ipp[s]://host[:port][/path][?verify=no]`."""
        _parse(uri)

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        """Ask whether the printer is there and takes jobs, and what it can print."""
        to = self._destination(printer)
        facts = await _facts(to)
        if (why := blocked(to.who, facts)) is not None:
            raise why

        def prepare(work: Work) -> tuple[str, Attributes]:
            return _document_format(work, to.who, facts), _copies(work, to.who, facts)

        yield IppLink(to, prepare, printer.options.stall_after_s)

    async def find(self, printer: Printer, job: Job, report: Report) -> Found:
        """Follow a job of an earlier run by its mark, or look for the one whose name carries our id and attempt."""
        try:
            mark = Mark.load(job.foreign) if job.foreign else None
        except ValueError as error:
            return Found(uncertain=str(error))
        return await find_again(self._destination(printer), job, mark, report)

    async def recall(self, printer: Printer, job: Job) -> None:
        """Ask the printer to cancel a job of an earlier run, if it is ours."""
        try:
            mark = Mark.load(job.foreign) if job.foreign else None
        except ValueError:
            return  # `find` says so
        await ask_back(self._destination(printer), job, mark)

    async def close(self) -> None:
        """Give up what is shared."""
        printers, self._printers = self._printers, {}
        for to in printers.values():
            await to.watch.close()
            await to.client.close()

    def _destination(self, printer: Printer) -> Destination:
        server, path = _parse(printer.uri)
        if (server, path) not in self._printers:
            client = IppClient(server)
            watch = Watch(_Looker(client, path))
            self._printers[server, path] = Destination(client, watch, path, path, f"the printer at {server}")
        return self._printers[server, path]


class _Looker:
    """Looks at jobs of one printer; of those under way, also at what the printer itself says."""

    def __init__(self, client: IppClient, path: str) -> None:
        self._client, self._path = client, path

    async def __call__(self, ids: tuple[int, ...]) -> Mapping[int, Sight]:
        sights = await asyncio.gather(*(look_at(self._client, self._path, job_id) for job_id in ids))
        if not any(_under_way(sight) for sight in sights):
            return dict(zip(ids, sights, strict=True))
        said = await self._printer_says()
        return {job_id: _with(sight, said) for job_id, sight in zip(ids, sights, strict=True)}

    async def _printer_says(self) -> Attributes:
        try:
            reply = await self._client.ask(GET_PRINTER, self._path, {"requested-attributes": keywords(*_STATE)})
        except (Away, Refusal):
            return {}  # the job was seen, and that is what counts
        facts = reply.first(ipp.PRINTER).attributes
        names = ("printer-state-reasons", "printer-state-message")
        return {f"job-{name}": facts[name] for name in names if name in facts}


def _under_way(sight: Sight) -> bool:
    return isinstance(sight, Seen) and sight.job.number("job-state") not in _ENDED


def _with(sight: Sight, said: Attributes) -> Sight:
    if not isinstance(sight, Seen):
        return sight
    return Seen(replace(sight.job, attributes={**sight.job.attributes, **said}))


async def _facts(to: Destination) -> Group:
    try:
        reply = await to.client.ask(GET_PRINTER, to.path, {"requested-attributes": keywords(*_FACTS)})
    except (Away, Refusal) as error:
        raise unreached(to.who, to.client.server, error, _IF_AWAY) from error
    return reply.first(ipp.PRINTER)


def _document_format(work: Work, who: str, facts: Group) -> str:
    """Return the document's own type where the printer takes it, else octet-stream where it takes that."""
    wanted = page_type(work) or work.document.media_type
    supported = facts.texts("document-format-supported")
    for offered in (wanted, OCTETS):
        if offered in supported or not supported:
            return offered
    raise Declined(f"{who} does not print {wanted}; it takes {', '.join(supported)}")


def _copies(work: Work, who: str, facts: Group) -> Attributes:
    if work.copies == 1:
        return {}
    match next(iter(facts.all("copies-supported")), None):
        case Range(high=most) if work.copies <= most:
            return {"copies": integers(work.copies)}
        case Range(high=most):
            raise Declined(f"{who} prints at most {most} copies at a time, not {work.copies}")
        case _:
            raise Declined(f"{who} prints one copy at a time, not {work.copies}; send the job that often")


def _parse(uri: str) -> tuple[Server, str]:
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port or PORT
    except ValueError as error:
        raise _bad(uri, str(error)) from error
    if parts.scheme not in ("ipp", "ipps"):
        raise _bad(uri, "it does not begin with ipp:// or ipps://")
    if not host or "@" in parts.netloc or parts.fragment:
        raise _bad(uri, "it must name a host, without a user or a fragment")
    if parts.query not in ("", "verify=yes", "verify=no"):
        raise _bad(uri, "its only option is ?verify=no")
    tls = parts.scheme == "ipps"
    try:
        return Server(checked_host(host), port, tls=tls, verify=parts.query != "verify=no"), parts.path or PATH
    except ValueError as error:
        raise _bad(uri, str(error)) from error


def _bad(uri: str, why: str) -> Refused:
    return Refused(f"{uri!r} is no IPP printer: {why}. Write, for example, {EXAMPLE}", code="bad-uri", status=422)
