"""Which printers there are: configured, added and discovered, by what names, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fanfold.config import Discovery, Limits, Listener, LogLevel, PrinterSetting, Settings, Weblink
from fanfold.engine.engine import Engine
from fanfold.errors import NotReached
from fanfold.logbook import Logbook
from fanfold.messages import (
    AddPrinter,
    AskHealth,
    ChangePrinter,
    Done,
    Health,
    ListPrinters,
    PausePrinter,
    Printers,
    PrinterShown,
    PrinterView,
    Reload,
    ShowPrinter,
)
from fanfold.model import JobState, PrinterOptions, Reachable, Reason, Source
from fanfold.store.base import Store
from fanfold.store.memory import MemoryStore
from fanfold.transports.base import Discovered
from fanfold.wire import Document
from tests.unit.engine.toy import House, Toy

LABELS = Discovered("labels", "toy:/labels", ("raw",), "Zebra, till 3", is_default=True)
OFFICE = Discovered("office", "toy:/office", ("*",))
FAX = Discovered("fax", "toy:/fax", ("*",), is_temporary=True)


@dataclass
class Spooler(Toy):
    """Lists its queues; `looks` counts how often it was asked."""

    queues: tuple[Discovered, ...] = ()
    silent: bool = False
    fault: Exception | None = None
    looks: int = 0
    looked: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def discover(self) -> Sequence[Discovered]:
        async with self.looked:
            self.looks += 1
            self.looked.notify_all()
        if self.silent:
            raise NotReached("the spooler is away")
        if self.fault:
            raise self.fault
        return self.queues

    def listed_as(self, uri: str) -> str:
        return uri.replace("toy://localhost/", "toy:/")

    async def look_again(self) -> None:
        """Wait until what is there now was taken in: the second look from now begins after the first was."""
        async with self.looked, asyncio.timeout(10):
            until = self.looks + 2
            await self.looked.wait_for(lambda: self.looks >= until)


@dataclass
class Shop(House):
    shelf: list[Settings]
    spooler: Spooler

    async def printers(self) -> dict[str, PrinterView]:
        reply = await self.do(ListPrinters())
        assert isinstance(reply, Printers)
        return {view.printer.name: view for view in reply.printers}


@asynccontextmanager
async def shop(
    folder: Path, spooler: Spooler, *configured: PrinterSetting, store: Store | None = None, **rule: tuple[str, ...]
) -> AsyncIterator[Shop]:
    own = store or MemoryStore(folder)
    discovery = Discovery(interval_s=0.01, **rule)  # type: ignore[arg-type]
    shelf = [Settings(data=folder, drain_s=0.1, printers=configured, discovery=discovery)]
    engine = Engine(
        own,
        {"toy": spooler},
        (),
        logbook=Logbook(),
        test_page=lambda language, name: Document.of(b"test"),
        read_settings=lambda: shelf[-1],
    )
    await engine.start(shelf[0])
    try:
        await spooler.look_again()
        yield Shop(engine, own, spooler, shelf, spooler)
    finally:
        await engine.stop()


async def test_every_queue_is_a_printer_without_configuration(tmp_path: Path) -> None:
    async with shop(tmp_path, Spooler(queues=(LABELS, OFFICE))) as s:
        shown = await s.printers()
        assert set(shown) == {"labels", "office"}
        labels = shown["labels"].printer
        assert (labels.source, labels.info, labels.is_default) == (Source.DISCOVERED, "Zebra, till 3", True)
        assert labels.kinds == ("raw",)
        assert (await s.end(await s.submit(printer="labels"))).state is JobState.COMPLETED


async def test_temporary_queues_are_hidden_unless_they_are_included(tmp_path: Path) -> None:
    queues = (LABELS, OFFICE, FAX)
    async with shop(tmp_path, Spooler(queues=queues)) as s:
        assert set(await s.printers()) == {"labels", "office"}
    async with shop(tmp_path, Spooler(queues=queues), include=("fa*",)) as s:
        assert set(await s.printers()) == {"fax"}
    async with shop(tmp_path, Spooler(queues=queues), exclude=("o*", "fax")) as s:
        assert set(await s.printers()) == {"labels"}


async def test_a_printer_that_a_reload_excludes_is_shown_no_more_and_comes_back_as_it_was(tmp_path: Path) -> None:
    async with shop(tmp_path, Spooler(queues=(LABELS, OFFICE))) as s:
        before = (await s.printers())["office"].printer
        s.shelf.append(replace(s.shelf[0], discovery=Discovery(interval_s=0.01, exclude=("office",))))
        await s.do(Reload())
        await s.spooler.look_again()
        assert set(await s.printers()) == {"labels"}
        s.shelf.append(s.shelf[0])
        await s.do(Reload())
        await s.spooler.look_again()
        assert (await s.printers())["office"].printer == before


async def test_a_queue_that_vanishes_keeps_its_id_and_jobs_and_is_offline_until_it_returns(tmp_path: Path) -> None:
    spooler = Spooler(queues=(LABELS,))
    async with shop(tmp_path, spooler) as s:
        before = (await s.printers())["labels"].printer
        spooler.queues, spooler.away = (), "there is no such queue"
        await spooler.look_again()
        gone = (await s.printers())["labels"]
        assert (gone.printer, gone.status.reachable, gone.status.reasons) == (before, Reachable.DOWN, (Reason.OFFLINE,))
        job = await s.submit(printer="labels")
        spooler.queues, spooler.away = (LABELS,), ""
        await spooler.look_again()
        done = await s.end(job)
        assert (done.state, done.printer, done.attempt) == (JobState.COMPLETED, before.id, 1)


async def test_over_a_restart_a_queue_keeps_its_id_and_its_waiting_jobs(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    async with shop(tmp_path, Spooler(queues=(LABELS,)), store=store) as s:
        await s.do(PausePrinter("labels"))
        job = await s.submit(printer="labels")
    async with shop(tmp_path, Spooler(queues=()), store=store) as s:
        shown = await s.printers()
        assert (shown["labels"].printer.id, shown["labels"].waiting_jobs) == (job.printer, 1)
        assert shown["labels"].printer.paused


async def test_a_spooler_that_is_away_says_nothing_about_its_queues(tmp_path: Path) -> None:
    spooler = Spooler(queues=(LABELS,))
    async with shop(tmp_path, spooler) as s:
        spooler.silent = True
        await spooler.look_again()
        assert (await s.printers())["labels"].status.reachable is not Reachable.DOWN


async def test_a_fault_in_the_looking_is_told_and_does_not_end_it(tmp_path: Path) -> None:
    spooler = Spooler()
    async with shop(tmp_path, spooler) as s:
        spooler.fault = LookupError("a name that nobody thought of")
        await spooler.look_again()
        spooler.fault, spooler.queues = None, (LABELS,)
        await spooler.look_again()
        assert set(await s.printers()) == {"labels"}
        health = await s.do(AskHealth())
        assert isinstance(health, Health)
        assert (health.ok, "nobody thought of" in health.problems[0]) == (False, True)


async def test_configured_names_win_over_discovered_ones(tmp_path: Path) -> None:
    mine = PrinterSetting("labels", "toy:/mine", ("office",))
    async with shop(tmp_path, Spooler(queues=(LABELS, OFFICE)), mine) as s:
        shown = await s.printers()
        assert (shown["labels"].printer.uri, shown["labels"].printer.source) == ("toy:/mine", Source.CONFIGURED)
        assert {"labels (toy)", "office (toy)"} <= set(shown)
        for said in ("labels", "office"):
            assert (await s.submit(printer=said)).printer == shown["labels"].printer.id


async def test_a_configured_alias_wins_over_a_queue_that_was_there_before(tmp_path: Path) -> None:
    spooler = Spooler(queues=(OFFICE,))
    async with shop(tmp_path, spooler) as s:
        s.shelf.append(replace(s.shelf[0], printers=(PrinterSetting("mine", "toy:/mine", ("office",)),)))
        await s.do(Reload())
        assert (await s.submit(printer="office")).printer == "mine"
        assert (await s.printers())["office"].printer.id == "office", "whose own id stays what it is for commands"
        assert (await s.do(ShowPrinter("office"))).view.printer.uri == "toy:/office"  # type: ignore[union-attr]


async def test_a_configured_printer_at_a_queue_is_that_queue(tmp_path: Path) -> None:
    mine = PrinterSetting("till", LABELS.uri, (), PrinterOptions(max_wait_s=5))
    async with shop(tmp_path, Spooler(queues=(LABELS,)), mine) as s:
        shown = await s.printers()
        assert set(shown) == {"till"}
        assert (shown["till"].printer.info, shown["till"].printer.kinds) == (LABELS.info, ("raw",))


async def test_what_the_configuration_names_no_longer_keeps_its_jobs(tmp_path: Path) -> None:
    spooler = Spooler(away="off")
    async with shop(tmp_path, spooler, PrinterSetting("a", "toy:1"), PrinterSetting("b", "toy:2")) as s:
        job = await s.submit(printer="a")
        s.shelf.append(replace(s.shelf[0], printers=()))
        await s.do(Reload())
        assert set(await s.printers()) == {"a"}
        spooler.away = ""
        assert (await s.end(job)).state is JobState.COMPLETED


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("data", {"data": Path("elsewhere")}),
        ("log_level", {"log_level": LogLevel.DEBUG}),
        ("listeners", {"listeners": (Listener("127.0.0.1", 8001),)}),
        ("discovery.cups_server", {"discovery": Discovery(cups_server="localhost")}),
        ("limits.message_bytes", {"limits": Limits(message_bytes=4096)}),
        ("weblink", {"weblink": Weblink(ping_s=50)}),
    ],
)
async def test_what_only_a_restart_brings_is_told_by_a_reload(
    tmp_path: Path, name: str, changed: dict[str, object]
) -> None:
    async with shop(tmp_path, Spooler()) as s:
        s.shelf.append(replace(s.shelf[0], **changed))  # type: ignore[arg-type]
        assert await s.do(Reload()) == Done((f"{name}: changed, but only a restart brings it",))
        s.shelf.append(replace(s.shelf[-1], drain_s=1))
        assert await s.do(Reload()) == Done(())


@pytest.mark.parametrize("name", ["labels", "LABELS", "mine"])
async def test_a_taken_name_is_refused(tmp_path: Path, name: str) -> None:
    async with shop(tmp_path, Spooler(queues=(LABELS,)), PrinterSetting("mine", "toy:1")) as s:
        refusal = await s.refused(AddPrinter(name, "toy:9"))
        assert (refusal.code, refusal.status) == ("name-taken", 409)
        assert (await s.refused(ChangePrinter("mine", uri="toy:2"))).code == "printer-configured"


async def test_a_queue_that_is_configured_under_another_name_is_one_printer(tmp_path: Path) -> None:
    own = PrinterSetting("receipt", "toy://localhost/labels")
    async with shop(tmp_path, Spooler(queues=(LABELS, OFFICE)), own) as s:
        shown = await s.printers()
        assert set(shown) == {"receipt", "office"}
        assert shown["receipt"].printer.kinds == ("raw",), "its spooler still says what it takes"


async def test_a_discovered_queue_gives_way_to_a_name_that_a_reload_brings(tmp_path: Path) -> None:
    async with shop(tmp_path, Spooler(queues=(LABELS, OFFICE))) as s:
        own = PrinterSetting("receipt", "toy://localhost/labels")
        s.shelf.append(replace(s.shelf[0], printers=(own,)))
        await s.do(Reload())
        await s.spooler.look_again()
        assert set(await s.printers()) == {"receipt", "office"}


async def test_a_reload_keeps_what_a_spooler_said(tmp_path: Path) -> None:
    own = PrinterSetting("receipt", "toy://localhost/labels")
    async with shop(tmp_path, Spooler(queues=(LABELS,)), own) as s:
        s.spooler.silent = True
        await s.spooler.look_again()
        assert await s.do(Reload()) == Done(()), "nothing changed, so nothing is told"
        printer = (await s.printers())["receipt"].printer
        assert (printer.kinds, printer.info, printer.is_default) == (("raw",), "Zebra, till 3", True)

        s.shelf.append(replace(s.shelf[0], printers=(replace(own, options=PrinterOptions(accepts=("*",))),)))
        await s.do(Reload())
        assert (await s.printers())["receipt"].printer.kinds == ("*",)
        s.shelf.append(s.shelf[0])
        await s.do(Reload())
        assert (await s.printers())["receipt"].printer.kinds == ("raw",), "its owner's word is over, its spooler's not"


async def test_a_start_keeps_what_a_spooler_said_in_an_earlier_run(tmp_path: Path) -> None:
    own, store = PrinterSetting("receipt", "toy:/labels"), MemoryStore(tmp_path)
    async with shop(tmp_path, Spooler(queues=(LABELS,)), own, store=store):
        pass
    async with shop(tmp_path, Spooler(silent=True), own, store=store) as s:
        assert (await s.printers())["receipt"].printer.kinds == ("raw",)


async def test_a_queue_that_is_named_takes_what_its_spooler_says_at_once(tmp_path: Path) -> None:
    async with shop(tmp_path, Spooler(queues=(LABELS,))) as s:
        s.spooler.silent = True
        await s.spooler.look_again()
        s.shelf.append(replace(s.shelf[0], printers=(PrinterSetting("receipt", "toy://localhost/labels"),)))
        await s.do(Reload())
        added = await s.do(AddPrinter("till", "toy:/labels"))
        assert isinstance(added, PrinterShown)
        assert added.view.printer.kinds == (await s.printers())["receipt"].printer.kinds == ("raw",)


async def test_another_name_or_option_leaves_what_a_spooler_said(tmp_path: Path) -> None:
    async with shop(tmp_path, Spooler(queues=(LABELS,))) as s:
        s.spooler.silent = True
        await s.spooler.look_again()
        before = (await s.printers())["labels"].printer
        changed = await s.do(ChangePrinter("labels", name="receipt", options={"dpi": 300}))
        assert isinstance(changed, PrinterShown)
        expected = replace(before, name="receipt", source=Source.ADDED, options=PrinterOptions(dpi=300))
        assert changed.view.printer == expected


async def test_at_another_uri_nothing_holds_that_the_former_spooler_said(tmp_path: Path) -> None:
    async with shop(tmp_path, Spooler(queues=(LABELS,))) as s:
        s.spooler.silent = True
        await s.spooler.look_again()
        changed = await s.do(ChangePrinter("labels", uri="toy:/elsewhere"))
        assert isinstance(changed, PrinterShown)
        printer = changed.view.printer
        assert (printer.kinds, printer.info, printer.is_default) == (("*",), "", False)
