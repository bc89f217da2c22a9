"""What the transports' contract is run against: one rig per transport. To add one, write its rig and a line in RIGS."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fanfold.model import JobId, Printer, PrinterId, PrinterOptions
from fanfold.simulate.moods import Away, Ready
from fanfold.simulate.socket import SocketPrinter
from fanfold.transports.base import Transport
from fanfold.transports.file import FileTransport
from fanfold.transports.socket import SocketTransport
from fanfold.wire import Document, Work


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


@dataclass(slots=True)
class Noted:
    """A report that notes what it is told."""

    progressed: list[int] = field(default_factory=list)
    stalls: list[tuple[str, str]] = field(default_factory=list)
    sents: list[str | None] = field(default_factory=list)

    def progress(self, sent_bytes: int) -> None:
        self.progressed.append(sent_bytes)

    def stalled(self, reason: str, message: str) -> None:
        self.stalls.append((reason, message))

    def resumed(self) -> None:
        self.stalls.append(("", ""))

    async def sent(self, foreign: str | None = None) -> None:
        self.sents.append(foreign)


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


RIGS: dict[str, Callable[[Path], AbstractAsyncContextManager[Rig]]] = {"file": file_rig, "socket": socket_rig}
"""By scheme; the factory is given an empty folder."""
