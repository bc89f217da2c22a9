"""The queues of Windows as they come and go, what they are, and which one is meant."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import NotReached
from fanfold.model import Evidence, Traits
from fanfold.transports.base import Discovered
from fanfold.transports.winspool import aside, census, desk, windows
from fanfold.transports.winspool.queues import info_of, traits_of, why_not_raw
from fanfold.transports.winspool.spooler import QueueFacts
from fanfold.transports.winspool.transport import WinspoolTransport
from tests.peers.deliveries import ZPL, deliver, work_of
from tests.peers.processes import until
from tests.peers.winspool import NO_SERVER, WORKS_OFFLINE, FakeQueue, FakeSpooler

URI = "winspool:Zebra"


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue("Zebra", location="Dock 2")


@pytest.fixture
def spooler(queue: FakeQueue) -> FakeSpooler:
    return FakeSpooler(queue, default="Zebra")


@pytest.fixture
async def transport(spooler: FakeSpooler, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WinspoolTransport]:
    monkeypatch.setattr(desk, "LOOK_S", 0.3)
    monkeypatch.setattr(census, "LIST_S", 0.3)
    monkeypatch.setattr(windows, "FRESH_S", 0)
    made = WinspoolTransport(spooler)
    yield made
    await made.close()
    spooler.hangs.clear()
    for one in spooler.by_name.values():
        spooler.change(one, hangs=set())


async def names(transport: WinspoolTransport) -> list[str]:
    return [one.name for one in await transport.discover()]


def asked(spooler: FakeSpooler) -> list[str]:
    """What it was asked; handles are closed some time later."""
    return [call for call in spooler.calls if call != "ClosePrinter"]


async def test_a_queue_is_found_with_what_it_says_of_itself(transport: WinspoolTransport) -> None:
    assert await transport.discover() == (
        Discovered(
            "Zebra", "winspool:Zebra", ("raw",), "ZDesigner GK420d, at USB001, Dock 2", is_default=True,
            traits=Traits("Zebra", "ZDesigner GK420d", languages=("zpl",), told_by=("winspool",)),
        ),
    )  # fmt: skip


async def test_queues_come_and_go(transport: WinspoolTransport, spooler: FakeSpooler, queue: FakeQueue) -> None:
    other = FakeQueue("Bon & Etikett 100%")
    spooler.add(other)
    assert {one.uri for one in await transport.discover()} == {URI, "winspool:Bon%20%26%20Etikett%20100%25"}
    spooler.remove(queue)
    assert await names(transport) == [other.name]
    spooler.add(queue)
    assert set(await names(transport)) == {other.name, queue.name}


async def test_the_default_printer_may_change_and_there_may_be_none(
    transport: WinspoolTransport, spooler: FakeSpooler
) -> None:
    spooler.add(FakeQueue("Other"))
    for default in ("other", "Zebra", "", "gone"):
        spooler.default_name = default
        assert [one.name.lower() for one in await transport.discover() if one.is_default] == [
            name for name in ("zebra", "other") if name == default.lower()
        ]


async def test_what_is_known_is_not_asked_again_at_every_round(
    transport: WinspoolTransport, spooler: FakeSpooler
) -> None:
    await transport.discover()
    spooler.calls.clear()
    await transport.discover()
    assert asked(spooler) == ["EnumPrinters", "GetDefaultPrinter"]


async def test_a_queue_is_listed_as_windows_spells_it(transport: WinspoolTransport) -> None:
    await transport.discover()
    assert transport.listed_as("WINSPOOL:zebra") == URI
    assert transport.listed_as("winspool:other one") == "winspool:other%20one"


@pytest.mark.parametrize(
    ("port", "driver"),
    [("PORTPROMPT:", "Microsoft Print To PDF"), ("TS004", "HP LaserJet"), ("nul:", "Send To OneNote 2016")],
)
async def test_queues_without_a_printer_are_hidden_unless_asked_for(
    transport: WinspoolTransport, queue: FakeQueue, port: str, driver: str
) -> None:
    queue.port, queue.driver = port, driver
    (found,) = await transport.discover()
    assert found.is_temporary
    assert found.traits == Traits()


async def test_a_spooler_that_is_away_says_nothing_of_the_printers_known_before(
    transport: WinspoolTransport, spooler: FakeSpooler
) -> None:
    await transport.discover()
    spooler.fails["EnumPrinters"] = NO_SERVER
    with pytest.raises(NotReached, match="See that the service Print Spooler runs"):
        await transport.discover()
    spooler.fails.clear()
    assert await names(transport) == ["Zebra"]


async def test_a_list_that_hangs_is_given_up_in_time_and_asked_again_when_it_returns(
    transport: WinspoolTransport, spooler: FakeSpooler, queue: FakeQueue
) -> None:
    spooler.hangs.add("EnumPrinters")
    for _ in range(2):
        with pytest.raises(NotReached, match="has not answered"):
            await transport.discover()
    assert spooler.calls == ["EnumPrinters"], "no second thread hangs in it"
    assert (await deliver(transport, URI, work_of(ZPL))).evidence is Evidence.DELIVERED, "printing goes on"
    spooler.hangs.clear()
    spooler.change(queue)
    assert await names(transport) == ["Zebra"]
    assert spooler.calls.count("EnumPrinters") == 2, "what was given up is not made up for"


async def test_a_print_server_that_hangs_holds_up_no_other_queue(
    transport: WinspoolTransport, spooler: FakeSpooler
) -> None:
    far = spooler.add(FakeQueue(r"\\server\far", server=r"\\server", hangs={"GetPrinter"}))
    assert set(await names(transport)) == {"Zebra", r"\\server\far"}
    spooler.calls.clear()
    assert set(await names(transport)) == {"Zebra", r"\\server\far"}
    assert asked(spooler) == ["EnumPrinters", "GetDefaultPrinter"], "it is not asked again at once"
    spooler.change(far, hangs=set())


async def test_a_connection_is_a_printer_with_its_servers_name(
    transport: WinspoolTransport, spooler: FakeSpooler
) -> None:
    far = spooler.add(FakeQueue(r"\\server\far", server=r"\\server"))
    assert "winspool:%5C%5Cserver%5Cfar" in {one.uri for one in await transport.discover()}
    await deliver(transport, r"winspool:\\server\far", work_of(ZPL))
    assert far.paper == [ZPL]


@pytest.mark.parametrize("name", ["a\x1b[31m", "a\0b", "x" * 10_000, " padded ", "a\\b", "\ud800", ""])
async def test_a_name_that_no_uri_can_say_is_passed_over_and_the_others_are_not(
    transport: WinspoolTransport, spooler: FakeSpooler, name: str
) -> None:
    spooler.add(FakeQueue(name))
    assert await names(transport) == ["Zebra"]


async def test_facts_of_a_queue_that_cannot_be_read_leave_its_name(
    transport: WinspoolTransport, queue: FakeQueue
) -> None:
    queue.fails = {"GetPrinter": OSError("access violation")}
    (found,) = await transport.discover()
    assert (found.name, found.info, found.traits) == ("Zebra", "", Traits())


# a printer that was plugged in elsewhere


@pytest.fixture
async def copy(transport: WinspoolTransport, spooler: FakeSpooler, queue: FakeQueue) -> FakeQueue:
    await transport.discover()
    spooler.change(queue, attributes=WORKS_OFFLINE)
    return spooler.add(FakeQueue("Zebra (Copy 1)", port="USB002"))


async def test_jobs_of_a_printer_that_came_back_as_a_copy_go_to_the_copy(
    transport: WinspoolTransport, spooler: FakeSpooler, queue: FakeQueue, copy: FakeQueue
) -> None:
    assert (await deliver(transport, URI, work_of(ZPL))).evidence is Evidence.DELIVERED, "before the list is looked at"
    (found,) = await transport.discover()
    assert (found.name, found.info) == ("Zebra", "ZDesigner GK420d, at USB002")
    await deliver(transport, URI, work_of(ZPL))
    assert (copy.paper, queue.paper) == ([ZPL, ZPL], [])
    spooler.change(queue, attributes=0)
    spooler.change(copy, attributes=WORKS_OFFLINE)
    assert await names(transport) == ["Zebra"]
    await deliver(transport, URI, work_of(ZPL))
    assert queue.paper == [ZPL], "it is plugged in here again"


async def test_jobs_of_a_queue_that_is_gone_go_to_its_copy_and_it_stays_a_printer(
    transport: WinspoolTransport, spooler: FakeSpooler, queue: FakeQueue, copy: FakeQueue
) -> None:
    spooler.remove(queue)
    spooler.default_name = "Zebra (Copy 1)"
    (found,) = await transport.discover()
    assert (found.name, found.is_default) == ("Zebra", True)
    await deliver(transport, URI, work_of(ZPL))
    assert copy.paper == [ZPL]


async def test_two_that_are_online_together_are_two_printers_from_then_on(
    transport: WinspoolTransport, spooler: FakeSpooler, queue: FakeQueue, copy: FakeQueue
) -> None:
    spooler.change(queue, attributes=0)
    assert set(await names(transport)) == {"Zebra", "Zebra (Copy 1)"}
    spooler.change(queue, attributes=WORKS_OFFLINE)
    assert set(await names(transport)) == {"Zebra", "Zebra (Copy 1)"}
    with pytest.raises(NotReached):
        await deliver(transport, URI, work_of(ZPL))
    assert copy.paper == []


async def test_another_serial_is_another_printer(
    transport: WinspoolTransport, spooler: FakeSpooler, copy: FakeQueue
) -> None:
    spooler.devices = {"USB001": r"USB#VID_0A5F&PID_0164#50J1#{28d78fad}", "USB002": r"USB#VID_0A5F&PID_0164#50J2#{}"}
    found = await transport.discover()
    assert {one.name: one.marks for one in found} == {
        "Zebra": ("usb:0a5f:0164/50j1",),
        "Zebra (Copy 1)": ("usb:0a5f:0164/50j2",),
    }
    with pytest.raises(NotReached):
        await deliver(transport, URI, work_of(ZPL))


async def test_a_registry_that_tells_nothing_leaves_it_to_the_names(
    transport: WinspoolTransport, spooler: FakeSpooler, copy: FakeQueue
) -> None:
    spooler.fails["RegOpenKey"] = 5
    await deliver(transport, URI, work_of(ZPL))
    assert copy.paper == [ZPL]


async def test_the_copys_own_name_still_means_the_copy(transport: WinspoolTransport, copy: FakeQueue) -> None:
    await deliver(transport, "winspool:Zebra (Copy 1)", work_of(ZPL))
    assert copy.paper == [ZPL]


# what a driver's name says


@pytest.mark.parametrize(
    ("driver", "make", "languages", "dpi"),
    [
        ("ZDesigner ZD420-203dpi ZPL", "Zebra", ("zpl",), 203), ("ZDesigner GK420d (EPL)", "Zebra", ("epl",), None),
        ("TSC TTP-244 Pro", "TSC", ("tspl",), None), ("EPSON TM-T20II Receipt5", "Epson", ("escpos",), None),
        ("EPSON WF-3720 Series", "Epson", (), None), ("HP LaserJet 4", "HP", (), None),
        ("Argox OS-214 plus series PPLA", "", (), None),
    ],
)  # fmt: skip
def test_a_drivers_name_tells_make_language_and_resolution(
    driver: str, make: str, languages: tuple[str, ...], dpi: int | None
) -> None:
    traits = traits_of(QueueFacts("x", "USB001", driver))
    assert (traits.make, traits.model, traits.languages, traits.dpi) == (make, driver, languages, dpi)


@pytest.mark.parametrize("driver", ["Generic / Text Only", "Microsoft IPP Class Driver", "", "Microsoft Print To PDF"])
def test_a_driver_that_says_nothing_tells_nothing(driver: str) -> None:
    assert traits_of(QueueFacts("x", "USB001", driver)) == Traits()


@given(st.text(), st.text(), st.text())
def test_whatever_a_queue_is_called_is_read_and_shown_in_one_line(port: str, driver: str, place: str) -> None:
    facts = QueueFacts("x", port, driver, place)
    why_not_raw(facts)
    traits_of(facts)
    assert info_of(facts).isprintable()


# names that come and go for ever


async def comes_and_goes(transport: WinspoolTransport, spooler: FakeSpooler, *queues: FakeQueue) -> None:
    """Have each of these there for one look."""
    for one in queues:
        spooler.add(one)
        await transport.discover()
        spooler.remove(one)
    await transport.discover()


def redirected(number: int) -> FakeQueue:
    return FakeQueue(f"Zebra (redirected {number})", port=f"TS{number:03}", driver="Remote Desktop Easy Print")


async def test_queues_of_sessions_that_ended_are_forgotten(transport: WinspoolTransport, spooler: FakeSpooler) -> None:
    await comes_and_goes(transport, spooler, *map(redirected, range(20)))
    assert list(transport._windows.census._entries) == ["zebra"]


async def test_of_usb_queues_that_are_gone_the_last_are_remembered(
    transport: WinspoolTransport, spooler: FakeSpooler, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(census, "MOST_GONE", 3)
    await comes_and_goes(transport, spooler, *(FakeQueue(f"Old {number}") for number in range(9)), queue)
    assert list(transport._windows.census._entries) == ["old 7", "old 8", "zebra"]
    copy = spooler.add(FakeQueue("Zebra (Copy 1)", port="USB002"))
    await deliver(transport, URI, work_of(ZPL))
    assert copy.paper == [ZPL]


async def test_pairs_of_queues_that_are_forgotten_are_forgotten_too(
    transport: WinspoolTransport, spooler: FakeSpooler
) -> None:
    for number in range(5):
        pair = (FakeQueue(f"Bon {number}", port="COM1:"), FakeQueue(f"Bon {number} (Copy 1)", port="COM2:"))
        for one in pair:
            spooler.add(one)
        await transport.discover()
        for one in pair:
            spooler.remove(one)
    await transport.discover()
    assert transport._windows.census._apart == set()


async def test_desks_of_queues_that_are_not_used_are_bounded(
    transport: WinspoolTransport, spooler: FakeSpooler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "MOST_DESKS", 4)
    monkeypatch.setattr(aside, "IDLE_S", 0.01)
    house = transport._windows

    async def rests() -> bool:
        return all(one.is_idle for one in house._desks.values())

    for number in range(12):
        await comes_and_goes(transport, spooler, redirected(number))
        await until(rests, "the end of every thread")
    gc.collect()
    assert len(house._kept) <= 4
    assert len(house._desks) <= 4


async def test_a_desk_that_is_used_or_hangs_is_the_queues_only_one(
    transport: WinspoolTransport, spooler: FakeSpooler, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "MOST_DESKS", 1)
    monkeypatch.setattr(aside, "IDLE_S", 0.01)
    house = transport._windows
    used, hung = house.desk("Used"), house.desk("Zebra")
    spooler.change(queue, hangs={"GetPrinter"})
    assert await hung.facts() is None
    async with used.visited():
        del used
        number, kept = id(house.desk("Used")), id(hung)
        del hung
        for other in range(5):
            house.desk(f"Other {other}")
        gc.collect()
        assert (id(house.desk("USED")), id(house.desk("zebra"))) == (number, kept)
        assert await house.desk("zebra").facts() is None, "it still hangs in the first question"
    assert spooler.calls.count("GetPrinter") <= 1
