"""Deliveries as the scenarios in the guest make them. Knows no cable."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fanfold.model import Printer
from fanfold.transports.base import Link, Transport
from fanfold.wire import Receipt
from tests.peers.deliveries import work_of
from tests.peers.ledger import Ledger

MIB = 1024 * 1024
TAIL = b"^XZ\n"
"""Ends a transfer early, as documents do."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One under way, in a task."""

    link: Link
    ledger: Ledger
    task: asyncio.Task[Receipt]

    async def cancelled(self) -> int:
        """Cancel it; return how many bytes it then says have left."""
        self.task.cancel()
        await asyncio.wait({self.task})
        return self.link.sent_bytes


@asynccontextmanager
async def delivering(transport: Transport, printer: Printer, document: bytes) -> AsyncIterator[Delivery]:
    """Begin a delivery; what is left of it in the end is cancelled."""
    ledger = Ledger()
    async with transport.open(printer) as link:
        delivery = Delivery(link, ledger, asyncio.create_task(link.deliver(work_of(document), ledger)))
        try:
            yield delivery
        finally:
            await delivery.cancelled()


async def printed(transport: Transport, printer: Printer, document: bytes) -> Receipt:
    """Deliver a document."""
    async with transport.open(printer) as link:
        return await link.deliver(work_of(document), Ledger())


def bounds(says: str, counted: int) -> tuple[int, int]:
    """Return how many bytes have left for certain, which is as counted, and how many at most, as the words have it."""
    known, more = re.search(r"had taken (\d+) of", says), re.search(r"up to (\d+) more", says)
    assert known is not None, says
    assert int(known[1]) == counted, (says, counted)
    return counted, counted + (int(more[1]) if more else 0)
