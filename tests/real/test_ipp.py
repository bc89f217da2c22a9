from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from fanfold.errors import Declined, Interrupted, NotReached
from fanfold.model import Evidence, Reason
from fanfold.transports.ipp.transport import IppTransport
from fanfold.wire import Document
from tests.peers.deliveries import PDF, ZPL, deliver, job_of, printer_at, under_way, work_of
from tests.peers.ippeve import Eve, eve_printer
from tests.peers.ledger import Ledger


@pytest.fixture
async def eve(tmp_path: Path) -> AsyncIterator[Eve]:
    async with eve_printer(tmp_path) as eve:
        yield eve


async def test_a_pdf_is_printed_as_it_was(ipp_transport: IppTransport, eve: Eve) -> None:
    ledger = Ledger()
    receipt = await deliver(ipp_transport, eve.uri, work_of(PDF, language="pdf"), ledger)
    assert receipt.evidence is Evidence.DELIVERED
    assert eve.printed == [PDF]
    kept = json.loads(ledger.foreign or "")
    assert kept["job-id"] == 1
    assert kept["job-uuid"].startswith("urn:uuid:")


async def test_a_document_of_many_chunks_arrives_whole(ipp_transport: IppTransport, eve: Eve, tmp_path: Path) -> None:
    data = PDF * 20_000
    path = tmp_path / "large"
    path.write_bytes(data)
    work = replace(work_of(b"", language="pdf"), document=replace(Document.of(data), data=None, path=path))
    await deliver(ipp_transport, eve.uri, work)
    assert eve.printed == [data]


async def test_copies_are_asked_of_the_printer(ipp_transport: IppTransport, eve: Eve) -> None:
    await deliver(ipp_transport, eve.uri, work_of(PDF, language="pdf", copies=2))
    log = (eve.folder / "eve.log").read_text()
    assert "copies (integer) 2" in log
    with pytest.raises(Declined, match="at most 999 copies"):
        await deliver(ipp_transport, eve.uri, work_of(PDF, language="pdf", copies=1000))


async def test_a_document_the_printer_cannot_make_out_is_declined_in_its_words(
    ipp_transport: IppTransport, eve: Eve
) -> None:
    with pytest.raises(Declined, match="0x040"):
        await deliver(ipp_transport, eve.uri, work_of(ZPL, language="zpl"))


async def test_a_busy_printer_gets_the_job_when_it_is_free(ipp_transport: IppTransport, eve: Eve) -> None:
    eve.hold()
    async with under_way(ipp_transport, eve.uri, PDF) as first:
        await first.ledger.is_sent.wait()
        async with under_way(ipp_transport, eve.uri, PDF * 20_000) as second:
            await second.ledger.stall(Reason.BUSY_ELSEWHERE)
            eve.release()
            assert (await first.task).evidence is Evidence.DELIVERED
            assert (await second.task).evidence is Evidence.DELIVERED
    assert eve.printed == [PDF, PDF * 20_000]


async def test_a_printer_that_stays_busy_is_not_reached(
    ipp_transport: IppTransport, eve: Eve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.transports.ipp.job.BUSY_S", 1)
    eve.hold()
    async with under_way(ipp_transport, eve.uri, PDF) as first:
        await first.ledger.is_sent.wait()
        with pytest.raises(NotReached, match="0x0507") as caught:
            await deliver(ipp_transport, eve.uri, work_of(PDF, language="pdf"))
        assert caught.value.reasons == (Reason.BUSY_ELSEWHERE,)
        eve.release()
        await first.task


async def test_a_printer_out_of_paper_stalls_the_job_and_says_why(ipp_transport: IppTransport, eve: Eve) -> None:
    await eve.take_paper()
    async with under_way(ipp_transport, eve.uri, PDF) as under:
        await under.ledger.stall("media-empty-error")
        await eve.give_paper()
        assert (await under.task).evidence is Evidence.DELIVERED
    assert eve.printed == [PDF]


async def test_a_job_recalled_while_it_waits_for_paper_ends_as_canceled(ipp_transport: IppTransport, eve: Eve) -> None:
    await eve.take_paper()
    async with under_way(ipp_transport, eve.uri, PDF) as under:
        await under.ledger.stall("media-empty-error")
        await under.link.recall()
        await eve.give_paper()  # this printer ends a canceled job only then
        with pytest.raises(Declined, match="canceled"):
            await under.task


async def test_a_job_that_the_printer_aborts_is_declined(ipp_transport: IppTransport, eve: Eve) -> None:
    eve.fail()
    with pytest.raises(Declined, match="aborted") as caught:
        await deliver(ipp_transport, eve.uri, work_of(PDF, language="pdf"))
    assert caught.value.reasons == (Reason.ABORTED_BY_PRINTER,)


async def test_a_printer_that_is_switched_off_and_on_midway_leaves_a_doubt(
    ipp_transport: IppTransport, tmp_path: Path
) -> None:
    async with eve_printer(tmp_path) as eve:
        eve.hold()
        async with under_way(ipp_transport, eve.uri, PDF) as under:
            await under.ledger.is_sent.wait()
            await eve.kill()
            await under.ledger.stall(Reason.OFFLINE)
            await eve.start()
            with pytest.raises(Interrupted, match="does not show our job"):
                await under.task


async def test_an_absent_printer_is_not_reached(ipp_transport: IppTransport, eve: Eve) -> None:
    await eve.kill()
    with pytest.raises(NotReached, match="cannot be reached") as caught:
        await deliver(ipp_transport, eve.uri, work_of(PDF))
    assert caught.value.reasons == (Reason.OFFLINE,)


async def test_after_our_restart_a_job_is_followed_to_its_end(ipp_transport: IppTransport, eve: Eve) -> None:
    eve.hold()
    async with under_way(ipp_transport, eve.uri, PDF) as under:
        await under.ledger.is_sent.wait()
    for foreign in (under.ledger.foreign, None):
        job, fresh = job_of(under.work, foreign), IppTransport()
        finding = asyncio.ensure_future(fresh.find(printer_at(eve.uri), job, Ledger()))
        await eve.has_begun()
        eve.release()
        found = await finding
        assert found.receipt is not None
        await fresh.close()


async def test_a_certificate_of_its_own_is_refused_until_the_uri_says_otherwise(
    ipp_transport: IppTransport, tmp_path: Path
) -> None:
    async with eve_printer(tmp_path, tls=True) as eve:
        with pytest.raises(NotReached, match=r"not trusted.*\?verify=no"):
            await deliver(ipp_transport, eve.uri, work_of(PDF, language="pdf"))
        receipt = await deliver(ipp_transport, f"{eve.uri}?verify=no", work_of(PDF, language="pdf"))
        assert receipt.evidence is Evidence.DELIVERED
        assert eve.printed == [PDF]
