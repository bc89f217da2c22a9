from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from fanfold.errors import Declined, Interrupted, NotReached
from fanfold.model import Evidence, JobId, Reason
from fanfold.transports.cups import CupsTransport
from fanfold.wire import Document
from tests.peers.cupsd import DRIVER, Cupsd, private_cupsd
from tests.peers.deliveries import ESCPOS, PDF, TSPL, ZPL, deliver, job_of, printer_at, under_way, work_of
from tests.peers.ledger import Ledger
from tests.peers.sink import Sink


@pytest.mark.parametrize("data", [ZPL, TSPL, ESCPOS], ids=["zpl", "tspl", "escpos"])
async def test_raw_bytes_arrive_as_they_were(transport: CupsTransport, cups: Cupsd, sink: Sink, data: bytes) -> None:
    ledger = Ledger()
    receipt = await deliver(transport, cups.uri("raw1"), work_of(data), ledger)
    assert receipt.evidence is Evidence.DELIVERED
    assert await sink.ended(1) == [data]
    assert ledger.sent_bytes == len(data)


async def test_what_cups_calls_the_job_is_written_down_before_it_is_followed(
    transport: CupsTransport, cups: Cupsd, sink: Sink
) -> None:
    sink.hold()
    async with under_way(transport, cups.uri("raw1")) as under:
        await under.ledger.is_sent.wait()
        kept = json.loads(under.ledger.foreign or "")
        assert kept["job-id"] > 0
        assert kept["job-uuid"].startswith("urn:uuid:")
        assert kept["time-at-creation"] > 0
        assert kept["job-name"] == f"A label [fanfold {under.work.job}.1]"
        assert kept["server"] == cups.server
        sink.release()
        await under.task


async def test_a_driver_queue_gets_raw_bytes_untouched(transport: CupsTransport, cups: Cupsd, sink: Sink) -> None:
    await cups.add_queue("laser", f"socket://127.0.0.1:{sink.port}/", model=DRIVER)
    await deliver(transport, cups.uri("laser"), work_of(ZPL))
    assert await sink.ended(1) == [ZPL]


@pytest.mark.parametrize("model", ["raw", DRIVER], ids=["raw queue", "driver queue"])
async def test_two_copies_of_raw_bytes_are_both_printed(
    transport: CupsTransport, cups: Cupsd, sink: Sink, model: str
) -> None:
    await cups.add_queue("twice", f"socket://127.0.0.1:{sink.port}/", model=model)
    await deliver(transport, cups.uri("twice"), work_of(ZPL, copies=2))
    assert b"".join(await sink.ended(1)) == ZPL * 2


async def test_a_document_of_many_chunks_arrives_whole(
    transport: CupsTransport, cups: Cupsd, sink: Sink, tmp_path: Path
) -> None:
    data = ESCPOS * 1500
    path = tmp_path / "large"
    path.write_bytes(data)
    document = replace(Document.of(data), data=None, path=path)
    work = replace(work_of(b""), document=document)
    await deliver(transport, cups.uri("raw1"), work)
    assert await sink.ended(1) == [data]


async def test_pages_go_to_a_driver_queue_as_what_they_are(transport: CupsTransport, cups: Cupsd, sink: Sink) -> None:
    await cups.add_queue("laser", f"socket://127.0.0.1:{sink.port}/", model=DRIVER)
    page = b"%!PS-Adobe-3.0\n%%Pages: 1\n%%EndComments\n%%Page: 1 1\nshowpage\n%%EOF\n"
    await deliver(transport, cups.uri("laser"), work_of(page, language="postscript"))
    (printed,) = await sink.ended(1)
    assert printed != page
    assert b"showpage" in printed


@pytest.mark.parametrize(("language", "media_type"), [("pdf", "application/octet-stream"), ("", "image/png")])
async def test_a_page_to_a_raw_queue_is_declined_with_words(
    transport: CupsTransport, cups: Cupsd, sink: Sink, language: str, media_type: str
) -> None:
    with pytest.raises(Declined, match="raw queue"):
        await deliver(transport, cups.uri("raw1"), work_of(PDF, language=language, media_type=media_type))
    assert sink.papers == []


async def test_a_format_that_cups_cannot_print_is_declined_in_its_words(
    transport: CupsTransport, cups: Cupsd, sink: Sink
) -> None:
    await cups.add_queue("laser", f"socket://127.0.0.1:{sink.port}/", model=DRIVER)
    with pytest.raises(Declined, match="0x040a"):
        await deliver(transport, cups.uri("laser"), work_of(b"x", media_type="image/x-unheard-of"))


async def test_a_paused_queue_is_not_reached(transport: CupsTransport, cups: Cupsd) -> None:
    await cups.admin("cupsdisable", "-r", "out for repair", "raw1")
    with pytest.raises(NotReached, match="out for repair") as caught:
        await deliver(transport, cups.uri("raw1"), work_of(ZPL))
    assert caught.value.reasons == (Reason.PAUSED,)


async def test_a_queue_that_rejects_jobs_is_not_reached(transport: CupsTransport, cups: Cupsd) -> None:
    await cups.admin("cupsreject", "-r", "stocktaking", "raw1")
    with pytest.raises(NotReached, match="takes no jobs now"):
        await deliver(transport, cups.uri("raw1"), work_of(ZPL))


async def test_a_queue_that_begins_to_reject_after_it_was_reached_is_not_reached(
    transport: CupsTransport, cups: Cupsd
) -> None:
    async with transport.open(printer_at(cups.uri("raw1"))) as link:
        await cups.admin("cupsreject", "raw1")
        with pytest.raises(NotReached, match="0x0506"):
            await link.deliver(work_of(ZPL), Ledger())


async def test_an_unknown_queue_and_an_absent_server_are_not_reached(transport: CupsTransport, cups: Cupsd) -> None:
    with pytest.raises(NotReached) as caught:
        await deliver(transport, cups.uri("nobody"), work_of(ZPL))
    assert caught.value.reasons == (Reason.OFFLINE,)
    await cups.kill()
    with pytest.raises(NotReached, match="cannot be reached") as caught:
        await deliver(transport, cups.uri("raw1"), work_of(ZPL))
    assert caught.value.reasons == (Reason.OFFLINE,)


async def test_a_job_on_a_printer_that_does_not_read_is_recalled(
    transport: CupsTransport, cups: Cupsd, sink: Sink
) -> None:
    sink.hold()
    async with under_way(transport, cups.uri("raw1"), ESCPOS * 4000) as under:
        await sink.arrived(1)
        await under.link.recall()
        with pytest.raises(Declined, match="canceled") as caught:
            await under.task
    assert caught.value.reasons == (Reason.CANCELED_BY_USER,)
    assert "canceled" in await cups.admin("lpstat", "-l", "-W", "completed", "-o")
    sink.release()


async def test_a_recall_that_comes_too_late_leaves_the_receipt(
    transport: CupsTransport, cups: Cupsd, sink: Sink
) -> None:
    async with under_way(transport, cups.uri("raw1")) as under:
        receipt = await under.task
        await under.link.recall()
    assert receipt.evidence is Evidence.DELIVERED


async def test_a_job_canceled_by_somebody_else_is_declined(transport: CupsTransport, cups: Cupsd, sink: Sink) -> None:
    sink.hold()
    async with under_way(transport, cups.uri("raw1"), ESCPOS * 4000) as under:
        await sink.arrived(1)
        await cups.admin("cancel", "-a", "raw1")
        with pytest.raises(Declined, match="canceled"):
            await under.task
    sink.release()


async def test_a_printer_that_is_away_stalls_the_job_until_it_comes_back(
    transport: CupsTransport, cups: Cupsd, sink: Sink
) -> None:
    await sink.leave()
    async with under_way(transport, cups.uri("raw1")) as under:
        await under.ledger.stall(Reason.OFFLINE)
        await sink.come_back()
        assert (await under.task).evidence is Evidence.DELIVERED
    assert await sink.ended(1) == [ZPL]


async def test_a_queue_paused_midway_stalls_the_job_until_it_is_resumed(
    transport: CupsTransport, cups: Cupsd, sink: Sink
) -> None:
    await sink.leave()
    async with under_way(transport, cups.uri("raw1")) as under:
        await under.ledger.is_sent.wait()
        await cups.admin("cupsdisable", "raw1")
        await under.ledger.stall(Reason.PAUSED)
        await sink.come_back()
        await cups.admin("cupsenable", "raw1")
        assert (await under.task).evidence is Evidence.DELIVERED


async def test_a_job_that_cups_aborts_is_declined_in_its_words(tmp_path: Path, sink: Sink) -> None:
    queues = {"raw1": f"socket://127.0.0.1:{sink.port}/?contimeout=1"}
    await sink.leave()
    async with private_cupsd(tmp_path, queues, policy="abort-job") as cups:
        transport = CupsTransport(cups.server)
        with pytest.raises(Declined, match="aborted") as caught:
            await deliver(transport, cups.uri("raw1"), work_of(ZPL))
        assert caught.value.reasons == (Reason.ABORTED_BY_PRINTER,)
        await transport.close()


async def test_a_queue_deleted_midway_is_no_success(transport: CupsTransport, cups: Cupsd, sink: Sink) -> None:
    sink.hold()
    async with under_way(transport, cups.uri("raw1"), ESCPOS * 4000) as under:
        await sink.arrived(1)
        await cups.admin("lpadmin", "-x", "raw1")
        with pytest.raises((Declined, Interrupted)):
            await under.task
    sink.release()


async def test_a_job_outlives_a_cupsd_that_is_killed_and_comes_back(
    transport: CupsTransport, cups: Cupsd, sink: Sink
) -> None:
    await sink.leave()
    async with under_way(transport, cups.uri("raw1")) as under:
        await under.ledger.is_sent.wait()
        await cups.kill()
        await under.ledger.stall(Reason.OFFLINE)
        await sink.come_back()
        await cups.restart()
        assert (await under.task).evidence is Evidence.DELIVERED
    assert await sink.ended(1) == [ZPL]


async def test_a_lost_acknowledged_job_is_a_doubt_and_not_a_success(tmp_path: Path, sink: Sink) -> None:
    queues = {"raw1": f"socket://127.0.0.1:{sink.port}/"}
    sink.hold()
    async with private_cupsd(tmp_path, queues, dirty_clean_s=30) as cups:
        transport = CupsTransport(cups.server)
        ledger = Ledger(then=cups.restart)
        with pytest.raises(Interrupted, match="does not show our job"):
            await deliver(transport, cups.uri("raw1"), work_of(ZPL), ledger)
        assert ledger.foreign
        await transport.close()


async def test_an_id_given_out_again_after_a_crash_is_a_doubt(tmp_path: Path, sink: Sink) -> None:
    queues = {"raw1": f"socket://127.0.0.1:{sink.port}/"}
    async with private_cupsd(tmp_path, queues, dirty_clean_s=30) as cups:

        async def crash_and_lend_the_id() -> None:
            await cups.restart()
            await cups.admin("lp", "-d", "raw1", "-t", "somebody else's", "-o", "raw", data=b"other")

        transport = CupsTransport(cups.server)
        sink.hold()
        work, ledger = work_of(ZPL), Ledger(then=crash_and_lend_the_id)
        with pytest.raises(Interrupted, match="another job under number"):
            await deliver(transport, cups.uri("raw1"), work, ledger)
        sink.release()
        assert b"other" in await sink.ended(len(sink.papers))

        found = await transport.find(printer_at(cups.uri("raw1")), job_of(work, ledger.foreign), Ledger())
        assert "another job under number" in found.uncertain
        await transport.recall(printer_at(cups.uri("raw1")), job_of(work, ledger.foreign))
        assert "canceled" not in await cups.admin("lpstat", "-l", "-W", "completed", "-o")
        await transport.close()


async def test_half_a_request_makes_no_job_in_cups(transport: CupsTransport, cups: Cupsd, tmp_path: Path) -> None:
    path = tmp_path / "short"
    path.write_bytes(b"x" * 300_000)
    document = replace(Document.of(b"x" * 900_000), data=None, path=path)
    with pytest.raises(Declined, match="cannot be read"):
        await deliver(transport, cups.uri("raw1"), replace(work_of(b""), document=document))
    assert await cups.admin("lpstat", "-W", "all", "-o") == ""


@pytest.mark.parametrize(("size", "ends"), [(2_000, Interrupted), (20_000_000, NotReached)], ids=["whole", "half"])
async def test_a_cupsd_that_dies_before_its_answer_leaves_a_doubt_only_if_it_may_have_the_whole(
    transport: CupsTransport, cups: Cupsd, size: int, ends: type[Exception], tmp_path: Path
) -> None:
    ledger, path = Ledger(), tmp_path / "document"
    path.write_bytes(bytes(size))
    work = replace(work_of(b""), document=replace(Document.of(bytes(size)), data=None, path=path))
    async with transport.open(printer_at(cups.uri("raw1"))) as link:
        cups.freeze()
        task = asyncio.ensure_future(link.deliver(work, ledger))
        await ledger.has_moved.wait()
        await cups.kill()
        await cups.restart()
        with pytest.raises(ends):
            await task


class TestAfterOurRestart:
    async def test_a_job_still_under_way_is_followed_to_its_end(
        self, transport: CupsTransport, cups: Cupsd, sink: Sink
    ) -> None:
        sink.hold()
        async with under_way(transport, cups.uri("raw1")) as under:
            await under.ledger.is_sent.wait()
        fresh = CupsTransport("127.0.0.1:9")  # another default by now: the job is asked for where it went
        finding = asyncio.ensure_future(
            fresh.find(printer_at("cups:///raw1"), job_of(under.work, under.ledger.foreign), Ledger())
        )
        sink.release()
        found = await finding
        assert found.receipt is not None
        assert found.receipt.evidence is Evidence.DELIVERED
        await fresh.close()

    async def test_a_job_whose_number_was_not_written_down_is_found_by_its_name(
        self, transport: CupsTransport, cups: Cupsd, sink: Sink
    ) -> None:
        work = work_of(ZPL)
        await deliver(transport, cups.uri("raw1"), work)
        found = await transport.find(printer_at(cups.uri("raw1")), job_of(work, None), Ledger())
        assert found.receipt is not None

        later = replace(job_of(work, None), attempt=2)
        found = await transport.find(printer_at(cups.uri("raw1")), later, Ledger())
        assert "no job that carries its mark" in found.uncertain

    async def test_a_recall_reaches_cups(self, transport: CupsTransport, cups: Cupsd, sink: Sink) -> None:
        sink.hold()
        async with under_way(transport, cups.uri("raw1"), ESCPOS * 4000) as under:
            await sink.arrived(1)
            await under.ledger.is_sent.wait()
        job = job_of(under.work, under.ledger.foreign)
        await transport.recall(printer_at(cups.uri("raw1")), job)
        found = await transport.find(printer_at(cups.uri("raw1")), job, Ledger())
        assert "canceled" in found.declined
        sink.release()

    async def test_a_cups_that_is_away_is_asked_again_later(
        self, transport: CupsTransport, cups: Cupsd, sink: Sink
    ) -> None:
        work, ledger = work_of(ZPL), Ledger()
        await deliver(transport, cups.uri("raw1"), work, ledger)
        await cups.kill()
        with pytest.raises(NotReached):
            await transport.find(printer_at(cups.uri("raw1")), job_of(work, ledger.foreign), Ledger())
        with pytest.raises(NotReached):
            await transport.find(printer_at(cups.uri("raw1")), job_of(work, None), Ledger())

    async def test_a_finished_job_that_cups_keeps_no_history_of_is_a_doubt(self, tmp_path: Path, sink: Sink) -> None:
        queues = {"raw1": f"socket://127.0.0.1:{sink.port}/"}
        async with private_cupsd(tmp_path, queues, history=False) as cups:
            transport = CupsTransport(cups.server)
            sink.hold()
            async with under_way(transport, cups.uri("raw1")) as under:
                await under.ledger.is_sent.wait()
            sink.release()
            await sink.ended(1)
            found = await transport.find(
                printer_at(cups.uri("raw1")), job_of(under.work, under.ledger.foreign), Ledger()
            )
            assert found.uncertain or found.receipt  # it may still be there for the moment in which it ends
            await transport.close()

    async def test_a_mark_that_cannot_be_read_is_a_doubt(self, transport: CupsTransport, cups: Cupsd) -> None:
        job = replace(job_of(work_of(ZPL), '{"windows": 7}'), id=JobId(str(uuid.uuid4())))
        found = await transport.find(printer_at(cups.uri("raw1")), job, Ledger())
        assert "no mark" in found.uncertain
        await transport.recall(printer_at(cups.uri("raw1")), job)


@pytest.mark.parametrize("way", ["socket", "tcp"])
async def test_all_is_the_same_under_the_policy_that_distributions_ship(tmp_path: Path, sink: Sink, way: str) -> None:
    """Names are shown to their owner only, and only he cancels: he must be known."""
    queues = {"raw1": f"socket://127.0.0.1:{sink.port}/"}
    async with private_cupsd(tmp_path, queues, strict=True) as cups:
        transport = CupsTransport(str(cups.socket) if way == "socket" else cups.server)
        work = work_of(ZPL)
        assert (await deliver(transport, "cups:///raw1", work)).evidence is Evidence.DELIVERED
        assert (await transport.find(printer_at("cups:///raw1"), job_of(work, None), Ledger())).receipt is not None
        sink.hold()
        async with under_way(transport, "cups:///raw1", ESCPOS * 4000) as under:
            await sink.arrived(2)
            await under.link.recall()
            with pytest.raises(Declined, match="canceled"):
                await under.task
        sink.release()
        await transport.close()


class TestDiscovery:
    async def test_queues_show_themselves_with_what_they_take(
        self, transport: CupsTransport, cups: Cupsd, sink: Sink
    ) -> None:
        await cups.add_queue("laser", f"socket://127.0.0.1:{sink.port}/", model=DRIVER)
        await cups.admin("lpadmin", "-p", "laser", "-L", "second floor")
        await cups.admin("lpadmin", "-d", "laser")
        found = {printer.name: printer for printer in await transport.discover()}
        assert found["raw1"].kinds == ("raw",)
        assert found["raw1"].uri == "cups:///raw1"
        assert not found["raw1"].is_default
        assert found["laser"].kinds == ("*",)
        assert found["laser"].info == "Generic PostScript Printer, second floor"
        assert found["laser"].is_default
        assert not found["laser"].is_temporary
        await deliver(transport, found["raw1"].uri, work_of(ZPL))
        assert await sink.ended(1) == [ZPL]

    async def test_a_cups_without_queues_has_none(self, tmp_path: Path) -> None:
        async with private_cupsd(tmp_path) as cups:
            transport = CupsTransport(cups.server)
            assert await transport.discover() == ()
            await cups.kill()
            with pytest.raises(NotReached):
                await transport.discover()
            await transport.close()


async def test_many_jobs_at_once_all_arrive_once(transport: CupsTransport, cups: Cupsd, sink: Sink) -> None:
    for number in range(6):
        await cups.add_queue(f"q{number}", f"socket://127.0.0.1:{sink.port}/")
    labels = [b"^XA^FD%d^XZ" % number for number in range(18)]
    receipts = await asyncio.gather(
        *(deliver(transport, cups.uri(f"q{n % 6}"), work_of(label)) for n, label in enumerate(labels))
    )
    assert all(receipt.evidence is Evidence.DELIVERED for receipt in receipts)
    assert sorted(await sink.ended(18)) == sorted(labels)
