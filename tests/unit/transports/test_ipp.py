from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from fanfold.errors import Declined, Interrupted, NotReached, Refused
from fanfold.model import Evidence, Reason
from fanfold.transports.base import Discovers, Link, Recalls, Reconciles, Transport
from fanfold.transports.ipp import codec as ipp
from fanfold.transports.ipp.codec import Group, Message, Range, Value
from fanfold.transports.ipp.transport import IppTransport
from fanfold.wire import Document
from tests.peers.deliveries import PDF, ZPL, deliver, job_of, printer_at, under_way, work_of
from tests.peers.ippfake import CANCEL_JOB, GET_JOB, GET_JOBS, GET_PRINTER, PRINT_JOB, FakeIpp, hang_up, reply
from tests.peers.ledger import Ledger
from tests.peers.processes import free_port


def uri(fake: FakeIpp) -> str:
    return f"ipp://127.0.0.1:{fake.port}/ipp/print"


@pytest.fixture
async def ipp_transport() -> AsyncIterator[IppTransport]:
    transport = IppTransport()
    yield transport
    await transport.close()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfold.transports.ipp.job.SEARCH_PAUSE_S", 0.01)
    monkeypatch.setattr("fanfold.transports.ipp.job.BUSY_PAUSE_S", 0.01)
    monkeypatch.setattr("fanfold.transports.ipp.job.BUSY_S", 0.1)


@pytest.mark.parametrize(
    "good",
    [
        "ipp://printer",
        "ipp://192.168.1.50:8631/ipp/print/2",
        "ipps://printer.example/ipp/print?verify=no",
        "ipps://[fe80::1]:631/",
    ],
)
def test_well_formed_uris_are_taken(good: str) -> None:
    IppTransport().check(good)


@pytest.mark.parametrize(
    "bad",
    [
        "http://printer",
        "ipp:printer",
        "ipp:///ipp/print",
        "ipp://printer:port/",
        "ipp://printer:99999/",
        "ipp://me:secret@printer/",
        "ipp://printer/?verify=maybe",
        "ipp://printer/#x",
        "ipp://[::1",
        "ipp://[::x]/",
        "ipp://a..b/",
        "ipp://" + "a" * 64 + ".example/",
        "ipp://a b/",
        "ipp://a%00b/",
        "",
    ],
)
def test_other_uris_are_refused_with_an_example(bad: str) -> None:
    with pytest.raises(Refused, match="Write, for example, ipp://") as caught:
        IppTransport().check(bad)
    assert (caught.value.code, caught.value.status) == ("bad-uri", 422)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "\U0001f4a5.invalid", "xn--.invalid"])
async def test_a_name_that_nobody_knows_is_an_absence_in_words(ipp_transport: IppTransport, host: str) -> None:
    with pytest.raises(NotReached, match="its name is not known here"):
        async with ipp_transport.open(printer_at(f"ipp://{host}/")):
            raise AssertionError("it was reached")


async def test_it_keeps_the_promises_of_its_seam(ipp_transport: IppTransport) -> None:
    transport: Transport = ipp_transport
    assert isinstance(transport, Reconciles)
    assert not isinstance(transport, Discovers)
    async with FakeIpp() as fake, transport.open(printer_at(uri(fake))) as link:
        kept: Link = link
        assert isinstance(kept, Recalls)
        assert kept.sent_bytes == 0


async def test_a_printer_that_knows_no_uuid_is_told_by_name(ipp_transport: IppTransport) -> None:
    async with FakeIpp(moods={GET_JOB: _without_uuid}) as fake:
        ledger = Ledger()
        receipt = await deliver(ipp_transport, uri(fake), work_of(PDF), ledger)
    assert receipt.evidence is Evidence.DELIVERED
    assert json.loads(ledger.foreign or "")["job-name"] == fake.jobs[0].name
    assert fake.jobs[0].data == PDF


async def test_a_job_that_was_aborted_when_its_printer_had_it_all_is_a_doubt(ipp_transport: IppTransport) -> None:
    async with FakeIpp(moods={GET_JOB: _all_handed_on}, first_state=8) as fake:
        with pytest.raises(Interrupted, match="had the whole document"):
            await deliver(ipp_transport, uri(fake), work_of(PDF))


async def test_an_acknowledgement_that_was_lost_is_made_up_for_by_the_jobs_name(ipp_transport: IppTransport) -> None:
    async with FakeIpp(moods={PRINT_JOB: hang_up}) as fake:
        ledger = Ledger()
        receipt = await deliver(ipp_transport, uri(fake), work_of(ZPL), ledger)
        assert receipt.evidence is Evidence.DELIVERED
        assert json.loads(ledger.foreign or "")["job-uuid"] == "urn:uuid:1"
        assert fake.times(PRINT_JOB) == 1


async def test_a_lost_document_that_nobody_shows_is_a_doubt(ipp_transport: IppTransport) -> None:
    def forget(fake: FakeIpp, request: web.Request, message: Message) -> None:
        fake.jobs.clear()
        hang_up(fake, request, message)

    async with FakeIpp(moods={PRINT_JOB: forget}) as fake:
        with pytest.raises(Interrupted, match="shows no job of ours"):
            await deliver(ipp_transport, uri(fake), work_of(ZPL))
        assert fake.times(PRINT_JOB) == 1


@pytest.mark.parametrize(
    "babble",
    [
        web.Response(body=b"<html>", content_type="text/html"),
        web.Response(status=500),
        web.Response(status=502),
        reply(0, Group(ipp.JOB, {})),
    ],
    ids=["html", "500", "502", "no job id"],
)
async def test_an_answer_that_says_nothing_after_the_document_is_never_a_success(
    ipp_transport: IppTransport, babble: web.Response
) -> None:
    def mood(fake: FakeIpp, _request: web.Request, _message: Message) -> web.Response:
        fake.jobs.clear()
        return babble

    async with FakeIpp(moods={PRINT_JOB: mood}) as fake:
        with pytest.raises(Interrupted):
            await deliver(ipp_transport, uri(fake), work_of(ZPL))


async def test_a_busy_printer_is_asked_again_and_then_not_reached(ipp_transport: IppTransport) -> None:
    async with FakeIpp(moods={PRINT_JOB: lambda *_: reply(0x0507, says="one at a time")}) as fake:
        ledger = Ledger()
        with pytest.raises(NotReached, match="one at a time") as caught:
            await deliver(ipp_transport, uri(fake), work_of(ZPL), ledger)
        assert caught.value.reasons == (Reason.BUSY_ELSEWHERE,)
        assert fake.times(PRINT_JOB) > 1
        assert ledger.foreign is None


async def test_a_job_is_taken_back_while_the_printer_is_busy(
    ipp_transport: IppTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.transports.ipp.job.BUSY_S", 1000)
    async with (
        FakeIpp(moods={PRINT_JOB: lambda *_: reply(0x0507)}) as fake,
        under_way(ipp_transport, uri(fake)) as under,
    ):
        await under.ledger.stall(Reason.BUSY_ELSEWHERE)
        await under.link.recall()
        with pytest.raises(Declined, match="taken back"):
            await under.task


@pytest.mark.parametrize(
    ("facts", "error", "reason"),
    [
        ({"printer-state": (Value(ipp.ENUM, 5),)}, "is stopped", Reason.PAUSED),
        ({"printer-is-accepting-jobs": (Value(ipp.BOOLEAN, data=False),)}, "takes no jobs", "not-accepting-jobs"),
    ],
)
async def test_a_printer_that_takes_no_jobs_is_not_reached(
    ipp_transport: IppTransport, facts: dict[str, tuple[Value, ...]], error: str, reason: str
) -> None:
    async with FakeIpp(facts=facts) as fake:
        with pytest.raises(NotReached, match=error) as caught:
            await deliver(ipp_transport, uri(fake), work_of(ZPL))
        assert caught.value.reasons == (reason,)
        assert fake.times(PRINT_JOB) == 0


async def test_documents_and_copies_that_the_printer_cannot_take_are_declined(ipp_transport: IppTransport) -> None:
    formats = tuple(Value(ipp.MIME, name) for name in ("application/pdf", "image/urf"))
    async with FakeIpp(facts={"document-format-supported": formats}) as fake:
        with pytest.raises(Declined, match="it takes application/pdf, image/urf"):
            await deliver(ipp_transport, uri(fake), work_of(ZPL))
        with pytest.raises(Declined, match="one copy at a time"):
            await deliver(ipp_transport, uri(fake), work_of(PDF, language="pdf", copies=2))
        fake.facts["copies-supported"] = (Value(ipp.RANGE, Range(1, 9)),)
        with pytest.raises(Declined, match="at most 9 copies"):
            await deliver(ipp_transport, uri(fake), work_of(PDF, language="pdf", copies=10))
        assert (await deliver(ipp_transport, uri(fake), work_of(PDF, language="pdf", copies=9))).evidence


async def test_a_server_that_never_answers_is_not_reached_in_a_bounded_time(
    ipp_transport: IppTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.transports.ipp.client.ASK_S", 0.05)
    taken = asyncio.Event()
    done = asyncio.Event()

    async def mute(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.set()
        await done.wait()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(NotReached, match="did not answer within"):
        await deliver(ipp_transport, f"ipp://127.0.0.1:{port}", work_of(ZPL))
    assert taken.is_set()
    done.set()
    server.close()
    await server.wait_closed()


async def test_an_answer_without_end_is_cut_off(ipp_transport: IppTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfold.transports.ipp.client.REPLY_BYTES", 10_000)
    endless = web.Response(body=bytes(20_000), content_type="application/ipp")
    async with FakeIpp(moods={GET_PRINTER: lambda *_: endless}) as fake:
        with pytest.raises(NotReached, match="longer than 10000 bytes"):
            await deliver(ipp_transport, uri(fake), work_of(ZPL))


async def test_a_kept_connection_that_went_stale_is_no_trouble(ipp_transport: IppTransport) -> None:
    async with FakeIpp() as fake:
        await deliver(ipp_transport, uri(fake), work_of(ZPL))
        port = fake.port
    async with FakeIpp(port=port) as fake:
        assert (await deliver(ipp_transport, uri(fake), work_of(ZPL))).evidence is Evidence.DELIVERED


async def test_a_refused_cancel_is_said_and_the_job_goes_on(ipp_transport: IppTransport) -> None:
    async with (
        FakeIpp(moods={CANCEL_JOB: lambda *_: web.Response(status=401)}, first_state=5) as fake,
        under_way(ipp_transport, uri(fake)) as under,
    ):
        await under.ledger.is_sent.wait()
        await under.link.recall()
        assert "password" in await under.ledger.stall("cancel-refused")
        fake.jobs[0].state = 9
        assert (await under.task).evidence is Evidence.DELIVERED


async def test_a_printer_that_stops_reading_stalls_the_job_which_can_be_taken_back(
    ipp_transport: IppTransport,
) -> None:
    held = asyncio.Event()
    async with FakeIpp() as fake:
        fake_port = fake.port

        async def half_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            if length > 1_000_000:
                await held.wait()
            else:
                inner_reader, inner = await asyncio.open_connection("127.0.0.1", fake_port)
                inner.write(head.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\nConnection: close\r\n", 1))
                inner.write(await reader.readexactly(length))
                writer.write((await inner_reader.read()).replace(b"keep-alive", b"close"))
                await writer.drain()
                inner.close()
            writer.close()

        server = await asyncio.start_server(half_read, "127.0.0.1", 0, limit=4096)
        target = f"ipp://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        printer = printer_at(target)
        quick = replace(printer, options=replace(printer.options, stall_after_s=0.1))
        ledger = Ledger()
        async with ipp_transport.open(quick) as link:
            assert isinstance(link, Recalls)
            task = asyncio.ensure_future(link.deliver(work_of(bytes(30_000_000)), ledger))
            await ledger.stall(Reason.STALLED)
            assert link.sent_bytes < 30_000_000
            await link.recall()
            with pytest.raises(Interrupted, match="shows no job of ours"):
                await task  # it may have printed what it read
        held.set()
        server.close()
        await server.wait_closed()


async def test_a_document_that_can_no_longer_be_read_is_declined_before_it_is_begun(
    ipp_transport: IppTransport, tmp_path: Path
) -> None:
    gone = replace(Document.of(b"x" * 10), data=None, path=tmp_path / "gone")
    async with FakeIpp() as fake:
        with pytest.raises(Declined, match="cannot be read"):
            await deliver(ipp_transport, uri(fake), replace(work_of(b""), document=gone))
        assert fake.jobs == []


async def test_find_without_a_number_looks_through_unfinished_and_finished_jobs(ipp_transport: IppTransport) -> None:
    async with FakeIpp(first_state=5) as fake:
        async with under_way(ipp_transport, uri(fake)) as under:
            await under.ledger.is_sent.wait()
        job = job_of(under.work, None)
        await ipp_transport.recall(printer_at(uri(fake)), job)
        found = await ipp_transport.find(printer_at(uri(fake)), job, Ledger())
        assert "canceled" in found.declined
        fake.jobs.clear()
        assert (
            "no job that carries its mark" in (await ipp_transport.find(printer_at(uri(fake)), job, Ledger())).uncertain
        )
        fake.moods[GET_JOBS] = lambda *_: reply(0x0501)
        assert "does not list its jobs" in (await ipp_transport.find(printer_at(uri(fake)), job, Ledger())).uncertain


def _all_handed_on(fake: FakeIpp, _request: web.Request, _message: Message) -> web.Response:
    waits = Value(ipp.KEYWORD, "cups-waiting-for-job-completed")
    return reply(0, Group(ipp.JOB, {**fake.jobs[-1].attributes, "job-printer-state-reasons": (waits,)}))


def _without_uuid(fake: FakeIpp, _request: web.Request, _message: Message) -> web.Response:
    shown = {name: values for name, values in fake.jobs[-1].attributes.items() if name != "job-uuid"}
    return reply(0, Group(ipp.JOB, shown))


async def test_a_printer_that_is_not_there_is_named_once_with_what_to_do(ipp_transport: IppTransport) -> None:
    where = f"127.0.0.1:{free_port()}"
    with pytest.raises(NotReached) as caught:
        await deliver(ipp_transport, f"ipp://{where}/ipp/print", work_of(PDF))
    refused = f"the printer at {where} cannot be reached: {os.strerror(errno.ECONNREFUSED)}"
    assert caught.value.says == f"{refused}. See that it is on and in the network, and its address"


async def test_a_printer_that_refuses_is_named_once_in_its_own_words(ipp_transport: IppTransport) -> None:
    async with FakeIpp(moods={GET_PRINTER: lambda *_: web.Response(status=403)}) as fake:
        with pytest.raises(NotReached) as caught:
            await deliver(ipp_transport, uri(fake), work_of(PDF))
    assert caught.value.says == f"the printer at 127.0.0.1:{fake.port} forbids it (HTTP 403); allow this machine there"
