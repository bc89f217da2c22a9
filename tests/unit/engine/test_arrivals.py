"""What printers that dial in tell, and what becomes of it: states, events, facts, jobs that go at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fanfold.config import PrinterSetting
from fanfold.engine import arrivals, standing
from fanfold.languages.base import Language
from fanfold.messages import (
    Accepted,
    AskHealth,
    ChangePrinter,
    FetchDocument,
    Health,
    PausePrinter,
    PrinterChanged,
    PrinterConnected,
    PrinterDisconnected,
    PrinterScanned,
    PrintTestPage,
    RemovePrinter,
    ResumePrinter,
)
from fanfold.model import JobState, Printer, PrinterId, PrinterState, Reachable, Reason
from fanfold.reception import Came, ChannelClosed, ChannelOpened, Faults, Known, News, Scanned, Suspicious, Went
from fanfold.registry import LANGUAGES
from fanfold.store.memory import MemoryStore
from fanfold.transports.base import Report
from tests.unit.engine.gate import warehouse
from tests.unit.engine.toy import ToyLink


async def test_nothing_is_said_of_a_printer_that_has_not_come_yet(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        status = (await h.view("1")).status
        assert (status.state, status.reachable, status.reasons) == (PrinterState.UNKNOWN, Reachable.UNKNOWN, ())


async def test_a_printer_that_came_is_idle_by_its_own_word_and_shows_its_channels(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.dial("1")
        view = await h.view("1")
        assert (view.status.state, view.status.reachable, view.status.source) == ("idle", Reachable.UP, "dial")
        assert view.channels == ("main", "raw")
        (event,) = await h.told(PrinterChanged)
        assert (event.printer, event.state, event.reasons) == ("1", "idle", ())


async def test_its_faults_stop_it_and_a_warning_does_not(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.dial("1", reasons={"media-low-warning": "little paper"})
        assert (await h.view("1")).status.state is PrinterState.IDLE
        h.gate.desk.tell("dial:1", Faults(sets={"cover-open-error": "the head is open"}))
        status = (await h.view("1")).status
        assert (status.state, status.reasons) == (PrinterState.STOPPED, ("media-low-warning", "cover-open-error"))
        assert "the head is open" in status.message
        h.gate.desk.tell("dial:1", Faults(clears=frozenset({"cover-open-error"})))
        assert (await h.view("1")).status.reasons == ("media-low-warning",)
        await h.told(PrinterChanged, 3)
        assert await h.reasons("1") == [
            ("media-low-warning",),
            ("media-low-warning", "cover-open-error"),
            ("media-low-warning",),
        ]


async def test_when_it_comes_again_only_what_it_says_then_is_wrong_with_it(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.dial("1", reasons={"cover-open-error": "open"})
        h.gate.dial("1", reasons={"media-empty-error": "empty"})
        assert (await h.view("1")).status.reasons == ("media-empty-error",)


async def test_a_fault_that_is_told_twice_is_one_event(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.dial("1")
        for _ in range(5):
            h.gate.desk.tell("dial:1", Faults(sets={"cover-open-error": "open"}))
        h.gate.desk.tell("dial:1", Scanned("end", "x"))
        await h.told(PrinterScanned)
        assert await h.reasons("1") == [(), ("cover-open-error",)]


async def test_a_printer_that_went_is_offline_with_the_words_for_it(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.dial("1", reasons={"cover-open-error": "open"})
        h.gate.hang_up("1")
        status = (await h.view("1")).status
        assert (status.state, status.reachable, status.reasons) == ("stopped", Reachable.DOWN, (Reason.OFFLINE,))
        assert status.message == "its main channel is over"


async def test_the_lanes_word_and_the_printers_own_stand_side_by_side(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        await h.do(PausePrinter("1"))
        h.gate.dial("1", reasons={"cover-open-error": "the head is open"})
        status = (await h.view("1")).status
        assert status.reasons == (Reason.PAUSED, "cover-open-error")
        assert status.source == "lane, dial"
        await h.do(ResumePrinter("1"))
        status = (await h.view("1")).status
        assert (status.state, status.reasons, status.source) == ("stopped", ("cover-open-error",), "dial")


async def test_a_printer_that_is_paused_by_its_own_key_is_not_paused_by_us(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.dial("1", reasons={"paused": "its pause key was pressed"})
        view = await h.view("1")
        assert (view.printer.paused, view.status.state) == (False, PrinterState.STOPPED)
        await h.do(ChangePrinter("1", aliases=("one",)))
        assert (await h.view("1")).status.reasons == ("paused",)


async def test_a_waiting_job_shows_the_printers_faults_and_not_its_warnings(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        await h.do(PausePrinter("1"))
        job = await h.submit(printer="1")
        h.gate.dial("1", reasons={"media-low-warning": "little paper", "cover-open-error": "the head is open"})
        shown = await h.shown(job)
        assert shown.reasons == (Reason.PAUSED, "cover-open-error")
        assert "the head is open" in shown.message
        assert "little paper" not in shown.message


async def test_waiting_jobs_go_at_once_when_their_printer_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.engine.retry.FIRST_S", 3600.0)
    monkeypatch.setattr("fanfold.engine.approach.FIRST_S", 3600.0)
    monkeypatch.setattr("fanfold.engine.approach.LONGEST_TOLD_S", 7200.0)
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        jobs = [await h.submit(b"%d" % n, printer="1") for n in range(3)]
        await h.gate.tried.wait()
        waiting = await h.shown(jobs[0])
        assert (waiting.state, waiting.reasons) == ("pending", (Reason.OFFLINE,))
        assert "has not dialled in since the start" in waiting.message
        h.gate.dial("1")
        assert (await h.view("1")).status.reasons == (), "that it was away is over"
        assert (await h.end(jobs[-1])).state is JobState.COMPLETED
        assert [data for _, data in h.gate.paper] == [b"0", b"1", b"2"]


async def test_a_waiting_job_goes_when_its_printer_opens_a_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.engine.retry.FIRST_S", 3600.0)
    monkeypatch.setattr("fanfold.engine.approach.LONGEST_TOLD_S", 3600.0)
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        job = await h.submit(printer="1")
        await h.gate.tried.wait()
        h.gate.there.add("dial:1")
        h.gate.desk.tell("dial:1", ChannelOpened("raw"))
        assert (await h.end(job)).state is JobState.COMPLETED


async def test_a_job_for_one_that_went_waits_in_its_words(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.dial("1")
        h.gate.hang_up("1")
        job = await h.submit(printer="1")
        await h.gate.tried.wait()
        shown = await h.shown(job)
        assert shown.reasons == (Reason.OFFLINE,)
        assert "its main channel is over" in shown.message


async def test_a_printer_without_jobs_is_not_turned_to(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt(*(str(n) for n in range(50)))
        for n in range(50):
            h.gate.dial(str(n))
        await h.told(PrinterChanged, 50)
        assert h.gate.opens == 0


class Quick(MemoryStore):
    """Counting one printer's jobs would look through those of all: here it ends at the first."""

    def waiting(self, printer: PrinterId) -> int:
        return int(any(True for _ in self._of(printer, JobState.PENDING)))


async def test_two_thousand_printers_that_return_print_what_waits_and_are_reached_once_each(tmp_path: Path) -> None:
    serials = [f"50J{n:04}" for n in range(2000)]
    async with warehouse(tmp_path, store=Quick(tmp_path)) as h:
        await h.adopt(*serials)
        jobs = [await h.submit(serial.encode(), printer=serial) for serial in serials]
        for _ in serials:
            await h.gate.opened.acquire()
        before = h.gate.opens
        for serial in serials:
            h.gate.dial(serial)
        for job in jobs:
            assert (await h.end(job)).state is JobState.COMPLETED
        assert h.gate.opens - before <= 2 * len(serials)
        assert sorted(data for _, data in h.gate.paper) == [serial.encode() for serial in serials]


async def test_channels_that_open_and_close_are_events_in_their_order(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        news: list[News] = [
            ChannelOpened("main"), ChannelOpened("raw"), ChannelClosed("raw", "closed with 1006"), Went("over"),
        ]  # fmt: skip
        for one in news:
            h.gate.desk.tell("dial:1", one)
        (closed,) = await h.told(PrinterDisconnected)
        opened = await h.told(PrinterConnected, 2)
        (changed,) = await h.told(PrinterChanged)
        assert [*(one.channel for one in opened), closed.channel] == ["main", "raw", "raw"]
        assert closed.message == "closed with 1006"
        assert opened[0].id < opened[1].id < closed.id < changed.id


async def test_scanned_data_is_an_event_with_its_source(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.desk.tell("dial:1", Scanned("4006381333931\r\n", "input.capture"))
        (event,) = await h.told(PrinterScanned)
        assert (event.printer, event.data, event.source) == ("1", "4006381333931\r\n", "input.capture")


async def test_who_claims_to_be_a_printer_is_told_once_and_then_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.dial("1")
        for _ in range(100):
            h.gate.desk.tell("dial:1", Suspicious("somebody at 192.0.2.9 claims to be it"))
        monkeypatch.setattr(arrivals, "CONFLICT_EVERY_S", 0)
        h.gate.desk.tell("dial:1", Suspicious("and again"))
        _, first, second = await h.told(PrinterChanged, 3)
        assert (first.state, first.reasons) == ("idle", (arrivals.CONFLICT,))
        assert "192.0.2.9" in first.message
        assert second.reasons == (arrivals.CONFLICT,)
        assert second.message == "and again (99 times more since this was last told)"
        assert len([line for line in caplog.records if "192.0.2.9" in line.getMessage()]) == 1
        status = (await h.view("1")).status
        assert (status.state, status.reachable, status.reasons) == ("idle", Reachable.UP, (arrivals.CONFLICT,))
        assert status.message == "and again"
        job = await h.submit(printer="1")
        assert (await h.end(job)).state is JobState.COMPLETED, "nothing is wrong with the printer itself"


async def test_that_somebody_claimed_to_be_a_printer_is_shown_for_a_while_whatever_the_printer_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.dial("1")
        h.gate.desk.tell("dial:1", Suspicious("somebody claims to be it"))
        h.gate.hang_up("1")
        assert (await h.view("1")).status.reasons == (Reason.OFFLINE, arrivals.CONFLICT)
        h.gate.dial("1")
        status = (await h.view("1")).status
        assert (status.reasons, status.message) == ((arrivals.CONFLICT,), "somebody claims to be it")
        monkeypatch.setattr(arrivals, "CONFLICT_LASTS_S", 0)
        h.gate.desk.tell("dial:1", Suspicious("and again"))
        assert (await h.told(PrinterChanged, 5))[-1].reasons == ()
        assert (await h.view("1")).status.reasons == ()


async def test_a_conflict_is_settled_by_adopting_the_printer_anew(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        for _ in range(2):
            h.gate.desk.tell("dial:1", Suspicious("somebody claims to be it"))
            assert (await h.view("1")).status.reasons == (arrivals.CONFLICT,)
            await h.adopt("1")
            assert (await h.view("1")).status.reasons == ()
        h.gate.desk.tell("dial:1", Suspicious("somebody claims to be it"))
        await h.do(RemovePrinter("1"))
        await h.adopt("1")
        assert (await h.view("1")).status.reasons == (), "it is another one of the same name"


class Learning(MemoryStore):
    """Tells when something was learned of a printer."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.learned = asyncio.Event()

    async def save_printer(self, printer: Printer) -> None:
        await super().save_printer(printer)
        if printer.info:
            assert not self.learned.is_set(), "only what is new is written"
            self.learned.set()


async def test_what_it_says_of_itself_is_kept_where_it_is_new(tmp_path: Path) -> None:
    store = Learning(tmp_path)
    async with warehouse(tmp_path, store=store) as h:
        await h.adopt("1")
        h.gate.dial("1")
        h.gate.dial("1")
        await store.learned.wait()
        assert [kept.printer.info for kept in await store.printers()] == ["ZD420, 203 dpi"]
        h.gate.dial("1")
        await asyncio.sleep(0)
        assert (await h.view("1")).printer.info == "ZD420, 203 dpi"


async def test_of_what_it_says_of_itself_no_more_is_kept_than_people_read(tmp_path: Path) -> None:
    store, long = Learning(tmp_path), "ZD420 " * 1000
    async with warehouse(tmp_path, store=store) as h:
        await h.adopt("1")
        h.gate.desk.tell("dial:1", Came(long))
        await store.learned.wait()
        assert [kept.printer.info for kept in await store.printers()] == [long[: arrivals.INFO_LENGTH]]
    async with warehouse(tmp_path) as h:
        h.gate.wait("2", info=long)
        assert (await h.adopt("2")).views[0].printer.info == long[: arrivals.INFO_LENGTH]


@pytest.mark.parametrize(
    ("own", "says", "page"),
    [(None, "", "zpl one"), (None, "cpcl", "cpcl one"), ("epl", "cpcl", "epl one")],
    ids=["by its kind", "by itself", "by its owner"],
)
async def test_a_test_page_is_in_the_language_that_the_printer_speaks(
    tmp_path: Path, own: str | None, says: str, page: str
) -> None:
    async with warehouse(tmp_path, languages=LANGUAGES) as h:
        await h.adopt("1")
        await h.do(ChangePrinter("1", name="one", options={"language": own} if own else {}))
        h.gate.dial("1", language=says)
        reply = await h.do(PrintTestPage("one"))
        assert isinstance(reply, Accepted)
        fetched = await h.do(FetchDocument(reply.job.id))
        assert fetched.document.data == page.encode()  # type: ignore[union-attr]
        assert (await h.view("one")).printer.options.language == own


async def test_a_job_that_says_nothing_of_itself_is_taken_for_what_the_printer_speaks(tmp_path: Path) -> None:
    languages: tuple[Language, ...] = LANGUAGES
    async with warehouse(tmp_path, languages=languages) as h:
        await h.adopt("1")
        assert (await h.submit(b"some text", printer="1")).language == "zpl"
        assert (await h.submit(b"SIZE 40 mm,30 mm\r\nCLS\r\nPRINT 1\r\n", printer="1")).language == "tspl"


async def test_news_of_nobody_change_nothing_and_harm_nobody(tmp_path: Path) -> None:
    async with warehouse(tmp_path, PrinterSetting("till", "toy:1")) as h:
        await h.adopt("1")
        h.gate.desk.tell("dial:2", Went("it was never here"))
        await h.do(RemovePrinter("1"))
        h.gate.desk.tell("dial:1", Went("it is removed"))
        h.gate.desk.tell("dial:1", "nonsense")  # type: ignore[arg-type]
        assert await h.reasons("1") == []


async def test_a_fault_in_taking_news_is_told_and_not_raised(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.desk.tell("dial:1", Faults(sets=7))  # type: ignore[arg-type]
        health = await h.do(AskHealth())
        assert isinstance(health, Health)
        assert "news of 1" in health.problems[0]


class Stuck(MemoryStore):
    """A disk that takes nothing for a while."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.works = asyncio.Event()

    async def record(self, *what: object) -> None:
        await self.works.wait()
        await super().record(*what)  # type: ignore[arg-type]


async def test_a_printer_that_floods_us_fills_no_memory_and_no_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(arrivals, "MOST_UNWRITTEN", 10)
    store = Stuck(tmp_path)
    async with warehouse(tmp_path, store=store) as h:
        await h.adopt("1")
        for n in range(1000):
            h.gate.desk.tell("dial:1", Scanned(str(n), "input.capture"))
        store.works.set()
        assert [one.data for one in await h.told(PrinterScanned, 10)] == [str(n) for n in range(10)]
        await asyncio.sleep(0)
        h.gate.desk.tell("dial:1", Scanned("again", "input.capture"))
        assert (await h.told(PrinterScanned, 11))[-1].data == "again"
        health = await h.do(AskHealth())
        assert isinstance(health, Health)
        assert "tells more than the disk takes" in health.problems[0]
        assert len([line for line in caplog.records if "met a fault" in line.getMessage()]) == 1
        monkeypatch.setattr(arrivals, "TOLD_EVERY_S", 0)
        store.works.clear()
        for n in range(11):
            h.gate.desk.tell("dial:1", Scanned(str(n), "input.capture"))
        assert "(989 more since this was last told)" in caplog.text


async def test_of_a_flood_of_faults_only_what_they_come_to_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "MOST_CHANGES", 4)
    monkeypatch.setattr(standing, "CHANGE_EVERY_S", 0)
    store = Stuck(tmp_path)
    async with warehouse(tmp_path, store=store) as h:
        await h.adopt("1")
        h.gate.dial("1")
        for _ in range(1000):
            h.gate.desk.tell("dial:1", Faults(sets={"media-empty-error": "out of paper"}))
            h.gate.desk.tell("dial:1", Faults(clears=frozenset({"media-empty-error"})))
        h.gate.desk.tell("dial:1", Faults(sets={"cover-open-error": "open"}))
        assert (await h.view("1")).status.reasons == ("cover-open-error",), "what is so now is shown at once"
        store.works.set()
        await h.told(PrinterChanged, 5)
        empty, last = ("media-empty-error",), ("cover-open-error",)
        assert await h.reasons("1") == [(), empty, (), empty, last]
        h.gate.desk.tell("dial:1", Faults(clears=frozenset(last)))
        assert (await h.told(PrinterChanged, 6))[-1].reasons == ()


async def test_a_printer_has_no_more_faults_than_people_read(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.dial("1", reasons={f"one-{n}": "x" * 10_000 for n in range(100)})
        for n in range(100):
            h.gate.desk.tell("dial:1", Faults(sets={f"two-{n}": "y" * 10_000}))
        status = (await h.view("1")).status
        assert status.reasons == tuple(f"one-{n}" for n in range(standing.MOST_FAULTS))
        assert status.message == "x" * standing.WORDS_LENGTH
        h.gate.desk.tell("dial:1", Faults(clears=frozenset({"one-0"})))
        h.gate.desk.tell("dial:1", Faults(sets={"last": "words"}))
        assert (await h.view("1")).status.reasons[-1] == "last", "there is room for another"


async def test_after_a_restart_a_printer_is_known_and_nothing_is_said_of_it_until_it_comes(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    async with warehouse(tmp_path, store=store) as h:
        h.gate.wait("1", identity="user:a")
        await h.adopt("1")
        job = await h.submit(printer="1")
    async with warehouse(tmp_path, store=store) as h:
        assert h.gate.desk.known("dial:1") == Known(job.printer, "user:a")
        await h.gate.tried.wait()
        h.gate.dial("1")
        assert (await h.end(job)).state is JobState.COMPLETED


async def test_that_printers_go_while_the_gateway_stops_is_no_news(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    async with warehouse(tmp_path, store=store) as h:
        await h.adopt("1")
        h.gate.dial("1")
        await h.engine.stop()
        for one in (ChannelClosed("raw", "over"), Went("over"), Scanned("late", "x")):
            h.gate.desk.tell("dial:1", one)
        await asyncio.sleep(0)
        assert (await h.view("1")).status.reachable is Reachable.UP
        assert not [one for one in await store.events(0) if isinstance(one, PrinterDisconnected | PrinterScanned)]


async def test_a_printer_that_comes_back_while_its_job_is_under_way_still_counts_as_printing(tmp_path: Path) -> None:
    lost, settled = asyncio.Event(), asyncio.Event()

    async def loses_its_line(link: ToyLink, work: object, report: Report) -> None:
        report.stalled(Reason.OFFLINE, "its raw channel broke; its counter is asked when it is back")
        lost.set()
        await settled.wait()

    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.dial("1")
        h.gate.deeds.append(loses_its_line)
        job = await h.submit(printer="1")
        await lost.wait()
        h.gate.hang_up("1")
        assert (await h.view("1")).status.reachable is Reachable.DOWN
        h.gate.dial("1")
        status = (await h.view("1")).status
        assert (status.state, status.reachable, status.reasons) == ("processing", Reachable.UP, ())
        settled.set()
        assert (await h.end(job)).state is JobState.COMPLETED
