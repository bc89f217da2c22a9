"""Deliveries as tests make them: documents, printers, and a delivery that is under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fanfold import clock
from fanfold.model import Job, JobState, Printer, PrinterId, new_job_id
from fanfold.transports.base import Recalls, Transport
from fanfold.wire import Document, Receipt, Work
from tests.peers.ledger import Ledger

ZPL = b"^XA^FO50,50^A0N,50,50^FDHello^FS^XZ\n"
TSPL = b'SIZE 40 mm,30 mm CLS TEXT 10,10,"3",0,1,1,"hi" PRINT 1'
ESCPOS = bytes(range(256)) * 8 + b"\x1b@\x1dV\x00"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def work_of(data: bytes, *, language: str = "", copies: int = 1, media_type: str = "application/octet-stream") -> Work:
    return Work(new_job_id(), 1, "A label", Document.of(data, media_type), copies, language)


def printer_at(uri: str) -> Printer:
    return Printer(PrinterId("p1"), "p1", uri)


def job_of(work: Work, foreign: str | None) -> Job:
    now = clock.now()
    return Job(work.job, PrinterId("p1"), JobState.PROCESSING, now, now, attempt=work.attempt, foreign=foreign)


async def deliver(transport: Transport, uri: str, work: Work, ledger: Ledger | None = None) -> Receipt:
    async with transport.open(printer_at(uri)) as link:
        return await link.deliver(work, ledger or Ledger())


@dataclass
class Under:
    """A delivery under way, in a task."""

    task: asyncio.Task[Receipt]
    link: Recalls
    work: Work
    ledger: Ledger


@asynccontextmanager
async def under_way(
    transport: Transport, uri: str, data: bytes = ZPL, ledger: Ledger | None = None
) -> AsyncIterator[Under]:
    work, ledger = work_of(data), ledger or Ledger()
    async with transport.open(printer_at(uri)) as link:
        assert isinstance(link, Recalls)
        task = asyncio.ensure_future(link.deliver(work, ledger))
        try:
            yield Under(task, link, work, ledger)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
