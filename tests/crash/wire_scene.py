"""One printer on a serial port or behind an LPD server, one gateway on it: the stage of the kills on those wires."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.crash.books import Books
from tests.crash.checker import complaints
from tests.crash.gateway import gateway
from tests.crash.paper import Sheet
from tests.crash.scene import PRINTER, Stage
from tests.peers.lpdserver import LpdServer, Mood
from tests.peers.serialport import SerialPrinter

WIRES = ("serial", "lpd")


@dataclass(kw_only=True)
class WireScene(Stage):
    """The gateway's printer is at one of the two, which outlive every gateway; nobody asks the other."""

    kind: str
    port: SerialPrinter
    server: LpdServer

    async def quiet(self) -> None:
        """Wait until nobody has the port, and nobody is connected to the server."""
        await self.port.hung_up()
        await self.server.alone()

    def sheets(self) -> list[Sheet]:
        """What came out: on the serial port also what broke off; the server prints only what it has whole."""
        paper = self.ledger.paper
        on_the_port = paper.read(PRINTER, [*self.port.papers, *self.port.partial])
        return on_the_port + paper.read(PRINTER, self.server.papers)

    def complaints(self, books: Books) -> list[str]:
        """What the checker says."""
        return complaints(self.ledger, books, self.sheets())

    async def goes_away(self) -> None:
        """Have the printer be away."""
        await (self.port.unplug() if self.kind == "serial" else self.server.leave())

    async def comes_back(self) -> None:
        """Have it be there again, and well."""
        self.server.mood, self.port.holds_at = Mood(), None
        self.port.release()
        await (self.port.plug() if self.kind == "serial" else self.server.come_back())

    def holds_at(self, size_bytes: int) -> None:
        """Have it read no more than so much of a document, or a little more."""
        self.port.holds_at, self.server.mood = size_bytes, Mood(holds_at=size_bytes)

    async def breaks_off(self, size_bytes: int) -> None:
        """Have it go away once it has so much."""
        if self.kind == "serial":
            await self.port.has(size_bytes)
            await self.port.unplug()
        else:
            await self.server.had(size_bytes)
            await self.server.leave()


@asynccontextmanager
async def wire_scene(folder: Path, kind: str) -> AsyncIterator[WireScene]:
    """Set the stage; the gateway is not started yet."""
    async with SerialPrinter(folder / "port") as port, LpdServer() as server:
        uri = port.uri if kind == "serial" else server.uri
        async with gateway(folder, {PRINTER: uri}) as one:
            yield WireScene(gateway=one, kind=kind, port=port, server=server)
