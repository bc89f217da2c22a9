"""One printer of any kind, one gateway on it, and a till with a few labels: the stage of the directed kills."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from fanfold.simulate.moods import Mood, Ready
from fanfold.simulate.socket import SocketPrinter
from tests.crash.books import Books, Kept, read_books
from tests.crash.checker import Ledger, complaints
from tests.crash.clients import BROKEN, submit_raw
from tests.crash.gateway import Gateway, gateway
from tests.crash.paper import Label, Sheet
from tests.peers.cupsd import Cupsd, private_cupsd
from tests.peers.processes import until
from tests.peers.usbprinter import UsbPrinter
from tests.peers.winspool import FakeQueue, FakeSpooler, serving

PRINTER = "printer"
KINDS = ("socket", "file", "cups", "usb", "winspool")


@dataclass(kw_only=True)
class Stage:
    """A gateway and its till, before whatever printer."""

    gateway: Gateway
    ledger: Ledger = field(default_factory=Ledger)

    async def offer(self, label: Label) -> None:
        """Ask for a label, with its name as the key; the gateway may die meanwhile."""
        self.ledger.paper.offer(label)
        try:
            async with aiohttp.ClientSession() as web:
                self.ledger.acknowledge(label, await submit_raw(web, self.gateway.url, label, PRINTER))
        except BROKEN:
            pass

    async def until_it_had(self, label: Label, reason: str) -> None:
        """Wait until the store has written down that the label's job had this reason."""

        async def had() -> bool:
            return any(
                job.sha256 == label.sha256 and reason in job.reasons for job in read_books(self.gateway.data).jobs
            )

        await until(had, f"{label.name} being {reason}")

    async def ends(self) -> Books:
        """Let all jobs end, and kill the gateway."""
        books = await self.gateway.at_rest()
        await self.gateway.kill()
        await self.quiet()
        return books

    @abstractmethod
    async def quiet(self) -> None:
        """Wait, when the gateway is dead, until nothing more can come out."""

    @abstractmethod
    def complaints(self, books: Books) -> list[str]:
        """What the checker says."""

    def job(self, books: Books, label: Label) -> Kept:
        """That label's job."""
        return next(job for job in books.jobs if job.sha256 == label.sha256)

    def state(self, books: Books, label: Label) -> str:
        """How that label's job ended."""
        return self.job(books, label).state


@dataclass(kw_only=True)
class Scene(Stage):
    """`printer` is the device: the gateway's own, or CUPS's; where the gateway prints files, nobody asks it.

    Where it prints by USB the device is `usb`, and where it prints by Windows `windows`; they outlive every gateway.
    """

    printer: SocketPrinter
    folder: Path
    cups: Cupsd | None = None
    usb: UsbPrinter
    windows: FakeSpooler

    @property
    def queue(self) -> FakeQueue:
        """The one queue of Windows."""
        return self.windows.by_name["queue"]

    async def quiet(self) -> None:
        """Wait until nobody is connected to it."""
        await quiet(self.printer)
        await self.usb.free()
        await self.windows.left()

    async def windows_looked_at(self) -> None:
        """Wait until the gateway looks at the jobs in Windows."""
        self.windows.calls.clear()

        async def looked() -> bool:
            return self.windows.calls.count("EnumJobs") > 1

        await until(looked, "a look at the jobs in Windows")

    def sheets(self) -> list[Sheet]:
        """What came out."""
        paper = self.ledger.paper
        return [
            *read_printer(self.ledger, PRINTER, self.printer),
            *paper.read_folder(PRINTER, self.folder),
            *paper.read(PRINTER, self.usb.printed),
            *paper.read(PRINTER, [*self.queue.paper, *self.queue.scraps]),
        ]

    def complaints(self, books: Books) -> list[str]:
        """What the checker says."""
        return complaints(self.ledger, books, self.sheets())


@asynccontextmanager
async def scene(
    folder: Path,
    kind: str = "socket",
    *,
    mood: Mood | None = None,
    dirty_clean_s: int = 0,
    page_start_within_s: float = 120,
) -> AsyncIterator[Scene]:
    """Set the stage; the gateway is not started yet."""
    paper, machine = folder / "paper", folder / "machine"
    place, windows = folder / "windows", FakeSpooler(FakeQueue("queue"))
    async with SocketPrinter(mood or Ready()) as printer, UsbPrinter(machine) as usb:
        if kind != "cups":
            uris = {"socket": printer.uri, "file": f"file:{paper}", "usb": usb.plate.uri, "winspool": "winspool:queue"}
            async with gateway(folder, {PRINTER: uris[kind]}, page_start_within_s) as one:
                one.manner = {"usb": ("--usb", str(machine)), "winspool": ("--windows", str(place))}.get(kind, ())
                with serving(windows, place):
                    yield Scene(gateway=one, printer=printer, folder=paper, usb=usb, windows=windows)
            return
        queues = {"queue": f"socket://127.0.0.1:{printer.port}/?contimeout=1"}
        async with (
            private_cupsd(folder, queues, dirty_clean_s=dirty_clean_s) as cups,
            gateway(folder, {PRINTER: cups.uri("queue")}) as one,
        ):
            yield Scene(gateway=one, printer=printer, folder=paper, usb=usb, windows=windows, cups=cups)


def read_printer(ledger: Ledger, name: str, printer: SocketPrinter) -> list[Sheet]:
    """Read a network printer's paper: also what broke off may have come out."""
    return ledger.paper.read(name, [*printer.paper, *printer.partial])


async def quiet(printer: SocketPrinter) -> None:
    """Wait until nobody is connected to it: then its paper is complete."""

    async def is_quiet() -> bool:
        return not printer._guests

    await until(is_quiet, f"the last connection to {printer.uri}")
