"""One document into one queue: what Windows is asked, and what its answers mean for the paper."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import Declined, Interrupted, NotReached, Refused
from fanfold.model import Evidence, PrinterOptions, Reason
from fanfold.transports.base import Discovers, Reconciles, Transport
from fanfold.transports.winspool import desk as desks
from fanfold.transports.winspool.address import queue_of, uri_of
from fanfold.transports.winspool.elsewhere import WinspoolElsewhere
from fanfold.transports.winspool.mark import Mark
from fanfold.transports.winspool.spooler import JobControl
from fanfold.transports.winspool.transport import WinspoolTransport
from fanfold.wire import Document
from tests.peers.deliveries import PDF, ZPL, deliver, job_of, printer_at, under_way, work_of
from tests.peers.ledger import Ledger
from tests.peers.processes import until
from tests.peers.winspool import (
    DELETING,
    DIRECT,
    KEEPS_PRINTED,
    NO_DATATYPE,
    NO_SERVER,
    PAUSED,
    PRINTING,
    QUEUED,
    WORKS_OFFLINE,
    FakeQueue,
    FakeSpooler,
)

URI = "winspool:Zebra"
LONG = bytes(range(256)) * 1024


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue("Zebra")


@pytest.fixture
def spooler(queue: FakeQueue) -> FakeSpooler:
    return FakeSpooler(queue)


@pytest.fixture
async def transport(spooler: FakeSpooler, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WinspoolTransport]:
    monkeypatch.setattr(desks, "LOOK_S", 0.5)
    monkeypatch.setattr(desks, "HANG_S", 0.2)
    made = WinspoolTransport(spooler)
    yield made
    await made.close()
    for one in spooler.by_name.values():
        spooler.change(one, hangs=set())


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("winspool:Zebra", "Zebra"),
        ("winspool:Zebra%20GK420d%20(Copy%201)", "Zebra GK420d (Copy 1)"),
        ("WINSPOOL:Zebra GK420d", "Zebra GK420d"),
        (r"winspool:\\server\share", r"\\server\share"),
        ("winspool:%5C%5Cserver%5Cshare", r"\\server\share"),
        ("winspool:B%C3%BCro%20100%25", "Büro 100%"),
        ("winspool:HP #2?", "HP #2?"),
    ],
)
def test_well_formed_uris_name_a_queue(uri: str, name: str) -> None:
    assert queue_of(uri) == name
    assert queue_of(uri_of(name)) == name


@pytest.mark.parametrize(
    "bad",
    ["winspool:", "winspool:%20", "winspool://Zebra", r"winspool:\\server", r"winspool:a\b", "winspool:a%00b",
     "winspool:a%0Ab", "winspool:%1B[31m", "winspool:%FF", f"winspool:{'x' * 10_000}", "winspool", "cups:///q", ""],
)  # fmt: skip
def test_other_uris_are_refused_with_an_example(bad: str) -> None:
    with pytest.raises(Refused, match="Write, for example, winspool:") as caught:
        WinspoolElsewhere().check(bad)
    assert (caught.value.code, caught.value.status) == ("bad-uri", 422)
    assert len(caught.value.says) < 400


@given(st.text())
def test_any_text_is_a_uri_or_refused(text: str) -> None:
    for uri in (text, f"winspool:{text}"):
        try:
            assert queue_of(uri)
        except Refused as refused:
            assert refused.code == "bad-uri"  # noqa: PT017


async def test_where_there_is_no_windows_nothing_is_found_and_printers_are_away_in_words() -> None:
    transport: Transport = WinspoolElsewhere()
    assert not isinstance(transport, Discovers)
    assert isinstance(transport, Reconciles)
    with pytest.raises(NotReached, match="does not run Windows") as away:
        await deliver(transport, URI, work_of(ZPL))
    assert away.value.reasons == (Reason.OFFLINE,)
    job = job_of(work_of(ZPL), None)
    assert "not on this machine" in (await transport.find(printer_at(URI), job, Ledger())).uncertain
    await transport.recall(printer_at(URI), job)
    await transport.close()


async def test_a_label_is_one_raw_job_and_is_delivered_when_it_has_left_the_queue(
    transport: WinspoolTransport, queue: FakeQueue
) -> None:
    ledger = Ledger()
    work = work_of(ZPL, copies=2)
    receipt = await deliver(transport, URI, work, ledger)
    assert receipt.evidence is Evidence.DELIVERED
    assert queue.paper == [ZPL * 2]
    assert queue.datatypes == ["RAW"]
    assert ledger.foreign is not None
    mark = Mark.load(ledger.foreign)
    assert (mark.queue, mark.job_id) == ("Zebra", 1)
    assert mark.title == f"A label [fanfold {work.job}.1]"


async def test_it_is_on_disk_before_it_is_followed(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    async def lost_sight_of() -> None:
        assert queue.paper == [ZPL]
        spooler.restart()

    with pytest.raises(Interrupted, match="started anew"):
        await deliver(transport, URI, work_of(ZPL), Ledger(lost_sight_of))


async def test_a_long_or_hostile_title_keeps_our_mark(transport: WinspoolTransport, queue: FakeQueue) -> None:
    for title in ("\x1b[31m" + "x" * 5000, "", "\0\n"):
        ledger, work = Ledger(), replace(work_of(ZPL), title=title)
        assert (await deliver(transport, URI, work, ledger)).evidence is Evidence.DELIVERED
        mark = Mark.load(ledger.foreign or "")
        assert mark.title.endswith(f"[fanfold {work.job}.1]")
        assert mark.title.isprintable()
        assert len(mark.title) <= 200


@pytest.mark.parametrize(
    ("status", "attributes", "reason"),
    [
        (0x1, 0, "paused"), (0x2, 0, "other-error"), (0x4, 0, "offline-error"), (0x8, 0, "media-jam-error"),
        (0x10, 0, "media-empty-error"), (0x80, 0, "offline-error"), (0x1000, 0, "offline-error"),
        (0x40000, 0, "marker-supply-empty-error"), (0x100000, 0, "other-error"), (0x400000, 0, "cover-open-error"),
        (0x800000, 0, "offline-error"), (0, WORKS_OFFLINE, "offline-error"), (0x410, 0, "media-empty-error"),
    ],
)  # fmt: skip
async def test_a_queue_that_prints_nothing_now_is_not_reached_so_that_jobs_wait_here(
    transport: WinspoolTransport, queue: FakeQueue, status: int, attributes: int, reason: str
) -> None:
    queue.status, queue.attributes = status, attributes
    with pytest.raises(NotReached) as away:
        await deliver(transport, URI, work_of(ZPL))
    assert away.value.reasons == (reason,)
    assert queue.datatypes == []


@pytest.mark.parametrize("status", [0, 0x200, 0x400, 0x8000, 0x10000, 0x20000, 0x1000000, 1 << 30])
async def test_a_queue_that_is_busy_low_asleep_or_unheard_of_prints(
    transport: WinspoolTransport, queue: FakeQueue, status: int
) -> None:
    queue.status = status
    assert (await deliver(transport, URI, work_of(ZPL))).evidence is Evidence.DELIVERED


@pytest.mark.parametrize(
    ("status", "reason"), [(0x40, "media-empty-error"), (0x20, "offline-error"), (0x12, "other-error")]
)
async def test_a_job_of_somebody_else_that_is_stuck_there_says_why(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler, status: int, reason: str
) -> None:
    queue.prints = False
    spooler.put(queue, "Invoice\x1b 7", status)
    with pytest.raises(NotReached, match="another job, 'Invoice  7', is stuck") as away:
        await deliver(transport, URI, work_of(ZPL))
    assert away.value.reasons == (reason,)


async def test_a_queue_that_is_not_there_is_not_reached_with_words(
    transport: WinspoolTransport, spooler: FakeSpooler
) -> None:
    with pytest.raises(NotReached, match="no queue Other; see that it is installed"):
        await deliver(transport, "winspool:Other", work_of(ZPL))
    spooler.is_service = True
    with pytest.raises(NotReached, match="only there for that user"):
        await deliver(transport, "winspool:Other", work_of(ZPL))


async def test_a_spooler_that_is_away_is_waited_for(transport: WinspoolTransport, spooler: FakeSpooler) -> None:
    spooler.fails["OpenPrinter"] = NO_SERVER
    spooler.fails["EnumPrinters"] = NO_SERVER
    with pytest.raises(NotReached, match="1722") as away:
        await deliver(transport, URI, work_of(ZPL))
    assert away.value.reasons == (Reason.OFFLINE,)


@pytest.mark.parametrize("call", ["OpenPrinter", "GetPrinter", "EnumJobs", "GetPrinterDriver", "ClosePrinter"])
async def test_drivers_whose_calls_raise_do_no_harm(transport: WinspoolTransport, queue: FakeQueue, call: str) -> None:
    for fault in (OSError("access violation reading 0x0"), 1722):
        queue.fails = {call: fault}
        try:
            receipt = await deliver(transport, URI, work_of(ZPL))
            assert receipt.evidence in (Evidence.DELIVERED, Evidence.SENT)
        except NotReached as away:
            assert away.reasons  # noqa: PT017
            assert queue.datatypes == []
    queue.fails = {}
    assert (await deliver(transport, URI, work_of(ZPL))).evidence is Evidence.DELIVERED


# datatypes and kinds


async def test_a_driver_that_is_fed_xps_gets_the_same_bytes_as_xps_pass(
    transport: WinspoolTransport, queue: FakeQueue
) -> None:
    queue.wants_xps = True
    await deliver(transport, URI, work_of(ZPL))
    assert queue.datatypes == ["XPS_PASS"]
    assert queue.paper == [ZPL]


@pytest.mark.parametrize(("wants_xps", "taken"), [(True, "RAW"), (False, "XPS_PASS")])
async def test_where_windows_refuses_one_datatype_the_other_is_tried(
    transport: WinspoolTransport, queue: FakeQueue, taken: str, *, wants_xps: bool
) -> None:
    queue.wants_xps, queue.refuses = wants_xps, frozenset({"RAW", "XPS_PASS"} - {taken})
    await deliver(transport, URI, work_of(ZPL))
    assert queue.datatypes == [taken]
    assert queue.paper == [ZPL]


async def test_where_the_driver_cannot_be_asked_it_is_raw(transport: WinspoolTransport, queue: FakeQueue) -> None:
    queue.wants_xps, queue.fails = True, {"GetPrinterDriver": 1}
    await deliver(transport, URI, work_of(ZPL))
    assert queue.datatypes == ["RAW"]


async def test_a_queue_that_takes_neither_declines(transport: WinspoolTransport, queue: FakeQueue) -> None:
    queue.refuses = frozenset({"RAW", "XPS_PASS"})
    with pytest.raises(Declined, match="Generic / Text Only"):
        await deliver(transport, URI, work_of(ZPL))
    assert (queue.jobs, queue.paper) == ([], [])


@pytest.mark.parametrize(
    ("port", "driver", "attributes"),
    [
        ("PORTPROMPT:", "Microsoft Print To PDF", 0), ("XPSPort:", "Microsoft XPS Document Writer v4", 0),
        ("nul:", "Send to Microsoft OneNote 16 Driver", 0), ("SHRFAX:", "Microsoft Shared Fax Driver", 0),
        ("FILE:", "Generic / Text Only", 0), ("TS001", "Remote Desktop Easy Print", 0), ("USB001", "X", 0x8000),
        ("X", "X", 0x4000), (r"C:\labels.prn", "ZDesigner", 0), ("CPW2:", "CutePDF Writer v4.0", 0),
    ],
)  # fmt: skip
async def test_a_queue_without_a_printer_refuses_before_anything_is_spooled(
    transport: WinspoolTransport, queue: FakeQueue, port: str, driver: str, attributes: int
) -> None:
    queue.port, queue.driver, queue.attributes = port, driver, attributes
    with pytest.raises(Declined, match="raw bytes"):
        await deliver(transport, URI, work_of(ZPL))
    assert queue.datatypes == []


async def test_a_queue_without_a_printer_refuses_also_while_it_is_paused_for_waiting_would_not_help(
    transport: WinspoolTransport, queue: FakeQueue
) -> None:
    queue.driver, queue.port, queue.status = "Microsoft Print To PDF", "PORTPROMPT:", 0x1
    with pytest.raises(Declined, match="no printer behind it"):
        await deliver(transport, URI, work_of(ZPL))


@pytest.mark.parametrize(
    ("language", "media_type"), [("pdf", ""), ("", "application/pdf"), ("png", ""), ("", "image/gif")]
)
async def test_pages_are_declined_because_nobody_draws_them(
    transport: WinspoolTransport, queue: FakeQueue, language: str, media_type: str
) -> None:
    with pytest.raises(Declined, match="cannot draw"):
        await deliver(transport, URI, work_of(PDF, language=language, media_type=media_type))
    assert queue.datatypes == []


async def test_a_printer_whose_owner_says_that_it_reads_pdf_gets_it(
    transport: WinspoolTransport, queue: FakeQueue
) -> None:
    printer = replace(printer_at(URI), options=PrinterOptions(accepts=("application/pdf",)))
    async with transport.open(printer) as link:
        await link.deliver(work_of(PDF, language="pdf"), Ledger())
    assert queue.paper == [PDF]


async def test_postscript_is_a_printers_language(transport: WinspoolTransport, queue: FakeQueue) -> None:
    await deliver(transport, URI, work_of(b"%!PS\nshowpage\n", language="postscript"))
    assert queue.paper == [b"%!PS\nshowpage\n"]


# what goes wrong on the way in


@pytest.mark.parametrize("call", ["StartDocPrinter", "WritePrinter"])
@pytest.mark.parametrize("code", [5, 112, 1722, 1801])
async def test_a_failure_before_the_first_byte_costs_nothing(
    transport: WinspoolTransport, queue: FakeQueue, call: str, code: int
) -> None:
    queue.fails = {call: code}
    with pytest.raises(NotReached):
        await deliver(transport, URI, work_of(ZPL))
    assert (queue.jobs, queue.paper, queue.scraps) == ([], [], [])
    queue.fails = {}
    await deliver(transport, URI, work_of(ZPL))
    assert queue.paper == [ZPL]


@pytest.mark.parametrize(("attributes", "error"), [(0, NotReached), (DIRECT, Interrupted)])
async def test_where_windows_tells_nothing_a_failed_first_write_is_a_doubt_only_if_it_went_to_the_printer_itself(
    transport: WinspoolTransport, queue: FakeQueue, attributes: int, error: type[Exception]
) -> None:
    queue.attributes, queue.is_blind, queue.fails = attributes, True, {"WritePrinter": 31}
    with pytest.raises(error):
        await deliver(transport, URI, work_of(ZPL))


async def test_a_refused_datatype_is_no_refused_write(transport: WinspoolTransport, queue: FakeQueue) -> None:
    queue.fails = {"WritePrinter": NO_DATATYPE}
    with pytest.raises(Declined):
        await deliver(transport, URI, work_of(ZPL))
    assert (queue.jobs, queue.paper) == ([], [])


@pytest.mark.parametrize("taken", [0, 1, 70_000])
async def test_a_short_write_is_told_to_the_byte_and_nothing_of_it_prints(
    transport: WinspoolTransport, queue: FakeQueue, taken: int
) -> None:
    queue.takes_at_most = taken
    async with transport.open(printer_at(URI)) as link:
        with pytest.raises(NotReached, match=f"had {taken} of {len(LONG)} bytes, which do not print"):
            await link.deliver(work_of(LONG), Ledger())
        assert link.sent_bytes == taken
    assert (queue.jobs, queue.paper, queue.scraps) == ([], [], [])


@pytest.mark.parametrize("taken", [0, 1, 70_000])
@pytest.mark.parametrize("mood", ["eager", "direct", "blind", "lies"])
async def test_a_short_write_is_a_doubt_where_some_of_it_may_have_printed(
    transport: WinspoolTransport, queue: FakeQueue, taken: int, mood: str
) -> None:
    queue.takes_at_most = taken
    queue.eager, queue.is_blind, queue.lies = mood == "eager", mood in ("blind", "lies"), mood == "lies"
    queue.attributes = DIRECT if mood == "direct" else 0
    async with transport.open(printer_at(URI)) as link:
        with pytest.raises(Interrupted, match=f"had {taken} of {len(LONG)} bytes, which may print"):
            await link.deliver(work_of(LONG), Ledger())
        assert link.sent_bytes == taken


async def test_a_queue_that_vanishes_in_the_middle_is_a_doubt_with_the_count(
    transport: WinspoolTransport, queue: FakeQueue
) -> None:
    queue.vanishes_at = 100_000
    async with transport.open(printer_at(URI)) as link:
        with pytest.raises(Interrupted):
            await link.deliver(work_of(LONG), Ledger())
        assert link.sent_bytes == 131_072


async def test_an_end_that_fails_is_a_doubt_unless_the_job_went_unprinted(
    transport: WinspoolTransport, queue: FakeQueue
) -> None:
    queue.fails = {"EndDocPrinter": 122}
    with pytest.raises(NotReached):
        await deliver(transport, URI, work_of(ZPL))
    assert (queue.jobs, queue.paper) == ([], [])
    queue.is_blind = queue.lies = True
    with pytest.raises(Interrupted):
        await deliver(transport, URI, work_of(ZPL))


async def test_a_document_that_ends_in_the_middle_is_not_printed(
    transport: WinspoolTransport, queue: FakeQueue, tmp_path: Path
) -> None:
    file = tmp_path / "label"
    file.write_bytes(LONG)
    work = replace(work_of(b""), document=Document(len(LONG), "", path=file), copies=2)

    class Strikes(Ledger):
        def progress(self, sent_bytes: int) -> None:
            file.unlink(missing_ok=True)

    with pytest.raises(NotReached, match="cannot be read"):
        await deliver(transport, URI, work, Strikes())
    assert (queue.jobs, queue.paper, queue.scraps) == ([], [], [])


# what hangs


async def test_a_write_that_hangs_is_told_and_hurts_no_other_printer(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    spooler.add(FakeQueue("Other"))
    queue.hangs = {"WritePrinter"}
    ledger = Ledger()
    printer = replace(printer_at(URI), options=PrinterOptions(stall_after_s=0.05))
    async with transport.open(printer) as link:
        delivery = asyncio.ensure_future(link.deliver(work_of(ZPL), ledger))
        assert "takes no more" in await ledger.stall(Reason.STALLED)
        assert (await deliver(transport, "winspool:Other", work_of(ZPL))).evidence is Evidence.DELIVERED
        spooler.change(queue, hangs=set())
        assert (await delivery).evidence is Evidence.DELIVERED
    assert ledger.stalls[-1] == ("", "")


async def test_a_thread_that_never_comes_back_blocks_its_printer_only_and_no_shutdown(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    queue.hangs = {"WritePrinter"}
    async with under_way(transport, URI) as under:
        await until_called(spooler, "WritePrinter")
        under.task.cancel()
        await asyncio.wait({under.task})
    with pytest.raises(NotReached, match="still hangs in an earlier job"):
        await deliver(transport, URI, work_of(ZPL))
    await transport.close()
    assert queue.paper == []
    threads = [one for one in threading.enumerate() if one.name.startswith("fanfold-winspool")]
    assert threads
    assert all(one.daemon for one in threads), "Python does not wait for it at its end"


async def test_a_print_server_that_does_not_answer_is_away_in_bounded_time_and_asked_again(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    queue.hangs = {"OpenPrinter"}
    for _ in range(2):
        with pytest.raises(NotReached, match="has not answered"):
            await deliver(transport, URI, work_of(ZPL))
    spooler.change(queue, hangs=set())
    assert (await deliver(transport, URI, work_of(ZPL))).evidence is Evidence.DELIVERED


# taking back


async def test_a_job_is_taken_back_while_it_is_written(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    queue.hangs = {"WritePrinter"}
    async with under_way(transport, URI) as under:
        await until_called(spooler, "WritePrinter")
        await under.link.recall()
        with pytest.raises(Declined, match="taken back"):
            await under.task
    assert (queue.jobs, queue.paper, queue.scraps) == ([], [], [])


@pytest.mark.parametrize("attributes", [0, QUEUED])
async def test_a_job_that_waits_in_windows_is_taken_back(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler, attributes: int
) -> None:
    queue.prints, queue.attributes = False, attributes
    async with under_way(transport, URI) as under:
        await under.ledger.is_sent.wait()
        await under.link.recall()
        with pytest.raises(Declined, match="taken back; nothing of it had gone"):
            await under.task
    spooler.change(queue, prints=True)
    assert (queue.jobs, queue.paper) == ([], [])


async def test_a_job_that_is_being_printed_when_it_is_taken_back_is_a_doubt(
    transport: WinspoolTransport, queue: FakeQueue
) -> None:
    queue.dawdles = True
    async with under_way(transport, URI) as under:
        await under.ledger.is_sent.wait()
        await under.link.recall()
        with pytest.raises(Interrupted, match="may have gone to the printer"):
            await under.task
    assert queue.scraps == [ZPL]


async def test_a_job_that_windows_does_not_let_go_prints_and_says_so(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    queue.prints = False
    async with under_way(transport, URI) as under:
        await under.ledger.is_sent.wait()
        queue.fails = {"SetJob": 5}
        await under.link.recall()
        spooler.change(queue, prints=True, fails={})
        assert (await under.task).evidence is Evidence.DELIVERED
    assert queue.paper == [ZPL]


async def test_where_cancelling_is_said_to_go_well_and_does_nothing_nothing_is_called_taken_back(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    queue.prints, queue.lies = False, True
    async with under_way(transport, URI) as under:
        await under.ledger.is_sent.wait()
        await under.link.recall()
        spooler.change(queue, prints=True)
        assert (await under.task).evidence is Evidence.DELIVERED


async def test_a_job_that_was_not_seen_to_be_paused_may_have_begun_before_it_was_deleted(
    transport: WinspoolTransport, queue: FakeQueue
) -> None:
    queue.prints, queue.ignores = False, {1}
    async with under_way(transport, URI) as under:
        await under.ledger.is_sent.wait()
        await under.link.recall()
        with pytest.raises(Interrupted, match="may have gone to the printer"):
            await under.task


async def test_a_job_that_begins_though_it_is_paused_and_shows_so_when_it_is_deleted_is_a_doubt(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.prints = False
    set_job = spooler.set_job

    def late(handle: int, job: int, control: JobControl) -> None:
        if control is JobControl.DELETE:
            spooler.mark(queue, PAUSED | PRINTING | DELETING)
        else:
            set_job(handle, job, control)

    async with under_way(transport, URI) as under:
        await under.ledger.is_sent.wait()
        monkeypatch.setattr(spooler, "set_job", late)
        await under.link.recall()
        with pytest.raises(Interrupted, match="may have gone to the printer"):
            await under.task


async def test_a_job_that_cannot_be_deleted_is_not_left_paused(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    queue.prints, queue.ignores = False, {3, 5}
    async with under_way(transport, URI) as under:
        await under.ledger.is_sent.wait()
        await under.link.recall()
        spooler.change(queue, prints=True)
        assert (await under.task).evidence is Evidence.DELIVERED


async def test_a_job_that_is_taken_back_while_it_is_begun_gets_no_byte(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    queue.hangs = {"StartDocPrinter"}
    async with under_way(transport, URI) as under:
        await until_called(spooler, "StartDocPrinter")
        await under.link.recall()
        spooler.change(queue, hangs=set())
        with pytest.raises(Declined, match=r"taken back when .* had 0 of"):
            await under.task
    assert (queue.jobs, queue.paper) == ([], [])


async def test_a_job_that_windows_deletes_late_is_taken_back_and_not_handed_over(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    queue.prints = False
    async with under_way(transport, URI) as under:
        await under.ledger.is_sent.wait()
        spooler.change(queue, hangs={"SetJob"})
        await under.link.recall()
        spooler.change(queue, hangs=set())
        with pytest.raises(Declined, match="taken back; nothing of it had gone"):
            await under.task
    assert queue.jobs == []


async def test_what_became_of_a_job_says_nothing_of_a_later_one_that_got_its_number(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    queue.prints = False
    async with under_way(transport, URI) as under:
        await under.ledger.is_sent.wait()
        spooler.change(queue, hangs={"SetJob"})
        await under.link.recall()
    spooler.change(queue, hangs=set())
    await until_gone(queue)
    spooler.restart()
    spooler.change(queue, prints=True)
    assert (await deliver(transport, URI, work_of(ZPL))).evidence is Evidence.DELIVERED
    assert queue.paper == [ZPL]


async def test_what_went_past_the_spooler_is_a_doubt_though_no_status_says_that_it_prints(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    queue.attributes, queue.is_discreet, queue.takes_at_most = DIRECT, True, 10
    with pytest.raises(Interrupted, match="had 10 of"):
        await deliver(transport, URI, work_of(ZPL))
    assert queue.jobs == []


async def test_what_is_taken_back_before_its_first_byte_prints_nowhere_also_past_the_spooler(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    queue.attributes, queue.hangs = DIRECT, {"StartDocPrinter"}
    async with under_way(transport, URI) as under:
        await until_called(spooler, "StartDocPrinter")
        await under.link.recall()
        spooler.change(queue, hangs=set())
        with pytest.raises(Declined, match=r"taken back when .* had 0 of"):
            await under.task


async def test_a_job_that_was_printed_meanwhile_is_not_taken_back(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    queue.attributes, queue.dawdles = KEEPS_PRINTED, True
    async with under_way(transport, URI) as under:
        await under.ledger.is_sent.wait()
        spooler.finish(queue)
        assert (await under.task).evidence is Evidence.DELIVERED
        await under.link.recall()
    assert queue.paper == [ZPL]


async def test_a_cancelled_delivery_leaves_nothing_behind(
    transport: WinspoolTransport, queue: FakeQueue, spooler: FakeSpooler
) -> None:
    queue.takes_at_most = None
    async with under_way(transport, URI, LONG) as under:
        await under.ledger.has_moved.wait()
        under.task.cancel()
        await asyncio.wait({under.task})
    await deliver(transport, URI, work_of(ZPL))
    assert queue.paper == [ZPL]
    assert "AbortPrinter" in spooler.calls


async def until_gone(queue: FakeQueue) -> None:
    async def gone() -> bool:
        return not queue.jobs

    await until(gone, "the queue to be empty")


async def until_called(spooler: FakeSpooler, call: str) -> None:
    async def called() -> bool:
        return call in spooler.calls

    await until(called, call)
