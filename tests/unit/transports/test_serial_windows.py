"""Serial ports on Windows, with a double of pyserial's device: Wine has no port whose driver would show these."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fanfold.errors import Interrupted, NotReached
from fanfold.model import Evidence, PrinterOptions, Reason
from fanfold.transports.serial import words
from fanfold.transports.serial.line import Line
from fanfold.transports.serial.link import SerialLink
from fanfold.transports.serial.looks import Looks
from fanfold.transports.serial.windows import LARGEST_PIECE_BYTES, WindowsPort
from tests.contract.transports import Noted, work
from tests.peers.processes import until

LINE = Line("COM3", 115_200)
DOCUMENT = bytes(range(256)) * 40


class Device:
    """As pyserial's is on Windows: a write returns when all of it is out, or with what was when it is called off."""

    def __init__(self) -> None:
        self.paper = bytearray()
        self.answers = b""
        self.room: int | None = None
        """After so many bytes in all the printer holds the line; None: never."""
        self.gone = False
        self.closed = False
        self.threads: set[int] = set()
        self._pending = 0
        self._called_off = threading.Event()

    @property
    def out_waiting(self) -> int:
        if self.gone:
            raise OSError("ClearCommError failed (PermissionError(13, 'The device does not recognize the command.'))")
        return self._pending

    @property
    def in_waiting(self) -> int:
        return self.out_waiting * 0 + len(self.answers)

    def read(self, size: int) -> bytes:
        said, self.answers = self.answers[:size], self.answers[size:]
        return said

    def write(self, data: bytes) -> int:
        self.threads.add(threading.get_ident())
        if self.gone:
            raise OSError("WriteFile failed (PermissionError(13, 'The device does not recognize the command.'))")
        taken = len(data) if self.room is None else min(len(data), max(0, self.room - len(self.paper)))
        self.paper += data[:taken]
        self._pending = len(data) - taken
        if self._pending:
            self._called_off.wait(10)
        return taken

    def cancel_write(self) -> None:
        self._called_off.set()

    def reset_output_buffer(self) -> None:
        self._pending = 0

    def close(self) -> None:
        self.closed = True


class Heard(Noted):
    """A report that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.stalling = asyncio.Event()

    def stalled(self, reason: str, message: str) -> None:
        self.stalls.append((reason, message))
        self.stalling.set()


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
async def link(device: Device) -> AsyncIterator[SerialLink]:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as thread:

        def run(call: Any, *given: Any) -> asyncio.Future[Any]:
            return loop.run_in_executor(thread, call, *given)

        async def close() -> None:
            await run(device.close)

        link = SerialLink(WindowsPort(device, LINE, close, run), LINE, PrinterOptions(stall_after_s=0.1), fifo_bytes=0)
        yield link
        await link.let_go()
        assert device.closed


async def test_all_bytes_go_in_pieces_from_a_thread_of_the_ports_own(link: SerialLink, device: Device) -> None:
    heard = Heard()
    receipt = await link.deliver(work(DOCUMENT), heard)
    assert receipt.evidence is Evidence.SENT
    assert device.paper == DOCUMENT
    assert heard.progressed == sorted(heard.progressed)
    assert heard.progressed[-1] == len(DOCUMENT)
    assert len(set(heard.progressed)) > len(DOCUMENT) // LARGEST_PIECE_BYTES
    assert device.threads
    assert threading.get_ident() not in device.threads


async def test_what_the_printer_says_is_kept_and_an_answer_is_delivered(link: SerialLink, device: Device) -> None:
    delivery = asyncio.ensure_future(link.deliver(work(DOCUMENT), Heard()))
    await _until(lambda: len(device.paper) == len(DOCUMENT) and not link.held_up)
    device.answers = b"\x12"
    assert (await delivery).evidence is Evidence.DELIVERED
    assert link.said == b"\x12"


async def test_a_printer_that_holds_the_line_is_a_stall_with_the_count_of_what_went(
    link: SerialLink, device: Device
) -> None:
    device.room = 5000
    heard = Heard()
    delivery = asyncio.ensure_future(link.deliver(work(DOCUMENT), heard))
    await heard.stalling.wait()
    assert heard.stalls[0][0] == Reason.STALLED
    assert link.sent_bytes == 5000
    delivery.cancel()
    await asyncio.wait({delivery})
    assert link.sent_bytes == 5000
    assert heard.progressed[-1] == 5000


async def test_unplugged_in_the_midst_is_a_doubt(link: SerialLink, device: Device) -> None:
    device.room = 5000
    heard = Heard()
    delivery = asyncio.ensure_future(link.deliver(work(DOCUMENT), heard))
    await heard.stalling.wait()
    link._looks = Looks(0)  # it went long after it took those
    assert link.sent_bytes == 5000
    device.gone = True
    device.cancel_write()
    with pytest.raises(Interrupted, match=r"5000 of 10240 bytes, and perhaps up to \d+ more"):
        await delivery


async def test_gone_before_the_first_byte_nothing_was_sent(link: SerialLink, device: Device) -> None:
    device.gone = True
    await _until(lambda: link._gone is not None)
    with pytest.raises(NotReached):
        await link.deliver(work(DOCUMENT), Heard())
    assert link.sent_bytes == 0


@pytest.mark.parametrize(
    ("said", "expected", "reason"),
    [
        ("could not open port: PermissionError(13, 'Access is denied.', None, 5)", "in use by", Reason.BUSY_ELSEWHERE),
        ("could not open port: FileNotFoundError(2, '', None, 2)", "is not there.*Device Manager", Reason.OFFLINE),
        ("Cannot configure port, something went wrong. Original message: OSError(22)", "cannot be set", Reason.OFFLINE),
    ],
    ids=["taken", "not there", "not so"],
)
def test_what_pyserial_says_there_is_told_with_the_mend(
    monkeypatch: pytest.MonkeyPatch, said: str, expected: str, reason: str
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(NotReached, match=expected) as error:
        raise words.not_opened(LINE, OSError(said))
    assert error.value.reasons == (reason,)


async def _until(true: Callable[[], bool]) -> None:
    async def is_so() -> bool:
        return true()

    await until(is_so, "what is waited for")
