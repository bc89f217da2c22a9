"""Printers on serial ports: finds the way to them, one per job, and puts questions between jobs. Knows no document.

pyserial opens and sets the port. What then goes over it is ours: bare and never waiting on POSIX, in a thread of the
port's own on Windows.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fanfold.errors import NotReached, Refused
from fanfold.model import Printer, PrinterOptions, Reason
from fanfold.transports.base import Link
from fanfold.transports.serial.line import Flow, Line, Parity, line_of
from fanfold.transports.serial.link import FIFO_BYTES, SAID_BYTES, SerialLink
from fanfold.transports.serial.port import Port
from fanfold.transports.serial.posix import PosixPort, settle
from fanfold.transports.serial.windows import WindowsPort
from fanfold.transports.serial.words import missing_extra, not_opened

OPEN_LIMIT_S = 5.0
"""How long a port may take to open: one of a hung USB adapter takes for ever."""

CLOSE_LIMIT_S = 2.0
"""How long it may take to close before it is left to its thread: drivers wait half a minute for what they hold."""

QUIET_S = 0.3
"""After so long without a further byte an answer is over; replies come without a pause between their bytes."""


@dataclass(frozen=True, slots=True)
class _Berth:
    """What one port has in this gateway: a turn, and a thread for what may block."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "fanfold-serial"))

    def run(self, call: Any, *given: Any) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().run_in_executor(self.thread, call, *given)

    async def close(self, device: Any) -> None:
        """Close the device in a bounded time; what a gone one says to that is of no use."""
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await asyncio.shield(self.run(device.close))


class SerialTransport:
    """Prints on `serial:/dev/ttyUSB0?baud=9600` and `serial:COM3`; the port is opened for each job."""

    schemes: tuple[str, ...] = ("serial",)
    takes: tuple[str, ...] = ("raw",)

    def __init__(self, fifo_bytes: int = FIFO_BYTES) -> None:
        self._fifo_bytes = fifo_bytes
        self._berths: dict[str, _Berth] = {}

    def check(self, uri: str) -> None:
        """Say whether the URI names a port and options that there are. Raises Refused `bad-uri`."""
        line_of(uri)

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        """Open the port for us alone. Raises NotReached: `busy-elsewhere` when it is in use, else `offline-error`."""
        line = line_of(printer.uri)
        async with self._turn(line, OPEN_LIMIT_S), self._linked(line, printer.options) as link:
            yield link

    async def ask(self, printer: Printer, question: bytes, *, channel: str = "", within_s: float) -> bytes:
        """Send the question; the answer is what comes until the line is quiet for 0.3 s.

        Raises Refused, NotReached or TimeoutError, as `Converses` says.
        """
        if channel:
            says = f"{printer.name} has one way only: leave the channel {channel!r} out"
            raise Refused(says, code="unknown-channel", status=422)
        line, until_s = line_of(printer.uri), asyncio.get_running_loop().time() + within_s
        async with self._turn(line, within_s), self._linked(line, printer.options) as link:
            try:
                async with asyncio.timeout_at(until_s):
                    answer = await link.exchange(question, QUIET_S)
            except TimeoutError:
                if not link.said:
                    raise
                answer = link.said  # it speaks without a pause
            except OSError as error:
                raise not_opened(line, error) from error
        if len(answer) >= SAID_BYTES:
            says = f"{printer.name} answered with {SAID_BYTES} bytes and did not end"
            raise Refused(says, code="answer-too-large", status=502)
        return answer

    async def close(self) -> None:
        """Let go of the threads. Idempotent."""
        for berth in self._berths.values():
            berth.thread.shutdown(wait=False, cancel_futures=True)
        self._berths.clear()

    @asynccontextmanager
    async def _turn(self, line: Line, within_s: float) -> AsyncIterator[None]:
        berth = self._berth(line)
        try:
            async with asyncio.timeout(within_s):
                await berth.turn.acquire()
        except TimeoutError as late:
            says = f"{line.port} is busy with another job or question of this gateway; it is tried again"
            raise NotReached(says, reasons=(Reason.BUSY_ELSEWHERE,)) from late
        try:
            yield
        finally:
            berth.turn.release()

    @asynccontextmanager
    async def _linked(self, line: Line, options: PrinterOptions) -> AsyncIterator[SerialLink]:
        link = SerialLink(await self._opened(line), line, options, self._fifo_bytes)
        try:
            yield link
        finally:
            await link.let_go()

    def _berth(self, line: Line) -> _Berth:
        return self._berths.setdefault(line.port, _Berth())

    async def _opened(self, line: Line) -> Port:
        berth = self._berth(line)
        opening = berth.thread.submit(_open, line)
        try:
            async with asyncio.timeout(OPEN_LIMIT_S):
                device = await asyncio.wrap_future(opening)  # called off, it does not begin any more
        except (TimeoutError, asyncio.CancelledError) as error:
            opening.add_done_callback(_close_late)
            if isinstance(error, asyncio.CancelledError):
                raise
            says = f"{line.port} does not open: its adapter hangs. Unplug it and plug it in again"
            raise NotReached(says, reasons=(Reason.OFFLINE,)) from error
        except NotReached:
            raise
        except Exception as error:  # pyserial raises what it meets: its own, termios', ValueError
            raise not_opened(line, error) from error

        if sys.platform == "win32":
            return WindowsPort(device, line, partial(berth.close, device), berth.run)
        return PosixPort(device, line, partial(berth.close, device))


def _open(line: Line) -> Any:
    """Open and set a port, in its thread. Raises what it meets."""
    try:
        import serial  # type: ignore[import-untyped]
    except ImportError as error:
        raise missing_extra() from error
    device = serial.Serial(
        line.port, line.baud, line.bits, _PARITIES[line.parity], line.stop, timeout=0, exclusive=True,
        rtscts=line.flow is Flow.RTSCTS, dsrdtr=line.flow is Flow.DSRDTR, xonxoff=line.flow is Flow.XONXOFF,
    )  # fmt: skip
    try:
        if sys.platform != "win32":
            settle(device, line)
    except BaseException:
        device.close()
        raise
    return device


_PARITIES = {Parity.NONE: "N", Parity.ODD: "O", Parity.EVEN: "E", Parity.MARK: "M", Parity.SPACE: "S"}


def _close_late(opening: Future[Any]) -> None:
    """Close what opened after nobody waited for it any more, in the port's thread, where a close may take long."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
