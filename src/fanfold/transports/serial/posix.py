"""An open serial port on Linux, macOS and the BSDs: bare reads and writes that never wait. Knows no document."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from fanfold.transports.serial.line import Flow, Line, Parity
from fanfold.transports.serial.port import READ_BYTES
from fanfold.transports.serial.words import Unsuited

if sys.platform != "win32":
    import fcntl
    import termios

DSR_PIECE_BYTES = 32
"""How much is under way at most where we ourselves look at DSR: printers raise it with 128 bytes of room or more."""

DSR_POLL_S = 0.002
GONE = OSError(errno.EIO, "the port is gone: the printer or its adapter was unplugged")


def settle(device: Any, line: Line) -> None:
    """Make a port that pyserial opened ours alone and fit for us. Raises OSError, termios.error or Unsuited."""
    fd = device.fileno()
    fcntl.ioctl(fd, termios.TIOCEXCL)  # pyserial's lock is seen only by those who ask for one
    attributes = termios.tcgetattr(fd)
    # An XOFF of ours would stand in the midst of a document; we hear all that is said, and need none.
    attributes[0] &= ~termios.IXOFF
    attributes[6][termios.VMIN], attributes[6][termios.VTIME] = 1, 0  # else "nothing yet" reads like "gone"
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
    _must_be_so(termios.tcgetattr(fd), line)
    if line.flow is Flow.DSRDTR:
        _must_have_lines(fd)


def _must_be_so(attributes: list[Any], line: Line) -> None:
    """Systems take what a port cannot do without a word, and leave it as it was."""
    flags, speed = attributes[2], attributes[5]
    wanted = getattr(termios, f"B{line.baud}", None)
    if wanted is not None and speed != wanted:
        raise Unsuited(f"it cannot do {line.baud} baud")
    if bool(flags & termios.PARENB) is (line.parity is Parity.NONE):
        raise Unsuited(f"it cannot do parity {line.parity}")
    if flags & termios.CSIZE != (termios.CS8 if line.bits == 8 else termios.CS7):
        raise Unsuited(f"it cannot do {line.bits} data bits")


def _must_have_lines(fd: int) -> None:
    try:
        fcntl.ioctl(fd, termios.TIOCMGET, bytes(4))
    except OSError as error:
        says = "it has no DSR line; take a cable and `?flow=rtscts`, or `xonxoff`, or `none`"
        raise Unsuited(says) from error


class PosixPort:
    """A `Port` (`serial/port.py`) over the descriptor of a device that pyserial opened."""

    def __init__(self, device: Any, line: Line, close: Callable[[], Awaitable[None]]) -> None:
        self._fd: int = device.fileno()
        self._line, self._close = line, close
        self._loop = asyncio.get_running_loop()
        self._is_gone: asyncio.Future[OSError] = self._loop.create_future()
        self._closed = False
        self.taken_bytes = 0
        self.counts_exactly = self.transmitter_empty is not None

    @property
    def queued_bytes(self) -> int:
        """How many bytes the kernel has."""
        return self._ask(termios.TIOCOUTQ)

    @property
    def transmitter_empty(self) -> bool | None:
        """Whether a UART has sent its last bit; adapters do not tell."""
        if not hasattr(termios, "TIOCSERGETLSR"):
            return None
        try:
            return bool(self._ask(termios.TIOCSERGETLSR) & termios.TIOCSER_TEMT)
        except OSError:
            return None

    @property
    def held(self) -> bool:
        """Whether DSR or CTS is off, where flow goes by them."""
        wire = {Flow.DSRDTR: termios.TIOCM_DSR, Flow.RTSCTS: termios.TIOCM_CTS}.get(self._line.flow)
        with suppress(OSError):  # a port without such lines
            return wire is not None and not self._ask(termios.TIOCMGET) & wire
        return False

    def listen(self, heard: Callable[[bytes], None], gone: Callable[[OSError], None]) -> None:
        """Read whenever there is something; a port that is gone reads as at its end."""
        self._heard, self._lost = heard, gone
        self._loop.add_reader(self._fd, self._hear)

    async def write(self, piece: memoryview) -> int:
        """Hand over what the kernel has room for."""
        while True:
            if self._line.flow is Flow.DSRDTR:
                piece = piece[: await self._room_by_dsr()]
            self._must_be_there()
            with suppress(BlockingIOError):
                if taken := os.write(self._fd, piece):
                    self.taken_bytes += taken
                    return taken
            await self._until_room()

    def discard(self) -> int:
        """Stop the line, see how much is queued, and drop it. 0 where the driver drops nothing, as some do."""
        with suppress(OSError, termios.error):
            termios.tcflow(self._fd, termios.TCOOFF)
            queued = self.queued_bytes
            termios.tcflush(self._fd, termios.TCOFLUSH)
            dropped = 0 if self.queued_bytes else queued
            termios.tcflow(self._fd, termios.TCOON)
            return dropped
        return 0

    async def close(self) -> None:
        """Let go in the port's thread: a driver may wait for what its adapter has not sent."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._fd)
            self._is_gone.cancel()
            await self._close()

    def _ask(self, question: int) -> int:
        answer = bytearray(4)
        fcntl.ioctl(self._fd, question, answer)
        return int.from_bytes(answer, sys.byteorder)

    def _hear(self) -> None:
        try:
            said = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._go(error)
            return
        if said:
            self._heard(said)
        else:
            self._go(GONE)

    def _go(self, error: OSError) -> None:
        self._loop.remove_reader(self._fd)  # it would be readable for ever
        if not self._is_gone.done():
            self._is_gone.set_result(error)
            self._lost(error)

    def _must_be_there(self) -> None:
        if self._is_gone.done():
            raise self._is_gone.result()

    async def _until_room(self) -> None:
        room: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_writer(self._fd, _resolve, room)
        try:
            either: set[asyncio.Future[Any]] = {room, self._is_gone}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._loop.remove_writer(self._fd)

    async def _room_by_dsr(self) -> int:
        """Wait until DSR is on and little is under way; no kernel here does that by itself."""
        while True:
            self._must_be_there()
            held = not self._ask(termios.TIOCMGET) & termios.TIOCM_DSR
            room = DSR_PIECE_BYTES - self.queued_bytes
            if not held and room > 0:
                return room
            await asyncio.sleep(DSR_POLL_S)


def _resolve(room: asyncio.Future[None]) -> None:
    if not room.done():
        room.set_result(None)
