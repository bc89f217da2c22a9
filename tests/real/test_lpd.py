"""LPD on the real thing: CUPS's LPD server takes our jobs, and rlpr shows that our own double takes a stranger's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fanfold.errors import NotReached
from fanfold.model import Evidence
from fanfold.transports.lpd.link import NOT_ACCEPTING
from fanfold.transports.lpd.transport import LpdTransport
from tests.peers.cupsd import Cupsd
from tests.peers.cupslpd import cups_lpd
from tests.peers.deliveries import ESCPOS, TSPL, ZPL, deliver, printer_at, work_of
from tests.peers.ledger import Ledger
from tests.peers.lpdserver import LpdServer
from tests.peers.processes import need, run, until
from tests.peers.sink import Sink


@pytest.fixture
async def queue(cups: Cupsd) -> AsyncIterator[str]:
    await cups.admin("lpadmin", "-p", "raw1", "-o", "printer-is-shared=true")
    async with cups_lpd(cups) as port:
        yield f"lpd://127.0.0.1:{port}/raw1"


@pytest.fixture
def lpd(tmp_path: Path) -> LpdTransport:
    return LpdTransport(tmp_path)


@pytest.mark.parametrize("order", ["control-first", "data-first"])
@pytest.mark.parametrize("data", [ZPL, TSPL, ESCPOS], ids=["zpl", "tspl", "escpos"])
async def test_the_bytes_come_out_of_cups_as_they_were_and_without_a_banner(
    lpd: LpdTransport, queue: str, sink: Sink, data: bytes, order: str
) -> None:
    ledger = Ledger()
    receipt = await deliver(lpd, f"{queue}?order={order}", work_of(data), ledger)
    assert receipt.evidence is Evidence.SENT
    assert await sink.ended(1) == [data]
    assert ledger.sent_bytes == len(data)


async def test_a_document_of_many_chunks_comes_out_whole(lpd: LpdTransport, queue: str, sink: Sink) -> None:
    data = ESCPOS * 1500
    await deliver(lpd, queue, work_of(data))
    assert await sink.ended(1) == [data]


async def test_each_copy_that_is_asked_for_comes_out(lpd: LpdTransport, queue: str, sink: Sink) -> None:
    await deliver(lpd, queue, work_of(ZPL, copies=3))
    await until(lambda: _has(sink, ZPL * 3), "three copies")


async def _has(sink: Sink, data: bytes) -> bool:
    return b"".join(sink.printed) == data


async def test_our_title_and_id_stand_in_cups(lpd: LpdTransport, cups: Cupsd, queue: str) -> None:
    await cups.admin("cupsdisable", "raw1")
    work = work_of(ZPL)
    await deliver(lpd, queue, work)
    path = cups.tree / "get-jobs.test"
    path.write_text(
        "{ OPERATION Get-Jobs GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 "
        'ATTR language attributes-natural-language en ATTR uri printer-uri "$uri" '
        "ATTR keyword requested-attributes job-name,job-originating-user-name "
        "DISPLAY job-name DISPLAY job-originating-user-name }"
    )
    said = await run("ipptool", "-t", f"ipp://{cups.server}/printers/raw1", str(path))
    assert f"[fanfold {work.job}.1]" in said
    assert "job-originating-user-name (nameWithoutLanguage) = fanfold" in said


async def test_jobs_one_after_another_come_out_in_order(lpd: LpdTransport, queue: str, sink: Sink) -> None:
    labels = [b"^XA^FD%d^FS^XZ" % number for number in range(5)]
    for label in labels:
        await deliver(lpd, queue, work_of(label))
    assert await sink.ended(5) == labels


@pytest.mark.parametrize("why", ["unknown", "not shared", "rejecting"])
async def test_a_queue_that_cups_does_not_let_us_print_on_is_not_reached(
    lpd: LpdTransport, cups: Cupsd, queue: str, why: str
) -> None:
    match why:
        case "unknown":
            queue = queue.replace("raw1", "nobody")
        case "not shared":
            await cups.admin("lpadmin", "-p", "raw1", "-o", "printer-is-shared=false")
        case _:
            await cups.admin("cupsreject", "raw1")
    with pytest.raises(NotReached, match=r"said no when asked for the queue \(code 1") as refused:
        async with lpd.open(printer_at(queue)):
            pytest.fail("it was reached")
    assert refused.value.reasons == (NOT_ACCEPTING,)


async def test_a_job_that_is_called_off_in_the_midst_does_not_come_out_of_cups(
    lpd: LpdTransport, cups: Cupsd, queue: str, sink: Sink
) -> None:
    class Slow(Ledger):
        def progress(self, sent_bytes: int) -> None:
            super().progress(sent_bytes)
            if sent_bytes:
                delivery.cancel()

    delivery = asyncio.ensure_future(deliver(lpd, queue, work_of(ESCPOS * 3000), Slow()))
    await asyncio.wait({delivery})
    assert delivery.cancelled()
    await deliver(lpd, queue, work_of(ZPL))
    assert await sink.ended(1) == [ZPL]
    assert sink.papers == sink.papers[:1]


async def test_a_strangers_client_prints_on_our_double(tmp_path: Path) -> None:
    """So that what the double takes for right is not merely what our own client sends."""
    need("rlpr")
    (tmp_path / "label").write_bytes(ZPL)
    async with LpdServer() as server:
        await run("rlpr", f"--port={server.port}", "--no-bind", "-l", "-Plabels@127.0.0.1", str(tmp_path / "label"))
        assert await server.printed() == [ZPL]
        assert server.jobs[0].queue == "labels"
