"""A Weblink transport behind the real door on loopback: a reception and reports that remember, and times cut short."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from fanfold.config import Weblink
from fanfold.door import Heard, Hung, Pong, Said, Visit
from fanfold.languages.zpl_tally import LabelTally
from fanfold.model import JobId, Printer, PrinterId, PrinterOptions
from fanfold.reception import ChannelClosed, ChannelOpened, Faults, Known, News
from fanfold.simulate.weblink import Switches, WeblinkPrinter
from fanfold.simulate.weblink.discovery import Discovery
from fanfold.transports.weblink.door import WeblinkDoor, uri_of
from fanfold.transports.weblink.pace import Pace
from fanfold.transports.weblink.transport import WeblinkTransport
from fanfold.wire import Document, Receipt, Work
from tests.contract.transports import Noted, opened

N = TypeVar("N", bound=News)

SERIAL = "50J164800001"
OTHER = "XXZKJ181100170"
PROOF = "none"

HURRY = Pace(
    first_retry_s=0.02, last_retry_s=0.05, quiet_s=0.05, silence_s=0.1, note_after_s=0.01, first_pause_s=0.01,
    apart_s=0.03, status_rest_s=0.1,
)  # fmt: skip
"""Pauses are short; what is waited for may take its time, for the machine may be slow."""
QUICK = Switches(retry_s=0.05, boot_s=0.05, label_s=0.001)


class Bell:
    """Wakes those who wait for something to be so."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    def ring(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def until(self, so: Callable[[], object]) -> None:
        while not so():
            await self._news.wait()


class Book(Bell):
    """A reception that knows what it was given and keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.books: dict[str, Known] = {}
        self.told: list[tuple[str, News]] = []

    def adopt(self, serial: str, identity: str = "") -> None:
        self.books[uri_of(serial)] = Known(PrinterId(serial.lower()), identity)

    def known(self, uri: str) -> Known | None:
        return self.books.get(uri)

    async def bind(self, uri: str, identity: str) -> bool:
        await asyncio.sleep(0)  # a disk takes its time
        known = self.books.get(uri)
        if known is None or known.identity not in ("", identity):
            return False
        self.books[uri] = replace(known, identity=identity)
        return True

    def tell(self, uri: str, news: News) -> None:
        self.told.append((uri, news))
        self.ring()

    def of(self, kind: type[N], serial: str = SERIAL) -> list[N]:
        """Return the news of that kind on a printer."""
        return [news for uri, news in self.told if uri == uri_of(serial) and isinstance(news, kind)]

    async def heard(self, kind: type[N], count: int = 1, serial: str = SERIAL) -> N:
        """Wait for the so-manieth news of that kind."""
        await self.until(lambda: len(self.of(kind, serial)) >= count)
        return self.of(kind, serial)[count - 1]

    def open_now(self, serial: str = SERIAL) -> set[str]:
        """Return the channels that are open by what was told."""
        channels: set[str] = set()
        for uri, news in self.told:
            if uri == uri_of(serial) and isinstance(news, ChannelOpened):
                channels.add(news.channel)
            elif uri == uri_of(serial) and isinstance(news, ChannelClosed):
                channels.discard(news.channel)
        return channels

    def opened(self, channel: str, serial: str = SERIAL) -> int:
        """Return how often that channel opened."""
        return sum(news.channel == channel for news in self.of(ChannelOpened, serial))

    async def ready(self, serial: str = SERIAL) -> None:
        """Wait until a printer's main and raw are open."""
        await self.until(lambda: self.open_now(serial) >= {"main", "raw"})

    def faults(self, serial: str = SERIAL) -> set[str]:
        """Return the reasons that hold by what was told by `Faults`."""
        reasons: set[str] = set()
        for news in self.of(Faults, serial):
            reasons = (reasons - news.clears) | news.sets.keys()
        return reasons


class Ear(Noted):
    """A report that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.news = Bell()

    async def until(self, so: Callable[[], object]) -> None:
        await self.news.until(so)

    def progress(self, sent_bytes: int) -> None:
        super().progress(sent_bytes)
        self.news.ring()

    def stalled(self, reason: str, message: str) -> None:
        super().stalled(reason, message)
        self.news.ring()

    async def sent(self, foreign: str | None = None) -> None:
        await super().sent(foreign)
        self.news.ring()

    async def proved(self, receipt: Receipt) -> None:
        await super().proved(receipt)
        self.news.ring()

    async def disproved(self, says: str) -> None:
        await super().disproved(says)
        self.news.ring()


@dataclass
class Dock:
    """What a test holds."""

    transport: WeblinkTransport
    book: Book
    url: str
    pace: Pace
    options: PrinterOptions = field(default_factory=PrinterOptions)
    _number: int = 0

    def printer(self, serial: str = SERIAL) -> Printer:
        return Printer(PrinterId(serial.lower()), serial, uri_of(serial), options=self.options)

    def zebra(self, serial: str = SERIAL, *, max_connections: int = 10, **switches: object) -> WeblinkPrinter:
        """Return a simulated printer, to be entered."""
        made = Discovery(serial=serial, name=serial)
        return WeblinkPrinter(
            self.url, serial, replace(QUICK, **switches), discovery=made, max_connections=max_connections  # type: ignore[arg-type]
        )  # fmt: skip

    def work(self, data: bytes | Document, *, copies: int = 1, language: str = "zpl") -> Work:
        self._number += 1
        handle = data if isinstance(data, Document) else Document.of(data)
        job = JobId(f"01890000-0000-7000-8000-{self._number:012d}")
        return Work(job, 1, "a label", handle, copies, language)

    async def deliver(
        self,
        data: bytes | Document,
        ear: Ear | None = None,
        *,
        serial: str = SERIAL,
        copies: int = 1,
        language: str = "zpl",
    ) -> tuple[Receipt, Ear]:
        """Print, as a lane does."""
        ear = ear or Ear()
        async with self.transport.open(self.printer(serial)) as link:
            return await link.deliver(self.work(data, copies=copies, language=language), ear), ear

    async def ask(self, question: bytes, *, channel: str = "", within_s: float = 10, serial: str = SERIAL) -> bytes:
        return await self.transport.ask(self.printer(serial), question, channel=channel, within_s=within_s)


class Faultless(logging.Handler):
    """Whatever a printer does, nothing of ours may break."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.faults: list[str] = []
        logging.getLogger("fanfold").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.faults.append(self.format(record))

    def check(self) -> None:
        logging.getLogger("fanfold").removeHandler(self)
        assert not self.faults


@asynccontextmanager
async def dock(
    folder: Path,
    pace: Pace = HURRY,
    *,
    options: PrinterOptions | None = None,
    adopted: tuple[str, ...] = (SERIAL,),
    manners: Weblink | None = None,
) -> AsyncIterator[Dock]:
    """Serve the door on loopback."""
    transport = WeblinkTransport(manners or Weblink(), LabelTally, pace)
    book = Book()
    for serial in adopted:
        book.adopt(serial)
    transport.receive_for(book)
    faults = Faultless()
    async with opened(folder, transport.door) as url:
        try:
            yield Dock(transport, book, url, pace, options or PrinterOptions())
        finally:
            await transport.close()
    faults.check()


def label(text: str = "label", *, quantity: int = 0) -> bytes:
    """Return a format that prints."""
    many = f"^PQ{quantity}" if quantity else ""
    return f"^XA^FO20,20^A0N,40,40^FD{text}^FS{many}^XZ\r\n".encode()


# --- without a socket


class Wire(Bell):
    """A `door.Line` in memory: the test says what the printer says, and sees what it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[bytes] = []
        self.pings: list[bytes] = []
        self.closed: tuple[int, str] | None = None
        self.heard_s = self.sent_s = asyncio.get_running_loop().time()
        self.unsent_bytes = 0
        self.trusted = False
        self.room = asyncio.Event()
        self.room.set()
        self._ended: Hung | None = None
        self._coming: asyncio.Queue[Heard] = asyncio.Queue()

    @property
    def is_open(self) -> bool:
        return self._ended is None

    def say(self, data: bytes, *, is_text: bool = False) -> None:
        self._coming.put_nowait(Said(data, is_text))

    def pong(self, payload: bytes) -> None:
        self._coming.put_nowait(Pong(payload))

    def hang_up(self, code: int = 1006) -> None:
        self._ended = self._ended or Hung(code)
        self._coming.put_nowait(self._ended)

    def trust(self) -> None:
        self.trusted = True

    async def receive(self) -> Heard:
        heard = await self._coming.get()
        self.heard_s = asyncio.get_running_loop().time()
        if isinstance(heard, Hung):
            self._coming.put_nowait(heard)
        return heard

    async def send(self, frame: bytes) -> None:
        self._check()
        self.frames.append(frame)
        self.ring()
        await self.room.wait()
        self._check()

    async def ping(self, payload: bytes) -> None:
        self._check()
        self.pings.append(payload)
        self.ring()

    async def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)
        self._end(Hung(code, reason))

    def abort(self) -> None:
        self._end(Hung(1006, "hung up by us"))

    def _check(self) -> None:
        if self._ended is not None:
            raise ConnectionResetError("The line is over.")

    def _end(self, hung: Hung) -> None:
        if self._ended is None:
            self._ended = hung
            self._coming.put_nowait(hung)
        self.room.set()
        self.ring()


def visit(*identities: str, peer: str = "192.0.2.7") -> Visit:
    """Return a visit that proved these."""
    return Visit("/weblink/***", (("Authorization", "***"), ("Host", "gateway")), peer, identities or (PROOF,))


def main_hello(serial: str = SERIAL, made: Discovery | None = None) -> bytes:
    """Return what a main line begins with."""
    told = replace(made or Discovery(), serial=serial)
    return b'{\r\n  "discovery_b64" : "%s"\r\n}' % told.text().encode()


def channel_hello(serial: str = SERIAL, kind: str = "raw") -> bytes:
    """Return what a channel begins with."""
    return b'{"channel_name":"v1.%s.zebra.com","channel_id":"1","unique_id":"%s"}' % (kind.encode(), serial.encode())


@asynccontextmanager
async def received(door: WeblinkDoor, said: bytes, *identities: str) -> AsyncIterator[Wire]:
    """Serve one visitor in memory, who begins so; yields the line."""
    wire = Wire()
    wire.say(said)
    serving = asyncio.create_task(door.serve(visit(*identities), wire))
    try:
        yield wire
    finally:
        wire.hang_up()
        await serving


@asynccontextmanager
async def both(door: WeblinkDoor) -> AsyncIterator[tuple[Wire, Wire]]:
    """Serve a main line in memory and the raw channel that is asked for on it."""
    async with received(door, main_hello()) as main:
        await main.until(lambda: any(b"open" in frame for frame in main.frames))
        async with received(door, channel_hello()) as raw:
            yield main, raw
