"""Network printers: what each of their moods makes of a job, and what we may say of it."""

from __future__ import annotations

import asyncio
import hashlib
import select
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fanfold.errors import Interrupted, NotReached
from fanfold.model import Evidence, Printer, PrinterId, PrinterOptions, Reason
from fanfold.simulate.moods import (
    Answers,
    Away,
    ClosesEarly,
    HalfReading,
    Mood,
    NeverCloses,
    Ready,
    Refusing,
    ResetsAfter,
    SingleClient,
    Slow,
    Stalled,
)
from fanfold.simulate.socket import SocketPrinter
from fanfold.transports.socket.link import SocketLink
from fanfold.transports.socket.transport import SocketTransport
from fanfold.wire import Document, Receipt
from tests.contract.transports import Noted, work

MIB = 1024 * 1024
LABEL = b"^XA^FDHello^FS^XZ"
LARGE = bytes(32 * MIB)
"""More than the two systems' buffers take between them, so that a printer that does not read is felt."""


@dataclass(slots=True)
class Heard(Noted):
    """A report that can be waited for."""

    stalling: asyncio.Event = field(default_factory=asyncio.Event)
    is_sent: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)

    def progress(self, sent_bytes: int) -> None:
        self.progressed.append(sent_bytes)
        self.started.set()

    def stalled(self, reason: str, message: str) -> None:
        self.stalls.append((reason, message))
        self.stalling.set()

    async def sent(self, foreign: str | None = None) -> None:
        self.sents.append(foreign)
        self.is_sent.set()


@asynccontextmanager
async def reached(
    printer: SocketPrinter,
    transport: SocketTransport | None = None,
    *,
    close_wait_s: float = 5,
    stall_after_s: float = 5,
) -> AsyncIterator[SocketLink]:
    options = PrinterOptions(close_wait_s=close_wait_s, stall_after_s=stall_after_s)
    target = Printer(PrinterId("net"), "Network", printer.uri, options=options)
    async with (transport or SocketTransport()).open(target) as link:
        assert isinstance(link, SocketLink)
        yield link


async def deliver(printer: SocketPrinter, document: bytes = LABEL, *, close_wait_s: float = 5) -> tuple[Receipt, Heard]:
    heard = Heard()
    async with reached(printer, close_wait_s=close_wait_s) as link:
        return await link.deliver(work(document), heard), heard


@pytest.mark.parametrize("mood", [Ready(), Slow(100_000), SingleClient(), SingleClient(queues=True)])
async def test_a_printer_that_closes_after_the_end_of_data_has_it(mood: Mood) -> None:
    async with SocketPrinter(mood) as printer:
        receipt, heard = await deliver(printer)
        assert receipt.evidence is Evidence.DELIVERED
        assert await printer.printed() == [LABEL]
        assert heard.progressed[-1] == len(LABEL)


async def test_a_printer_that_answers_after_the_end_of_data_has_it() -> None:
    async with SocketPrinter(Answers(b"\x12", closes=False)) as printer, reached(printer) as link:
        receipt = await link.deliver(work(LABEL), Heard())
        assert receipt.evidence is Evidence.DELIVERED
        assert link.said == b"\x12"


async def test_the_talk_of_a_printer_that_talks_by_itself_is_no_answer() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError), closing(writer):
            while not hung_up.is_set():
                writer.write(b"\x10\x20 ready ")
                await writer.drain()
                await asyncio.sleep(0.005)
        gone.set()

    hung_up, gone = asyncio.Event(), asyncio.Event()
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    uri = f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    printer = Printer(PrinterId("net"), "Network", uri, options=PrinterOptions(close_wait_s=0.3))
    async with server, SocketTransport().open(printer) as link:
        async with asyncio.timeout(5):
            await _has_talked(link)
        receipt = await link.deliver(work(LABEL), Heard())
        assert receipt.evidence is Evidence.SENT
        hung_up.set()
        await gone.wait()


async def _has_talked(link: object) -> None:
    assert isinstance(link, SocketLink)
    await asyncio.get_running_loop().run_in_executor(None, select.select, [link._wire], [], [], 5)


async def test_a_printer_that_never_closes_has_it_only_as_far_as_we_know() -> None:
    async with SocketPrinter(NeverCloses()) as printer:
        receipt, heard = await deliver(printer, close_wait_s=0.3)
        assert receipt.evidence is Evidence.SENT
        assert heard.sents == [None]
        assert await printer.printed() == [LABEL]


async def test_a_printer_that_reads_nothing_of_a_short_job_is_not_said_to_have_taken_it() -> None:
    async with SocketPrinter(Stalled()) as printer:
        receipt, _ = await deliver(printer, close_wait_s=0.05)
        assert receipt.evidence is Evidence.SENT
        assert printer.read_bytes == 0


async def test_that_all_left_us_is_put_down_while_the_close_is_waited_for() -> None:
    async with SocketPrinter(NeverCloses()) as printer, reached(printer) as link:
        heard = Heard()
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), heard))
        await heard.is_sent.wait()
        assert not delivery.done()
        await printer.become(Ready())
        assert (await delivery).evidence is Evidence.DELIVERED
        assert heard.sents == [None]


async def test_a_printer_that_closes_promptly_is_not_put_down_as_sent_before() -> None:
    async with SocketPrinter() as printer:
        _, heard = await deliver(printer)
        assert heard.sents == []


# not reached


async def test_a_printer_that_listens_to_nobody_is_busy_elsewhere() -> None:
    async with SocketPrinter(Away()) as printer:
        with pytest.raises(NotReached, match="refuses connections") as busy:
            await deliver(printer)
        assert busy.value.reasons == (Reason.BUSY_ELSEWHERE,)


async def test_a_printer_that_resets_before_the_first_byte_is_busy_elsewhere() -> None:
    async with SocketPrinter(Refusing()) as printer, reached(printer) as link:
        await printer.visited()
        await _until_readable(link)
        with pytest.raises(NotReached) as busy:
            await link.deliver(work(LABEL), Heard())
        assert busy.value.reasons == (Reason.BUSY_ELSEWHERE,)
        assert link.sent_bytes == 0


async def test_a_printer_that_closes_before_the_first_byte_is_busy_elsewhere() -> None:
    async with SocketPrinter(ClosesEarly(0)) as printer, reached(printer) as link:
        await _until_readable(link)
        with pytest.raises(NotReached) as busy:
            await link.deliver(work(LABEL), Heard())
        assert busy.value.reasons == (Reason.BUSY_ELSEWHERE,)


async def test_a_printer_that_turned_us_away_is_given_time_to_do_so_again_before_it_gets_a_byte() -> None:
    transport = SocketTransport()
    async with SocketPrinter(Away()) as printer:
        with pytest.raises(NotReached):
            async with reached(printer, transport):
                pass
        await printer.become(Refusing())
        with pytest.raises(NotReached) as busy:
            async with reached(printer, transport):
                pytest.fail("it was reached")
        assert busy.value.reasons == (Reason.BUSY_ELSEWHERE,)
        await printer.become(Ready())
        async with reached(printer, transport) as link:
            assert (await link.deliver(work(LABEL), Heard())).evidence is Evidence.DELIVERED


async def test_what_a_printer_says_while_it_is_approached_with_care_is_kept() -> None:
    transport = SocketTransport()
    async with SocketPrinter(Away()) as printer:
        with pytest.raises(NotReached):
            async with reached(printer, transport):
                pass
        port, uri = printer.port, printer.uri
    greeting = asyncio.Event()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"ready\r\n")
        await reader.read()
        writer.close()
        greeting.set()

    server = await asyncio.start_server(greet, "127.0.0.1", port)
    async with server, transport.open(Printer(PrinterId("net"), "Network", uri)) as link:
        assert isinstance(link, SocketLink)
        assert link.said == b"ready\r\n"
        assert (await link.deliver(work(LABEL), Heard())).evidence is Evidence.DELIVERED
        await greeting.wait()


async def test_nobody_answering_is_offline_within_the_time_limit() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        crowd = [_connecting(deaf.getsockname()) for _ in range(4)]  # once its queue is full, nobody else is answered
        uri = f"socket://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(NotReached, match="no answer in time") as offline:
            async with SocketTransport(connect_limit_s=0.2).open(Printer(PrinterId("net"), "Network", uri)):
                pass
        assert offline.value.reasons == (Reason.OFFLINE,)
        for one in crowd:
            one.close()


async def test_a_name_that_nobody_knows_is_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    with pytest.raises(NotReached, match="name is not known") as offline:
        async with SocketTransport().open(Printer(PrinterId("net"), "Network", "socket://no-such-printer")):
            pass
    assert offline.value.reasons == (Reason.OFFLINE,)


async def test_each_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    async with SocketPrinter() as printer, SocketPrinter(Away()) as other:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")

        async def two(*_: object, **__: object) -> list[object]:
            return [(*kind, ("127.0.0.1", other.port)), (*kind, ("127.0.0.1", printer.port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
        target = Printer(PrinterId("net"), "Network", f"socket://printer.example:{printer.port}")
        async with SocketTransport().open(target) as link:
            assert (await link.deliver(work(LABEL), Heard())).evidence is Evidence.DELIVERED


async def test_an_ipv6_printer_is_reached() -> None:
    async with SocketPrinter(host="::1") as printer:
        receipt, _ = await deliver(printer)
        assert receipt.evidence is Evidence.DELIVERED


# in doubt


@pytest.mark.parametrize("document", [bytes(MIB), LARGE], ids=["fits the buffers", "does not"])
async def test_a_reset_after_the_first_byte_is_a_doubt_with_a_byte_count(document: bytes) -> None:
    async with SocketPrinter(ResetsAfter(1000)) as printer:
        with pytest.raises(Interrupted, match=rf"taken \d+ of {len(document)} bytes") as doubt:
            await deliver(printer, document)
        assert doubt.value.reasons == (Reason.OFFLINE,)
        assert await printer.broken() == [bytes(1000)]


async def test_a_printer_that_closes_in_the_middle_is_a_doubt() -> None:
    async with SocketPrinter(ClosesEarly(1000)) as printer:
        with pytest.raises(Interrupted):
            await deliver(printer, LARGE)


async def test_a_printer_that_says_farewell_in_the_middle_and_does_not_read_on_is_a_doubt() -> None:
    farewell = asyncio.Event()

    async def half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(10)
        writer.write_eof()  # a close that no reset follows: it only stops reading
        await farewell.wait()
        writer.close()

    server = await asyncio.start_server(half_close, "127.0.0.1", 0, limit=64)
    uri = f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, SocketTransport().open(Printer(PrinterId("net"), "Network", uri)) as link:
        with pytest.raises(Interrupted, match="closed the connection in the middle"):
            await link.deliver(work(LARGE), Heard())
        farewell.set()


async def test_a_close_that_crossed_with_our_last_bytes_is_a_doubt() -> None:
    """It read a part and closed in good order; we had handed over the rest before we saw it."""
    with _listening() as listener:
        async with SocketTransport().open(_at(listener)) as link:
            peer, _ = listener.accept()

            class Crossing(Document):
                async def chunks(self):  # type: ignore[no-untyped-def]
                    yield b"first"
                    assert peer.recv(100) == b"first"
                    peer.close()
                    yield b"second"

            with pytest.raises(Interrupted):
                await link.deliver(work(Crossing(11, "")), Heard())


async def test_a_close_is_no_proof_while_bytes_are_under_way() -> None:
    """It stopped talking after our end of data, but had not taken it; then its reset shows that it never did."""
    with _listening() as listener:
        async with SocketTransport().open(_at(listener, stall_after_s=0.1)) as link:
            peer, _ = listener.accept()
            heard = Heard()
            delivery = asyncio.ensure_future(link.deliver(work(bytes(300_000)), heard))
            await heard.started.wait()
            peer.shutdown(socket.SHUT_WR)
            await _until_stalled(heard, delivery)
            peer.close()
            with pytest.raises(Interrupted):
                await delivery


async def test_a_close_is_proof_once_the_bytes_under_way_are_taken() -> None:
    with _listening() as listener:
        async with SocketTransport().open(_at(listener, stall_after_s=0.1)) as link:
            peer, _ = listener.accept()
            heard = Heard()
            delivery = asyncio.ensure_future(link.deliver(work(bytes(300_000)), heard))
            await heard.started.wait()
            peer.shutdown(socket.SHUT_WR)
            await _until_stalled(heard, delivery)
            await asyncio.to_thread(_read_to_the_end, peer)
            assert (await delivery).evidence is Evidence.DELIVERED
            peer.close()


async def test_a_printer_that_goes_away_while_it_is_waited_for_is_a_doubt() -> None:
    async with SocketPrinter(NeverCloses()) as printer, reached(printer) as link:
        heard = Heard()
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), heard))
        await heard.is_sent.wait()
        await printer.become(Away())
        receipt = await delivery  # it had read to the end before, and its system closed in good order
        assert receipt.evidence is Evidence.DELIVERED


async def test_a_reset_while_the_close_is_waited_for_is_a_doubt() -> None:
    async with SocketPrinter(Stalled()) as printer, reached(printer) as link:
        heard = Heard()
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), heard))
        await heard.is_sent.wait()
        await printer.become(Away())
        with pytest.raises(Interrupted):
            await delivery


# stalls and cancelling


async def test_a_printer_that_stops_reading_is_a_stall_with_a_byte_count_and_goes_on_when_it_reads_again() -> None:
    async with SocketPrinter(HalfReading(100_000)) as printer, reached(printer, stall_after_s=0.1) as link:
        heard = Heard()
        delivery = asyncio.ensure_future(link.deliver(work(LARGE), heard))
        await heard.stalling.wait()
        reason, says = heard.stalls[0]
        assert reason == Reason.STALLED
        assert f"of {len(LARGE)} bytes" in says
        assert 100_000 <= link.sent_bytes < len(LARGE)
        assert not delivery.done()
        await printer.become(Ready())
        assert (await delivery).evidence is Evidence.DELIVERED
        assert await printer.printed() == [LARGE]
        assert heard.progressed == sorted(heard.progressed)


async def test_a_stall_is_told_once_until_bytes_move_again() -> None:
    async with SocketPrinter(Stalled(), buffer_bytes=4096) as printer, reached(printer, stall_after_s=0.05) as link:
        heard = Heard()
        delivery = asyncio.ensure_future(link.deliver(work(LARGE), heard))
        await heard.stalling.wait()
        heard.stalling.clear()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(heard.stalling.wait(), 0.2)
        await printer.become(HalfReading(50_000))
        await heard.stalling.wait()
        assert len(heard.stalls) == 2
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery


async def test_a_stall_after_the_last_byte_was_handed_over_has_no_time_limit() -> None:
    printer = SocketPrinter(Stalled(), buffer_bytes=4096)
    async with printer, reached(printer, close_wait_s=0.05, stall_after_s=0.1) as link:
        heard = Heard()
        delivery = asyncio.ensure_future(link.deliver(work(bytes(300_000)), heard))
        await heard.stalling.wait()
        assert heard.sents == []
        assert not delivery.done()
        await printer.become(Ready())
        assert (await delivery).evidence is Evidence.DELIVERED


async def test_a_stalled_job_is_cancelled_at_once_and_nothing_of_it_trickles_out_after() -> None:
    async with SocketPrinter(HalfReading(1000), buffer_bytes=4096) as printer:
        async with reached(printer, stall_after_s=0.05) as link:
            heard = Heard()
            delivery = asyncio.ensure_future(link.deliver(work(LARGE), heard))
            await heard.stalling.wait()
            delivery.cancel()
            with pytest.raises(asyncio.CancelledError):
                await delivery
            assert 1000 <= heard.progressed[-1] < len(LARGE)
        await printer.become(Ready())
        (partial,) = await printer.broken()
        assert len(partial) < 100_000
        assert printer.paper == []


async def test_a_cancelled_delivery_never_says_that_nothing_left_once_something_did() -> None:
    async with SocketPrinter(Stalled()) as printer, reached(printer) as link:
        heard = Heard()
        delivery = asyncio.ensure_future(link.deliver(work(b"x"), heard))
        await heard.started.wait()
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
        assert link.sent_bytes == 1
        assert heard.progressed[-1] == 1


# what the printer says


async def test_what_the_printer_says_meanwhile_is_kept_and_is_no_proof() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await reader.read()
        await never.wait()
        writer.close()

    never = asyncio.Event()
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    uri = f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    target = Printer(PrinterId("net"), "Network", uri, options=PrinterOptions(close_wait_s=0.05))
    async with server, SocketTransport().open(target) as link:
        assert isinstance(link, SocketLink)
        await _until_readable(link)
        receipt = await link.deliver(work(LABEL), Heard())
        assert receipt.evidence is Evidence.SENT
        assert link.said == b"hello"
        never.set()


async def test_a_printer_that_talks_without_end_fills_no_memory_and_blocks_nothing() -> None:
    async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(64):
            writer.write(bytes(MIB // 16))
            await reader.readexactly(1)
            await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(chatter, "127.0.0.1", 0)
    uri = f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, SocketTransport().open(Printer(PrinterId("net"), "Network", uri)) as link:
        assert isinstance(link, SocketLink)
        await link.deliver(work(bytes(MIB)), Heard())
        assert len(link.said) == 64 * 1024


async def test_a_document_that_ends_before_its_time_in_our_disk_is_a_doubt(tmp_path: Path) -> None:
    path = tmp_path / "document"
    path.write_bytes(bytes(MIB))

    class Failing(Document):
        async def chunks(self):  # type: ignore[no-untyped-def]
            yield bytes(1000)
            raise OSError(5, "Input/output error")

    document = Failing(MIB, hashlib.sha256(b"").hexdigest(), path=path)
    async with SocketPrinter() as printer, reached(printer) as link:
        with pytest.raises(Interrupted, match="could not be read from our disk"):
            await link.deliver(work(document), Heard())


def _listening() -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def _at(listener: socket.socket, *, stall_after_s: float = 5) -> Printer:
    uri = f"socket://127.0.0.1:{listener.getsockname()[1]}"
    return Printer(PrinterId("net"), "Network", uri, options=PrinterOptions(stall_after_s=stall_after_s))


async def _until_stalled(heard: Heard, delivery: asyncio.Future[Receipt]) -> None:
    stalling = asyncio.ensure_future(heard.stalling.wait())
    either: set[asyncio.Future[Any]] = {stalling, delivery}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    stalling.cancel()
    assert not delivery.done(), "it ended though the printer had not taken all"


def _read_to_the_end(peer: socket.socket) -> None:
    while peer.recv(65536):
        pass


def _connecting(target: tuple[str, int]) -> socket.socket:
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(target)
    return one


async def _until_readable(link: SocketLink) -> None:
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(link._wire, readable.set)
    await readable.wait()
    loop.remove_reader(link._wire)
