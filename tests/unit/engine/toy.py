"""A transport that does what a test tells it, and an engine around it on the memory store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fanfold.config import PrinterSetting, Settings
from fanfold.engine.engine import Engine
from fanfold.errors import NotReached
from fanfold.languages.base import Language
from fanfold.logbook import Logbook
from fanfold.messages import Accepted, Caller, Follow, JobChanged, JobShown, Refusal, Reply, Submit
from fanfold.model import Evidence, Job, JobId, JobState, Printer, PrinterOptions
from fanfold.store.base import Store
from fanfold.store.memory import MemoryStore
from fanfold.transports.base import Link, Report
from fanfold.wire import Document, Receipt, Work

LOCAL = Caller("c0", "local", "127.0.0.1", "test")
Deed = Callable[["ToyLink", Work, Report], Any]


@dataclass
class ToyLink:
    toy: Toy
    sent: int = 0

    @property
    def sent_bytes(self) -> int:
        return self.sent

    async def deliver(self, work: Work, report: Report) -> Receipt:
        deed = self.toy.deeds.pop(0) if self.toy.deeds else None
        if deed is not None:
            receipt = await deed(self, work, report)
            if isinstance(receipt, Receipt):
                return receipt
        data = b"".join([chunk async for chunk in work.document.chunks()]) * work.copies
        self.sent = len(data)
        self.toy.paper.append((work.job, data))
        return Receipt(Evidence.DELIVERED)


@dataclass
class Toy:
    schemes: tuple[str, ...] = ("toy",)
    takes: tuple[str, ...] = ("*",)
    away: str = ""
    deeds: list[Deed] = field(default_factory=list)
    paper: list[tuple[JobId, bytes]] = field(default_factory=list)
    opens: int = 0
    reasons: tuple[str, ...] = ("offline-error",)
    tried: asyncio.Event = field(default_factory=asyncio.Event)

    def check(self, uri: str) -> None:
        return None

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        self.opens += 1
        self.tried.set()
        if self.away:
            raise NotReached(self.away, reasons=self.reasons)
        yield ToyLink(self)

    async def close(self) -> None:
        return None


@dataclass
class House:
    engine: Engine
    store: Store
    toy: Toy

    async def do(self, command: Any) -> Reply:
        return await self.engine.do(command, LOCAL)

    async def submit(self, data: bytes = b"hello", printer: str = "till", **more: Any) -> Job:
        reply = await self.do(Submit(printer, Document.of(data), **more))
        assert isinstance(reply, Accepted), reply
        return reply.job

    async def refused(self, command: Any) -> Refusal:
        reply = await self.do(command)
        assert isinstance(reply, Refusal), reply
        return reply

    async def end(self, job: Job, until: Evidence = Evidence.PRINTED) -> Job:
        """The job when it is finished or held."""
        reply = await self.do(Follow(job.id, until, 10))
        assert isinstance(reply, JobShown), reply
        return reply.job

    async def until(self, job: Job, state: JobState, reason: str = "") -> Job:
        """The job once its history says that it is in that state (with that reason)."""
        async with asyncio.timeout(10):
            async for event in self.engine.events(0):
                if not isinstance(event, JobChanged) or event.job != job.id or event.state is not state:
                    continue
                if not reason or reason in event.reasons:
                    found = await self.store.job(job.id)
                    assert found is not None
                    return found
        raise AssertionError("the engine stopped first")


@asynccontextmanager
async def house(
    folder: Path,
    toy: Toy | None = None,
    store: Store | None = None,
    drain_s: float = 0.2,
    languages: tuple[Language, ...] = (),
    without: str = "",
    **options: Any,
) -> AsyncIterator[House]:
    toy = toy or Toy()
    own = store or MemoryStore(folder)
    printers = (
        PrinterSetting("till", "toy:1", ("receipt",), PrinterOptions(**options)),
        PrinterSetting("bar", "toy:2"),
    )
    settings = Settings(data=folder, drain_s=drain_s, printers=tuple(one for one in printers if one.name != without))
    engine = Engine(
        own,
        {"toy": toy},
        languages,
        logbook=Logbook(),
        test_page=lambda language, name: Document.of(f"{language} {name}".encode()),
        read_settings=lambda: settings,
    )
    await engine.start(settings)
    try:
        yield House(engine, own, toy)
    finally:
        await engine.stop()
        if store is None:
            await own.close()
