"""What became of a job that an earlier run left in flight: asked of whoever has it, else a doubt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fanfold.engine.retry import Backoff
from fanfold.errors import Declined, Interrupted, NotReached
from fanfold.model import Job, Printer, Reason
from fanfold.transports.base import Reconciles, Report, Transport
from fanfold.wire import Receipt

STOPPED = "the gateway stopped while it was being sent"


async def find_again(
    transport: Transport, printer: Printer, job: Job, report: Report, *, pause: Callable[[float], Awaitable[None]]
) -> Receipt:
    """Follow the job to its end; that whoever has it cannot be asked is a stall, and `pause` waits until it is again.

    Raises:
        NotReached: nothing of it printed, so it may be sent again.
        Declined: it ended without printing.
        Interrupted: it cannot be told.
    """
    if not isinstance(transport, Reconciles):
        raise Interrupted(STOPPED, reasons=(Reason.RESTARTED,))
    backoff = Backoff()
    while True:
        try:
            found = await transport.find(printer, job, report)
        except NotReached as absence:
            report.stalled(absence.reasons[0] if absence.reasons else Reason.OFFLINE, absence.says)
            await pause(backoff.next_s(busy=False))
            continue
        if found.receipt is not None:
            return found.receipt
        if found.untouched:
            raise NotReached(f"{STOPPED}, and {found.untouched}", reasons=(Reason.RESTARTED,))
        if found.declined:
            raise Declined(found.declined)
        raise Interrupted(f"{STOPPED}, and {found.uncertain}", reasons=(Reason.RESTARTED,))
