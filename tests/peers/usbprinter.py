"""A USB printer that is not there, and the file of usblp's that leads to it. Knows nothing of what prints on it.

Machines without USB have neither /sys/bus/usb nor /dev/usb: both are made in a folder, where `dev/usb/lp0` is a Unix
socket whose other end is the printer, in whatever process it lives. A packet each way:

    W…   a transfer of up to 8192 bytes       A   it has ended
    S    what is the port status?             S.  these bits; s: it does not say
                                              R…  the printer says something
                                              O   you have it; B: somebody else has it
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from fanfold.transports.usb.thread import OwnThread

TRANSFER_BYTES = 8192
FINE, PAPER_OUT = 0x18, 0x30
_PACKET_BYTES = 65536
LATE_S = 0.1
"""How late the kernel may notice that a printer is gone: when its hub is asked again."""


@dataclass
class Paper:
    """What one claim brought. `ended`: who had the printer let it go."""

    data: bytearray = field(default_factory=bytearray)
    ended: bool = False


@dataclass(frozen=True)
class Plate:
    """What a printer's descriptors say, and where it is plugged in."""

    vendor: str = "0a5f"
    product: str = "0164"
    serial: str = "50J123"
    make: str = "Zebra Technologies"
    model: str = "ZTC ZD420-203dpi ZPL"
    says: str = "MANUFACTURER:Zebra Technologies ;COMMAND SET:ZPL;MODEL:ZTC ZD420-203dpi ZPL;CLASS:PRINTER;"
    port: str = "1-1"
    number: int | None = 0
    """N of lpN; None: the kernel's driver has not got it."""
    driver: str = "usblp"

    @property
    def uri(self) -> str:
        return f"usb://{self.vendor}:{self.product}/{self.serial}"


class UsbPrinter:
    """`async with UsbPrinter(root) as printer:`; it is plugged in until it is not.

    `reads` is clear while it takes nothing; `status` None: it does not answer such questions.
    """

    def __init__(self, root: Path, plate: Plate | None = None) -> None:
        self.root, self.plate = root, plate or Plate()
        self.papers: list[Paper] = []
        self.status: int | None = FINE
        self.answers: Callable[[bytes], bytes | None] = lambda _: None
        """What it says when it has taken so much."""
        self.dies_after: int | None = None
        """It is unplugged when it has taken so many bytes of one claim, in the middle of a transfer where need be."""
        self.dies_late = False
        """Transfers end as if all were well when it has died, until the kernel notices after a while."""
        self.reads = asyncio.Event()
        self.reads.set()
        self.claims = 0
        self._news = asyncio.Condition()
        self._listener: socket.socket | None = None
        self._lines: set[_Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self.plug()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.unplug()

    @property
    def file(self) -> Path:
        return self.root / f"dev/usb/lp{self.plate.number}"

    @property
    def is_claimed(self) -> bool:
        return bool(self._lines)

    @property
    def printed(self) -> list[bytes]:
        """What each claim brought that has ended and brought something."""
        return [bytes(paper.data) for paper in self.papers if paper.ended and paper.data]

    def plug(self) -> None:
        """Be there."""
        plate = self.plate
        devices = self.root / "sys/bus/usb/devices"
        device, interface = devices / plate.port, devices / f"{plate.port}:1.0"
        _write(device / "idVendor", plate.vendor)
        _write(device / "idProduct", plate.product)
        for name, said in (("serial", plate.serial), ("manufacturer", plate.make), ("product", plate.model)):
            if said:
                _write(device / name, said)
        _write(interface / "bInterfaceClass", "07")
        _write(interface / "bInterfaceProtocol", "02")
        if plate.driver:
            (interface / "driver").symlink_to(f"../../../../bus/usb/drivers/{plate.driver}")
        if plate.number is None:
            return
        (interface / "usbmisc" / f"lp{plate.number}").mkdir(parents=True)
        _write(interface / "ieee1284_id", plate.says)
        self._listen()

    async def unplug(self) -> None:
        """Be gone, as when the cable is pulled: what was not taken is dropped."""
        for line in list(self._lines):
            line.cut()
        self.vanish()
        await self._until(lambda: not self._lines)

    def vanish(self) -> None:
        """Be gone from /sys and /dev."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
            self.file.unlink(missing_ok=True)
        devices = self.root / "sys/bus/usb/devices"
        for folder in (self.plate.port, f"{self.plate.port}:1.0"):
            shutil.rmtree(devices / folder, ignore_errors=True)

    def say(self, words: bytes) -> None:
        """Say something to whoever has it."""
        for line in self._lines:
            line.send(b"R" + words)

    async def ended(self, count: int) -> list[bytes]:
        """Wait until so many claims have brought something and ended, and nobody has it; return what they brought."""
        await self._until(lambda: len(self.printed) >= count and not self._lines)
        return self.printed

    async def claimed(self, count: int = 1) -> None:
        """Wait until it was claimed so often, ever."""
        await self._until(lambda: self.claims >= count)

    async def free(self) -> None:
        """Wait until nobody has it."""
        await self._until(lambda: not self._lines)

    async def took(self, size_bytes: int) -> None:
        """Wait until the last claim has brought so much."""
        await self._until(lambda: bool(self.papers) and len(self.papers[-1].data) >= size_bytes)

    def _listen(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.setblocking(False)
        with _short(self.file) as name:
            self._listener.bind(name)
        self._listener.listen(16)
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        assert self._listener is not None
        wire, _ = self._listener.accept()
        wire.setblocking(False)
        task = asyncio.ensure_future(self._serve(_Line(wire, self)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, line: _Line) -> None:
        if all(one.is_let_go for one in self._lines):
            await self._until(lambda: not self._lines)  # a close is over at once, though we hear of it later
        if self._lines:
            line.refuse()
            return
        self.claims += 1
        self._lines.add(line)
        self.papers.append(line.paper)
        line.send(b"O")
        await self._tell()
        try:
            await line.serve()
        finally:
            line.paper.ended = True
            self._lines.discard(line)
            await self._tell()

    async def _until(self, true: Callable[[], bool]) -> None:
        async with self._news:
            await self._news.wait_for(true)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


class _Line:
    """The printer's end of one claim."""

    def __init__(self, wire: socket.socket, printer: UsbPrinter) -> None:
        self.paper = Paper()
        self._wire, self._printer = wire, printer
        self._taking: asyncio.Task[None] | None = None
        self._dead = False

    async def serve(self) -> None:
        """Take transfers and answer questions, until whoever has it lets go."""
        loop = asyncio.get_running_loop()
        try:
            while packet := await loop.sock_recv(self._wire, _PACKET_BYTES):
                if packet[:1] == b"S":
                    status = self._printer.status
                    self.send(b"s" if status is None else b"S" + bytes([status]))
                else:
                    self._taking = asyncio.create_task(self._take(packet[1:]))
        except OSError:
            pass
        finally:
            if self._taking is not None:
                self._taking.cancel()  # closing drops what was not taken
                await asyncio.wait({self._taking})
            self._wire.close()

    def send(self, packet: bytes) -> None:
        with suppress(OSError):
            self._wire.send(packet)

    @property
    def is_let_go(self) -> bool:
        """Whether whoever had it closed the file."""
        look = select.poll()
        look.register(self._wire, 0)
        return bool(look.poll(0))

    def refuse(self) -> None:
        self.send(b"B")
        self._wire.close()

    def cut(self) -> None:
        with suppress(OSError):
            self._wire.shutdown(socket.SHUT_RDWR)

    async def _take(self, data: bytes) -> None:
        printer = self._printer
        await printer.reads.wait()
        if self._dead:
            self.send(b"A")
            return
        if printer.dies_after is not None and len(self.paper.data) + len(data) >= printer.dies_after:
            self.paper.data += data[: printer.dies_after - len(self.paper.data)]
            await self._die()
            return
        self.paper.data += data
        self.send(b"A")
        if (said := printer.answers(data)) is not None:
            self.send(b"R" + said)
        await printer._tell()

    async def _die(self) -> None:
        self._printer.vanish()
        if self._printer.dies_late:
            self._printer.status, self._dead = None, True
            self.send(b"A")
            asyncio.get_running_loop().call_later(LATE_S, self.cut)
        else:
            self.cut()


class PrinterPort:
    """Our end, which behaves as usblp's file does: a `transports.usb.port.Port`. Raises what the kernel would."""

    confirms = False

    def __init__(self, wire: socket.socket, thread: OwnThread) -> None:
        self.handed_bytes = 0
        self.taken_bytes = 0
        self.short_of = TRANSFER_BYTES
        """What a write takes at most."""
        self._wire, self._thread = wire, thread
        self._under_way = False
        self._gone = False
        self._said: list[bytes] = []
        self._statuses: list[int | None] = []
        self._news: asyncio.Event | None = None

    async def look(self) -> None:
        self._attach()
        await asyncio.sleep(0)  # the kernel knows at once
        if self._gone:
            raise _error(errno.ENODEV)

    def write(self, piece: memoryview) -> int:
        assert piece, "usblp is never given nothing"
        if self._gone:
            raise _error(errno.ENODEV)
        if self._under_way:
            raise _error(errno.EAGAIN)
        taken = piece[: self.short_of]
        try:
            self._wire.send(b"W" + bytes(taken))
        except OSError as error:
            raise _error(errno.ENODEV) from error
        self.taken_bytes, self._under_way = self.handed_bytes, True
        self.handed_bytes += len(taken)
        return len(taken)

    async def ready(self) -> None:
        await self._until(lambda: not self._under_way)
        self.taken_bytes = self.handed_bytes

    async def hear(self) -> bytes:
        await self._until(lambda: bool(self._said))
        return self._said.pop(0)

    async def status(self) -> int | None:
        self._attach()
        try:
            self._wire.send(b"S")
        except OSError as error:
            raise _error(errno.ENODEV) from error
        await self._until(lambda: bool(self._statuses))
        return self._statuses.pop(0)

    async def close(self) -> None:
        if self._wire.fileno() >= 0:
            if self._news is not None:
                asyncio.get_running_loop().remove_reader(self._wire)
            self._thread.end()
            self.drop()

    def drop(self) -> None:
        self._wire.close()

    def _attach(self) -> asyncio.Event:
        if self._news is None:
            self._news = asyncio.Event()
            self._wire.setblocking(False)
            asyncio.get_running_loop().add_reader(self._wire, self._read)
        return self._news

    async def _until(self, true: Callable[[], bool]) -> None:
        news = self._attach()
        while not true():
            if self._gone:
                raise _error(errno.ENODEV)
            news.clear()
            waiting = asyncio.ensure_future(news.wait())
            try:
                await waiting
            finally:
                waiting.cancel()
        if self._gone:
            raise _error(errno.ENODEV)

    def _read(self) -> None:
        try:
            packet = self._wire.recv(_PACKET_BYTES)
        except OSError:
            packet = b""
        match packet[:1]:
            case b"A":
                self._under_way = False
            case b"R":
                self._said.append(packet[1:])
            case b"S":
                self._statuses.append(packet[1])
            case b"s":
                self._statuses.append(None)
            case _:
                self._gone = True
                asyncio.get_running_loop().remove_reader(self._wire)
        assert self._news is not None
        self._news.set()


def open_printer(path: Path, thread: OwnThread) -> PrinterPort:
    """Open the file as `transports.usb.node.open_node` does. Raises OSError, with the numbers of usblp's."""
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    wire.settimeout(10)
    try:
        with _short(path) as name:
            wire.connect(name)
        answer = wire.recv(1)
    except OSError as error:
        wire.close()
        raise _error(error.errno if error.errno in (errno.ENOENT, errno.EACCES) else errno.ENODEV) from error
    if answer == b"O":
        return PrinterPort(wire, thread)
    wire.close()
    raise _error(errno.EBUSY if answer == b"B" else errno.ENODEV)


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for a socket: those may have 107 bytes."""
    folder = os.open(path.parent, os.O_PATH)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _write(path: Path, said: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{said}\n")


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
