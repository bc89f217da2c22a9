"""USB printers: what each of their moods makes of a job, and what we may say of it. On a double of usblp's file."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fanfold.errors import Interrupted, NotReached, Refused
from fanfold.model import Evidence, Printer, PrinterId, PrinterOptions
from fanfold.transports.usb import stalls
from fanfold.transports.usb.device import USBFS
from fanfold.transports.usb.link import UsbLink
from fanfold.transports.usb.transport import UsbTransport
from fanfold.wire import Document, Receipt
from tests.contract.transports import work
from tests.peers.ledger import Ledger
from tests.peers.processes import until
from tests.peers.usbprinter import FINE, PAPER_OUT, Plate, PrinterPort, UsbPrinter, open_printer

LABEL = b"^XA^FDHello^FS^XZ"
LARGE = random.Random(1).randbytes(100_000)
OFFLINE_BITS, ERROR_BITS = 0x08, 0x10


def at(uri: str, *, stall_after_s: float = 5) -> Printer:
    return Printer(PrinterId("usb"), "At USB", uri, options=PrinterOptions(stall_after_s=stall_after_s))


@pytest.fixture
async def printer(tmp_path: Path) -> AsyncIterator[UsbPrinter]:
    async with UsbPrinter(tmp_path) as printer:
        yield printer


@pytest.fixture
def transport(tmp_path: Path) -> UsbTransport:
    return UsbTransport(tmp_path, open_printer)


async def deliver(
    transport: UsbTransport, uri: str, document: Document | bytes = LABEL, ledger: Ledger | None = None
) -> Receipt:
    async with transport.open(at(uri)) as link:
        return await link.deliver(work(document), ledger or Ledger())


async def refused(transport: UsbTransport, uri: str) -> NotReached:
    with pytest.raises(NotReached) as absent:
        await deliver(transport, uri)
    return absent.value


class Under:
    """A delivery under way."""

    def __init__(self, link: UsbLink, ledger: Ledger, task: asyncio.Task[Receipt]) -> None:
        self.link, self.ledger, self.task = link, ledger, task

    async def cancel(self) -> None:
        self.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self.task

    async def breaks(self) -> Interrupted:
        with pytest.raises(Interrupted) as broken:
            await self.task
        return broken.value


@asynccontextmanager
async def under_way(
    transport: UsbTransport, uri: str, document: bytes = LARGE, *, stall_after_s: float = 5
) -> AsyncIterator[Under]:
    ledger = Ledger()
    async with transport.open(at(uri, stall_after_s=stall_after_s)) as link:
        assert isinstance(link, UsbLink)
        task = asyncio.ensure_future(link.deliver(work(document), ledger))
        try:
            yield Under(link, ledger, task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


# what is delivered


async def test_a_printer_that_took_every_byte_has_it(printer: UsbPrinter, transport: UsbTransport) -> None:
    ledger = Ledger()
    receipt = await deliver(transport, printer.plate.uri, LARGE, ledger)
    assert receipt.evidence is Evidence.DELIVERED
    assert await printer.ended(1) == [LARGE]
    assert ledger.sent_bytes == len(LARGE)
    assert not ledger.stalls


async def test_short_counts_lose_nothing(printer: UsbPrinter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = PrinterPort.write

    def short(self: PrinterPort, piece: memoryview) -> int:
        self.short_of = 1000 if self.handed_bytes % 3 else 77
        return honest(self, piece)

    monkeypatch.setattr(PrinterPort, "write", short)
    await deliver(UsbTransport(tmp_path, open_printer), printer.plate.uri, LARGE[:20_000])
    assert await printer.ended(1) == [LARGE[:20_000]]


async def test_a_document_that_is_empty_writes_nothing(printer: UsbPrinter, transport: UsbTransport) -> None:
    assert (await deliver(transport, printer.plate.uri, b"")).evidence is Evidence.DELIVERED
    assert [bytes(paper.data) for paper in printer.papers] == [b""]


async def test_a_printer_that_does_not_tell_its_status_prints_all_the_same(
    printer: UsbPrinter, transport: UsbTransport
) -> None:
    printer.status = None
    assert (await deliver(transport, printer.plate.uri)).evidence is Evidence.DELIVERED


async def test_one_that_told_its_status_before_and_not_after_is_only_said_to_have_been_sent_it(
    printer: UsbPrinter, transport: UsbTransport
) -> None:
    def falls_dumb(_: bytes) -> None:
        printer.status = None

    printer.answers = falls_dumb
    receipt = await deliver(transport, printer.plate.uri)
    assert receipt.evidence is Evidence.SENT
    assert "does not say since" in receipt.message


async def test_what_went_wrong_with_it_after_the_last_byte_is_told(
    printer: UsbPrinter, transport: UsbTransport
) -> None:
    def runs_out(_: bytes) -> None:
        printer.status = PAPER_OUT

    printer.answers = runs_out
    receipt = await deliver(transport, printer.plate.uri)
    assert receipt.evidence is Evidence.DELIVERED
    assert "now it has no paper" in receipt.message


# who takes nothing


async def test_a_printer_that_reads_nothing_is_a_stall_with_its_reason(
    printer: UsbPrinter, transport: UsbTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stalls, "ASK_EVERY_S", 0.05)
    printer.reads.clear()
    async with under_way(transport, printer.plate.uri, stall_after_s=0.1) as job:
        words = await job.ledger.stall("printer-not-reading")
        assert "took 0 of 100000 bytes and takes no more" in words
        printer.status = PAPER_OUT
        words = await job.ledger.stall("media-empty-error")
        assert "it has no paper" in words
        printer.status = OFFLINE_BITS
        await job.ledger.stall("offline-error")
        printer.status = ERROR_BITS
        await job.ledger.stall("other-error")
        printer.reads.set()
        assert (await job.task).evidence is Evidence.DELIVERED
    assert await printer.ended(1) == [LARGE]


async def test_a_stalled_job_is_called_off_at_once_and_what_was_under_way_is_dropped(
    printer: UsbPrinter, transport: UsbTransport
) -> None:
    printer.answers = lambda _: printer.reads.clear() if len(printer.papers[-1].data) == 3 * 8192 else None
    async with under_way(transport, printer.plate.uri, stall_after_s=0.5) as job:
        await job.ledger.stall("printer-not-reading")
        await job.cancel()
        sent_bytes = job.link.sent_bytes
    await printer.free()
    printer.reads.set()
    await deliver(transport, printer.plate.uri)
    cut, whole = await printer.ended(2)
    assert cut == LARGE[:sent_bytes]
    assert sent_bytes == 3 * 8192
    assert whole == LABEL


async def test_a_short_job_that_was_called_off_under_way_is_not_said_to_have_left_nothing(
    printer: UsbPrinter, transport: UsbTransport
) -> None:
    printer.reads.clear()
    async with under_way(transport, printer.plate.uri, LABEL) as job:
        await printer.claimed()
        await asyncio.wait({job.task}, timeout=0.05)
        await job.cancel()
        assert job.link.sent_bytes == 1


# who goes away


def bounds(error: Interrupted) -> tuple[int, int]:
    """Return how many bytes it says that the printer has at least, and at most."""
    counts = re.search(r"taken (\d+) of \d+ bytes(?:, and perhaps up to (\d+) more)?", error.says)
    assert counts, error.says
    return int(counts[1]), int(counts[1]) + int(counts[2] or 0)


@pytest.mark.parametrize("dies_late", [False, True], ids=["noticed at once", "noticed late"])
@pytest.mark.parametrize("status", [FINE, None], ids=["telling", "not telling"])
@pytest.mark.parametrize("after", [1, 8192, 8193, 50_000])
async def test_a_printer_unplugged_in_the_middle_leaves_a_doubt_that_says_no_more_than_is_so(
    printer: UsbPrinter, transport: UsbTransport, after: int, status: int | None, *, dies_late: bool
) -> None:
    printer.dies_after, printer.dies_late, printer.status = after, dies_late, status
    async with under_way(transport, printer.plate.uri, LARGE * 40) as job:
        error = await job.breaks()
    await printer.free()
    least, most = bounds(error)
    assert least <= len(printer.papers[0].data) == after <= most
    assert error.reasons == ("offline-error",)
    assert job.link.sent_bytes == max(least, 1)


@pytest.mark.parametrize("status", [FINE, None], ids=["telling", "not telling"])
async def test_what_it_took_a_while_before_it_was_unplugged_is_counted_exactly(
    printer: UsbPrinter, transport: UsbTransport, status: int | None
) -> None:
    printer.status = status
    printer.answers = lambda _: printer.reads.clear() if len(printer.papers[-1].data) == 3 * 8192 else None
    async with under_way(transport, printer.plate.uri) as job:

        async def is_sure() -> bool:
            return job.link.sent_bytes == 3 * 8192

        await until(is_sure, "a sure count")
        await printer.unplug()
        assert bounds(await job.breaks()) == (3 * 8192, 4 * 8192)
    assert printer.papers[0].data == LARGE[: 3 * 8192]


async def test_a_stalled_printer_that_is_unplugged_is_a_doubt_at_once(
    printer: UsbPrinter, transport: UsbTransport
) -> None:
    printer.reads.clear()
    async with under_way(transport, printer.plate.uri, stall_after_s=0.05) as job:
        await job.ledger.stall("printer-not-reading")
        await printer.unplug()
        assert "taken 0 of 100000 bytes, and perhaps up to 8192 more" in (await job.breaks()).says


@pytest.mark.parametrize("status", [FINE, None])
async def test_the_last_bytes_are_not_called_delivered_when_the_kernel_learns_late_that_it_went(
    printer: UsbPrinter, transport: UsbTransport, status: int | None
) -> None:
    printer.status, printer.dies_after, printer.dies_late = status, len(LABEL), True
    async with under_way(transport, printer.plate.uri, LABEL) as job:
        await job.breaks()


async def test_a_printer_that_goes_before_the_first_byte_got_nothing(
    printer: UsbPrinter, transport: UsbTransport
) -> None:
    async with transport.open(at(printer.plate.uri)) as link:
        await printer.unplug()
        with pytest.raises(NotReached) as absent:
            await link.deliver(work(LABEL), Ledger())
        assert link.sent_bytes == 0
    assert absent.value.reasons == ("offline-error",)
    assert [bytes(paper.data) for paper in printer.papers] == [b""]


async def test_unplugged_and_plugged_in_elsewhere_it_prints_under_its_uri(
    printer: UsbPrinter, transport: UsbTransport
) -> None:
    await deliver(transport, printer.plate.uri)
    await printer.unplug()
    absent = await refused(transport, printer.plate.uri)
    assert absent.reasons == ("offline-error",)
    assert "no printer is plugged in as usb://0a5f:0164/50J123" in absent.says
    printer.plate = replace(printer.plate, port="2-4.1", number=3)
    printer.plug()
    await deliver(transport, printer.plate.uri)
    assert await printer.ended(2) == [LABEL, LABEL]


async def test_a_document_that_breaks_off_on_our_disk_is_a_doubt(
    printer: UsbPrinter, transport: UsbTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def chunks(_: Document) -> AsyncIterator[bytes]:
        yield LABEL
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Document, "chunks", chunks)
    document = Document(len(LARGE), hashlib.sha256(LARGE).hexdigest(), path=tmp_path / "document")
    with pytest.raises(Interrupted, match="could not be read from our disk"):
        await deliver(transport, printer.plate.uri, document)


# who is busy, blocked or forbidden


async def test_a_printer_that_somebody_else_has_is_busy(printer: UsbPrinter, transport: UsbTransport) -> None:
    async with transport.open(at(printer.plate.uri)):
        assert (await refused(transport, printer.plate.uri)).reasons == ("busy-elsewhere",)
    await deliver(transport, printer.plate.uri)


async def test_one_that_another_program_drives_itself_is_busy(tmp_path: Path, transport: UsbTransport) -> None:
    async with UsbPrinter(tmp_path, Plate(number=None, driver=USBFS)) as printer:
        assert (await refused(transport, printer.plate.uri)).reasons == ("busy-elsewhere",)


async def test_without_paper_nothing_is_sent_until_it_has_some(printer: UsbPrinter, transport: UsbTransport) -> None:
    printer.status = PAPER_OUT
    absent = await refused(transport, printer.plate.uri)
    assert absent.reasons == ("media-empty-error",)
    assert "?status=ignore" in absent.says
    printer.status = FINE
    await deliver(transport, printer.plate.uri)
    assert await printer.ended(1) == [LABEL]


@pytest.mark.parametrize(("bits", "reason"), [(OFFLINE_BITS, "offline-error"), (ERROR_BITS, "other-error")])
async def test_that_it_is_offline_or_in_error_counts_once_it_was_fine_in_this_run(
    printer: UsbPrinter, transport: UsbTransport, bits: int, reason: str
) -> None:
    printer.status = bits
    await deliver(transport, printer.plate.uri)
    printer.status = FINE
    await deliver(transport, printer.plate.uri)
    printer.status = bits
    assert (await refused(transport, printer.plate.uri)).reasons == (reason,)


async def test_a_printer_whose_status_lies_prints_when_its_uri_says_so(
    printer: UsbPrinter, transport: UsbTransport
) -> None:
    printer.status = PAPER_OUT
    await deliver(transport, f"{printer.plate.uri}?status=ignore")
    assert await printer.ended(1) == [LABEL]


async def test_who_may_not_use_it_is_told_the_rule_that_lets_him(printer: UsbPrinter, tmp_path: Path) -> None:
    def forbidden(*_: object) -> PrinterPort:
        raise PermissionError(13, "Permission denied")

    absent = await refused(UsbTransport(tmp_path, forbidden), printer.plate.uri)
    assert 'ATTRS{idVendor}=="0a5f", ATTRS{idProduct}=="0164", GROUP="' in absent.says
    assert 'SUBSYSTEM=="usbmisc", KERNEL=="lp*"' in absent.says
    assert "udevadm control --reload && udevadm trigger" in absent.says


async def test_a_file_that_a_container_was_not_given_is_told_from_a_printer_that_is_away(
    printer: UsbPrinter, transport: UsbTransport
) -> None:
    printer.file.unlink()
    assert "In a container, give it the device" in (await refused(transport, printer.plate.uri)).says


# which printer is meant


def two(tmp_path: Path, serials: tuple[str, str]) -> tuple[UsbPrinter, UsbPrinter]:
    first, second = (
        UsbPrinter(tmp_path, Plate(serial=serial, port=f"1-{number + 1}", number=number))
        for number, serial in enumerate(serials)
    )
    return first, second


async def test_of_several_the_serial_says_which(tmp_path: Path, transport: UsbTransport) -> None:
    one, other = two(tmp_path, ("A1", "B2"))
    async with one, other:
        await deliver(transport, "usb://0a5f:0164/B2")
        assert await other.ended(1) == [LABEL]
        assert not one.claims


@pytest.mark.parametrize(
    ("serials", "uri", "named"),
    [
        (("A1", "B2"), "usb://0a5f:0164", ("usb://0a5f:0164/A1,", "usb://0a5f:0164/B2")),
        (("A1", "A1"), "usb://0a5f:0164/A1", ("usb://0a5f:0164/A1?port=1-1,", "usb://0a5f:0164/A1?port=1-2")),
        (("", ""), "usb://0a5f:0164", ("usb://0a5f:0164?port=1-1,", "usb://0a5f:0164?port=1-2")),
    ],
)
async def test_of_several_that_fit_none_is_guessed_and_all_are_named(
    tmp_path: Path, transport: UsbTransport, serials: tuple[str, str], uri: str, named: tuple[str, ...]
) -> None:
    one, other = two(tmp_path, serials)
    async with one, other:
        absent = await refused(transport, uri)
        assert all(each in absent.says for each in named)
        assert not one.claims
        assert not other.claims
        await deliver(transport, named[1])
        assert await other.ended(1) == [LABEL]


async def test_the_descriptor_counts_not_what_the_printer_says_beside_it(
    tmp_path: Path, transport: UsbTransport
) -> None:
    plate = Plate(serial="REAL1", says="MFG:Other;MDL:Liar;SN:LIE1;CMD:EPL;")
    async with UsbPrinter(tmp_path, plate):
        await deliver(transport, "usb://0a5f:0164/REAL1")
        assert "plugged in are usb://0a5f:0164/REAL1" in (await refused(transport, "usb://0a5f:0164/LIE1")).says


async def test_a_file_means_whatever_printer_is_there(tmp_path: Path, transport: UsbTransport) -> None:
    for vendor in ("0a5f", "04b8"):
        async with UsbPrinter(tmp_path, Plate(vendor=vendor)) as printer:
            await deliver(transport, "usb:/dev/usb/lp0")
            assert await printer.ended(1) == [LABEL]
    assert "usb/lp0" in (await refused(transport, "usb:/dev/usb/lp0")).says


async def test_a_printer_that_usblp_has_not_got_is_not_reached_by_it(tmp_path: Path, transport: UsbTransport) -> None:
    async with UsbPrinter(tmp_path, Plate(number=None, driver="")) as printer:
        assert "modprobe usblp" in (await refused(transport, f"{printer.plate.uri}?via=usblp")).says


async def test_an_opening_that_is_called_off_leaves_the_printer_free(
    printer: UsbPrinter, transport: UsbTransport
) -> None:
    for steps in range(8):
        opening = asyncio.ensure_future(transport.open(at(printer.plate.uri)).__aenter__())
        for _ in range(steps):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)

    async def prints() -> bool:
        try:
            await deliver(transport, printer.plate.uri)
        except NotReached as busy:
            assert busy.reasons == ("busy-elsewhere",)  # noqa: PT017  # the kernel may be opening it still, for nobody
            return False
        return True

    await until(prints, "a printer that is let go")
    assert await printer.ended(1) == [LABEL]


# what it says


async def test_a_printer_that_talks_all_the_time_prints_on(printer: UsbPrinter, transport: UsbTransport) -> None:
    printer.answers = lambda _: b"\x12" * 8000
    async with under_way(transport, printer.plate.uri) as job:
        assert (await job.task).evidence is Evidence.DELIVERED
        assert 0 < len(job.link.said) <= 64 * 1024
    assert await printer.ended(1) == [LARGE]


@pytest.mark.parametrize(
    ("answers", "answer"),
    [(lambda _: b"\x02ZD420,V84\x03", b"\x02ZD420,V84\x03"), (lambda data: data[::-1], b"IH~")],
)
async def test_a_question_brings_back_what_the_printer_says(
    printer: UsbPrinter, transport: UsbTransport, answers: Callable[[bytes], bytes], answer: bytes
) -> None:
    printer.answers = answers
    assert await transport.ask(at(printer.plate.uri), b"~HI", within_s=5) == answer


async def test_what_it_said_before_is_no_answer(printer: UsbPrinter, transport: UsbTransport) -> None:
    printer.answers = lambda _: b"answer"
    asking = asyncio.ensure_future(transport.ask(at(printer.plate.uri), b"?", within_s=5))
    await printer.claimed()
    printer.say(b"stale")
    assert await asking == b"answer"


async def test_an_answer_in_pieces_is_one(printer: UsbPrinter, transport: UsbTransport) -> None:
    said = asyncio.Event()

    def begins(_: bytes) -> bytes:
        said.set()
        return b"first, "

    printer.answers = begins
    asking = asyncio.ensure_future(transport.ask(at(printer.plate.uri), b"?", within_s=5))
    await said.wait()
    printer.say(b"second")
    assert await asking == b"first, second"


async def test_a_question_without_an_answer_ends_in_time(printer: UsbPrinter, transport: UsbTransport) -> None:
    with pytest.raises(TimeoutError):
        await transport.ask(at(printer.plate.uri), b"?", within_s=0.1)
    await deliver(transport, printer.plate.uri)


async def test_a_printer_without_paper_can_be_asked(printer: UsbPrinter, transport: UsbTransport) -> None:
    printer.status, printer.answers = PAPER_OUT, lambda _: b"no paper"
    assert await transport.ask(at(printer.plate.uri), b"~HS", within_s=5) == b"no paper"


async def test_a_question_to_one_that_is_busy_or_goes_is_not_asked(
    printer: UsbPrinter, transport: UsbTransport
) -> None:
    async with transport.open(at(printer.plate.uri)):
        with pytest.raises(NotReached) as absent:
            await transport.ask(at(printer.plate.uri), b"?", within_s=5)
        assert absent.value.reasons == ("busy-elsewhere",)
    printer.dies_after = 1
    with pytest.raises(NotReached, match="went while it was asked"):
        await transport.ask(at(printer.plate.uri), b"?", within_s=5)


async def test_an_endless_answer_and_a_channel_that_is_none_are_refused(
    printer: UsbPrinter, transport: UsbTransport
) -> None:
    printer.answers = lambda _: b"x" * 9000

    async def ask(question: bytes, channel: str) -> Refused:
        with pytest.raises(Refused) as refusal:
            await transport.ask(at(printer.plate.uri), question, channel=channel, within_s=5)
        return refusal.value

    assert (await ask(bytes(8 * 8192), "raw")).code == "answer-too-large"
    assert (await ask(b"?", "config")).code == "unknown-channel"
