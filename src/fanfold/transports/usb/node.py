"""The file of the kernel's driver for USB printers, `/dev/usb/lp0`: without waiting, so that it can be given up.

What the driver usblp does (Linux 2.6 to 6.x): one opener, the next gets EBUSY. A write makes one transfer of up to 8192
bytes; if that is not done at once it presumes that it will end well and says that all was written. Until it has ended,
writing gives EAGAIN and the file is not writable; that a transfer failed it never tells whoever does not wait. A
printer that is unplugged gives ENODEV, and the file hangs up. Closing drops what the printer has not taken.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from fanfold.transports.usb.thread import OwnThread

if sys.platform != "win32":
    import fcntl

GET_STATUS = 0x060B
"""LPGETSTATUS of linux/lp.h; the answer is an int."""
READ_BYTES = 4096
CLOSE_LIMIT_S = 6.0
"""A question to a printer that does not answer ends after 5 s, and what was begun before the close goes first."""


def open_node(path: Path, thread: OwnThread) -> NodePort:
    """Claim the printer behind that file. Raises OSError."""
    return NodePort(os.open(path, os.O_RDWR | getattr(os, "O_NONBLOCK", 0)), thread)


class NodePort:
    """An open file of usblp's. What may wait for the printer (its status, its close) happens in its thread."""

    confirms = False

    def __init__(self, file: int, thread: OwnThread) -> None:
        self.handed_bytes = 0
        self.taken_bytes = 0
        self._file, self._thread = file, thread

    async def look(self) -> None:
        """See whether the kernel still has it. Raises OSError ENODEV."""
        self._is_writable()

    def write(self, piece: memoryview) -> int:
        """Make one transfer of it. Raises OSError."""
        written = os.write(self._file, piece)
        self.taken_bytes = self.handed_bytes  # else it would not have taken more
        self.handed_bytes += written
        return written

    async def ready(self) -> None:
        """Wait until no transfer is under way. Raises OSError."""
        while not self._is_writable():
            await self._woken(asyncio.get_running_loop().add_writer, asyncio.get_running_loop().remove_writer)
        self.taken_bytes = self.handed_bytes

    async def hear(self) -> bytes:
        """Return what the printer says. Raises OSError: EINVAL where it has no way back."""
        while True:
            with suppress(BlockingIOError):
                return os.read(self._file, READ_BYTES)
            await self._woken(asyncio.get_running_loop().add_reader, asyncio.get_running_loop().remove_reader)

    async def status(self) -> int | None:
        """Ask for the port status; the kernel gives the printer 5 s. Raises OSError when it is gone."""
        return await self._thread.do(self._status)

    async def close(self) -> None:
        """Let go of the printer. Idempotent."""
        if self._file < 0:
            return
        closing = asyncio.wrap_future(self._thread.begin(self.drop))
        self._thread.end()
        await asyncio.wait({closing}, timeout=CLOSE_LIMIT_S)

    def drop(self) -> None:
        """Close the file. Idempotent."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def _is_writable(self) -> bool:
        look = select.poll()
        look.register(self._file, select.POLLOUT)
        events = sum(found for _, found in look.poll(0))
        if events & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return bool(events & select.POLLOUT)

    async def _woken(self, add: Callable[..., object], remove: Callable[[int], object]) -> None:
        file, woken = self._file, asyncio.get_running_loop().create_future()
        add(file, _wake, woken)
        try:
            await woken
        finally:
            remove(file)

    def _status(self) -> int | None:
        try:
            answer: bytes = fcntl.ioctl(self._file, GET_STATUS, bytes(4))
        except OSError as error:
            if error.errno == errno.ENODEV:
                raise
            return None
        return int.from_bytes(answer, sys.byteorder)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
