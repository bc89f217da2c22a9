"""Printers on serial ports: what is sent and counted, what is said of it, and what a cable that goes makes of it."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import sys
import termios
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fanfold.errors import Interrupted, NotReached, Refused
from fanfold.model import Evidence, Printer, PrinterId, PrinterOptions, Reason
from fanfold.transports.base import Converses
from fanfold.transports.serial import link as link_module
from fanfold.transports.serial import posix
from fanfold.transports.serial import transport as transport_module
from fanfold.transports.serial.line import Flow, Line
from fanfold.transports.serial.link import ANSWER_S, GONE_WITHIN_S, SAID_BYTES, SerialLink
from fanfold.transports.serial.posix import PosixPort
from fanfold.transports.serial.transport import SerialTransport
from fanfold.wire import Document
from tests.contract.transports import Noted, work
from tests.peers.processes import until
from tests.peers.serialport import SerialPrinter

LABEL = b"^XA^FDHello^FS^XZ"
LARGE = bytes(range(256)) * 4096
"""More than a pty holds, so that a printer that does not read is felt."""


@dataclass(slots=True)
class Heard(Noted):
    """A report that can be waited for."""

    stalling: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)

    def progress(self, sent_bytes: int) -> None:
        self.progressed.append(sent_bytes)
        if sent_bytes:
            self.started.set()

    def stalled(self, reason: str, message: str) -> None:
        self.stalls.append((reason, message))
        self.stalling.set()


@pytest.fixture
async def printer(tmp_path: Path) -> AsyncIterator[SerialPrinter]:
    async with SerialPrinter(tmp_path / "port") as printer:
        yield printer


@pytest.fixture
async def transport() -> AsyncIterator[SerialTransport]:
    transport = SerialTransport(fifo_bytes=0)
    yield transport
    await transport.close()


def at(uri: str, **options: Any) -> Printer:
    return Printer(PrinterId("till"), "Till", uri, options=PrinterOptions(**options))


@asynccontextmanager
async def reached(transport: SerialTransport, uri: str, **options: Any) -> AsyncIterator[SerialLink]:
    async with transport.open(at(uri, **options)) as link:
        assert isinstance(link, SerialLink)
        yield link


# what is sent


@pytest.mark.parametrize("flow", ["none", "rtscts", "xonxoff"])
async def test_all_bytes_go_as_they_are_also_those_that_mean_something_to_a_line(
    transport: SerialTransport, printer: SerialPrinter, flow: str
) -> None:
    document = bytes(range(256)) * 40 + b"\x11\x13\x11\x13\x03\x04\x1a\x7f\xff\x00"
    async with reached(transport, f"{printer.uri}&flow={flow}") as link:
        await link.deliver(work(document), Heard())
    assert await printer.printed() == [document]


async def test_what_all_left_is_sent_and_no_more_is_said(transport: SerialTransport, printer: SerialPrinter) -> None:
    heard = Heard()
    async with reached(transport, printer.uri) as link:
        receipt = await link.deliver(work(LABEL), heard)
    assert receipt.evidence is Evidence.SENT
    assert heard.progressed[-1] == len(LABEL)


async def test_on_a_slow_line_every_count_is_what_the_line_took(
    transport: SerialTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pty tells of no queue, so what its other end has not read is put in its place."""
    async with SerialPrinter(tmp_path / "port", bytes_per_s=960) as printer:

        def unread(port: PosixPort) -> int:
            return port.taken_bytes - printer.read_bytes

        monkeypatch.setattr(PosixPort, "queued_bytes", property(unread))
        document, seen = bytes(600), []

        class Compared(Heard):
            def progress(self, sent_bytes: int) -> None:
                seen.append((sent_bytes, printer.read_bytes))

        async with reached(transport, printer.uri, stall_after_s=0.1) as link:
            await link.deliver(work(document), Compared())
        assert len({sent for sent, _ in seen}) > 10
        assert all(sent == max(had, 1) for sent, had in seen), "a pty does not tell to the byte, so 0 is not said"


async def test_the_end_is_waited_for_until_the_system_and_the_port_have_nothing_left(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, shifting = [17, 9, 1, 0], [False, False, True]
    monkeypatch.setattr(PosixPort, "queued_bytes", property(lambda _: queue.pop(0) if len(queue) > 1 else queue[0]))
    monkeypatch.setattr(
        PosixPort, "transmitter_empty", property(lambda _: shifting.pop(0) if len(shifting) > 1 else shifting[0])
    )
    async with reached(transport, printer.uri) as link:
        await link.deliver(work(LABEL), Heard())
    assert (queue, shifting) == ([0], [True])


async def test_a_port_that_does_not_tell_gets_the_time_of_its_buffer(printer: SerialPrinter) -> None:
    naps: list[float] = []
    async with reached(SerialTransport(fifo_bytes=192), printer.uri) as link:
        honest = link._pause

        async def pause(for_s: float) -> None:
            naps.append(for_s)
            await honest(0)

        link._pause = pause  # type: ignore[method-assign]
        await link.deliver(work(LABEL), Heard())
    assert naps[0] == pytest.approx(192 * 10 / 921_600)


# what the printer says


async def test_an_answer_after_the_end_of_data_is_delivered(transport: SerialTransport, printer: SerialPrinter) -> None:
    printer.answer = lambda paper: b"\x12" if paper.endswith(LABEL) else b""
    async with reached(transport, printer.uri) as link:
        receipt = await link.deliver(work(LABEL), Heard())
        assert receipt.evidence is Evidence.DELIVERED
        assert link.said == b"\x12"


async def test_the_talk_of_a_printer_that_talks_by_itself_is_no_answer(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    async with reached(transport, printer.uri) as link:
        printer.say(b"ready")
        await _until(lambda: link.said == b"ready")
        printer.answer = lambda paper: b"\x12" if paper else b""
        receipt = await link.deliver(work(LABEL), Heard())
        assert receipt.evidence is Evidence.SENT
        assert link.said == b"ready\x12"


async def test_what_is_said_before_the_last_byte_left_is_no_answer(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    printer.answer = lambda paper: b"." if len(paper) < len(LARGE) else b""
    async with reached(transport, printer.uri) as link:
        assert (await link.deliver(work(LARGE), Heard())).evidence is Evidence.SENT


async def test_no_answer_is_waited_for_where_the_owner_says_so(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float | None] = []
    honest = asyncio.timeout

    def timeout(wait_s: float | None) -> asyncio.Timeout:
        given.append(wait_s)
        return honest(wait_s)

    monkeypatch.setattr(asyncio, "timeout", timeout)
    for close_wait_s in (0, 10):
        async with reached(transport, printer.uri, close_wait_s=close_wait_s) as link:
            given.clear()
            await link.deliver(work(LABEL), Heard())
            assert given == [min(ANSWER_S, close_wait_s)]


async def test_a_printer_that_talks_without_end_does_not_fill_memory(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    async with reached(transport, printer.uri) as link:
        for said_bytes in range(512, SAID_BYTES + 2048, 512):
            printer.say(bytes(512))
            await _until(lambda so_far=said_bytes: len(link.said) == min(so_far, SAID_BYTES))  # type: ignore[misc]
        assert len(link.said) == SAID_BYTES
        await link.deliver(work(LABEL), Heard())
    assert await printer.printed() == [LABEL]


# questions between jobs


async def test_a_question_is_answered_with_all_that_comes_until_the_line_is_quiet(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    assert isinstance(transport, Converses)
    printer.answer = lambda asked: b"\x14" if asked == b"\x10\x04\x01" else b""
    assert await transport.ask(at(printer.uri), b"\x10\x04\x01", within_s=5) == b"\x14"


async def test_a_question_that_nobody_answers_times_out(transport: SerialTransport, printer: SerialPrinter) -> None:
    with pytest.raises(TimeoutError):
        await transport.ask(at(printer.uri), b"~HS", within_s=0.1)
    assert await printer.printed() == [b"~HS"]


async def test_a_question_that_nobody_answers_does_not_stay_in_the_system(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held by its printer, the port would close only after half a minute, and be busy for the jobs meanwhile."""
    dropped: list[int] = []
    monkeypatch.setattr(termios, "tcflush", lambda _, what: dropped.append(what))
    with pytest.raises(TimeoutError):
        await transport.ask(at(printer.uri), b"~HS", within_s=0.1)
    assert termios.TCOFLUSH in dropped


async def test_an_answer_without_a_pause_is_what_came_in_time(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    async def talk() -> None:
        await printer.has(3)
        while True:
            printer.say(b"!")
            await asyncio.sleep(0.01)

    talking = asyncio.create_task(talk())
    answer = await transport.ask(at(printer.uri), b"~HS", within_s=0.5)
    talking.cancel()
    assert set(answer) == set(b"!")


async def test_an_answer_beyond_all_bounds_is_refused(transport: SerialTransport, printer: SerialPrinter) -> None:
    async def talk() -> None:
        await printer.has(3)
        for _ in range(160):
            printer.say(bytes(512))
            await asyncio.sleep(0.002)

    talking = asyncio.create_task(talk())
    with pytest.raises(Refused) as refused:
        await transport.ask(at(printer.uri), b"~HS", within_s=10)
    assert (refused.value.code, refused.value.status) == ("answer-too-large", 502)
    await talking


async def test_there_is_one_channel(transport: SerialTransport, printer: SerialPrinter) -> None:
    with pytest.raises(Refused) as refused:
        await transport.ask(at(printer.uri), b"?", channel="raw", within_s=1)
    assert refused.value.code == "unknown-channel"


async def test_a_question_during_a_job_is_not_put(transport: SerialTransport, printer: SerialPrinter) -> None:
    async with reached(transport, printer.uri) as link:
        with pytest.raises(NotReached, match="busy") as busy:
            await transport.ask(at(printer.uri), b"~HS", within_s=0.05)
        assert busy.value.reasons == (Reason.BUSY_ELSEWHERE,)
        await link.deliver(work(LABEL), Heard())
    assert await printer.printed() == [LABEL]


async def test_a_printer_unplugged_under_a_question_is_not_reached(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    asking = asyncio.create_task(transport.ask(at(printer.uri), b"~HS", within_s=10))
    await printer.has(3)
    await printer.unplug()
    with pytest.raises(NotReached):
        await asking


# stalls and cancelling


async def test_a_printer_that_stops_reading_is_a_stall_with_a_count_and_goes_on_when_it_reads_again(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    printer.hold()
    heard = Heard()
    async with reached(transport, printer.uri, stall_after_s=0.1) as link:
        delivery = asyncio.ensure_future(link.deliver(work(LARGE), heard))
        await heard.stalling.wait()
        reason, says = heard.stalls[0]
        assert reason == Reason.STALLED
        assert f"took {link.sent_bytes} of {len(LARGE)} bytes" in says
        assert not delivery.done()
        printer.release()
        await delivery
    assert await printer.printed() == [LARGE]
    assert heard.progressed == sorted(heard.progressed)


async def test_a_held_job_is_called_off_at_once_and_nothing_more_of_it_comes(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    printer.hold()
    heard = Heard()
    async with reached(transport, printer.uri, stall_after_s=0.1) as link:
        delivery = asyncio.ensure_future(link.deliver(work(LARGE), heard))
        await heard.stalling.wait()
        delivery.cancel()
        await asyncio.wait({delivery})
        assert delivery.cancelled()
        gone = link.sent_bytes
    printer.release()
    (paper,) = await printer.printed()
    assert LARGE.startswith(paper)
    assert len(paper) <= gone < len(LARGE)


async def test_what_the_kernel_has_of_a_job_that_is_called_off_is_dropped_and_not_counted(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a UART's driver does it: it holds all, and lets go of it when told to."""
    held, orders = [0], []
    monkeypatch.setattr(PosixPort, "queued_bytes", property(lambda _: held[0]))
    monkeypatch.setattr(PosixPort, "transmitter_empty", property(lambda _: False))
    monkeypatch.setattr(termios, "tcflow", lambda _, order: orders.append(order))
    monkeypatch.setattr(termios, "tcflush", lambda *_: held.__setitem__(0, 0))
    async with reached(transport, printer.uri) as link:
        heard = Heard()
        held[0] = len(LABEL) - 5
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), heard))
        await heard.started.wait()
        delivery.cancel()
        await asyncio.wait({delivery})
        assert link.sent_bytes == 5
        assert orders == [termios.TCOOFF, termios.TCOON]


async def test_of_a_job_that_never_left_a_uart_nothing_left(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [0]
    monkeypatch.setattr(PosixPort, "queued_bytes", property(lambda _: held[0]))
    monkeypatch.setattr(PosixPort, "transmitter_empty", property(lambda _: False))
    monkeypatch.setattr(termios, "tcflush", lambda *_: held.__setitem__(0, 0))
    heard = Heard()
    async with reached(transport, printer.uri, stall_after_s=0.1) as link:
        held[0] = len(LABEL)
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), heard))
        await heard.stalling.wait()
        delivery.cancel()
        await asyncio.wait({delivery})
        assert link.sent_bytes == 0


async def test_what_a_driver_does_not_drop_counts_as_gone(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PosixPort, "queued_bytes", property(lambda _: 7))
    heard = Heard()
    async with reached(transport, printer.uri, stall_after_s=0.1) as link:
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), heard))
        await heard.stalling.wait()
        assert link.sent_bytes == len(LABEL) - 7
        delivery.cancel()
        await asyncio.wait({delivery})
        assert link.sent_bytes == len(LABEL)


async def test_a_driver_that_counts_in_blocks_never_makes_a_job_untouched(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PosixPort, "queued_bytes", property(lambda _: 4096))
    heard = Heard()
    async with reached(transport, printer.uri, stall_after_s=0.1) as link:
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), heard))
        await heard.stalling.wait()
        assert link.sent_bytes == 1
        delivery.cancel()
        await asyncio.wait({delivery})


# flow by DSR, which no kernel does


async def test_where_flow_goes_by_dsr_no_more_is_under_way_than_printers_have_room_for(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_on, pieces = [True], []
    _give_it_a_dsr(monkeypatch, is_on)
    honest = os.write

    def write(fd: int, piece: memoryview) -> int:
        pieces.append(len(piece))
        assert is_on[0]
        return honest(fd, piece)

    monkeypatch.setattr(os, "write", write)
    async with reached(transport, f"{printer.uri}&flow=dsrdtr", stall_after_s=0.1) as link:
        heard = Heard()
        is_on[0] = False
        delivery = asyncio.ensure_future(link.deliver(work(LABEL * 20), heard))
        await heard.stalling.wait()
        assert pieces == []
        assert "DSR" in heard.stalls[0][1]
        is_on[0] = True
        await delivery
    monkeypatch.undo()
    assert await printer.printed() == [LABEL * 20]
    assert max(pieces) <= posix.DSR_PIECE_BYTES


async def test_a_port_without_that_line_is_refused_with_what_else_there_is(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    with pytest.raises(NotReached, match=r"has no DSR line; .*rtscts"):
        async with reached(transport, f"{printer.uri}&flow=dsrdtr"):
            pytest.fail("it was reached")


async def test_a_stall_on_cts_says_that_a_cable_may_lack_it(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    _give_it_a_dsr(monkeypatch, [False])  # nor a CTS
    printer.hold()
    heard = Heard()
    async with reached(transport, printer.uri, stall_after_s=0.1) as link:
        delivery = asyncio.ensure_future(link.deliver(work(LARGE), heard))
        await heard.stalling.wait()
        assert "CTS; a cable without that line" in heard.stalls[0][1]
        delivery.cancel()
        await asyncio.wait({delivery})


async def test_what_an_adapter_buffers_while_the_printer_holds_the_line_is_waited_for_and_not_counted(
    printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label is shorter than that buffer, so the system has nothing left of it and the cable got nothing."""
    is_on = [False]
    _give_it_a_dsr(monkeypatch, is_on, termios.TIOCM_CTS)
    heard, naps_s = Heard(), list[float]()
    async with reached(SerialTransport(fifo_bytes=len(LABEL) - 5), printer.uri, stall_after_s=0.1) as link:
        link._fifo_s, honest = 2 * GONE_WITHIN_S, link._pause

        async def pause(for_s: float) -> None:
            if is_on[0]:
                naps_s.append(for_s)
            await honest(for_s)

        monkeypatch.setattr(link, "_pause", pause)
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), heard))
        await heard.stalling.wait()
        assert f"5 of {len(LABEL)} bytes (it holds our line CTS" in heard.stalls[0][1]
        assert link.sent_bytes == 5
        is_on[0] = True
        assert (await delivery).evidence is Evidence.SENT
        assert link.sent_bytes == len(LABEL)
        assert sum(naps_s) >= link._fifo_s - 0.01, "only now it begins to send"


def _give_it_a_dsr(monkeypatch: pytest.MonkeyPatch, is_on: list[bool], wire: int = termios.TIOCM_DSR) -> None:
    """A pty has no modem lines."""
    honest = fcntl.ioctl

    def ioctl(fd: int, question: int, answer: Any = 0) -> Any:
        if question != termios.TIOCMGET:
            return honest(fd, question, answer)
        if isinstance(answer, bytearray):
            answer[:] = (wire if is_on[0] else 0).to_bytes(4, sys.byteorder)
        return 0

    monkeypatch.setattr(fcntl, "ioctl", ioctl)


# the cable


async def test_unplugged_in_the_midst_is_a_doubt_with_a_count(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    printer.hold()
    heard = Heard()
    async with reached(transport, printer.uri, stall_after_s=2 * GONE_WITHIN_S) as link:
        delivery = asyncio.ensure_future(link.deliver(work(LARGE), heard))
        await heard.stalling.wait()
        await printer.unplug()
        with pytest.raises(Interrupted, match=rf"taken {link.sent_bytes} of {len(LARGE)} bytes") as doubt:
            await delivery
        assert doubt.value.reasons == (Reason.OFFLINE,)
        assert 0 < link.sent_bytes < len(LARGE)


async def test_what_went_while_it_was_perhaps_being_unplugged_is_not_counted(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "GONE_WITHIN_S", 60)
    printer.hold()
    heard = Heard()
    async with reached(transport, printer.uri, stall_after_s=0.1) as link:
        delivery = asyncio.ensure_future(link.deliver(work(LARGE), heard))
        await heard.stalling.wait()
        seemed = link.sent_bytes
        await printer.unplug()
        with pytest.raises(Interrupted, match=rf"taken 1 of {len(LARGE)} bytes, and perhaps up to {seemed - 1} more"):
            await delivery
        assert (link.sent_bytes, heard.progressed[-1]) == (1, 1)


async def test_what_the_system_took_and_had_not_sent_when_its_port_went_is_a_doubt_too(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PosixPort, "queued_bytes", property(lambda port: port.taken_bytes))
    monkeypatch.setattr(PosixPort, "transmitter_empty", property(lambda _: False))
    heard = Heard()
    async with reached(transport, printer.uri, stall_after_s=0.1) as link:
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), heard))
        await heard.stalling.wait()
        await printer.unplug()
        with pytest.raises(Interrupted, match=rf"taken 0 of {len(LABEL)} bytes, and perhaps up to {len(LABEL)} more"):
            await delivery


async def test_of_a_piece_that_the_system_took_in_part_that_part_counts(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    took, honest = [0], os.write

    def write(fd: int, piece: memoryview) -> int:
        taken = honest(fd, piece[:1000])
        took[0] += taken
        return taken

    printer.hold()
    heard = Heard()
    async with reached(transport, printer.uri, stall_after_s=0.1) as link:
        monkeypatch.setattr(os, "write", write)
        delivery = asyncio.ensure_future(link.deliver(work(LARGE), heard))
        await heard.stalling.wait()
        assert link.sent_bytes == took[0]
        delivery.cancel()
        await asyncio.wait({delivery})


async def test_last_bytes_that_went_while_it_was_perhaps_being_unplugged_are_a_doubt(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "GONE_WITHIN_S", 60)
    async with reached(transport, printer.uri, close_wait_s=0) as link:
        waiting = asyncio.Event()
        monkeypatch.setattr(link, "_pause", _telling(link._pause, waiting))
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), Heard()))
        await waiting.wait()
        await printer.unplug()
        monkeypatch.setattr(link_module, "GONE_WITHIN_S", 0)
        with pytest.raises(Interrupted):
            await delivery


def _telling(pause: Callable[[float], Awaitable[None]], waiting: asyncio.Event) -> Callable[[float], Awaitable[None]]:
    """As the link pauses, but not longer than the cable needs to be pulled."""

    async def told(_: float) -> None:
        waiting.set()
        await pause(0.05)

    return told


async def test_unplugged_while_the_answer_is_waited_for_is_a_doubt(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    async with reached(transport, printer.uri) as link:
        delivery = asyncio.ensure_future(link.deliver(work(LABEL), Heard()))
        await printer.has(len(LABEL))
        await printer.unplug()
        with pytest.raises(Interrupted):
            await delivery
    assert printer.partial == [LABEL]


async def test_unplugged_before_the_first_byte_nothing_was_sent(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    async with reached(transport, printer.uri) as link:
        await printer.unplug()
        with pytest.raises(NotReached, match="before it was given anything") as away:
            await link.deliver(work(LABEL), Heard())
        assert away.value.reasons == (Reason.OFFLINE,)
        assert link.sent_bytes == 0


async def test_plugged_in_again_the_next_job_prints(transport: SerialTransport, printer: SerialPrinter) -> None:
    await printer.unplug()
    with pytest.raises(NotReached, match="is not there: see that"):
        async with reached(transport, printer.uri):
            pytest.fail("it was reached")
    await printer.plug()
    async with reached(transport, printer.uri) as link:
        await link.deliver(work(LABEL), Heard())
    assert await printer.printed() == [LABEL]


async def test_a_document_that_breaks_off_on_our_disk_is_a_doubt(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    class Torn(Document):
        async def chunks(self):  # type: ignore[no-untyped-def]
            yield b"first"
            raise OSError(errno.EIO, "bad sector")

    async with reached(transport, printer.uri) as link:
        with pytest.raises(Interrupted, match=r"bad sector.*5 of 10 bytes"):
            await link.deliver(work(Torn(10, "")), Heard())


# opening


async def test_a_port_that_another_program_has_is_busy_elsewhere(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    taken = os.open(printer.port, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(taken, fcntl.LOCK_EX)
        with pytest.raises(NotReached, match="in use by another program") as busy:
            async with reached(transport, printer.uri):
                pytest.fail("it was reached")
        assert busy.value.reasons == (Reason.BUSY_ELSEWHERE,)
    finally:
        os.close(taken)


async def test_two_printers_of_one_port_do_not_print_into_each_other(
    transport: SerialTransport, printer: SerialPrinter, tmp_path: Path
) -> None:
    (tmp_path / "alias").symlink_to(printer.port.readlink())
    async with reached(transport, printer.uri):
        with pytest.raises(NotReached) as busy:
            async with reached(transport, f"serial:{tmp_path}/alias"):
                pytest.fail("it was reached")
    assert busy.value.reasons == (Reason.BUSY_ELSEWHERE,)


async def test_while_it_is_open_the_port_is_ours_alone(transport: SerialTransport, printer: SerialPrinter) -> None:
    def is_ours() -> bool:
        fd = os.open(printer.port, os.O_RDWR | os.O_NOCTTY)  # root may
        try:
            answer = bytearray(4)
            fcntl.ioctl(fd, 0x80045440, answer)  # TIOCGEXCL, which Python does not name
            return any(answer)
        finally:
            os.close(fd)

    if os.geteuid() != 0:
        async with reached(transport, printer.uri):
            with pytest.raises(PermissionError, match="busy"):
                is_ours()
        return
    async with reached(transport, printer.uri):
        assert is_ours()


async def test_what_is_no_port_is_refused_with_words(transport: SerialTransport, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path, Path("/dev/null")):
        with pytest.raises(NotReached, match="is no serial port; and look for its name"):
            async with reached(transport, f"serial:{path}"):
                pytest.fail("it was reached")


async def test_a_parity_that_the_port_leaves_out_is_refused(transport: SerialTransport, printer: SerialPrinter) -> None:
    for option, words in (("parity=even", "cannot do parity even|cannot be set"), ("bits=7", "7 data bits|cannot be")):
        with pytest.raises(NotReached, match=words):
            async with reached(transport, f"{printer.uri}&{option}"):
                pytest.fail("it was reached")


@pytest.mark.parametrize(
    ("error", "words", "reason"),
    [
        (PermissionError(errno.EACCES, "no"), "sudo usermod -aG [a-z]+ .*, then log in anew", Reason.OFFLINE),
        (OSError(errno.EBUSY, "busy"), "in use by another program", Reason.BUSY_ELSEWHERE),
        (OSError(errno.EIO, "io"), "is not there", Reason.OFFLINE),
        (
            termios.error(errno.EINVAL, "Invalid argument"),
            r"cannot be set to 9600 baud.*set the printer",
            Reason.OFFLINE,
        ),
        (ValueError("Invalid baud rate: 12345"), "cannot be set to 9600 baud", Reason.OFFLINE),
        (OSError(errno.EMFILE, "many"), "cannot be opened: Too many open files", Reason.OFFLINE),
    ],
    ids=["not allowed", "busy", "no hardware", "parity", "baud", "else"],
)
async def test_whatever_opening_meets_is_said_with_the_mend(
    transport: SerialTransport, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str, reason: str
) -> None:
    def fail(_: Line) -> None:
        raise error

    monkeypatch.setattr(transport_module, "_open", fail)
    with pytest.raises(NotReached, match=words) as met:
        async with reached(transport, "serial:/dev/ttyS90"):
            pytest.fail("it was reached")
    assert met.value.reasons == (reason,)


async def test_without_pyserial_the_command_that_brings_it_is_said(
    transport: SerialTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(NotReached, match=r'pip install "fanfold\[serial\]"'):
        async with reached(transport, "serial:/dev/ttyS0"):
            pytest.fail("it was reached")


async def test_an_adapter_that_hangs_holds_up_only_its_own_port(
    transport: SerialTransport, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Device:
        closed = False

        def close(self) -> None:
            assert threading.current_thread() is not threading.main_thread(), "a close may take long"
            self.closed = True

    device, mended, openings = Device(), asyncio.Event(), list[Line]()
    loop, honest = asyncio.get_running_loop(), transport_module._open

    def hangs(line: Line) -> Any:
        if line.port == "/dev/hung":
            openings.append(line)
            asyncio.run_coroutine_threadsafe(mended.wait(), loop).result()
            return device
        return honest(line)

    monkeypatch.setattr(transport_module, "_open", hangs)
    monkeypatch.setattr(transport_module, "OPEN_LIMIT_S", 0.2)
    for _ in range(3):
        with pytest.raises(NotReached, match="does not open"):
            async with reached(transport, "serial:/dev/hung"):
                pytest.fail("it was reached")
    async with reached(transport, printer.uri) as link:
        await link.deliver(work(LABEL), Heard())
    mended.set()
    await _until(lambda: device.closed)
    await transport._berths["/dev/hung"].run(len, "")
    assert len(openings) == 1, "nobody waits for the others any more"


async def test_the_line_is_set_so_that_no_byte_of_ours_or_theirs_is_changed(
    transport: SerialTransport, printer: SerialPrinter
) -> None:
    async with reached(transport, f"{printer.uri}&flow=xonxoff") as link:
        assert isinstance(link._port, PosixPort)
        iflag, oflag, _, lflag, _, speed, _ = termios.tcgetattr(link._port._fd)
        assert iflag & termios.IXON, "the printer may stop us"
        assert not iflag & termios.IXOFF, "we never put an XOFF of ours between a document's bytes"
        assert not iflag & (termios.ICRNL | termios.INLCR | termios.ISTRIP)
        assert not oflag & termios.OPOST
        assert not lflag & (termios.ICANON | termios.ECHO | termios.ISIG)
        assert speed == termios.B921600


def test_what_a_byte_takes_on_the_line_is_told() -> None:
    assert Line("/dev/ttyS0", 9600).seconds_for(960) == 1
    assert Line("/dev/ttyS0", 9600, flow=Flow.NONE, stop=2).seconds_for(960) == 1.1


async def _until(true: Callable[[], bool]) -> None:
    async def is_so() -> bool:
        return true()

    await until(is_so, "what is waited for")
