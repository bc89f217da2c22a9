"""Windows' queues where there is no Windows: they have addresses, and are away. Knows no spooler."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import NoReturn

from fanfold.errors import NotReached
from fanfold.model import Job, Printer, Reason
from fanfold.transports.base import Found, Link, Report
from fanfold.transports.winspool.address import SCHEME, queue_of


class WinspoolElsewhere:
    """Stands in for `WinspoolTransport` on other systems, which need not read its code."""

    schemes: tuple[str, ...] = (SCHEME,)
    takes: tuple[str, ...] = ("raw",)

    def check(self, uri: str) -> None:
        """Refuse what is not `winspool:NAME`."""
        queue_of(uri)

    def open(self, printer: Printer) -> AbstractAsyncContextManager[Link]:
        """Raise NotReached: the queue is on no machine like this."""
        return _away(queue_of(printer.uri))

    async def find(self, printer: Printer, job: Job, report: Report) -> Found:
        """Say that nobody here can tell."""
        return Found(uncertain="the spooler of Windows that has it is not on this machine")

    async def recall(self, printer: Printer, job: Job) -> None:
        """Ask nobody: `find` says so."""

    async def close(self) -> None:
        """Nothing is shared between links."""


def _away(name: str) -> NoReturn:
    says = f"the Windows queue {name} is not here: this machine does not run Windows. Correct the printer's URI"
    raise NotReached(says, reasons=(Reason.OFFLINE,))
