"""Queues of Windows: `winspool:NAME`, this machine's and the connections of the user we run as. Knows no engine.

Only raw bytes go there: nobody here draws pages as an application does that prints in Windows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fanfold.model import Job, Printer
from fanfold.transports.base import Discovered, Found, Link, Report
from fanfold.transports.ipp.words import page_type
from fanfold.transports.winspool.address import SCHEME, queue_of, uri_of
from fanfold.transports.winspool.again import ask_back, find_again
from fanfold.transports.winspool.desk import Desk
from fanfold.transports.winspool.hand import RAW, XPS_PASS
from fanfold.transports.winspool.link import WinspoolLink
from fanfold.transports.winspool.mark import Mark
from fanfold.transports.winspool.queues import why_not_raw
from fanfold.transports.winspool.spooler import Spooler
from fanfold.transports.winspool.windows import Windows
from fanfold.wire import Work


class WinspoolTransport:
    """Prints on Windows' queues."""

    schemes: tuple[str, ...] = (SCHEME,)
    takes: tuple[str, ...] = ("raw",)

    def __init__(self, spooler: Spooler) -> None:
        self._windows = Windows(spooler)

    def check(self, uri: str) -> None:
        """Refuse what is not `winspool:NAME`."""
        queue_of(uri)

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        """See that the queue is there and prints, so that jobs wait with us and not in Windows."""
        async with self._windows.reached(queue_of(printer.uri)) as (desk, seen):
            accepts = printer.options.accepts or ()

            def refusal(work: Work) -> str:
                return why_not_raw(seen.facts) or _why_no_page(work, accepts)

            datatypes = (XPS_PASS, RAW) if await desk.takes_xps(seen.facts.driver) else (RAW, XPS_PASS)
            yield WinspoolLink(desk, seen, datatypes, printer.options.stall_after_s, refusal)

    async def discover(self) -> Sequence[Discovered]:
        """List the queues that this account sees."""
        await self._windows.census.renewed(0)
        return self._windows.census.discovered()

    def listed_as(self, uri: str) -> str:
        """Return the URI as `discover` writes it: spelled as Windows spells the queue."""
        name = queue_of(uri)
        return uri_of(self._windows.census.spelled(name))

    async def find(self, printer: Printer, job: Job, report: Report) -> Found:
        """Follow a job of an earlier run by its mark, or look for the one whose title carries our id and attempt."""
        try:
            desk, mark = self._whereabouts(printer, job)
        except ValueError as error:
            return Found(uncertain=str(error))
        return await find_again(desk, job, mark, report)

    async def recall(self, printer: Printer, job: Job) -> None:
        """Have Windows delete a job of an earlier run, if it is ours."""
        try:
            desk, mark = self._whereabouts(printer, job)
        except ValueError:
            return  # `find` says so
        await ask_back(desk, job, mark)

    async def close(self) -> None:
        """Give up what is shared; threads that hang in Windows are left behind. Idempotent."""
        await self._windows.close()

    def _whereabouts(self, printer: Printer, job: Job) -> tuple[Desk, Mark | None]:
        """Where the job went, which need not be where its printer is now."""
        windows, mark = self._windows, Mark.load(job.foreign) if job.foreign else None
        return windows.desk(mark.queue if mark else windows.census.meant(queue_of(printer.uri))), mark


def _why_no_page(work: Work, accepts: Sequence[str]) -> str:
    """Pages are for an application to draw; a printer that reads PDF by itself has an owner who says so."""
    page = page_type(work)
    if page is None or page == "application/postscript" or page in accepts or "*" in accepts:
        return ""
    return f"hands bytes on as they are and cannot draw {page}; send the printer's own language"
