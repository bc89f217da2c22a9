"""One printer's single file of jobs: reach, claim, deliver, settle. Knows no protocol, only a transport's promises."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TypeVar, cast

from fanfold.engine.approach import Approach
from fanfold.engine.background import Background
from fanfold.engine.flight import Ending, Flight, change_for
from fanfold.engine.follow import Follow
from fanfold.engine.leftovers import find_again
from fanfold.engine.patience import Patience
from fanfold.engine.pause import until_set
from fanfold.engine.standing import Standing
from fanfold.engine.tongues import Tongues
from fanfold.engine.turnstile import Turnstile
from fanfold.engine.way import Way
from fanfold.errors import Declined, Interrupted, NotReached, StoreFailed
from fanfold.model import Evidence, Job, JobId, Printer, PrinterState, Reachable, Reason
from fanfold.store.base import Change, KeptPrinter, Store
from fanfold.transports.base import Link, Recalls, Receives, Reconciles, Speaks, Transport
from fanfold.wire import Receipt, Work

T = TypeVar("T")

log = logging.getLogger(__name__)

STORE_RETRY_S = 2.0
GIVE_UP_S = 5.0
"""How long a delivery that was given up may take to let go and be settled."""
INTERRUPTIONS_IN_A_ROW = 2
"""A flaky cable shall not turn a whole queue into doubts."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What all lanes of one engine share."""

    store: Store
    follow: Follow
    background: Background
    tongues: Tongues = field(default_factory=Tongues)


class Lane:
    """Prints one printer's jobs, one at a time, in the store's order."""

    def __init__(self, kept: KeptPrinter, transport: Transport, desk: Desk, leftovers: list[Job]) -> None:
        self.printer: Printer = kept.printer
        self.transport = transport
        self.patience = Patience(kept, desk.store, desk.follow, desk.background)
        self.standing = Standing(kept.printer.id, desk.store, desk.background)
        self.flight: Flight | None = None
        self.gone = False
        """Its spooler no longer lists it."""
        self.turn = asyncio.Lock()
        """Held while its printer's facts are changed on disk: else an older write could come after a newer one."""
        self.language = self.encoding = ""
        """As far as they are known: by its owner, by itself, by its kind; or supposed. Asked for with every job."""
        self._spoken = ""
        self._desk, self._store, self._follow = desk, desk.store, desk.follow
        self._leftovers = leftovers
        self._interruptions = 0
        self._news = asyncio.Event()
        self._stopped = asyncio.Event()
        self._approach = Approach(self.patience, self.standing, self._news, self._stopped)
        self._turnstile = Turnstile(self._stopped)
        self._at_rest = True
        """No job is claimed or settled right now, so that the loop may be ended at any await."""
        self._task: asyncio.Task[None] | None = None
        self._learn_transport(transport)

    # what the engine tells and asks

    @property
    def busy(self) -> bool:
        """Whether it has a job in hand, or one of an earlier run to ask after."""
        return self.flight is not None or bool(self._leftovers) or not self._at_rest

    def start(self) -> None:
        """Begin to print."""
        self._note_pause()
        self._task = self._desk.background.start(self._run(), f"lane {self.printer.id}")

    def wake(self) -> None:
        """Say that there is something new: a job, a resume."""
        self.stir()
        if self.patience.running:
            self.patience.look()

    def stir(self) -> None:
        """Say that the printer may be reached by now. No job is late by that, and thousands may come at once."""
        self._news.set()

    def came(self, faults: Mapping[str, str], language: str = "") -> None:
        """It dialled in, with these faults and words for them: jobs that wait for it go at once."""
        self._spoken = language or self._spoken
        self._learn_tongue()
        self.standing.came(self.scheme, faults)
        self._approach.came()

    @property
    def scheme(self) -> str:
        """By which kind of way the printer is reached."""
        return self.printer.uri.partition(":")[0].lower()

    def change(self, printer: Printer, transport: Transport) -> None:
        """Take the printer's new facts; what is being sent is not touched."""
        if printer.uri != self.printer.uri:
            self.standing.forget_device()
            self._spoken = ""
        self.printer, self.transport, self.patience.printer = printer, transport, printer
        self._learn_transport(transport)
        self._note_pause()
        self._approach.reset()
        self.wake()

    def _learn_transport(self, transport: Transport) -> None:
        """Ask once what it can: Python takes long to see it."""
        self._dials_in = isinstance(transport, Receives)
        self._approach.tells_when_it_comes(tells=self._dials_in)
        self._spoken_by_kind = transport.language if isinstance(transport, Speaks) else ""
        self._learn_tongue()

    def _learn_tongue(self) -> None:
        tongues = self._desk.tongues
        self.language = tongues.spoken_by(self.printer, self._spoken, self._spoken_by_kind)
        self.encoding = tongues.encoding_of(self.printer, self.language)

    def vanished(self, *, gone: bool) -> None:
        """Its spooler lists it no longer, or again."""
        if self.gone is gone:
            return
        self.gone = gone
        if gone:
            self.standing.tell(PrinterState.STOPPED, Reachable.DOWN, (Reason.OFFLINE,), "its queue is not there")
        else:
            self.standing.unknown()
        self._approach.reset()
        self.wake()

    async def cancel(self, job: JobId) -> Job | None:
        """Call off the delivery of that job and return it as settled; None when it is not under way here."""
        if self.flight is None or self.flight.job.id != job:
            return None
        return await self.flight.call_off()

    async def call_off_late(self, job: JobId) -> None:
        """Call off the delivery of that job because it took too long, unless the printer itself has all of it."""
        flight = self.flight
        if flight is None or flight.job.id != job:
            return
        if flight.recallable or flight.job.evidence < Evidence.SENT:
            await flight.call_off(Reason.TOO_LATE)

    async def ask(self, question: Callable[[float], Awaitable[T]], within_s: float) -> T:
        """Have the printer asked between jobs, by what is given the seconds left for it; return its answer.

        A printer that dials in has ways of its own beside jobs, and waits for none.

        Raises:
            NotReached: a job kept it for so long, or it ends.
            TimeoutError: it did not answer in time.
            Exception: whatever the question raises.
        """
        if self._dials_in:
            return await question(within_s)
        return await self._turnstile.ask(question, within_s)

    async def stop(self, drain_s: float) -> None:
        """Let what is being sent end within that time, then give it up, and end."""
        self._stopped.set()
        self._news.set()
        if self._task is None:
            return
        if not self._at_rest:
            await asyncio.wait({self._task}, timeout=drain_s)
        if self.flight is not None:
            self.flight.give_up()
            await asyncio.wait({self._task}, timeout=GIVE_UP_S)
        self._task.cancel()
        await asyncio.wait({self._task})

    @property
    def _stopping(self) -> bool:
        return self._stopped.is_set()

    # the loop

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._settle_leftovers()
                await self._until_there_is_work()
                await self._print()
            except StoreFailed as failure:
                self._at_rest = True
                await self._rest(failure.says, Reason.STORE_FAILED)
            except Exception as fault:
                log.exception("the lane of %s met a fault", self.printer.id)
                self._at_rest = True
                await self._rest(f"its driver failed: {fault!r}", Reason.BROKEN_DRIVER)

    async def _print(self) -> None:
        if self._stopping:
            return
        async with self._turnstile.for_jobs:
            way = await self._approach.way(self.transport, self.printer, self._store.age_s)
            if (way := await self._unless_paused(way)) is not None:
                await self._print_from(way)
        if self._approach.is_barred and not self._stopping:
            await self._approach.wait()

    async def _until_there_is_work(self) -> None:
        while not self._stopping:
            self._news.clear()
            if self._store.waiting(self.printer.id) and not self.printer.paused:
                return
            if not self.printer.paused and self.standing.lane.state is PrinterState.PROCESSING:
                self.standing.busy(busy=False)
            await self._news.wait()

    async def _print_from(self, way: Way) -> None:
        """Print while jobs wait, each over a way of its own that is open before its job is claimed."""
        job = await self._first(way)
        next_way: Way | None = way
        while job is not None and next_way is not None:
            change = await self._deliver(next_way, job)
            next_way = await self._unless_paused(await self._next_way(change))
            job = await self._settle(change, next_way)
        self._at_rest = True

    async def _first(self, way: Way) -> Job | None:
        self._at_rest = False
        try:
            if self.patience.running:
                await self.patience.expire()
                self.patience.stop()
            job = await self._store.claim(self.printer.id, self.patience.lateness)
        except BaseException:
            await way.give_up()
            raise
        if job is None:
            await way.give_up()
            self._approach.reset()
            self.standing.busy(busy=False)
            await self.patience.expire()  # what waits but was not claimed is late by a rule that changed
        return job

    async def _deliver(self, way: Way, job: Job) -> Change:
        self.standing.busy(busy=True)
        recall = cast("Recalls", way.link).recall if _recalls(type(way.link)) else None
        flight = self._fly(job)
        try:
            ending = await flight.run(self._bring(way.link, job, flight), recall)
            flight.sent_bytes = max(flight.sent_bytes, way.link.sent_bytes)
        finally:
            await way.give_up()
        self.patience.stop()
        self._learn_from(ending)
        if self.printer.paused:
            self._note_pause()
        return change_for(ending, flight, self.printer, stopping=self._stopping)

    def _fly(self, job: Job, *, left_over: bool = False) -> Flight:
        self.flight = Flight(
            job, self._follow, self.patience, self.standing, self._desk.background, again=self.wake
        )  # fmt: skip
        self.flight.left_over = left_over
        return self.flight

    async def _bring(self, link: Link, job: Job, flight: Flight) -> Receipt:
        document = await self._store.document(job.id)
        if document is None or (document.path is not None and not document.path.exists()):
            raise Declined("its document is no longer in the store; nothing of it was sent")
        title = job.title or f"Fanfold {job.id}"
        return await link.deliver(Work(job.id, job.attempt, title, document, job.copies, job.language), flight)

    def _learn_from(self, ending: Ending) -> None:
        interrupted = isinstance(ending.error, Interrupted)
        self._interruptions = self._interruptions + 1 if interrupted else 0
        if interrupted and self._interruptions >= INTERRUPTIONS_IN_A_ROW and ending.error is not None:
            self._interruptions = 0
            self._pause_by_itself(ending.error.says)
        if isinstance(ending.error, NotReached):
            self._approach.barred(ending.error)
        else:
            self._approach.reset()

    def _pause_by_itself(self, says: str) -> None:
        because = f"two jobs in a row were interrupted ({says}). Look at the printer, then resume it"
        self.printer = replace(self.printer, paused=True, paused_because=because)
        self.patience.printer = self.printer
        # Aside: a disk that does not take it must not keep the job's end from being written.
        self._desk.background.start(self._store.save_printer(self.printer), f"pause {self.printer.id}")
        self._note_pause()

    def _note_pause(self) -> None:
        if self.printer.paused:
            self.patience.start()
            says = self.printer.paused_because
            reasons = (Reason.PAUSED, Reason.INTERRUPTED_TWICE) if says else (Reason.PAUSED,)
            says = says or "paused by a person; its jobs wait until it is resumed"
            self.standing.tell(PrinterState.STOPPED, self.standing.lane.reachable, reasons, says)
        elif Reason.PAUSED in self.standing.lane.reasons:
            self.patience.stop()
            self.standing.unknown()

    async def _next_way(self, change: Change) -> Way | None:
        """Reach the printer for the next job, where there is one and nothing speaks against it."""
        goes_on = change.to_state.finished and not self._interruptions and not self._stopping
        if not goes_on or self.printer.paused or self._turnstile.is_wanted:
            return None
        if not self._store.waiting(self.printer.id):
            return None
        return await self._approach.quick_way(self.transport, self.printer)

    async def _unless_paused(self, way: Way | None) -> Way | None:
        """Give up a way that was found after its printer was paused or the gateway stops."""
        if way is not None and (self.printer.paused or self._stopping):
            await way.give_up()
            return None
        return way

    async def _settle(self, change: Change, way: Way | None) -> Job | None:
        """Write how the flight ended, and claim the next job where there is a way for it; None: nothing claimed."""
        flight, claimed = self.flight, None
        try:
            if way is not None:
                settled, claimed = await self._follow.settle_and_claim(change, self.printer.id, self.patience.lateness)
            else:
                settled = await self._follow.settle(change)
        except StoreFailed as failure:
            settled = await self._settle_stubbornly(change, failure)
        finally:
            if way is not None and claimed is None:
                await way.give_up()
        self._land(flight, settled)
        return claimed

    async def _settle_stubbornly(self, change: Change, failure: StoreFailed) -> Job | None:
        """The disk does not take how a job ended: this printer stops, in words, until it does."""
        while True:
            await self._rest(f"how job {change.job} ended could not be written: {failure.says}", Reason.STORE_FAILED)
            try:
                return await self._follow.settle(change)
            except StoreFailed as again:
                if self._stopping:
                    raise
                failure = again

    def _land(self, flight: Flight | None, settled: Job | None) -> None:
        if flight is None:
            return
        if not flight.settled.done():
            flight.settled.set_result(settled)
        if self.flight is flight:
            self.flight = None

    async def _settle_leftovers(self) -> None:
        """Settle what an earlier run left in flight before anything new is claimed."""
        self._at_rest = not self._leftovers
        while self._leftovers and not self._stopping:
            job, transport, printer = self._leftovers[0], self.transport, self.printer
            flight = self._fly(job, left_over=True)
            recall = partial(transport.recall, printer, job) if isinstance(transport, Reconciles) else None
            ending = await flight.run(find_again(transport, printer, job, flight, pause=self._approach.pause), recall)
            await self._settle(change_for(ending, flight, printer, stopping=self._stopping), None)
            self._leftovers.pop(0)
        self._at_rest = True

    async def _rest(self, says: str, reason: str) -> None:
        self.patience.start()
        self.standing.tell(PrinterState.STOPPED, self.standing.lane.reachable, (reason,), says)
        await until_set(self._stopped, STORE_RETRY_S)


@cache
def _recalls(kind: type[Link]) -> bool:
    """Tell whether links of this kind offer `Recalls`. Python takes long to see it, so each kind is asked once."""
    return issubclass(kind, Recalls)
