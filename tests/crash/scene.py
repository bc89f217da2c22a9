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

PRINTER = "printer"
KINDS = ("socket", "file", "cups", "usb")


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

    Where it prints by USB the device is `usb`, which outlives every gateway.
    """

    printer: SocketPrinter
    folder: Path
    cups: Cupsd | None = None
    usb: UsbPrinter

    async def quiet(self) -> None:
        """Wait until nobody is connected to it."""
        await quiet(self.printer)
        await self.usb.free()

    def sheets(self) -> list[Sheet]:
        """What came out."""
        network, files = read_printer(self.ledger, PRINTER, self.printer), self.folder
        return (
            network + self.ledger.paper.read_folder(PRINTER, files) + self.ledger.paper.read(PRINTER, self.usb.printed)
        )

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
    async with SocketPrinter(mood or Ready()) as printer, UsbPrinter(machine) as usb:
        if kind != "cups":
            uri = {"socket": printer.uri, "file": f"file:{paper}", "usb": usb.plate.uri}[kind]
            async with gateway(folder, {PRINTER: uri}, page_start_within_s) as one:
                if kind == "usb":
                    one.manner = ("--usb", str(machine))
                yield Scene(gateway=one, printer=printer, folder=paper, usb=usb)
            return
        queues = {"queue": f"socket://127.0.0.1:{printer.port}/?contimeout=1"}
        async with (
            private_cupsd(folder, queues, dirty_clean_s=dirty_clean_s) as cups,
            gateway(folder, {PRINTER: cups.uri("queue")}) as one,
        ):
            yield Scene(gateway=one, printer=printer, folder=paper, usb=usb, cups=cups)


def read_printer(ledger: Ledger, name: str, printer: SocketPrinter) -> list[Sheet]:
    """Read a network printer's paper: also what broke off may have come out."""
    return ledger.paper.read(name, [*printer.paper, *printer.partial])


async def quiet(printer: SocketPrinter) -> None:
    """Wait until nobody is connected to it: then its paper is complete."""

    async def is_quiet() -> bool:
        return not printer._guests

    await until(is_quiet, f"the last connection to {printer.uri}")
