"""A printer with a serial line over USB (CDC ACM), from its own side of the cable. Knows nothing of Fanfold.

Its program's end of the line is hung up when the plug is pulled; what it has not read then is lost, or comes later.
"""

from __future__ import annotations

import asyncio
import os
import tty
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.peers.processes import until
from tests.peers.usbguest.gadget import GadgetPrinter

LINE, COMPUTERS_END = Path("/dev/ttyGS0"), Path("/dev/ttyACM0")

_READ_BYTES = 65536


class GadgetModem:
    """The serial line of the printer at the first cable; reads what comes until it is told not to. `async with` it."""

    uri = f"serial:{COMPUTERS_END}?baud=921600"

    def __init__(self, printer: GadgetPrinter) -> None:
        self._printer = printer
        self._file = -1
        self.taken = bytearray()
        self._loop = asyncio.get_running_loop()

    async def __aenter__(self) -> Self:
        self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._close()

    def stop_reading(self) -> None:
        """Take nothing more but what the kernel has room for."""
        self._loop.remove_reader(self._file)

    def read_on(self) -> None:
        """Take what comes."""
        self._loop.add_reader(self._file, self._take)

    def say(self, answer: bytes) -> None:
        """Put an answer on the line."""
        os.write(self._file, answer)

    async def has_taken(self, count: int) -> bytes:
        """Wait until so many bytes have come; return all."""

        async def enough() -> bool:
            return len(self.taken) >= count

        await until(enough, f"{count} bytes on the line", within_s=30)
        return bytes(self.taken)

    async def has_come_to(self, end: bytes) -> bytes:
        """Wait until what came ends so; return all."""

        async def ends_so() -> bool:
            return self.taken.endswith(end)

        await until(ends_so, f"{end!r} on the line", within_s=30)
        return bytes(self.taken)

    async def unplug(self) -> None:
        """Pull the plug."""
        await self._printer.unplug()
        self._close()

    async def plug(self) -> None:
        """Put the plug in; returns when the computer has found out what it is."""
        await self._printer.plug()
        self._open()

    def _open(self) -> None:
        self._file = os.open(LINE, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._file)
        self.read_on()

    def _close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            self._loop.remove_reader(file)
            os.close(file)

    def _take(self) -> None:
        with suppress(BlockingIOError):
            if came := self._read():
                self.taken += came
            else:
                self.stop_reading()

    def _read(self) -> bytes:
        """Return what came; nothing when it was hung up."""
        try:
            return os.read(self._file, _READ_BYTES)
        except BlockingIOError:
            raise
        except OSError:
            return b""
