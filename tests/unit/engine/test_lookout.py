"""What showed itself is listed, and becomes a printer when a person says so, never by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from fanfold import marks
from fanfold.config import Discovery, PrinterSetting, Settings
from fanfold.engine import lookout
from fanfold.engine.engine import Engine
from fanfold.engine.lookout import MOST_DEVICES
from fanfold.errors import NotReached, Refused
from fanfold.logbook import Logbook
from fanfold.messages import (
    AddDiscovered,
    AskHealth,
    Device,
    Devices,
    Health,
    ListDiscovered,
    ListPrinters,
    Printers,
    PrinterShown,
    PrinterView,
    Refusal,
    RemovePrinter,
)
from fanfold.model import Source, Traits
from fanfold.store.memory import MemoryStore
from fanfold.transports.base import Discovered
from fanfold.wire import Document
from tests.unit.engine.test_roster import Spooler
from tests.unit.engine.toy import House, Toy

DOCK = Discovered(
    "Dock", "socket://192.0.2.7", ("*",), "Zebra ZD420, at the door", traits=Traits("Zebra", "ZD420", "50J1", ("zpl",)),
    marks=("bonjour:zd.local/dock",),
)  # fmt: skip
DOCK_BY_IPP = replace(DOCK, uri="ipp://192.0.2.7/ipp/print", traits=Traits())
BAR = Discovered("Bar", "socket://192.0.2.8", ("*",))
QUEUE = Discovered("labels", "cups:/labels", ("raw",), marks=marks.of_uri("socket://192.0.2.7/?contimeout=3"))


@dataclass
class Scout:
    way: str = "mdns"
    seen: list[Discovered] = field(default_factory=list)
    fault: Exception | None = None
    looks: int = 0
    looked: asyncio.Event = field(default_factory=asyncio.Event)

    async def sightings(self) -> Sequence[Discovered]:
        self.looks += 1
        self.looked.set()
        if self.fault:
            raise self.fault
        return tuple(self.seen)

    async def close(self) -> None:
        return None


class Choosy(Toy):
    def check(self, uri: str) -> None:
        if "evil" in uri:
            raise Refused("no", code="bad-uri", status=422)


@dataclass
class Street(House):
    scout: Scout

    async def seen(self, wait_s: float = 0) -> Devices:
        reply = await self.do(ListDiscovered(wait_s))
        assert isinstance(reply, Devices), reply
        return reply

    async def device(self) -> Device:
        (device,) = (await self.seen()).devices
        return device

    async def printers(self) -> list[str]:
        reply = await self.do(ListPrinters())
        assert isinstance(reply, Printers)
        return [view.printer.name for view in reply.printers]

    async def added(self, device: str, **how: str) -> PrinterView:
        reply = await self.do(AddDiscovered(device, **how))
        assert isinstance(reply, PrinterShown), reply
        return reply.view


@asynccontextmanager
async def street(
    folder: Path, *seen: Discovered, spooler: Spooler | None = None, more: Sequence[Scout] = (), **given: Any
) -> AsyncIterator[Street]:
    scout, toy, store = Scout(seen=list(seen)), Choosy(), MemoryStore(folder)
    settings = Settings(data=folder, drain_s=0.1, discovery=Discovery(interval_s=0.01), **given)
    transports: dict[str, Toy] = dict.fromkeys(("socket", "ipp", "usb", "toy"), toy)
    engine = Engine(
        store,
        transports | ({"cups": spooler} if spooler else {}),
        (),
        logbook=Logbook(),
        test_page=lambda language, name: Document.of(f"{language} {name}".encode()),
        read_settings=lambda: settings,
        scouts=(scout, *more),
    )
    await engine.start(settings)
    try:
        yield Street(engine, store, toy, scout)
    finally:
        await engine.stop()
        await store.close()


async def test_nobody_looks_before_somebody_asks(tmp_path: Path) -> None:
    async with street(tmp_path, DOCK) as at:
        await at.printers()
        assert at.scout.looks == 0
        assert [one.name for one in (await at.seen()).devices] == ["Dock"]


async def test_what_is_seen_is_no_printer_until_a_person_adds_it(tmp_path: Path) -> None:
    async with street(tmp_path, DOCK, DOCK_BY_IPP) as at:
        device = await at.device()
        assert device.printers == ()
        assert await at.printers() == []
        view = await at.added(device.id)
        printer = view.printer
        assert (printer.name, printer.uri, printer.source) == ("Dock", "socket://192.0.2.7", Source.ADDED)
        assert (printer.info, printer.traits) == (DOCK.info, DOCK.traits)
        assert (await at.device()).printers == (printer.id,)


async def test_it_is_added_under_another_name_and_by_another_way(tmp_path: Path) -> None:
    async with street(tmp_path, DOCK, DOCK_BY_IPP) as at:
        view = await at.added((await at.device()).id, name="Label 1", uri="ipp://192.0.2.7/ipp/print")
        assert (view.printer.name, view.printer.uri) == ("Label 1", "ipp://192.0.2.7/ipp/print")


async def test_devices_are_listed_by_name_whoever_was_seen_first(tmp_path: Path) -> None:
    async with street(tmp_path, DOCK, replace(BAR, name="bar")) as at:
        assert [one.name for one in (await at.seen()).devices] == ["bar", "Dock"]


async def test_a_way_that_it_was_not_seen_by_is_refused(tmp_path: Path) -> None:
    async with street(tmp_path, DOCK) as at:
        refused = await at.refused(AddDiscovered((await at.device()).id, uri="socket://192.0.2.99"))
        assert (refused.code, refused.status) == ("bad-uri", 422)


async def test_one_that_is_a_printer_already_is_not_added_again_unless_by_another_way(tmp_path: Path) -> None:
    async with street(tmp_path, DOCK, DOCK_BY_IPP) as at:
        device = (await at.device()).id
        await at.added(device)
        known = await at.refused(AddDiscovered(device))
        assert (known.code, "`--by URI`" in known.says) == ("printer-known", True), "it says how"
        assert (await at.refused(AddDiscovered(device, uri="socket://192.0.2.7"))).code == "printer-known"
        other = await at.added(device, uri="ipp://192.0.2.7/ipp/print")
        assert other.printer.name == "Dock (2)"


@pytest.mark.parametrize("names", [[""] * 10, [f"Label {number}" for number in range(10)]], ids=["its own", "given"])
async def test_one_that_is_added_ten_times_at_once_is_one_printer(tmp_path: Path, names: list[str]) -> None:
    async with street(tmp_path, DOCK, DOCK_BY_IPP) as at:
        device = (await at.device()).id
        replies = await asyncio.gather(*(at.do(AddDiscovered(device, name=name)) for name in names))
        refusals = [reply for reply in replies if not isinstance(reply, PrinterShown)]
        assert len(await at.printers()) == 1
        assert [reply.code for reply in refusals if isinstance(reply, Refusal)] == ["printer-known"] * 9


async def test_two_that_are_called_alike_and_added_at_once_get_a_number_each(tmp_path: Path) -> None:
    async with street(tmp_path, DOCK, replace(BAR, name="Dock")) as at:
        found = (await at.seen()).devices
        await asyncio.gather(*(at.added(one.id) for one in found))
        assert sorted(await at.printers()) == ["Dock", "Dock (2)"]


async def test_a_taken_name_is_refused_and_its_own_gets_a_number(tmp_path: Path) -> None:
    taken = (PrinterSetting("Dock", "toy:1"),)
    async with street(tmp_path, DOCK, printers=taken) as at:
        device = (await at.device()).id
        assert (await at.refused(AddDiscovered(device, name="Dock"))).code == "name-taken"
        assert (await at.added(device)).printer.name == "Dock (2)"


async def test_an_unknown_device_is_refused_with_words(tmp_path: Path) -> None:
    async with street(tmp_path, DOCK) as at:
        refused = await at.refused(AddDiscovered("nobody-0011223344"))
        assert (refused.code, refused.status) == ("unknown-device", 404)
        assert "fanfold printers discover" in refused.says


async def test_an_id_is_good_after_the_device_got_another_way_and_another_name(tmp_path: Path) -> None:
    async with street(tmp_path, BAR) as at:
        device = (await at.device()).id
        at.scout.seen = [replace(BAR, name="Counter", marks=("uuid:4509a320-00ab-0020-00c0-112233445566",))]
        assert (await at.device()).id != device
        assert (await at.added(device)).printer.uri == BAR.uri


async def test_a_printer_that_was_named_by_a_person_is_known_by_where_it_is(tmp_path: Path) -> None:
    named = (PrinterSetting("Packing", "socket://192.0.2.7:9100"),)
    async with street(tmp_path, DOCK, DOCK_BY_IPP, printers=named) as at:
        assert (await at.device()).printers == ("packing",)
        await at.do(RemovePrinter("packing"))


async def test_a_queue_that_leads_to_a_device_is_one_with_it(tmp_path: Path) -> None:
    spooler = Spooler(schemes=("cups",), queues=(QUEUE,))
    async with street(tmp_path, DOCK, spooler=spooler) as at:
        await spooler.look_again()
        device = await at.device()
        assert device.printers == ("labels",)
        assert [(way.uri, way.seen_by) for way in device.ways] == [
            ("socket://192.0.2.7", "mdns"),
            ("cups:/labels", "cups"),
        ]


async def test_queues_that_are_hidden_are_no_devices(tmp_path: Path) -> None:
    spooler = Spooler(schemes=("cups",), queues=(replace(QUEUE, is_temporary=True),))
    async with street(tmp_path, spooler=spooler) as at:
        await spooler.look_again()
        assert (await at.seen()).devices == ()


async def test_who_asks_first_waits_for_answers_and_others_do_not(tmp_path: Path) -> None:
    async with street(tmp_path) as at:
        first = asyncio.create_task(at.seen(0.3))
        await at.scout.looked.wait()
        at.scout.seen.append(DOCK)
        assert len((await first).devices) == 1
        looks = at.scout.looks
        assert len((await at.seen(0.3)).devices) == 1
        assert at.scout.looks == looks + 1, "it looked once, and answered at once"


async def test_nobody_waits_longer_for_answers_than_is_sensible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "LONGEST_WAIT_S", 0.05)
    async with street(tmp_path, DOCK) as at:
        async with asyncio.timeout(10):
            assert len((await at.seen(3600)).devices) == 1


async def test_a_stop_does_not_wait_for_those_who_wait_for_answers(tmp_path: Path) -> None:
    async with street(tmp_path, DOCK) as at:
        first = asyncio.create_task(at.seen(30))
        await at.scout.looked.wait()
        await at.engine.stop()
        async with asyncio.timeout(5):
            assert [one.name for one in (await first).devices] == ["Dock"]


@dataclass
class Hung(Scout):
    """Its look never ends."""

    async def sightings(self) -> Sequence[Discovered]:
        self.looks += 1
        self.looked.set()
        await asyncio.Event().wait()
        return ()


async def test_a_look_that_hangs_is_begun_once_however_many_ask_and_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "LOOK_S", 0.05)
    hung = Hung("usb")
    async with street(tmp_path, DOCK, more=(hung,)) as at:
        for seen in await asyncio.gather(*(at.seen() for _ in range(20))):
            assert [one.name for one in seen.devices] == ["Dock"]
            assert "looked for by usb" in seen.notes[0]
        await at.added((await at.device()).id)
        assert hung.looks == 1


async def test_a_look_that_hangs_holds_up_no_stop(tmp_path: Path) -> None:
    hung = Hung("usb")
    async with street(tmp_path, DOCK, more=(hung,)) as at:
        asking = asyncio.create_task(at.seen())
        await hung.looked.wait()
        await at.engine.stop()
        async with asyncio.timeout(5):
            assert [one.name for one in (await asking).devices] == ["Dock"]
        assert (await at.seen()).notes == ("the gateway is being stopped",) * 2


async def test_who_cannot_look_is_told_in_words_and_others_are_listed(tmp_path: Path) -> None:
    deaf = Scout("usb", fault=NotReached("no permission to look at the cable"))
    async with street(tmp_path, DOCK, more=(deaf,)) as at:
        seen = await at.seen()
        assert [one.name for one in seen.devices] == ["Dock"]
        assert seen.notes == ("no permission to look at the cable",)


async def test_those_seen_before_are_listed_while_a_scout_cannot_look(tmp_path: Path) -> None:
    async with street(tmp_path, DOCK) as at:
        await at.seen()
        at.scout.fault = NotReached("no network")
        assert [one.name for one in (await at.seen()).devices] == ["Dock"]


async def test_a_fault_in_a_scout_is_told_and_harms_no_list(tmp_path: Path) -> None:
    broken = Scout("usb", fault=ValueError("?"))
    async with street(tmp_path, DOCK, more=(broken,)) as at:
        seen = await at.seen()
        assert len(seen.devices) == 1
        assert "usb" in seen.notes[0]
        health = await at.do(AskHealth())
        assert isinstance(health, Health)
        assert any("usb" in problem for problem in health.problems)


async def test_more_devices_than_anybody_has_are_cut_off_with_words_and_cables_are_kept(tmp_path: Path) -> None:
    flood = [replace(BAR, name=f"A{number}", uri=f"socket://evil{number}.example") for number in range(3)]
    flood += [
        replace(BAR, name=f"A{number}", uri=f"socket://host{number}.example") for number in range(2 * MOST_DEVICES)
    ]
    cable = Scout("usb", [replace(BAR, name="Z", uri="usb://0a5f:0164/50J1")])
    async with street(tmp_path, *flood, more=(cable,)) as at:
        seen = await at.seen()
        assert len(seen.devices) == MOST_DEVICES
        assert "usb://0a5f:0164/50J1" in {way.uri for one in seen.devices for way in one.ways}
        assert f"{2 * MOST_DEVICES + 1} devices" in seen.notes[0]


async def test_what_no_transport_of_ours_takes_is_no_way(tmp_path: Path) -> None:
    strange = [replace(DOCK, uri="gopher://192.0.2.7"), replace(DOCK, uri="socket://evil")]
    async with street(tmp_path, DOCK, *strange) as at:
        assert [way.uri for way in (await at.device()).ways] == ["socket://192.0.2.7"]


@pytest.mark.parametrize("name", ["x" * 500, "\x1b[2J", "\u202e"])
async def test_a_device_with_a_name_that_nobody_can_say_needs_one_from_a_person(tmp_path: Path, name: str) -> None:
    async with street(tmp_path, replace(DOCK, name=name)) as at:
        device = (await at.device()).id
        assert (await at.refused(AddDiscovered(device))).code == "bad-option"
        assert (await at.added(device, name="Dock")).printer.name == "Dock"
