"""What the transports' contract is run against: one rig per transport. To add one, write its rig and a line in RIGS."""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fanfold import config
from fanfold.config import Listener, Weblink
from fanfold.door import Door
from fanfold.languages.zpl_tally import LabelTally
from fanfold.model import JobId, Printer, PrinterId, PrinterOptions
from fanfold.reception import ChannelClosed, ChannelOpened, Known, News
from fanfold.server.access import Access
from fanfold.server.base import Doors
from fanfold.server.http import Server
from fanfold.simulate.moods import Away, Ready
from fanfold.simulate.socket import SocketPrinter
from fanfold.transports.base import Link, Transport
from fanfold.transports.cups import CupsTransport
from fanfold.transports.file import FileTransport
from fanfold.transports.ipp.codec import RANGE, Range, Value
from fanfold.transports.ipp.transport import IppTransport
from fanfold.transports.lpd.transport import LpdTransport
from fanfold.transports.serial.transport import SerialTransport
from fanfold.transports.socket.transport import SocketTransport
from fanfold.transports.usb.transport import UsbTransport
from fanfold.transports.weblink.transport import WeblinkTransport
from fanfold.transports.winspool.transport import WinspoolTransport
from fanfold.wire import Document, Receipt, Work
from tests.peers.cupsd import private_cupsd
from tests.peers.ippfake import FakeIpp
from tests.peers.lpdserver import LpdServer
from tests.peers.serialport import SerialPrinter
from tests.peers.sink import Sink
from tests.peers.usbprinter import UsbPrinter, open_printer
from tests.peers.weblink_sink import WeblinkSink
from tests.peers.winspool import FakeQueue, FakeSpooler
from tests.unit.server.stage import FakeEngine, ToyDialect, ToyHttp


@dataclass(frozen=True, slots=True)
class Rig:
    """A transport with a printer at its other end."""

    transport: Transport
    printer: Printer
    paper: Callable[[int], Awaitable[list[bytes]]]
    """Wait for so many documents to come out, return all that did."""
    go_away: Callable[[], Awaitable[None]]
    come_back: Callable[[], Awaitable[None]]
    good_uris: tuple[str, ...]
    bad_uris: tuple[str, ...]
    sends_each_copy: bool = True
    """The bytes leave us once for each copy; else once, with the number of copies beside them."""


@dataclass(slots=True)
class Noted:
    """A report that notes what it is told."""

    progressed: list[int] = field(default_factory=list)
    stalls: list[tuple[str, str]] = field(default_factory=list)
    sents: list[str | None] = field(default_factory=list)
    proofs: list[Receipt] = field(default_factory=list)
    disproofs: list[str] = field(default_factory=list)

    def progress(self, sent_bytes: int) -> None:
        self.progressed.append(sent_bytes)

    def stalled(self, reason: str, message: str) -> None:
        self.stalls.append((reason, message))

    def resumed(self) -> None:
        self.stalls.append(("", ""))

    async def sent(self, foreign: str | None = None) -> None:
        self.sents.append(foreign)

    async def proved(self, receipt: Receipt) -> None:
        self.proofs.append(receipt)

    async def disproved(self, says: str) -> None:
        self.disproofs.append(says)


def work(document: Document | bytes, *, copies: int = 1, number: int = 1, language: str = "") -> Work:
    """Return a first attempt to print the document."""
    handle = document if isinstance(document, Document) else Document.of(document)
    return Work(JobId(f"01890000-0000-7000-8000-{number:012d}"), 1, "a label", handle, copies, language)


@asynccontextmanager
async def file_rig(folder: Path) -> AsyncIterator[Rig]:
    tray = folder / "printer" / "tray"
    tray.parent.mkdir()

    async def paper(count: int) -> list[bytes]:
        sheets = sorted(tray.glob("[!.]*"))  # by the jobs' numbers: a file's time is too coarse
        assert len(sheets) >= count
        return [sheet.read_bytes() for sheet in sheets]

    async def go_away() -> None:
        shutil.rmtree(tray.parent)

    async def come_back() -> None:
        tray.parent.mkdir()

    transport = FileTransport()
    yield Rig(
        transport,
        Printer(PrinterId("virtual"), "Virtual", tray.as_uri()),
        paper,
        go_away,
        come_back,
        good_uris=("file:/var/labels", "file:///var/labels", "file:labels", "file:C:/labels"),
        bad_uris=("file:", "file://elsewhere/labels", "socket://x"),
    )
    await transport.close()


@asynccontextmanager
async def socket_rig(folder: Path) -> AsyncIterator[Rig]:
    async with SocketPrinter() as printer:
        transport = SocketTransport()
        yield Rig(
            transport,
            Printer(PrinterId("net"), "Network", printer.uri, options=PrinterOptions(close_wait_s=2)),
            printer.printed,
            lambda: printer.become(Away()),
            lambda: printer.become(Ready()),
            good_uris=("socket://192.0.2.7", "socket://printer.example:9100/", "socket://[fe80::1%25eth0]:9101"),
            bad_uris=("socket:", "socket://host:0", "socket://host:99999", "socket://[fe80::x]", "file:labels"),
        )
        await transport.close()


@asynccontextmanager
async def ipp_rig(folder: Path) -> AsyncIterator[Rig]:
    facts: dict[str, tuple[Value, ...]] = {"copies-supported": (Value(RANGE, Range(1, 99)),)}
    async with FakeIpp(facts=facts) as printer:

        async def paper(count: int) -> list[bytes]:
            assert len(printer.jobs) >= count
            return [job.data * job.copies for job in printer.jobs]

        async def go_away() -> None:
            await printer.__aexit__()

        async def come_back() -> None:
            await printer.__aenter__()

        transport = IppTransport()
        yield Rig(
            transport,
            Printer(PrinterId("ipp"), "By IPP", f"ipp://127.0.0.1:{printer.port}/ipp/print"),
            paper,
            go_away,
            come_back,
            good_uris=("ipp://192.0.2.7", "ipps://printer.example:631/ipp/print?verify=no"),
            bad_uris=("ipp:", "ipp:///ipp/print", "ipps://printer/?verify=maybe", "socket://x"),
            sends_each_copy=False,
        )
        await transport.close()


@asynccontextmanager
async def cups_rig(folder: Path) -> AsyncIterator[Rig]:
    async with Sink() as sink, private_cupsd(folder, {"raw": f"socket://127.0.0.1:{sink.port}/"}) as cups:
        transport = CupsTransport(cups.server)
        yield Rig(
            transport,
            Printer(PrinterId("raw"), "By CUPS", cups.uri("raw")),
            sink.ended,
            cups.stop,
            cups.start,
            good_uris=("cups:///labels", "cups://printserver:631/Zebra_ZD420"),
            bad_uris=("cups:", "cups://host/", "cups:///a/b", "ipp://x"),
            sends_each_copy=False,
        )
        await transport.close()


class PatientSerialTransport(SerialTransport):
    """Opens the port no sooner than its printer saw it closed: only by that it tells documents apart."""

    def __init__(self, printer: SerialPrinter) -> None:
        super().__init__(fifo_bytes=0)
        self._printer = printer

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        async with super().open(printer) as link:
            yield link
        await self._printer.hung_up()


@asynccontextmanager
async def serial_rig(folder: Path) -> AsyncIterator[Rig]:
    async with SerialPrinter(folder / "port") as printer:
        transport = PatientSerialTransport(printer)
        yield Rig(
            transport,
            Printer(PrinterId("till"), "Till", printer.uri),
            printer.printed,
            printer.unplug,
            printer.plug,
            good_uris=(
                "serial:/dev/ttyUSB0", "serial:///dev/ttyS0?baud=19200", "serial:COM3?parity=even&bits=7&stop=2",
                r"serial:\\.\COM12?flow=dsrdtr", "Serial:/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0?flow=none",
            ),
            bad_uris=(
                "serial:", "serial:ttyUSB0", "serial:/", "serial:/dev/ttyS0?baud=", "serial:/dev/ttyS0?baud=1e4",
                "serial:/dev/ttyS0?parity=e", "serial:/dev/ttyS0?baud=9600&baud=9600", "serial:/dev/ttyS0?",
                "serial:/dev/ttyS0?speed=9600", "serial:COM0", "socket://x",
            ),
        )  # fmt: skip
        await transport.close()


@asynccontextmanager
async def lpd_rig(folder: Path) -> AsyncIterator[Rig]:
    async with LpdServer() as server:
        transport = LpdTransport(folder)
        yield Rig(
            transport,
            Printer(PrinterId("queue"), "By LPD", server.uri),
            server.printed,
            server.leave,
            server.come_back,
            good_uris=(
                "lpd://192.0.2.7/lp", "lpd://printserver.example:5515/B%C3%BCro?format=o&order=data-first",
                "lpd://[fe80::1%25eth0]/raw?server=printer&user=till",
            ),
            bad_uris=(
                "lpd:", "lpd://host", "lpd://host/", "lpd://host:0/lp", "lpd://host/a%20b", "lpd://host/a%0Ab",
                "lpd://host/lp?", "lpd://host/lp?format=x", "lpd://host/lp?source=reserved", "lpd://host/lp?user=a%0Ab",
                "socket://x",
            ),
            sends_each_copy=False,
        )  # fmt: skip
        await transport.close()


class OpenReception:
    """Knows every printer and lets all of them in."""

    def __init__(self) -> None:
        self._news: asyncio.Queue[News] = asyncio.Queue()

    async def until(self, kind: type[ChannelOpened | ChannelClosed], channels: set[str]) -> None:
        """Wait until each of these channels opened, or closed."""
        while channels:
            news = await self._news.get()
            if isinstance(news, kind):
                channels.discard(news.channel)

    def known(self, uri: str) -> Known | None:
        return Known(PrinterId("dock"), "none")

    async def bind(self, uri: str, identity: str) -> bool:
        return True

    def tell(self, uri: str, news: News) -> None:
        self._news.put_nowait(news)


@asynccontextmanager
async def weblink_rig(folder: Path) -> AsyncIterator[Rig]:
    transport = WeblinkTransport(Weblink(), LabelTally)
    reception = OpenReception()
    transport.receive_for(reception)
    async with opened(folder, transport.door) as url, WeblinkSink(url, "50J164800001") as sink:
        printer = Printer(PrinterId("dock"), "Dock", "weblink:50J164800001")

        async def go_away() -> None:
            await sink.switch_off()
            await reception.until(ChannelClosed, {"main", "raw"})

        async def come_back() -> None:
            await sink.switch_on()
            await reception.until(ChannelOpened, {"main", "raw"})

        await reception.until(ChannelOpened, {"main", "raw"})
        yield Rig(
            transport,
            printer,
            sink.ended,
            go_away,
            come_back,
            good_uris=("weblink:50J171200001", "weblink:XXZKJ181100170", "Weblink:a%20b"),
            bad_uris=("weblink:", "weblink:a b", "weblink:a/b", "socket://x"),
        )
        await transport.close()


@asynccontextmanager
async def usb_rig(folder: Path) -> AsyncIterator[Rig]:
    """Where there is a USB printer, FANFOLD_USB_RIG=module:function names a rig on that one instead."""
    if elsewhere := os.environ.get("FANFOLD_USB_RIG"):
        module, _, name = elsewhere.partition(":")
        async with getattr(importlib.import_module(module), name)(folder) as rig:
            yield rig
        return
    async with UsbPrinter(folder) as printer:

        async def come_back() -> None:
            printer.plug()

        transport = UsbTransport(folder, open_printer)
        yield Rig(
            transport,
            Printer(PrinterId("usb"), "At USB", printer.plate.uri),
            printer.ended,
            printer.unplug,
            come_back,
            good_uris=USB_URIS,
            bad_uris=BAD_USB_URIS,
        )
        await transport.close()


USB_URIS = ("usb://0a5f:0164", "USB://0A5F:0164/50J%20123?via=libusb&status=ignore", "usb:/dev/usb/lp0?via=usblp")
BAD_USB_URIS = (
    "usb:", "usb://a5f:0164", "usb://0a5f:0164/a/b", "usb://0a5f:0164?via=cups", "usb://0a5f:0164?speed=1",
    "usb:/dev/sda", "usb:/dev/usb/lp0?via=libusb", "usb:/dev/usb/lp0/../../sda", "usb://0a5f:0164?port=x", "socket://x",
)  # fmt: skip


@asynccontextmanager
async def opened(folder: Path, door: Door) -> AsyncIterator[str]:
    """Serve a printers' door on loopback, without proof; yield its URL."""
    listener = Listener("127.0.0.1", 0, doors=(config.Door.WEBLINK,), proof=(config.Proof.NONE,))
    engine = FakeEngine(folder)
    doors = Doors(ToyHttp(), (), ToyDialect, ToyDialect, printers={door.name: door})
    server = Server(
        engine, doors, (listener,), Access(engine.allows_origin), message_bytes=1024**2, line_message_bytes=1024**2
    )
    async with server:
        yield f"{server.urls[0]}/weblink"


@asynccontextmanager
async def winspool_rig(folder: Path) -> AsyncIterator[Rig]:
    queue = FakeQueue("Büro 1 (Zebra)")
    spooler = FakeSpooler(queue)

    async def go_away() -> None:
        spooler.change(queue, attributes=0x400)

    async def come_back() -> None:
        spooler.change(queue, attributes=0)

    transport = WinspoolTransport(spooler)
    yield Rig(
        transport,
        Printer(PrinterId("win"), "By Windows", "winspool:B%C3%BCro%201%20(Zebra)"),
        lambda count: spooler.printed(queue, count),
        go_away,
        come_back,
        good_uris=(
            "winspool:Zebra ZD420", r"winspool:\\server\share", "winspool:%5C%5Cserver%5Cshare", "WinSpool:100%25"
        ),
        bad_uris=("winspool:", "winspool:a%00b", "winspool://Zebra", r"winspool:a\b", f"winspool:{'x' * 10_000}"),
    )  # fmt: skip
    await transport.close()


RIGS: dict[str, Callable[[Path], AbstractAsyncContextManager[Rig]]] = {
    "file": file_rig,
    "socket": socket_rig,
    "ipp": ipp_rig,
    "cups": cups_rig,
    "serial": serial_rig,
    "lpd": lpd_rig,
    "usb": usb_rig,
    "weblink": weblink_rig,
    "winspool": winspool_rig,
}
"""By a transport's first scheme; the factory is given an empty folder."""
