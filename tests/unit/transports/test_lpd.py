"""LPD servers: what each of their moods makes of a job, and what we may say of it."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import select
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fanfold.errors import Declined, Interrupted, NotReached
from fanfold.model import Evidence, Printer, PrinterId, PrinterOptions, Reason
from fanfold.transports.lpd.link import NOT_ACCEPTING, PROMPT_S, LpdLink
from fanfold.transports.lpd.transport import LpdTransport
from fanfold.wire import Document, Receipt
from tests.contract.transports import Noted, work
from tests.peers.lpdserver import LpdServer, Mood
from tests.peers.processes import until

LABEL = b"^XA^FDHello^FS^XZ"
LARGE = bytes(16 * 1024 * 1024)
"""More than the two systems' buffers take between them."""

BEFORE_DATA = ("queue", "control name", "control", "data name")


@dataclass(slots=True)
class Heard(Noted):
    """A report that can be waited for."""

    stalling: asyncio.Event = field(default_factory=asyncio.Event)
    is_sent: asyncio.Event = field(default_factory=asyncio.Event)

    def stalled(self, reason: str, message: str) -> None:
        self.stalls.append((reason, message))
        self.stalling.set()

    async def sent(self, foreign: str | None = None) -> None:
        self.sents.append(foreign)
        self.is_sent.set()


@pytest.fixture
async def transport(tmp_path: Path) -> LpdTransport:
    return LpdTransport(tmp_path, connect_limit_s=2, step_limit_s=0.3)


@asynccontextmanager
async def reached(transport: LpdTransport, server: LpdServer, more: str = "") -> AsyncIterator[LpdLink]:
    options = PrinterOptions(stall_after_s=0.1)
    async with transport.open(Printer(PrinterId("q"), "Q", server.uri + more, options=options)) as link:
        assert isinstance(link, LpdLink)
        yield link


async def deliver(
    transport: LpdTransport, server: LpdServer, document: bytes = LABEL, more: str = "", **given: Any
) -> tuple[Receipt, Heard]:
    heard = Heard()
    async with reached(transport, server, more) as link:
        return await link.deliver(work(document, **given), heard), heard


# what is sent


async def test_the_control_file_goes_first_and_says_whose_job_it_is(transport: LpdTransport) -> None:
    async with LpdServer() as server:
        await deliver(transport, server)
        (job,) = server.jobs
        assert job.queue == "labels"
        assert job.steps == ["queue", "control name", "control", "data name", "data"]
        kinds = [line[0] for line in job.lines]
        assert kinds == ["H", "P", "J", "l", "U", "N"]
        assert job.lines[1] == "Pfanfold"
        assert job.lines[2] == "Ja label [fanfold 01890000-0000-7000-8000-000000000001.1]"
        control, data = job.names
        assert control[:3] == "cfA"
        assert job.lines[3:5] == [f"l{data}", f"U{data}"]
        assert data == f"dfA{control[3:]}"
        assert control[3:6].isdecimal()
        assert control[6:] == job.lines[0][1:]


async def test_the_data_goes_first_where_the_owner_says_so(transport: LpdTransport) -> None:
    async with LpdServer() as server:
        await deliver(transport, server, more="?order=data-first")
        assert server.jobs[0].steps == ["queue", "data name", "data", "control name", "control"]
        assert await server.printed() == [LABEL]


async def test_format_and_user_are_as_the_owner_says(transport: LpdTransport) -> None:
    async with LpdServer() as server:
        await deliver(transport, server, more="?format=o&user=till")
        assert server.jobs[0].lines[1] == "Ptill"
        assert server.jobs[0].lines[3].startswith("odfA")


async def test_each_copy_is_a_line_and_the_bytes_go_once(transport: LpdTransport) -> None:
    async with LpdServer() as server:
        await deliver(transport, server, copies=3)
        (job,) = server.jobs
        assert job.copies == 3
        assert job.data == LABEL


async def test_two_jobs_in_a_row_never_have_one_number_not_even_after_a_restart(tmp_path: Path) -> None:
    async with LpdServer() as server:
        for _ in range(3):
            transport = LpdTransport(tmp_path)
            for _ in range(2):
                await deliver(transport, server)
        numbers = [int(job.names[0][3:6]) for job in server.jobs]
    assert numbers == [(numbers[0] + step) % 1000 for step in range(6)]


# what it proves


async def test_the_last_acknowledgement_is_sent_where_a_spooler_may_stand_between(transport: LpdTransport) -> None:
    async with LpdServer() as server:
        receipt, heard = await deliver(transport, server)
    assert receipt.evidence is Evidence.SENT
    assert heard.progressed[-1] == len(LABEL)
    assert heard.sents == []


async def test_it_is_delivered_where_the_owner_says_that_the_printer_itself_answers(transport: LpdTransport) -> None:
    async with LpdServer() as server:
        receipt, _ = await deliver(transport, server, more="?server=printer")
    assert receipt.evidence is Evidence.DELIVERED


async def test_an_acknowledgement_that_takes_long_is_waited_for_and_meanwhile_it_is_put_down_as_sent(
    transport: LpdTransport,
) -> None:
    async with LpdServer(Mood(answers={"data": None})) as server, reached(transport, server) as link:
        heard = Heard()
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), heard))
        await heard.is_sent.wait()
        await heard.stalling.wait()
        assert heard.stalls[0][0] == Reason.STALLED
        assert "does not say that it has them" in heard.stalls[0][1]
        assert not delivery.done()
        server.goes_on.set()
        assert (await delivery).evidence is Evidence.SENT


# not reached


async def test_a_server_that_is_away_is_not_reached(transport: LpdTransport) -> None:
    async with LpdServer() as server:
        await server.leave()
        with pytest.raises(NotReached, match="refuses connections"):
            await deliver(transport, server)


@pytest.mark.parametrize("step", BEFORE_DATA)
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\x01", "code 1: there is no such queue"),
        (b"\x02", "code 2: it has no room"),
        (b"\x07", "code 7: it does not say why"),
        (b"lpd: \x1b[31munknown printer\n", r"said 'lpd: \[31munknown printer'"),
        (b"\0\0\0", "is no answer of LPD's"),
        (bytes(range(256)) * 400, "is no answer of LPD's"),
    ],
    ids=["no", "later", "unheard of", "words", "too many", "garbage"],
)
async def test_a_no_before_the_document_is_not_reached_with_its_words(
    transport: LpdTransport, step: str, answer: bytes, words: str
) -> None:
    async with LpdServer(Mood(answers={step: answer})) as server:
        if step == "queue":
            with pytest.raises(NotReached, match=words) as refused:
                async with reached(transport, server):
                    pytest.fail("it was reached")
        else:
            with pytest.raises(NotReached, match=words) as refused:
                await deliver(transport, server)
        assert refused.value.reasons == (NOT_ACCEPTING,)
        await server.alone()
        assert all(not job.data for job in server.jobs)


@pytest.mark.parametrize("step", BEFORE_DATA)
async def test_silence_before_the_document_is_not_reached_in_bounded_time(transport: LpdTransport, step: str) -> None:
    async with LpdServer(Mood(answers={step: None})) as server:
        with pytest.raises(NotReached, match="does not answer") as away:
            await deliver(transport, server)
        assert away.value.reasons == (Reason.OFFLINE,)


@pytest.mark.parametrize("step", BEFORE_DATA)
async def test_a_close_before_the_document_is_not_reached(transport: LpdTransport, step: str) -> None:
    async with LpdServer(Mood(closes={step: 0})) as server:
        with pytest.raises(NotReached, match=r"(closed|broke) the connection") as away:
            await deliver(transport, server)
        assert away.value.reasons == (Reason.OFFLINE,)


async def test_a_server_that_speaks_before_it_is_asked_is_not_believed(transport: LpdTransport) -> None:
    async with LpdServer(Mood(greets=b"\0" * 8)) as server:
        with pytest.raises((NotReached, Interrupted), match=r"before it was asked|no answer of LPD's"):
            await deliver(transport, server)
        await server.alone()
        assert all(not job.whole for job in server.jobs)


async def test_an_answer_that_came_before_its_question_is_none(transport: LpdTransport) -> None:
    async with LpdServer() as server, reached(transport, server) as link:
        server.say(b"\0")
        await asyncio.to_thread(select.select, [link._wire], [], [], 5)
        with pytest.raises(NotReached, match="before it was asked"):
            await link.deliver(work(LABEL), Heard())
        assert not server.jobs[0].names


async def test_a_job_refused_before_its_document_is_taken_back(transport: LpdTransport) -> None:
    async with LpdServer(Mood(answers={"data name": b"\x02"})) as server:
        with pytest.raises(NotReached):
            await deliver(transport, server)
        await server.alone()
        assert server.jobs[0].aborted


async def test_a_document_that_is_not_there_is_taken_back_too(transport: LpdTransport, tmp_path: Path) -> None:
    async with LpdServer() as server, reached(transport, server) as link:
        with pytest.raises(NotReached, match="could not be read"):
            await link.deliver(work(Document(10, "", path=tmp_path / "gone")), Heard())
        assert link.sent_bytes == 0


async def test_an_empty_document_is_declined_because_its_size_would_mean_without_end(transport: LpdTransport) -> None:
    async with LpdServer() as server:
        with pytest.raises(Declined):
            await deliver(transport, server, b"")


# in doubt


@pytest.mark.parametrize("answer", [b"\x01", b"sorry\n", b"\0\0", b""], ids=["no", "words", "too many", "close"])
async def test_no_zero_after_the_document_is_a_doubt(transport: LpdTransport, answer: bytes) -> None:
    mood = Mood(answers={"data": answer}) if answer else Mood(closes={"data": 0})
    async with LpdServer(mood) as server:
        with pytest.raises(Interrupted, match=f"{len(LABEL)} of {len(LABEL)} bytes"):
            await deliver(transport, server)


async def test_a_no_after_the_document_has_the_server_forget_it(transport: LpdTransport) -> None:
    async with LpdServer(Mood(answers={"data": b"\x01"})) as server:
        with pytest.raises(Interrupted):
            await deliver(transport, server)
        await server.alone()
        assert server.jobs[0].aborted
        assert await server.printed(0) == []


async def test_a_break_in_the_midst_is_a_doubt_with_a_count(transport: LpdTransport) -> None:
    async with LpdServer(Mood(closes={"data": 100_000})) as server:
        with pytest.raises(Interrupted, match=rf"\d+ of {len(LARGE)} bytes had gone") as doubt:
            await deliver(transport, server, LARGE)
        assert doubt.value.reasons == (Reason.OFFLINE,)


@pytest.mark.parametrize("early", [b"\0", b"\x01", b"disk full\n"], ids=["zero", "no", "words"])
async def test_an_answer_in_the_midst_of_the_document_is_a_doubt_never_a_success(
    transport: LpdTransport, early: bytes
) -> None:
    async with LpdServer(Mood(early=early, answers={"data": None})) as server:
        with pytest.raises(Interrupted, match="in the midst of the document"):
            await deliver(transport, server, LARGE)


async def test_an_answer_in_the_midst_is_seen_too_where_nothing_ever_waits_for_room(transport: LpdTransport) -> None:
    async with LpdServer(Mood(early=b"\0", answers={"data": None})) as server, reached(transport, server) as link:

        class Slow(Document):
            async def chunks(self):  # type: ignore[no-untyped-def]
                yield b"first"
                yield b"second"  # the first goes now, and is answered
                await server.had(1)
                for _ in range(50):
                    await asyncio.sleep(0)
                yield b"third"

        with pytest.raises(Interrupted, match="in the midst of the document"):
            await link.deliver(work(Slow(16, "")), Heard())


async def test_a_zero_that_came_before_all_bytes_were_there_is_no_success(
    transport: LpdTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with LpdServer() as server, reached(transport, server) as link:
        monkeypatch.setattr(LpdLink, "_unacknowledged_bytes", lambda _: 5)
        with pytest.raises(Interrupted, match="before it had all"):
            await link.deliver(work(LABEL), Heard())


@pytest.mark.parametrize("step", ["control name", "control"])
async def test_with_the_data_first_whatever_breaks_after_it_is_a_doubt(transport: LpdTransport, step: str) -> None:
    for mood in (Mood(closes={step: 0}), Mood(answers={step: b"\x01"})):
        async with LpdServer(mood) as server:
            with pytest.raises(Interrupted):
                await deliver(transport, server, more="?order=data-first")


async def test_once_it_has_the_document_a_server_may_take_its_time_for_the_rest(transport: LpdTransport) -> None:
    async with (
        LpdServer(Mood(answers={"control": None})) as server,
        reached(transport, server, "?order=data-first") as link,
    ):
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), Heard()))
        await server.at("control")
        await asyncio.wait({delivery}, timeout=0.5)  # longer than a step may take before
        assert not delivery.done()
        server.goes_on.set()
        await delivery
        assert server.papers == [LABEL]


@pytest.mark.parametrize("size", [5, 20], ids=["shorter", "longer"])
async def test_a_document_of_another_size_than_was_said_never_runs_into_the_commands(
    transport: LpdTransport, size: int
) -> None:
    class Changed(Document):
        async def chunks(self):  # type: ignore[no-untyped-def]
            for _ in range(size):
                yield b"x"

    async with LpdServer() as server:
        async with reached(transport, server) as link:
            with pytest.raises(Interrupted, match="another size"):
                await link.deliver(work(Changed(10, "")), Heard())
        await server.alone()
        assert await server.printed(0) == []


async def test_a_document_that_breaks_off_on_our_disk_is_a_doubt(transport: LpdTransport) -> None:
    class Torn(Document):
        async def chunks(self):  # type: ignore[no-untyped-def]
            yield b"first"
            yield b"second"
            raise OSError(errno.EIO, "bad sector")

    async with LpdServer() as server, reached(transport, server) as link:
        with pytest.raises(Interrupted, match="bad sector"):
            await link.deliver(work(Torn(100, "")), Heard())


# stalls and cancelling


async def test_a_server_that_stops_reading_is_a_stall_and_is_waited_for(transport: LpdTransport) -> None:
    async with LpdServer(Mood(holds_at=100_000)) as server, reached(transport, server) as link:
        heard = Heard()
        delivery = asyncio.ensure_future(link.deliver(work(LARGE), heard))
        await heard.stalling.wait()
        assert f"of {len(LARGE)} bytes" in heard.stalls[0][1]
        assert 100_000 <= link.sent_bytes < len(LARGE)
        server.goes_on.set()
        await delivery
        assert await server.printed() == [LARGE]
        assert heard.progressed == sorted(heard.progressed)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell what the server's TCP has")
async def test_what_our_own_system_still_has_is_neither_put_down_as_sent_nor_said_to_be_there(
    transport: LpdTransport,
) -> None:
    """A system's buffers take much more than a server that reads nothing."""
    document = bytes(1_000_000)
    async with deaf_server() as (uri, _):
        printer = Printer(PrinterId("q"), "Q", f"{uri}?order=data-first", options=PrinterOptions(stall_after_s=0.1))
        heard = Heard()
        async with transport.open(printer) as link:
            delivery = asyncio.ensure_future(link.deliver(work(document), heard))
            await heard.stalling.wait()
            assert f"took {link.sent_bytes} of {len(document)} bytes and takes no more" in heard.stalls[0][1]
            await asyncio.wait({delivery}, timeout=2 * PROMPT_S)
            assert not heard.sents
            delivery.cancel()
            await asyncio.wait({delivery})


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell what the server's TCP has")
async def test_no_byte_counts_that_the_servers_system_has_not(transport: LpdTransport) -> None:
    async with deaf_server() as (uri, deaf):
        printer = Printer(PrinterId("q"), "Q", f"{uri}?order=data-first", options=PrinterOptions(stall_after_s=0.1))
        heard = Heard()
        async with transport.open(printer) as link:
            delivery = asyncio.ensure_future(link.deliver(work(LARGE), heard))
            await heard.stalling.wait()
            delivery.cancel()
            await asyncio.wait({delivery})
            counted = max(link.sent_bytes, *heard.progressed)
        assert 0 < counted <= await deaf()


async def test_a_document_whose_first_byte_waits_for_room_is_not_said_to_be_here_yet(transport: LpdTransport) -> None:
    """Any part of what waits may go before it is called off."""

    class NoRoom(socket.socket):
        def send(self, data: Any, flags: int = 0) -> int:
            if bytes(data).startswith(LABEL):
                raise BlockingIOError
            return super().send(data, flags)

    async with LpdServer() as server, reached(transport, server, "?order=data-first") as link:
        asking = link._number

        def number() -> int:
            link._wire = NoRoom(fileno=link._wire.detach())
            link._wire.setblocking(False)
            return asking()

        link._number = number
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), Heard()))
        await server.at("data name")
        await until(_true(lambda: link._under_way > 0), "that it waits for room")
        delivery.cancel()
        await asyncio.wait({delivery})
        assert link.sent_bytes == 1


def _true(what: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def is_so() -> bool:
        return what()

    return is_so


@asynccontextmanager
async def deaf_server() -> AsyncIterator[tuple[str, Callable[[], Awaitable[int]]]]:
    """A server that says yes until the document, and then reads nothing; call it for how much its system has."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        guest = asyncio.ensure_future(_receive(listening))

        async def has() -> int:
            count_bytes = 0
            with suppress(ConnectionResetError):
                while data := await loop.sock_recv(await guest, 65536):
                    count_bytes += len(data)
            return count_bytes

        yield f"lpd://127.0.0.1:{listening.getsockname()[1]}/labels", has
        (await guest).close()


async def _receive(listening: socket.socket) -> socket.socket:
    loop = asyncio.get_running_loop()
    guest, _ = await loop.sock_accept(listening)
    for _ in ("queue", "data name"):
        await loop.sock_recv(guest, 1000)
        await loop.sock_sendall(guest, b"\0")
    return guest


async def test_a_job_that_is_called_off_in_the_midst_does_not_come_out(transport: LpdTransport) -> None:
    async with LpdServer(Mood(holds_at=100_000)) as server:
        async with reached(transport, server) as link:
            heard = Heard()
            delivery = asyncio.ensure_future(link.deliver(work(LARGE), heard))
            await heard.stalling.wait()
            delivery.cancel()
            await asyncio.wait({delivery})
            assert 0 < link.sent_bytes < len(LARGE)
        server.goes_on.set()
        await server.alone()
        assert await server.printed(0) == []


async def test_a_job_that_is_called_off_while_its_end_is_waited_for_says_that_all_had_gone(
    transport: LpdTransport,
) -> None:
    async with LpdServer(Mood(answers={"data": None})) as server, reached(transport, server) as link:
        heard = Heard()
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), heard))
        await heard.is_sent.wait()
        delivery.cancel()
        await asyncio.wait({delivery})
        assert link.sent_bytes == len(LABEL)


async def test_a_job_that_is_called_off_when_all_of_it_is_under_way_does_not_come_out_either(
    transport: LpdTransport,
) -> None:
    async with LpdServer(Mood(holds_at=1), buffer_bytes=1024) as server:
        async with reached(transport, server) as link:
            heard = Heard()
            delivery = asyncio.ensure_future(link.deliver(work(bytes(300_000)), heard))
            await heard.stalling.wait()
            delivery.cancel()
            await asyncio.wait({delivery})
        server.goes_on.set()
        await server.alone()
        assert await server.printed(0) == []


async def test_a_server_that_dies_while_its_printer_is_waited_for_is_a_doubt(transport: LpdTransport) -> None:
    async with LpdServer(Mood(answers={"data": None})) as server, reached(transport, server) as link:
        heard = Heard()
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), heard))
        await heard.is_sent.wait()
        for guest in list(server._guests):
            guest.transport.abort()
        with pytest.raises(Interrupted):
            await delivery


async def test_a_document_in_a_file_is_never_in_memory_as_a_whole(transport: LpdTransport, tmp_path: Path) -> None:
    path = tmp_path / "document"
    path.write_bytes(LARGE)
    document = Document(len(LARGE), hashlib.sha256(LARGE).hexdigest(), path=path)
    async with LpdServer() as server, reached(transport, server) as link:
        sizes: set[int] = set()
        honest = link._write

        async def write(data: bytes, *given: Any, **more: Any) -> None:
            sizes.add(len(data))
            await honest(data, *given, **more)

        link._write = write  # type: ignore[method-assign]
        await link.deliver(work(document), Heard())
        assert max(sizes) <= 256 * 1024 + 1
        assert await server.printed() == [LARGE]
