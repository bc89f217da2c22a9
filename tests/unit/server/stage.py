"""A server on loopback with an engine and dialects that do as a test tells them. Knows no real protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

from fanfold.dialects.base import Close, Do, Effect, Frame, Listen, Send, Tag
from fanfold.door import Heard, Hung, Line, Pong, Said, Visit
from fanfold.engine.clients import Clients
from fanfold.messages import (
    Caller,
    Command,
    Done,
    Event,
    Follow,
    ListPrinters,
    Printers,
    Refusal,
    Reload,
    Reply,
    ShowJob,
    Submit,
)
from fanfold.model import Evidence, JobId, JobState
from fanfold.server.access import Access
from fanfold.server.assets import Assets
from fanfold.server.base import API, LEGACY, METRICS, PAGE, AppDoor, Doors
from fanfold.server.http import Server
from fanfold.wire import Document, Request, Response

DOORS = (PAGE, API, METRICS, LEGACY)
WEBLINK, APP = "weblink", "zebra_ws_print"
SHOP = "https://shop.example"
TOKEN = "a-token-that-is-long-enough"


class FakeEngine:
    """Does what `answers` says; remembers who asked for what."""

    def __init__(self, folder: Path) -> None:
        self.clients = Clients()
        self.incoming = folder
        self.document_limit_bytes = 4 * 1024**2
        self.closing = False
        self.entered: dict[JobState, int] = dict.fromkeys(JobState, 0)
        self.allowed = {SHOP}
        self.done: list[tuple[Command, Caller]] = []
        self.gate = asyncio.Event()
        """Follows wait for it."""
        self.news: asyncio.Queue[Event | None] = asyncio.Queue()
        self.asked_after: list[int | None] = []
        self.answer: Callable[[Command], Reply] = lambda command: Done()

    async def do(self, command: Command, caller: Caller) -> Reply:
        self.done.append((command, caller))
        if isinstance(command, Follow):
            await self.gate.wait()
        if isinstance(command, ListPrinters):
            return Printers(())
        return self.answer(command)

    async def events(self, after: int | None) -> AsyncIterator[Event]:
        self.asked_after.append(after)
        while (event := await self.news.get()) is not None:
            yield event

    def allows_origin(self, origin: str) -> bool:
        return origin in self.allowed


class ToyDialect:
    """Speaks in single words: `do X`, `wait X`, `say N`, `listen`, `close`, `break`, `reload`; else it echoes."""

    def __init__(self, path: str = "") -> None:
        self.path = path

    def opened(self) -> Iterable[Effect]:
        return (Send(f"opened {self.path}"),) if "hello" in self.path else ()

    def receive(self, frame: Frame, now: datetime) -> Iterable[Effect]:
        assert now.tzinfo is not None
        if isinstance(frame, bytes):
            yield Send(frame)
            return
        word, _, rest = frame.partition(" ")
        match word:
            case "do":
                yield Do(ShowJob(JobId(rest)), rest)
            case "wait":
                yield Do(Follow(JobId(rest), Evidence.SENT), rest)
            case "reload":
                yield Do(Reload(), "reload")
            case "say":
                yield Send("x" * int(rest))
            case "listen":
                yield Listen(int(rest) if rest else None)
                yield Send("listening")
            case "close":
                yield Send("last")
                yield Close(4000, "as you wish")
            case "break":
                raise ValueError(rest)
            case "break-later":
                yield Do(ShowJob(JobId("break")), "break")
            case _:
                yield Send(frame)

    def answer(self, tag: Tag, reply: Reply) -> Iterable[Effect]:
        if tag == "break":
            raise ValueError(tag)
        said = reply.code if isinstance(reply, Refusal) else type(reply).__name__
        return (Send(f"{tag}: {said}"),)

    def notify(self, event: Event) -> Iterable[Effect]:
        return (Send(f"event {event.id}"),)


@dataclass(frozen=True)
class ToyRoute:
    method: str
    path: str
    name: str
    takes_raw_body: bool = False


ROUTES = (
    ToyRoute("GET", "/v1/things", "things"),
    ToyRoute("POST", "/v1/things", "add", takes_raw_body=True),
    ToyRoute("GET", "/v1/things/{thing}", "thing"),
    ToyRoute("DELETE", "/v1/things/{thing}", "remove"),
    ToyRoute("GET", "/v1/document", "document"),
    ToyRoute("POST", "/v1/reload", "reload"),
    ToyRoute("POST", "/v1/wait", "wait"),
    ToyRoute("POST", "/v1/break", "break"),
)

APP_ROUTES = (ToyRoute("GET", "/list", "list"), ToyRoute("POST", "/print", "print"))


@dataclass
class ToyHttp:
    """Remembers requests; a POST is a Submit whose reply comes back by its name."""

    requests: list[Request] = field(default_factory=list)
    document: Document = field(default_factory=lambda: Document.of(b"paper"))

    def ask(self, request: Request, now: datetime) -> Do | Response:
        self.requests.append(request)
        match request.path:
            case "/v1/break":
                raise ValueError("secret words of a document")
            case "/v1/reload":
                return Do(Reload(), None)
            case "/v1/wait":
                return Do(Follow(JobId("j"), Evidence.SENT), None)
            case "/v1/document":
                return Response(200, media_type="text/html", document=self.document)
            case _ if request.method == "POST":
                document = request.document or Document.of(request.body)
                return Do(Submit("p", document), None)
            case _:
                return Response(200, b'{"path": "%s"}' % request.path.encode())

    def tell(self, tag: Tag, reply: Reply) -> Do | Response:
        if isinstance(reply, Refusal):
            return Response(reply.status, reply.code.encode())
        return Response(201, type(reply).__name__.encode(), headers={"Location": "/v1/jobs/1"})


@dataclass
class ToyDoor:
    """Remembers who came, and what was heard; answers `say N` with N bytes, and else gives back what it hears."""

    name: str = WEBLINK
    subprotocol: str = "v1.weblink.zebra.com"
    answer_headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Length": "0"})
    visits: list[Visit] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    over: int = 0
    """How many lines it saw the end of."""
    trusts: bool = True
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set nothing is read."""

    def __post_init__(self) -> None:
        self.gate.set()

    async def serve(self, visit: Visit, line: Line) -> None:
        self.visits.append(visit)
        self.lines.append(line)
        if self.trusts:
            line.trust()
        try:
            await self._converse(line)
        finally:
            self.over += 1

    async def _converse(self, line: Line) -> None:
        while True:
            await self.gate.wait()
            heard = await line.receive()
            self.heard.append(heard)
            match heard:
                case Hung():
                    return
                case Said(data) if data.startswith(b"say "):
                    await line.send(b"x" * int(data[4:]))
                case Said(data) if data.startswith(b"x" * 1024):
                    pass
                case Said(b"break"):
                    raise ValueError("secret words of a document")
                case Said(data) if data.startswith(b"close "):
                    await line.close(int(data[6:]), "as you wish")
                case Said(data):
                    await line.send(data)
                case Pong():
                    pass


@dataclass(frozen=True)
class At:
    """A listener."""

    address: str = "127.0.0.1"
    port: int = 0
    tls_cert: Path | None = None
    tls_key: Path | None = None
    doors: tuple[str, ...] = DOORS
    optional: bool = False
    allow: tuple[str, ...] = ()
    proof: tuple[str, ...] = ()
    secret_file: Path | None = None
    users_file: Path | None = None
    tls_client_ca: Path | None = None


@dataclass
class Stage:
    engine: FakeEngine
    http: ToyHttp
    access: Access
    server: Server
    client: ClientSession
    door: ToyDoor
    pages: list[ClientWebSocketResponse] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.urls[0].replace("0.0.0.0", "127.0.0.1")

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def connect(
        self, path: str = "/", protocols: tuple[str, ...] = (), *, compress: int = 0, **headers: str
    ) -> ClientWebSocketResponse:
        """Open a WebSocket, which is closed with the stage."""
        page = await self.client.ws_connect(
            self.url + path, protocols=protocols, headers=headers, max_msg_size=0, compress=compress
        )
        self.pages.append(page)
        return page

    async def dial(self, path: str = "/", **given: Any) -> ClientWebSocketResponse:
        """Dial in as a printer does; closed with the stage."""
        line: ClientWebSocketResponse = await self.client.ws_connect(
            self.url + path, protocols=(self.door.subprotocol,), autoping=False, max_msg_size=0, **given
        )
        self.pages.append(line)
        return line

    async def raw(self, sent: bytes) -> bytes:
        """Send bytes and return all that comes until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        answer = await reader.read()
        writer.close()
        return answer


async def until(true: Callable[[], object]) -> None:
    """Wait for what has no event of its own to tell it; the test's time limit ends it."""
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(0.005)


def files(folder: Path) -> Assets:
    """Return a small page and script."""
    for name, text in {
        "web/index.html": "<!doctype html><title>Fanfold</title>",
        "web/app.js": "export {};",
        "web/tests/secret.js": "no",
        "js/printerwebsocket.js": "var PrinterWebSocket;",
        "js/notes.txt": "no",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Assets(folder / "js", folder / "web")


@asynccontextmanager
async def serving(
    folder: Path,
    *listeners: At,
    message_bytes: int = 1024**2,
    token: str | None = None,
    hosts: tuple[str, ...] = (),
) -> AsyncIterator[Stage]:
    """Serve the toys while the context is open."""
    incoming = folder / "incoming"
    incoming.mkdir()
    engine, http = FakeEngine(incoming), ToyHttp()
    access = Access(engine.allows_origin, hosts, token)
    door = ToyDoor()
    doors = Doors(
        http,
        ROUTES,
        lambda: ToyDialect("native"),
        ToyDialect,
        printers={door.name: door},
        apps={APP: AppDoor(http, APP_ROUTES)},
    )
    server = Server(
        engine,
        doors,
        listeners or (At(),),
        access,
        message_bytes=message_bytes,
        line_message_bytes=message_bytes,
        assets=files(folder / "files"),
    )
    async with server, ClientSession() as client:
        stage = Stage(engine, http, access, server, client, door)
        try:
            yield stage
        finally:
            for page in stage.pages:
                await page.close()
