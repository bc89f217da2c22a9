"""A transport through which printers dial in, as a test says, and an engine around it on the memory store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

from fanfold.config import PrinterSetting, Settings
from fanfold.door import Door
from fanfold.engine.engine import Engine
from fanfold.errors import NotReached, Refused
from fanfold.languages.base import Language
from fanfold.logbook import Logbook
from fanfold.messages import (
    Adopted,
    Adoption,
    AdoptPrinters,
    Event,
    JobShown,
    PrinterChanged,
    PrinterShown,
    PrinterView,
    ShowJob,
    ShowPrinter,
)
from fanfold.model import Job, Printer, Reason
from fanfold.reception import Came, Known, Newcomer, Reception, Went
from fanfold.store.base import Store
from fanfold.store.memory import MemoryStore
from fanfold.transports.base import Link
from fanfold.wire import Document
from tests.unit.engine.toy import House, Toy, ToyLink

T = TypeVar("T", bound=Event)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Gate(Toy):
    """Printers are there when they `dial`; who waits to be let in is in `waiting`."""

    schemes: tuple[str, ...] = ("dial",)
    takes: tuple[str, ...] = ("raw",)
    language: str = "zpl"
    waiting: list[Newcomer] = field(default_factory=list)
    there: set[str] = field(default_factory=set)
    let_in: list[str] = field(default_factory=list)
    let_in_as: dict[str, Known | None] = field(default_factory=dict)
    sent_off: list[tuple[str, str]] = field(default_factory=list)
    traces: dict[str, int] = field(default_factory=dict)
    reopened: list[tuple[str, str]] = field(default_factory=list)
    answer: bytes | Exception = b'"3.2"'
    asked: list[tuple[bytes, str]] = field(default_factory=list)
    reception: Reception | None = None
    opened: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    """Released at each try to reach a printer."""

    # a test's hand

    @property
    def desk(self) -> Reception:
        assert self.reception is not None
        return self.reception

    def dial(self, serial: str, **facts: object) -> None:
        """A printer that is let in comes."""
        uri = f"dial:{serial}"
        self.there.add(uri)
        self.desk.tell(uri, Came("ZD420, 203 dpi", **facts))  # type: ignore[arg-type]

    def hang_up(self, serial: str) -> None:
        self.there.discard(f"dial:{serial}")
        self.desk.tell(f"dial:{serial}", Went("its main channel is over"))

    def wait(self, serial: str, name: str = "", identity: str = "secret:shop", info: str = "ZD420") -> Newcomer:
        """A stranger comes."""
        since = NOON + timedelta(seconds=len(self.waiting))
        newcomer = Newcomer(f"dial:{serial}", serial, name, info, "192.0.2.7", identity, since)
        self.waiting.append(newcomer)
        return newcomer

    # transports.base

    def check(self, uri: str) -> None:
        if not uri.partition(":")[2] or " " in uri:
            raise Refused(f"{uri} names no serial. Write one, as in dial:123.", code="bad-uri", status=422)

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        self.opens += 1
        self.tried.set()
        self.opened.release()
        if printer.uri not in self.there:
            raise NotReached("it has not dialled in since the start", reasons=(Reason.OFFLINE,))
        yield ToyLink(self)

    @property
    def door(self) -> Door:
        return cast("Door", None)

    def receive_for(self, reception: Reception) -> None:
        assert self.reception is None, "once"
        self.reception = reception

    def newcomers(self) -> Sequence[Newcomer]:
        return self.waiting

    def channels(self, uri: str) -> Sequence[str]:
        return ("main", "raw") if uri in self.there else ()

    def adopted(self, uri: str) -> None:
        assert self.desk.known(uri) is not None, "it is known before it is let in"
        self.let_in.append(uri)
        self.let_in_as[uri] = self.desk.known(uri)
        self.waiting = [one for one in self.waiting if one.uri != uri]

    def turned_out(self, uri: str, because: str) -> None:
        assert self.let_in_as.get(uri) != self.desk.known(uri), "it is not let in any more, as it was"
        self.there.discard(uri)
        self.sent_off.append((uri, because))

    async def reopen(self, uri: str, channel: str) -> None:
        if uri not in self.there:
            raise NotReached("it has not dialled in since the start")
        self.reopened.append((uri, channel))

    async def ask(self, printer: Printer, question: bytes, *, channel: str = "", within_s: float) -> bytes:
        self.asked.append((question, channel))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def trace(self, uri: str, frames: int) -> None:
        self.traces[uri] = frames

    def traced(self, uri: str) -> Sequence[str]:
        return [f"{uri} main: GET /"] if self.traces.get(uri) else []


@dataclass
class Warehouse(House):
    """`toy` is the gate."""

    shelf: list[Settings]

    @property
    def gate(self) -> Gate:
        assert isinstance(self.toy, Gate)
        return self.toy

    async def adopt(self, *serials: str) -> Adopted:
        reply = await self.do(AdoptPrinters(tuple(Adoption(serial) for serial in serials)))
        assert isinstance(reply, Adopted), reply
        return reply

    async def view(self, printer: str) -> PrinterView:
        reply = await self.do(ShowPrinter(printer))
        assert isinstance(reply, PrinterShown), reply
        return reply.view

    async def shown(self, job: Job) -> Job:
        """The job with what it waits for."""
        reply = await self.do(ShowJob(job.id))
        assert isinstance(reply, JobShown), reply
        return reply.job

    async def told(self, kind: type[T], count: int = 1) -> list[T]:
        """The first so many events of that kind, as soon as they are there."""
        found: list[T] = []
        async with asyncio.timeout(10):
            async for event in self.engine.events(0):
                if isinstance(event, kind):
                    found.append(event)
                    if len(found) == count:
                        return found
        raise AssertionError("the engine stopped first")

    async def reasons(self, printer: str) -> list[tuple[str, ...]]:
        """The reasons of all PrinterChanged of a printer that there are now."""
        events = [one for one in await self.store.events(0) if isinstance(one, PrinterChanged)]
        return [one.reasons for one in events if one.printer == printer]


@asynccontextmanager
async def warehouse(
    folder: Path,
    *configured: PrinterSetting,
    gate: Gate | None = None,
    store: Store | None = None,
    languages: tuple[Language, ...] = (),
) -> AsyncIterator[Warehouse]:
    gate = gate or Gate()
    own = store or MemoryStore(folder)
    shelf = [Settings(data=folder, drain_s=0.1, printers=configured)]
    engine = Engine(
        own,
        {"toy": Toy(), "dial": gate},
        languages,
        logbook=Logbook(),
        test_page=lambda language, name: Document.of(f"{language} {name}".encode()),
        read_settings=lambda: shelf[-1],
    )
    await engine.start(shelf[0])
    try:
        yield Warehouse(engine, own, gate, shelf)
    finally:
        await engine.stop()
        if store is None:
            await own.close()
