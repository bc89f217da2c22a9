"""A USB printer as the kernel's gadget drivers make it, from its own side of the cable. Knows nothing of Fanfold.

A cable is a `dummy_hcd`: a USB port and a USB device in one machine. It is pulled at its port, as if the hub had
switched the port off: the printer's side stays open, and what the printer's hardware had taken is read when the plug
is in again. (To unbind a printer that is still open is a bug in Linux 6.1.)
"""

from __future__ import annotations

import fcntl
import os
import select
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tests.peers.processes import run, until

GADGETS = Path("/sys/kernel/config/usb_gadget")
FINE, PAPER_OUT, NOT_SELECTED, ERROR = 0x18, 0x38, 0x08, 0x10
"""Port status: 0x08 no error, 0x10 selected, 0x20 paper empty."""

HARDWARE_BYTES = 10 * 8192
"""What the printer's hardware takes while its program reads nothing, once that has read anything (`q_len`)."""

_SET_STATUS = 0xC0016722
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Plate:
    """What the printer says of itself."""

    vendor: int = 0x0A5F
    product: int = 0x0164
    make: str = "Zebra"
    model: str = "ZD420"
    serial: str = "50J171200001"
    device_id: str = "MFG:Zebra;CMD:ZPL;MDL:ZD420-203dpi ZPL;CLS:PRINTER;"
    serial_line: bool = False
    """It is a modem too (`/dev/ttyACM0` here, `/dev/ttyGS0` there)."""

    @property
    def uri(self) -> str:
        return f"usb://{self.vendor:04x}:{self.product:04x}/{self.serial}"


class GadgetPrinter:
    """A printer at the end of a cable; it reads what comes until it is told not to."""

    def __init__(self, cable: int, plate: Plate) -> None:
        self.cable, self.plate = cable, plate
        self._port = _port(cable)
        others = _programs()
        _make(f"printer{cable}", f"dummy_udc.{cable}", plate, cable)
        while self.node is None:
            time.sleep(_LOOK_S)
        self._program = os.open((_programs() - others).pop(), os.O_RDWR | os.O_NONBLOCK)
        self._taken = bytearray()
        self._reads = True
        self._turn = threading.Lock()
        self.status(FINE)
        threading.Thread(target=self._read, daemon=True).start()

    # the computer's side

    @property
    def node(self) -> Path | None:
        """What `usblp` calls it now; None while the plug is out, or another driver has it."""
        for link in Path("/sys/class/usbmisc").glob("lp*"):
            if f"/dummy_hcd.{self.cable}/" in str(link.resolve()):
                return Path("/dev/usb") / link.name
        return None

    async def unplug(self) -> None:
        """Pull the plug; returns when the computer has noticed."""
        self.pull()
        await until(self._is_out, "the computer's notice of the pulled plug")
        await _udev_is_done()

    async def plug(self) -> None:
        """Put the plug in; returns when the computer has found out what it is."""
        self._port.write_text("0")
        await until(self._is_in, "the computer's notice of the plug")
        await _udev_is_done()

    def pull(self) -> None:
        """Pull the plug, now."""
        self._port.write_text("1")

    async def _is_in(self) -> bool:
        return self.node is not None

    async def _is_out(self) -> bool:
        return self.node is None

    # the printer's side

    @property
    def taken_bytes(self) -> int:
        """How much its program has read since `begin_anew`."""
        return len(self._taken)

    async def begin_anew(self) -> None:
        """Be in, fine and reading, and forget what came before."""
        if self.node is None:
            await self.plug()
        self.status(FINE)
        self.read_on()
        self.drain()
        self._taken.clear()

    def status(self, bits: int) -> None:
        """Show these bits to whoever asks for the port's status."""
        fcntl.ioctl(self._program, _SET_STATUS, bits)

    def stop_reading(self) -> None:
        """Take nothing more but what the hardware has room for."""
        with self._turn:
            self._reads = False

    def read_on(self) -> None:
        """Take what comes."""
        with self._turn:
            self._reads = True

    def drain(self) -> bytes:
        """Return all that the printer got, what its hardware had taken but its program not read yet included."""
        with self._turn:
            while self._take():
                pass
            return bytes(self._taken)

    def say(self, answer: bytes) -> None:
        """Put an answer where the computer can read it. Raises BlockingIOError while nobody reads what was said."""
        os.write(self._program, answer)

    async def has_taken(self, count: int) -> bytes:
        """Wait until its program has read so many bytes; return all."""

        async def enough() -> bool:
            return len(self._taken) >= count

        await until(enough, f"the printer has {len(self._taken)} bytes; {count}", within_s=30)
        return bytes(self._taken)

    def _read(self) -> None:
        asks = select.poll()
        asks.register(self._program, select.POLLIN)
        while True:
            with self._turn:
                came = self._reads and bool(asks.poll(int(_LOOK_S * 1000))) and self._take()
            if not came:  # others have their turn; without a plug there is no waiting by the poll
                time.sleep(_LOOK_S)

    def _take(self) -> bool:
        with suppress(OSError):  # nothing there, or the plug is out
            came = os.read(self._program, 65536)
            self._taken += came
            return bool(came)
        return False


ZEBRA = Plate()
PLATES = (replace(ZEBRA, serial_line=True), ZEBRA, replace(ZEBRA, product=0x0166, model="ZT411", serial="99J183400002"))
"""At cables 0, 1 and 2: a printer, one that says the same of itself, serial and all, and another one."""


@cache
def printer(cable: int) -> GadgetPrinter:
    """Return the printer at that cable, made when it is first asked for: to make one takes half a second."""
    return GadgetPrinter(cable, PLATES[cable])


def _make(name: str, device: str, plate: Plate, number: int) -> None:
    gadget = GADGETS / name
    gadget.mkdir()
    (gadget / "idVendor").write_text(f"{plate.vendor:#06x}")
    (gadget / "idProduct").write_text(f"{plate.product:#06x}")
    texts = gadget / "strings" / "0x409"
    texts.mkdir()
    (texts / "manufacturer").write_text(plate.make)
    (texts / "product").write_text(plate.model)
    (texts / "serialnumber").write_text(plate.serial)
    function = gadget / "functions" / f"printer.{number}"
    function.mkdir()
    (function / "pnp_string").write_text(f"{plate.device_id}  ")  # its length goes out without its own two bytes
    (function / "q_len").write_text(str(HARDWARE_BYTES // 8192))
    config = gadget / "configs" / "c.1"
    config.mkdir()
    (config / function.name).symlink_to(function)
    if plate.serial_line:
        modem = gadget / "functions" / f"acm.{number}"
        modem.mkdir()
        (config / modem.name).symlink_to(modem)
    (gadget / "UDC").write_text(device)


async def _udev_is_done() -> None:
    """Wait until it has told everybody: libusb learns from it what comes and goes."""
    await run("udevadm", "settle")


def _programs() -> set[Path]:
    return set(Path("/dev").glob("g_printer*"))


def _port(cable: int) -> Path:
    hub = next(Path(f"/sys/devices/platform/dummy_hcd.{cable}").glob("usb*"))
    bus = hub.name.removeprefix("usb")
    return hub / f"{bus}-0:1.0" / f"{hub.name}-port1" / "disable"
