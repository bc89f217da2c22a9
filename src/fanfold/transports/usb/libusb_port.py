"""A printer claimed past the kernel's driver: each transfer is counted, in short steps that can be stopped between."""

from __future__ import annotations

import asyncio
import errno
import os
from array import array
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fanfold.transports.usb.borrowed import Borrowed
from fanfold.transports.usb.thread import OwnThread

STEP_MS = 100
"""How long one transfer may wait for the printer before others get their turn, and a cancel its chance."""
LISTEN_MS = 1
PAUSES_S = (0.002, 0.05)
"""How long between two looks at what the printer says: at first after it spoke, and at most. Each look costs LISTEN_MS
of the time for sending."""
ASK_MS = 1000
CLOSE_LIMIT_S = 6.0
READ_BYTES = 4096
ID_BYTES = 1024

_FROM_INTERFACE = 0xA1
"""A class request to an interface, answered (USB 2.0 §9.3)."""
_GET_DEVICE_ID, _GET_PORT_STATUS = 0, 1
_GONE = frozenset({errno.ENODEV, errno.ENOENT, errno.ESHUTDOWN})


@dataclass(frozen=True, slots=True)
class Interface:
    """Where a device takes documents: its numbers, and those of its two bulk endpoints."""

    number: int
    setting: int
    configuration: int
    protocol: int
    out: int
    back: int | None = None
    name: str = ""
    """What tells it from others of this machine: the port, and the device's numbers; empty: nothing does."""


class LibusbPort:
    """A claimed interface. Made, used and let go in its thread alone; the kernel's driver is put back in the end."""

    confirms = True

    def __init__(
        self, backend: Any, device: Any, interface: Interface, thread: OwnThread, borrowed: Borrowed | None = None
    ) -> None:
        self.handed_bytes = 0
        self.taken_bytes = 0
        self._backend, self._interface, self._thread = backend, interface, thread
        self._borrowed = borrowed or Borrowed()
        self._left = memoryview(b"")
        self._detached = False
        self._claimed = False
        self._is_open = True
        try:
            self._handle = backend.open_device(device)
        except NotImplementedError as error:
            raise _unsupported(error) from error
        try:
            self._claim()
        except NotImplementedError as error:
            self.drop()
            raise _unsupported(error) from error
        except BaseException:
            self.drop()
            raise

    async def look(self) -> None:
        """See whether it can be asked anything. Raises OSError when it is gone."""
        await self.status()

    def write(self, piece: memoryview) -> int:
        """Take the piece; `ready` sends it."""
        if self._left:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        self._left = memoryview(bytes(piece))
        self.handed_bytes += len(piece)
        return len(piece)

    async def ready(self) -> None:
        """Send what was handed over, step by step. Raises OSError."""
        while self._left:
            await self._thread.do(self._send)

    async def hear(self) -> bytes:
        """Wait for what the printer says. Raises OSError: EINVAL where it has no way back."""
        if self._interface.back is None:
            raise OSError(errno.EINVAL, "it has no way back")
        pause_s, longest_s = PAUSES_S
        while True:
            if said := await self._thread.do(self._listen):
                return said
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, longest_s)

    async def status(self) -> int | None:
        """Ask for the port status. Raises OSError when it is gone."""
        answer = await self._thread.do(self._asked, _GET_PORT_STATUS, self._interface.number, 1)
        return answer[0] if answer else None

    async def close(self) -> None:
        """Let go of the printer once the step is done that is under way. Idempotent."""
        if not self._is_open:
            return
        closing = asyncio.wrap_future(self._thread.begin(self.drop))
        self._thread.end()
        await asyncio.wait({closing}, timeout=CLOSE_LIMIT_S)

    def device_id(self) -> bytes:
        """Ask for the IEEE 1284 id, from the thread that opened it; empty where it has none. Raises OSError."""
        return self._asked(_GET_DEVICE_ID, self._interface.number << 8 | self._interface.setting, ID_BYTES)

    def drop(self) -> None:
        """Release it and put the kernel's driver back, as far as it is still there. Idempotent."""
        if not self._is_open:
            return
        self._is_open = False
        number = self._interface.number
        with suppress(OSError, NotImplementedError):
            if self._claimed:
                self._backend.release_interface(self._handle, number)
        with suppress(OSError, NotImplementedError):
            if self._detached:
                self._give_back()
        self._backend.close_device(self._handle)

    # in its thread

    def _claim(self) -> None:
        backend, handle, interface = self._backend, self._handle, self._interface
        with suppress(NotImplementedError):  # systems without such drivers say so by this
            if backend.is_kernel_driver_active(handle, interface.number):
                self._borrowed.took(interface.name)
                backend.detach_kernel_driver(handle, interface.number)
                self._detached = True
            else:  # by one that was killed before it gave it back, or by the owner's wish: then it stays so
                self._detached = self._borrowed.owes(interface.name)
        if not backend.get_configuration(handle):  # setting one that is set already would reset the device
            backend.set_configuration(handle, interface.configuration)
        backend.claim_interface(handle, interface.number)
        self._claimed = True
        if interface.setting:
            backend.set_interface_altsetting(handle, interface.number, interface.setting)

    def _give_back(self) -> None:
        """Have the kernel's driver take it again. Raises OSError: somebody else has it."""
        try:
            self._backend.attach_kernel_driver(self._handle, self._interface.number)
        except OSError as error:
            if error.errno not in _GONE:  # one that was unplugged is the driver's anyway when it comes back
                raise
        self._borrowed.gave_back(self._interface.name)

    def _send(self) -> None:
        number, data = self._interface.number, array("B", bytes(self._left))
        try:
            sent = self._backend.bulk_write(self._handle, self._interface.out, number, data, STEP_MS)
        except OSError as error:
            if error.errno != errno.ETIMEDOUT:
                raise
            return
        self.taken_bytes += sent
        self._left = self._left[sent:]

    def _listen(self) -> bytes:
        said = array("B", bytes(READ_BYTES))
        try:
            count = self._backend.bulk_read(
                self._handle, self._interface.back, self._interface.number, said, LISTEN_MS
            )  # fmt: skip
        except OSError as error:
            if error.errno != errno.ETIMEDOUT:
                raise
            return b""
        return said[:count].tobytes()

    def _asked(self, request: int, where: int, most_bytes: int) -> bytes:
        answer = array("B", bytes(most_bytes))
        try:
            count = self._backend.ctrl_transfer(self._handle, _FROM_INTERFACE, request, 0, where, answer, ASK_MS)
        except OSError as error:
            if error.errno in _GONE:
                raise
            return b""
        return answer[:count].tobytes()


def _unsupported(error: NotImplementedError) -> OSError:
    return OSError(errno.ENOTSUP, str(error) or "this system does not let programs drive it")
