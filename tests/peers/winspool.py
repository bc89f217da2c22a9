"""A Windows spooler that is not there, written from its documentation: queues, jobs and their life, and all its moods.

`FakeSpooler` is used within one process. `serving` lends it to a gateway in another, which may be killed: then the
spooler ends that process's calls and handles as Windows does. It shows nothing that is true of Windows by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any, Literal

from fanfold.transports.winspool.spooler import (
    Attribute,
    CallFailed,
    JobControl,
    JobFacts,
    JobStatus,
    Listed,
    QueueFacts,
    QueueStatus,
)
from tests.peers.processes import until

# winspool.h
PAUSED, DELETING, SPOOLING, PRINTING, PRINTED = 0x1, 0x4, 0x8, 0x10, 0x80
QUEUED, DIRECT, KEEPS_PRINTED, WORKS_OFFLINE = 0x1, 0x2, 0x100, 0x400
BLOCKS = 0x1 | 0x4 | 0x8 | 0x10 | 0x80 | 0x1000 | 0x100000 | 0x400000
# winerror.h
INVALID_HANDLE, INVALID_PARAMETER, CANCELLED, NO_SERVER, NO_QUEUE, NO_DATATYPE = 6, 87, 63, 1722, 1801, 1804


@dataclass
class FakeJob:
    """A job in a queue."""

    id: int
    title: str
    datatype: str
    data: bytearray = field(default_factory=bytearray)
    status: int = SPOOLING
    pages: int = 0
    submitted: str = ""
    says: str = ""


@dataclass
class FakeQueue:
    """A queue; its fields are its moods, and may be changed at any time (`FakeSpooler.change`)."""

    name: str
    port: str = "USB001"
    driver: str = "ZDesigner GK420d"
    location: str = ""
    server: str = ""
    attributes: int = 0
    status: int = 0
    prints: bool = True
    """Whether jobs are printed as soon as they may."""
    eager: bool = False
    """It prints what it has before the job has ended, as Windows does unless told otherwise."""
    is_discreet: bool = False
    """It never says of a job that is being written that some of it is printed by now."""
    dawdles: bool = False
    """What it prints stays there, printing, until `finish`."""
    is_blind: bool = False
    """EnumJobs fails with code 0 (Wine)."""
    lies: bool = False
    """SetJob and AbortPrinter say well and do nothing, and an aborted job prints (Wine)."""
    ignores: set[int] = field(default_factory=set)
    """What SetJob does not do, and calls well."""
    renames: str = ""
    """What it calls every job."""
    takes_at_most: int | None = None
    """So many bytes of a job; the rest is not taken, and that is called well."""
    refuses: frozenset[str] = frozenset()
    """Datatypes that it does not like."""
    wants_xps: bool = False
    fails: dict[str, int | Exception] = field(default_factory=dict)
    """Calls that fail, with their codes."""
    hangs: set[str] = field(default_factory=set)
    """Calls that do not return until they are taken out of here."""
    vanishes_at: int | None = None
    """The queue is deleted when a job has had so many bytes."""
    jobs: list[FakeJob] = field(default_factory=list)
    paper: list[bytes] = field(default_factory=list)
    scraps: list[bytes] = field(default_factory=list)
    """What came out of jobs that did not end."""
    datatypes: list[str] = field(default_factory=list)

    @property
    def is_able(self) -> bool:
        return self.prints and not self.status & BLOCKS and not self.attributes & WORKS_OFFLINE


@dataclass
class _Handle:
    queue: FakeQueue
    owner: object
    job: FakeJob | None = None


class FakeSpooler:
    """The spooler, and the machine that it is on."""

    def __init__(self, *queues: FakeQueue, default: str = "") -> None:
        self.by_name = {queue.name.casefold(): queue for queue in queues}
        self.default_name, self.devices = default, dict[str, str]()
        self.is_service = False
        self.calls: list[str] = []
        self.fails: dict[str, int] = {}
        self.hangs: set[str] = set()
        self.rundown: Literal["abort", "end"] = "abort"
        """What becomes of a job whose process dies before it has ended: not documented, so both must do."""
        self._handles: dict[int, _Handle] = {}
        self._next_handle, self._next_job, self._clock = 1, 1, 0
        self._changed = threading.Condition(threading.RLock())

    # what tests do

    def add(self, queue: FakeQueue) -> FakeQueue:
        """Install a queue."""
        with self._changed:
            self.by_name[queue.name.casefold()] = queue
            self._changed.notify_all()
        return queue

    def remove(self, queue: FakeQueue) -> None:
        """Delete a queue with all that is in it."""
        with self._changed:
            self.by_name.pop(queue.name.casefold(), None)
            queue.jobs.clear()
            self._changed.notify_all()

    def change(self, queue: FakeQueue, **moods: Any) -> None:
        """Change its moods; it prints what it then may."""
        with self._changed:
            for name, value in moods.items():
                setattr(queue, name, value)
            self._print(queue)
            self._changed.notify_all()

    def finish(self, queue: FakeQueue) -> None:
        """Let what is printing come out."""
        with self._changed:
            for job in [one for one in queue.jobs if one.status & PRINTING and not one.status & SPOOLING]:
                self._come_out(queue, job)
            self._print(queue)

    def mark(self, queue: FakeQueue, status: int, says: str = "") -> None:
        """Set the status of the first job, as ports and drivers do."""
        with self._changed:
            queue.jobs[0].status, queue.jobs[0].says = status, says
            self._print(queue)

    def put(self, queue: FakeQueue, title: str, status: int = 0) -> FakeJob:
        """Have a stranger print something."""
        with self._changed:
            job = self._made(queue, title, "RAW")
            job.data, job.status = bytearray(b"a stranger's"), status
            self._print(queue)
            return job

    def restart(self, *, loses_jobs: bool = False) -> None:
        """End all handles; ids are given out again from the first on."""
        with self._changed:
            for handle in self._handles.values():
                self._abandon(handle)
            self._handles.clear()
            self._next_job = 1
            for queue in self.by_name.values():
                if loses_jobs:
                    queue.jobs.clear()
            self._changed.notify_all()

    def process_died(self, owner: object) -> None:
        """Run down the handles that a dead process had."""
        with self._changed:
            for number, handle in list(self._handles.items()):
                if handle.owner is owner:
                    del self._handles[number]
                    self._abandon(handle)
            self._changed.notify_all()

    async def printed(self, queue: FakeQueue, count: int = 1) -> list[bytes]:
        """Wait for so many documents to come out; return all that did."""

        async def there() -> bool:
            return len(queue.paper) >= count

        await until(there, f"{count} documents from {queue.name}")
        return queue.paper

    async def left(self) -> None:
        """Wait until no process has a handle: what there was of unfinished jobs is gone or printed by then."""

        async def free() -> bool:
            return not self._handles

        await until(free, "the last handle of a queue")

    # what is asked of it (`Spooler`)

    def queues(self) -> Sequence[Listed]:
        with self._call("EnumPrinters"):
            return [Listed(one.name, one.server, Attribute(0x40)) for one in self.by_name.values()]

    def default(self) -> str:
        with self._call("GetDefaultPrinter"):
            return self.default_name

    def usb_devices(self) -> Mapping[str, str]:
        with self._call("RegOpenKey"):
            return dict(self.devices)

    def in_service_session(self) -> bool:
        return self.is_service

    def open(self, queue: str, owner: object = None) -> int:
        with self._call("OpenPrinter"):
            if (found := self.by_name.get(queue.casefold())) is None:
                raise CallFailed("OpenPrinter", NO_QUEUE, "The printer name is invalid.")
            self._moody(found, "OpenPrinter")
            number, self._next_handle = self._next_handle, self._next_handle + 1
            self._handles[number] = _Handle(found, owner)
            return number

    def close(self, handle: int) -> None:
        with self._of(handle, "ClosePrinter") as held:
            del self._handles[handle]
            self._abandon(held)

    def facts(self, handle: int) -> QueueFacts:
        with self._of(handle, "GetPrinter") as held:
            one = held.queue
            return QueueFacts(
                one.name, one.port, one.driver, one.location, Attribute(one.attributes), QueueStatus(one.status)
            )  # fmt: skip

    def driver_takes_xps(self, handle: int) -> bool:
        with self._of(handle, "GetPrinterDriver") as held:
            return held.queue.wants_xps

    def jobs(self, handle: int) -> Sequence[JobFacts]:
        with self._of(handle, "EnumJobs") as held:
            if held.queue.is_blind:
                raise CallFailed("EnumJobs", 0)
            return [
                JobFacts(
                    job.id, job.title, JobStatus(job.status), job.says, len(job.data), job.pages, place, job.submitted
                )
                for place, job in enumerate(held.queue.jobs, 1)
            ]  # fmt: skip

    def set_job(self, handle: int, job: int, control: JobControl) -> None:
        with self._of(handle, "SetJob") as held:
            queue = held.queue
            found = next((one for one in queue.jobs if one.id == job), None)
            if queue.lies or int(control) in queue.ignores:
                return
            if found is None:
                raise CallFailed("SetJob", INVALID_PARAMETER)
            match int(control):
                case 1:
                    found.status |= PAUSED
                case 2:
                    found.status &= ~PAUSED
                    self._print(queue)
                case _:
                    self._throw_away(queue, found)
            self._changed.notify_all()

    def start_doc(self, handle: int, title: str, datatype: str) -> int:
        with self._of(handle, "StartDocPrinter") as held:
            if datatype in held.queue.refuses:
                raise CallFailed("StartDocPrinter", NO_DATATYPE, "The specified datatype is invalid.")
            held.queue.datatypes.append(datatype)
            held.job = self._made(held.queue, held.queue.renames or title, datatype)
            return held.job.id

    def write(self, handle: int, data: bytes) -> int:
        with self._of(handle, "WritePrinter") as held:
            queue, job = held.queue, held.job
            if job is None or job not in queue.jobs:
                raise CallFailed("WritePrinter", CANCELLED, "Printing was cancelled.")
            room = len(data) if queue.takes_at_most is None else max(0, queue.takes_at_most - len(job.data))
            job.data += data[:room]
            if (queue.eager or queue.attributes & DIRECT) and not queue.is_discreet:
                job.status |= PRINTING
            if queue.vanishes_at is not None and len(job.data) >= queue.vanishes_at:
                self._scrap(queue, job)
                self.remove(queue)
            return min(room, len(data))

    def end_doc(self, handle: int) -> None:
        with self._of(handle, "EndDocPrinter") as held:
            job, held.job = held.job, None
            if job is None or job not in held.queue.jobs:
                raise CallFailed("EndDocPrinter", CANCELLED, "Printing was cancelled.")
            job.status &= ~SPOOLING
            self._print(held.queue)

    def abort(self, handle: int) -> None:
        with self._of(handle, "AbortPrinter") as held:
            self._abandon(held)

    # within

    def _made(self, queue: FakeQueue, title: str, datatype: str) -> FakeJob:
        self._clock += 1
        job = FakeJob(self._next_job, title, datatype, submitted=f"2026-01-01T00:00:00.{self._clock % 1000:03}Z")
        self._next_job += 1
        queue.jobs.append(job)
        return job

    def _print(self, queue: FakeQueue) -> None:
        for job in list(queue.jobs):
            if job.status & (SPOOLING | PRINTED | PAUSED):
                continue
            if not queue.is_able or job.status & ~(PRINTING):
                return
            if queue.dawdles:
                job.status |= PRINTING
                return
            self._come_out(queue, job)

    def _come_out(self, queue: FakeQueue, job: FakeJob) -> None:
        if job.data:
            queue.paper.append(bytes(job.data))
        job.status = PRINTED
        if not queue.attributes & KEEPS_PRINTED:
            queue.jobs.remove(job)

    def _throw_away(self, queue: FakeQueue, job: FakeJob) -> None:
        self._scrap(queue, job)
        if job in queue.jobs:
            queue.jobs.remove(job)

    def _scrap(self, queue: FakeQueue, job: FakeJob) -> None:
        """What had gone to the printer of a job that goes no further; an end of paper is the worst that can be."""
        if job.status & PRINTING and job.data:
            queue.scraps.append(bytes(job.data))
            job.status &= ~PRINTING

    def _abandon(self, handle: _Handle) -> None:
        job, handle.job = handle.job, None
        if job is None or job not in handle.queue.jobs:
            return
        if self.rundown == "end" or handle.queue.lies:
            job.status &= ~SPOOLING
            self._print(handle.queue)
        else:
            self._throw_away(handle.queue, job)

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        with self._changed:
            self.calls.append(name)
            self._changed.wait_for(lambda: name not in self.hangs)
            if code := self.fails.get(name):
                raise CallFailed(name, code)
            yield

    @contextmanager
    def _of(self, handle: int, name: str) -> Iterator[_Handle]:
        with self._call(name):
            held = self._handle(handle, name)
            self._moody(held.queue, name, held.job)
            yield self._handle(handle, name)

    def _handle(self, handle: int, name: str) -> _Handle:
        held = self._handles.get(handle)
        if held is None or (name != "ClosePrinter" and held.queue.name.casefold() not in self.by_name):
            raise CallFailed(name, INVALID_HANDLE if held is None else 1905)
        return held

    def _moody(self, queue: FakeQueue, name: str, job: FakeJob | None = None) -> None:
        self._changed.wait_for(lambda: name not in queue.hangs or (job is not None and job not in queue.jobs))
        fault = queue.fails.get(name)
        if isinstance(fault, Exception):
            raise fault
        if fault is not None:
            raise CallFailed(name, fault)


# across processes


@contextmanager
def serving(spooler: FakeSpooler, place: Path) -> Iterator[None]:
    """Lend the spooler to other processes, at a local socket."""
    listener = Listener(str(place), "AF_UNIX")
    over = threading.Event()

    def accept() -> None:
        while not over.is_set():
            with suppress(OSError, EOFError):
                threading.Thread(target=_serve, args=(spooler, listener.accept()), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        Client(str(place), "AF_UNIX").close()
        thread.join()
        listener.close()


def _serve(spooler: FakeSpooler, line: Connection[Any, Any]) -> None:
    with suppress(EOFError, OSError):
        while True:
            name, arguments = line.recv()
            more = {"owner": line} if name == "open" else {}
            try:
                line.send((True, getattr(spooler, name)(*arguments, **more)))
            except CallFailed as failed:
                line.send((False, (failed.call, failed.code, str(failed), failed.written)))
    spooler.process_died(line)
    line.close()


class LentSpooler:
    """Such a spooler as seen from the other process; each thread has a line of its own."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._own = threading.local()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(self._ask, name)

    def _ask(self, name: str, *arguments: Any) -> Any:
        if not hasattr(self._own, "line"):
            self._own.line = Client(self._place, "AF_UNIX")
        self._own.line.send((name, arguments))
        well, answer = self._own.line.recv()
        if not well:
            call, code, words, written = answer
            raise CallFailed(call, code, words, written=written)
        return answer
