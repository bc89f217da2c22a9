"""One delivery under way: its task, what it reports, how it can be called off, and what its end means for the job."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from fanfold.engine.aftermath import Aftermath
from fanfold.engine.background import Background
from fanfold.engine.follow import Follow
from fanfold.engine.patience import Patience
from fanfold.engine.standing import Standing
from fanfold.errors import Declined, Interrupted, NotReached
from fanfold.model import Evidence, Job, JobState, OnDoubt, Printer, PrinterState, Reachable, Reason
from fanfold.store.base import Change
from fanfold.wire import Receipt

log = logging.getLogger(__name__)

RECALL_WAIT_S = 10.0
"""How long a spooler may take to say what became of a job that was called back."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a delivery ended, in the words of the three delivery errors; `receipt` when it ended well."""

    receipt: Receipt | None = None
    error: NotReached | Interrupted | Declined | None = None
    called_off: bool = False
    """It was stopped by us; what left is `sent_bytes`."""


class Flight:
    """One claimed job on its way. The lane runs it; the engine may call it off."""

    def __init__(
        self,
        job: Job,
        follow: Follow,
        patience: Patience,
        standing: Standing,
        background: Background,
        *,
        again: Callable[[], None] = lambda: None,
    ) -> None:
        self.job = job
        self.sent_bytes = 0
        self.cancel_because = ""
        """The keyword for it, once the delivery was called off."""
        self.left_over = False
        """An earlier run was sending it: somebody else may have all of it, whatever is known here."""
        self._stall = ""
        self._follow, self._patience, self._standing, self._background = follow, patience, standing, background
        self._task: asyncio.Future[Receipt] | None = None
        self._recall: Callable[[], Awaitable[None]] | None = None
        self.settled: asyncio.Future[Job | None] = asyncio.get_running_loop().create_future()
        self._aftermath = Aftermath(job, self.settled, follow, partial(_doubt, patience), again)

    async def run(self, delivery: Awaitable[Receipt], recall: Callable[[], Awaitable[None]] | None) -> Ending:
        """Wait for the delivery's end, whatever it is; only the lane's own cancelling comes through."""
        self._task = asyncio.ensure_future(delivery)
        self._recall = recall
        try:
            receipt = await self._task
            if receipt.may_rise:
                self._follow.may_rise(self.job)
            return Ending(receipt)
        except (NotReached, Interrupted, Declined) as error:
            return Ending(error=error)
        except asyncio.CancelledError:
            if _being_cancelled():
                raise
            return Ending(called_off=True)
        except Exception as fault:  # a driver's fault is a doubt about this one job, never the lane's end
            log.exception("the driver for %s failed while it delivered %s", self._patience.printer.uri, self.job.id)
            return Ending(error=Interrupted(f"its driver failed: {fault!r}", reasons=(Reason.BROKEN_DRIVER,)))

    # what links report (transports.base.Report)

    def progress(self, sent_bytes: int) -> None:
        """Note how far it is."""
        if sent_bytes > self.sent_bytes:
            self.resumed()
        self.sent_bytes = sent_bytes

    def resumed(self) -> None:
        """Note that what stalled it is over."""
        if self._stall:
            self._stall = ""
            self._patience.stop()
            self._standing.busy(busy=True)
            self._note((), "it goes on")

    def stalled(self, reason: str, message: str) -> None:
        """Note that the printer takes nothing now: the jobs behind wait for a blocked printer."""
        if self._stall == reason:
            return
        self._stall = reason
        self._patience.start()
        reachable = Reachable.DOWN if reason == Reason.OFFLINE else Reachable.UP
        self._standing.tell(PrinterState.PROCESSING, reachable, (reason,), message)
        self._note((reason,), message)

    async def sent(self, foreign: str | None = None) -> None:
        """Put on disk that every byte left us."""
        job = self.job
        note = Change(
            job.id, JobState.PROCESSING, job.attempt, JobState.PROCESSING, (Reason.SENT_ON,),
            evidence=Evidence.SENT, sent_bytes=self.sent_bytes or None, foreign=foreign,
        )  # fmt: skip
        self.job = await self._follow.settle(note) or job

    async def proved(self, receipt: Receipt) -> None:
        """Put on disk that more is known of the paper, once the delivery's end is."""
        await self._aftermath.proved(receipt)

    async def disproved(self, says: str) -> None:
        """Put on disk that what was delivered is in doubt after all, once the delivery's end is."""
        await self._aftermath.disproved(says)

    def _note(self, reasons: tuple[str, ...], message: str) -> None:
        job = self.job
        note = Change(
            job.id, job.state, job.attempt, job.state, reasons, message, sent_bytes=self.sent_bytes or None
        )  # fmt: skip
        self._background.start(self._follow.settle(note), f"note {job.id}")

    # what the engine asks

    async def call_off(self, because: str = Reason.CANCELED_BY_USER) -> Job | None:
        """Cancel the delivery; return the job as it was then settled (completed: too late)."""
        self.cancel_because = because
        if self._recall is not None:
            await self._recall()
            await asyncio.wait({self.settled}, timeout=RECALL_WAIT_S)
        self.give_up()
        return await asyncio.shield(self.settled)

    def give_up(self) -> None:
        """Stop the delivery at once. Idempotent."""
        if self._task is not None and not self._task.done():
            self._task.cancel()

    @property
    def recallable(self) -> bool:
        """Whether somebody else has the bytes, so that stopping to watch does not stop the printing."""
        return self._recall is not None


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def change_for(ending: Ending, flight: Flight, printer: Printer, *, stopping: bool = False) -> Change:
    """Return the transition that a delivery's end means for its job."""
    job = flight.job
    change = _Changes(job, flight.sent_bytes)
    if ending.receipt is not None:
        change = _Changes(job, max(flight.sent_bytes, job.size_bytes * job.copies))
        return change.to(JobState.COMPLETED, (Reason.COMPLETED_SUCCESSFULLY,), ending.receipt.message, ending.receipt)
    if ending.called_off:
        return _called_off(change, flight, stopping=stopping)
    match ending.error:
        case NotReached() as error:
            return change.to(JobState.PENDING, error.reasons, error.says)
        case Declined() as error if flight.cancel_because:
            return change.to(JobState.CANCELED, (flight.cancel_because,), error.says)
        case Declined() as error:
            reasons = dict.fromkeys((Reason.ABORTED_BY_PRINTER, *error.reasons))
            return change.to(JobState.ABORTED, tuple(reasons), error.says)
        case error:
            says = error.says if error else "its delivery ended without a word"
            known_bytes = max(flight.sent_bytes, job.sent_bytes)  # an earlier run may have put down its count
            return in_doubt(job, printer, says, error.reasons if error else (), known_bytes)


def _called_off(change: _Changes, flight: Flight, *, stopping: bool) -> Change:
    if flight.recallable and (flight.left_over or flight.job.foreign is not None or flight.sent_bytes):
        because = Reason.SHUTDOWN if stopping else Reason.DELIVERY_UNCERTAIN
        words = "its spooler has it and did not say what became of it; it may have printed. Look, then decide"
        return change.to(JobState.HELD, tuple(dict.fromkeys((Reason.DELIVERY_UNCERTAIN, because))), words)
    if flight.cancel_because:
        words = f"canceled while it was being sent: {flight.sent_bytes} of its bytes are known to have left"
        doubt = (Reason.DELIVERY_UNCERTAIN,) if flight.sent_bytes else ()
        return change.to(JobState.CANCELED, (flight.cancel_because, *doubt), words)
    # also with no byte known to have left: what is in a kernel's buffer or on the cable may still arrive
    words = (
        f"the gateway stopped while it was being sent, {flight.sent_bytes} of its bytes had left; it may have printed"
    )
    return change.to(JobState.HELD, (Reason.DELIVERY_UNCERTAIN, Reason.SHUTDOWN), words)


def in_doubt(job: Job, printer: Printer, says: str, reasons: tuple[str, ...] = (), sent_bytes: int = 0) -> Change:
    """Return what the printer's rule makes of a job of which paper may or may not have come out.

    A job that only opens a drawer is never sent again by itself.
    """
    change = _Changes(job, sent_bytes)
    match printer.options.on_doubt:
        case OnDoubt.REPRINT if job.reprints == 0 and not job.pulse_only:
            again = change.to(JobState.PENDING, (Reason.REPRINTED_IN_DOUBT, *reasons), says)
            return _with_reprint(again, job.reprints + 1)
        case OnDoubt.ASSUME_PRINTED:
            return change.to(JobState.COMPLETED, (Reason.ASSUMED_PRINTED, *reasons), says)
        case _:
            words = f"{says}. It may have printed: look, then release, cancel or assume it printed"
            return change.to(JobState.HELD, tuple(dict.fromkeys((Reason.DELIVERY_UNCERTAIN, *reasons))), words)


def _doubt(patience: Patience, job: Job, says: str) -> Change:
    return in_doubt(job, patience.printer, says, sent_bytes=job.sent_bytes)


def _with_reprint(change: Change, reprints: int) -> Change:
    return Change(
        change.job, change.from_state, change.from_attempt, change.to_state, change.reasons, change.message,
        evidence=Evidence.NONE, sent_bytes=change.sent_bytes, reprints=reprints,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Changes:
    job: Job
    sent_bytes: int

    def to(self, state: JobState, reasons: tuple[str, ...], says: str, receipt: Receipt | None = None) -> Change:
        job = self.job
        evidence = receipt.evidence if receipt else Evidence.NONE if state is JobState.PENDING else None
        return Change(job.id, job.state, job.attempt, state, reasons, says, evidence, self.sent_bytes)
