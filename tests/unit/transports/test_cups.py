from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import Interrupted, NotReached, Refused
from fanfold.model import Evidence, Reason
from fanfold.transports.base import Discovers, Reconciles, Transport
from fanfold.transports.cups import CupsTransport
from fanfold.transports.ipp import codec as ipp
from fanfold.transports.ipp.codec import Group, Message, Value
from fanfold.transports.ipp.words import CUPS_GET_PRINTERS
from tests.peers.deliveries import ZPL, deliver, printer_at, under_way, work_of
from tests.peers.ippfake import GET_JOB, PRINT_JOB, FakeIpp, hang_up, reply
from tests.peers.ledger import Ledger


def cups_at(fake: FakeIpp) -> CupsTransport:
    return CupsTransport(f"127.0.0.1:{fake.port}")


@pytest.mark.parametrize(
    "good", ["cups:///Zebra", "cups://localhost/Zebra", "cups://srv:6310/B%C3%BCro", "cups://[::1]:631/q"]
)  # fmt: skip
def test_well_formed_uris_are_taken(good: str) -> None:
    CupsTransport().check(good)


@pytest.mark.parametrize(
    "bad",
    ["cups:", "cups:q", "cups://", "cups:///", "cups://host", "cups:///a/b", "cups:///q?x=1", "cups:///q#x",
     "cups://me@host/q", "cups://host:port/q", "ipp://host/q", "", "cups://[::1/q",
     "cups://a..b/q", "cups://a b/q"],
)  # fmt: skip
def test_other_uris_are_refused_with_an_example(bad: str) -> None:
    with pytest.raises(Refused, match="Write, for example, cups:///") as caught:
        CupsTransport().check(bad)
    assert (caught.value.code, caught.value.status) == ("bad-uri", 422)


@pytest.mark.parametrize(
    ("default", "uri", "listed"),
    [
        ("/run/cups/cups.sock", "cups://localhost/q", "cups:///q"),
        ("localhost:631", "cups://127.0.0.1/q", "cups:///q"),
        ("127.0.0.1:8631", "cups://[::1]:8631/q", "cups:///q"),
        ("127.0.0.1:8631", "cups://localhost/q", "cups://localhost/q"),
        ("/tmp/own.sock", "cups://localhost/q", "cups://localhost/q"),
        ("srv", "cups://SRV:631/B%C3%BCro", "cups:///B%C3%BCro"),
        ("srv", "cups:///q", "cups:///q"),
    ],
)
def test_a_queue_of_the_default_server_is_known_by_any_name_of_it(default: str, uri: str, listed: str) -> None:
    assert CupsTransport(default).listed_as(uri) == listed


@given(st.text())
def test_any_text_is_a_uri_or_refused(text: str) -> None:
    for uri in (text, f"cups://{text}"):
        try:
            CupsTransport().check(uri)
        except Refused as refused:
            assert refused.code == "bad-uri"  # noqa: PT017


async def test_it_keeps_the_promises_of_its_seam() -> None:
    transport: Transport = CupsTransport("127.0.0.1:9")
    assert isinstance(transport, Reconciles)
    assert isinstance(transport, Discovers)
    await transport.close()
    await transport.close()


async def test_the_default_server_is_what_cups_server_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUPS_SERVER", str(tmp_path / "cups.sock"))
    transport = CupsTransport()
    with pytest.raises(NotReached, match=r"cups\.sock"):
        await transport.discover()
    async with FakeIpp(facts={"printer-name": (Value(ipp.NAME, "q"),)}) as fake:
        monkeypatch.setenv("CUPS_SERVER", f"127.0.0.1:{fake.port}/version=1.1")
        assert (await deliver(transport, "cups:///q", work_of(ZPL))).evidence is Evidence.DELIVERED
    await transport.close()


async def test_a_lost_acknowledgement_is_made_up_for_by_the_jobs_name() -> None:
    async with FakeIpp(moods={PRINT_JOB: hang_up}) as fake:
        transport = cups_at(fake)
        assert (await deliver(transport, "cups:///q", work_of(ZPL))).evidence is Evidence.DELIVERED
        assert fake.times(PRINT_JOB) == 1
        await transport.close()


@pytest.mark.parametrize("named", [":::", "a..b", "host:port", "me you"])
async def test_a_default_server_that_names_nothing_is_an_absence_in_words(named: str) -> None:
    transport = CupsTransport(named)
    with pytest.raises(NotReached, match="Correct `cups_server`"):
        await transport.discover()
    with pytest.raises(NotReached, match="Correct `cups_server`"):
        async with transport.open(printer_at("cups:///q")):
            raise AssertionError("it was reached")
    await transport.close()


async def test_a_lost_document_that_cups_does_not_show_is_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfold.transports.ipp.job.SEARCH_PAUSE_S", 0.01)

    def crash(fake: FakeIpp, request: web.Request, message: Message) -> None:
        fake.jobs.clear()
        hang_up(fake, request, message)

    async with FakeIpp(moods={PRINT_JOB: crash}) as fake:
        transport = cups_at(fake)
        with pytest.raises(Interrupted, match="shows no job of ours"):
            await deliver(transport, "cups:///q", work_of(ZPL))
        assert fake.times(PRINT_JOB) == 1
        await transport.close()


async def test_a_number_that_is_already_somebody_elses_right_after_the_answer_is_a_doubt() -> None:
    def lent(fake: FakeIpp, _request: web.Request, _message: Message) -> None:
        fake.jobs[-1].name = "somebody else's"

    async with FakeIpp(moods={GET_JOB: lent}) as fake:
        transport = cups_at(fake)
        with pytest.raises(Interrupted, match="another job under number 1"):
            await deliver(transport, "cups:///q", work_of(ZPL))
        await transport.close()


async def test_a_cups_that_is_away_while_a_job_is_followed_is_waited_for() -> None:
    async with FakeIpp(first_state=5) as fake:
        transport, jobs, port = cups_at(fake), fake.jobs, fake.port
        ledger = Ledger()
        async with under_way(transport, "cups:///q", ledger=ledger) as under:
            await ledger.is_sent.wait()
            await fake.__aexit__()
            await ledger.stall(Reason.OFFLINE)
            jobs[0].state = 9
            async with FakeIpp(jobs=jobs, port=port):
                assert (await under.task).evidence is Evidence.DELIVERED
        await transport.close()


async def test_a_recall_during_the_absence_of_cups_is_asked_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfold.transports.ipp.job.ASK_S", 0.05)
    async with FakeIpp(first_state=5) as fake:
        transport, jobs, port = cups_at(fake), fake.jobs, fake.port
        async with under_way(transport, "cups:///q") as under:
            await under.ledger.is_sent.wait()
            await fake.__aexit__()
            await under.ledger.stall(Reason.OFFLINE)
            await under.link.recall()
            async with FakeIpp(jobs=jobs, port=port):
                await asyncio.wait({under.task})
        assert "canceled" in str(under.task.exception())
        await transport.close()


async def test_jobs_of_many_queues_are_looked_at_together_and_apart_when_one_is_gone() -> None:
    def together(fake: FakeIpp, _request: web.Request, message: Message) -> web.Response | None:
        wanted = message.first(ipp.OPERATION).all("job-ids")
        if not wanted:
            return None
        shown = [job for job in fake.jobs if job.number in wanted]
        if len(shown) < len(wanted):
            return reply(0x0406, says="Job does not exist.")
        return reply(0, *(ipp.Group(ipp.JOB, job.attributes) for job in shown))

    async with FakeIpp(moods={0x0A: together}, first_state=5) as fake:
        transport = cups_at(fake)
        async with (
            under_way(transport, "cups:///a") as one,
            under_way(transport, "cups:///b") as two,
            under_way(transport, "cups:///c") as three,
        ):
            for under in (one, two, three):
                await under.ledger.is_sent.wait()
            names = {job.name.partition("fanfold ")[2][:36]: job for job in fake.jobs}
            fake.jobs.remove(names[two.work.job])
            with pytest.raises(Interrupted, match="does not show our job"):
                await two.task
            names[one.work.job].state = names[three.work.job].state = 9
            assert (await one.task).evidence is Evidence.DELIVERED
            assert (await three.task).evidence is Evidence.DELIVERED
        await transport.close()


async def test_a_queue_of_any_name_is_asked_for_by_its_path() -> None:
    paths: list[str] = []

    def note(_fake: FakeIpp, request: web.Request, _message: Message) -> None:
        paths.append(request.rel_url.raw_path)

    async with FakeIpp(moods={PRINT_JOB: note}) as fake:
        transport = cups_at(fake)
        async with transport.open(printer_at("cups:///B%C3%BCro%2F1")) as link:
            await link.deliver(work_of(ZPL), Ledger())
        assert paths == ["/printers/B%C3%BCro%2F1"]
        await transport.close()


async def test_faxes_and_virtual_and_temporary_queues_are_told_from_lasting_ones() -> None:
    def queue(name: str, **more: Value) -> Group:
        given = {key.replace("_", "-"): (value,) for key, value in more.items()}
        return Group(ipp.PRINTER, {"printer-name": (Value(ipp.NAME, name),), **given})

    shown = (
        queue("labels", printer_make_and_model=Value(ipp.TEXT, "Local Raw Printer")),
        queue("office", printer_type=Value(ipp.ENUM, 0x20000), printer_location=Value(ipp.TEXT, "2nd floor")),
        queue("fax", printer_type=Value(ipp.ENUM, 0x40000)),
        queue("guest", printer_is_temporary=Value(ipp.BOOLEAN, True)),
        queue("pdf", device_uri=Value(ipp.URI, "cups-pdf:/")),
    )
    async with FakeIpp({CUPS_GET_PRINTERS: lambda *_: reply(0, *shown)}) as fake:
        transport = cups_at(fake)
        found = {one.name: one for one in await transport.discover()}
        await transport.close()
    assert {name: one.is_temporary for name, one in found.items()} == {
        "labels": False, "office": False, "fax": True, "guest": True, "pdf": True,
    }  # fmt: skip
    assert (found["labels"].kinds, found["office"].kinds) == (("raw",), ("*",))
    assert (found["labels"].uri, found["office"].info) == ("cups:///labels", "2nd floor")
    assert [one.name for one in found.values() if one.is_default] == ["office"]


async def test_a_cups_that_is_not_there_is_named_once_with_what_to_do(tmp_path: Path) -> None:
    transport = CupsTransport(str(tmp_path / "cups.sock"))
    with pytest.raises(NotReached) as caught:
        await deliver(transport, "cups:///labels", work_of(ZPL))
    await transport.close()
    assert caught.value.says.startswith(f"the CUPS queue labels at {tmp_path / 'cups.sock'} cannot be reached: No such")
    assert caught.value.says.count(str(tmp_path)) == 1
    assert "See that CUPS runs" in caught.value.says
