"""Queues of Windows: `winspool:NAME`, this machine's and the connections of the user we run as. Knows no engine.

Only raw bytes go there: nobody here draws pages as an application does that prints in Windows.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fanfold.errors import NotReached
from fanfold.model import Job, Printer, Reason
from fanfold.transports.base import Discovered, Found, Link, Report
from fanfold.transports.ipp_words import page_type
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


def spooler_here() -> Spooler | None:
    """Return this machine's spooler; None where it does not run Windows."""
    if sys.platform == "win32":
        from fanfold.transports.winspool.native import WindowsSpooler

        return WindowsSpooler()
    return None


class WinspoolTransport:
    """Prints on Windows' queues."""

    schemes: tuple[str, ...] = (SCHEME,)
    takes: tuple[str, ...] = ("raw",)

    def __init__(self, spooler: Spooler | None = None) -> None:
        spooler = spooler or spooler_here()
        self._windows = Windows(spooler) if spooler else None

    def check(self, uri: str) -> None:
        """Refuse what is not `winspool:NAME`."""
        queue_of(uri)

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        """See that the queue is there and prints, so that jobs wait with us and not in Windows."""
        windows, name = self._meant(printer)
        async with windows.reached(name) as (desk, seen):
            accepts = printer.options.accepts or ()

            def refusal(work: Work) -> str:
                return why_not_raw(seen.facts) or _why_no_page(work, accepts)

            datatypes = (XPS_PASS, RAW) if await desk.takes_xps(seen.facts.driver) else (RAW, XPS_PASS)
            yield WinspoolLink(desk, seen, datatypes, printer.options.stall_after_s, refusal)

    async def discover(self) -> Sequence[Discovered]:
        """List the queues that this account sees; none where there is no Windows."""
        if self._windows is None:
            return ()
        await self._windows.census.renewed(0)
        return self._windows.census.discovered()

    def listed_as(self, uri: str) -> str:
        """Return the URI as `discover` writes it: spelled as Windows spells the queue."""
        name = queue_of(uri)
        return uri_of(self._windows.census.spelled(name) if self._windows else name)

    async def find(self, printer: Printer, job: Job, report: Report) -> Found:
        """Follow a job of an earlier run by its mark, or look for the one whose title carries our id and attempt."""
        if self._windows is None:
            return Found(uncertain="the spooler of Windows that has it is not on this machine")
        try:
            desk, mark = self._whereabouts(printer, job)
        except ValueError as error:
            return Found(uncertain=str(error))
        return await find_again(desk, job, mark, report)

    async def recall(self, printer: Printer, job: Job) -> None:
        """Have Windows delete a job of an earlier run, if it is ours."""
        try:
            desk, mark = self._whereabouts(printer, job)
        except (ValueError, NotReached):
            return  # `find` says so
        await ask_back(desk, job, mark)

    async def close(self) -> None:
        """Give up what is shared; threads that hang in Windows are left behind. Idempotent."""
        if self._windows is not None:
            await self._windows.close()

    def _meant(self, printer: Printer) -> tuple[Windows, str]:
        name = queue_of(printer.uri)
        if self._windows is None:
            says = f"the Windows queue {name} is not here: this machine does not run Windows. Correct the printer's URI"
            raise NotReached(says, reasons=(Reason.OFFLINE,))
        return self._windows, name

    def _whereabouts(self, printer: Printer, job: Job) -> tuple[Desk, Mark | None]:
        """Where the job went, which need not be where its printer is now."""
        windows, name = self._meant(printer)
        mark = Mark.load(job.foreign) if job.foreign else None
        return windows.desk(mark.queue if mark else windows.census.meant(name)), mark


def _why_no_page(work: Work, accepts: Sequence[str]) -> str:
    """Pages are for an application to draw; a printer that reads PDF by itself has an owner who says so."""
    page = page_type(work)
    if page is None or page == "application/postscript" or page in accepts or "*" in accepts:
        return ""
    return f"hands bytes on as they are and cannot draw {page}; send the printer's own language"
