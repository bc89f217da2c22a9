"""The server: listeners, routes and their guard, from start to goodbye. Knows dialects by their seams only."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from fanfold.config import Proof
from fanfold.errors import CannotStart
from fanfold.server import headers
from fanfold.server.access import Access
from fanfold.server.assets import Assets
from fanfold.server.base import GOODBYE_S, AppDoor, Doors, Engine, Listener
from fanfold.server.base import Route as Row
from fanfold.server.errands import Errands
from fanfold.server.exchange import Exchange
from fanfold.server.guard import Guard, Route
from fanfold.server.keys import AUTHORITIES, CERTIFICATE, Keys
from fanfold.server.listen import Ear, open_ears, shown
from fanfold.server.metrics import MEDIA_TYPE, Metrics
from fanfold.server.peer import Peers
from fanfold.server.printers import Printers
from fanfold.server.refusals import Refusals
from fanfold.server.site import CAN_RENEW, Site
from fanfold.server.upgrade import Upgrades

log = logging.getLogger("fanfold.http")

KEEP_ALIVE_S = 75.0
"""How long a connection may be idle between requests, or before its first is whole."""
LINGER_S = 5.0
"""How long the rest of a refused body is read and thrown away, so that its sender gets to read why."""
UPLOAD_THREADS = 4
LINE_MESSAGE_BYTES = 8 * 1024**2
"""The largest message that a printer may send, unless told otherwise."""


class Server:
    """Serves the doors at the listeners while its context is open.

    Entering raises CannotStart, in words: a port in use, an address that is not ours, a certificate that cannot be
    used, or a listener that others can reach without a token to ask them for.
    """

    def __init__(
        self,
        engine: Engine,
        doors: Doors,
        listeners: Sequence[Listener],
        access: Access,
        *,
        message_bytes: int,
        line_message_bytes: int = LINE_MESSAGE_BYTES,
        assets: Assets | None = None,
        peers: Peers | None = None,
    ) -> None:
        self._engine = engine
        self._doors = doors
        self._listeners = listeners
        self._access = access
        self._assets = assets or Assets.installed()
        self._errands = Errands(engine)
        self._threads = ThreadPoolExecutor(UPLOAD_THREADS, "fanfold-upload")
        self._message_bytes = message_bytes
        self._exchange = Exchange(doors.native_http, engine, self._errands, self._threads, message_bytes)
        self._upgrades = Upgrades(doors, engine, self._errands, message_bytes)
        self._printers = Printers(doors, engine, self._errands, line_message_bytes)
        self._metrics = Metrics(engine)
        self._refusals = Refusals(time.monotonic)
        self._peers = peers or Peers()
        self._keys = Keys((), self._note_handshake)
        self._ears: list[Ear] = []
        self._sites: list[Site] = []
        self._runner: web.AppRunner | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """What it listens at, in the order of the settings."""
        return tuple(ear.url for ear in self._ears)

    async def __aenter__(self) -> Self:
        """Listen at all listeners, or at none."""
        self._keys = Keys(self._listeners, self._note_handshake)
        self._ears = open_ears(self._listeners)
        try:
            self._refuse_unguarded()
            self._warn_of_unproven()
            await self._start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    def renew(self, listeners: Collection[Listener]) -> list[str]:
        """Read the files of its listeners again that still are among these; say what has changed in them.

        Who is there stays; who comes from now on is met with what was read. Raises CannotStart: then nothing is new.
        """
        changed = self._keys.renew(listeners)
        for site in self._sites:
            tls = self._keys.of(site.ear.listener).tls
            if tls is not None and CAN_RENEW and _is_of_tls(changed.get(site.ear.listener, ())):
                self._errands.start(site.renew(tls))
        return [_note(listener, what) for listener, what in changed.items()]

    def judge_anew(self) -> None:
        """End the connections of those whom access would not let in any more, or would trust less."""
        self._upgrades.judge_anew(self._access)

    async def close(self) -> None:
        """Take no more connections, say goodbye to those that are there, in a bounded time. Idempotent."""
        for site in self._sites:
            await site.stop()
        self._sites = []
        for ear in self._ears:
            ear.bound.close()
        self._upgrades.end_all("The gateway is stopping.")
        self._printers.end_all("The gateway is stopping.")
        self._errands.end_waits()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._errands.finish(GOODBYE_S)
        self._threads.shutdown(wait=False)
        self._peers.close()

    def application(self) -> web.Application:
        """Return all routes behind their guard."""
        guard = Guard(
            self._access, self._ears, self._keys, self._printers, self._app_routes(), self._refusals, self._peers
        )
        app = web.Application(middlewares=[guard.stand])
        app.on_response_prepare.append(headers.dress)
        for row in self._doors.routes:
            if row.path != "/v1/ws":
                self._add(app, row)
        app.router.add_get("/v1/ws", self._native_socket, allow_head=False)
        app.router.add_get("/metrics", self._numbers)
        app.router.add_get("/{path:(?!v1/).*}", self._page_or_legacy)
        return app

    def _add(self, app: web.Application, row: Row) -> None:
        async def serve(request: web.Request) -> web.StreamResponse:
            admission = request[headers.ADMISSION]
            return await self._exchange.serve(request, admission, takes_raw_body=row.takes_raw_body)

        for method in (row.method, "HEAD") if row.method == "GET" else (row.method,):
            app.router.add_route(method, row.path, serve, expect_handler=_not_yet)

    def _app_routes(self) -> dict[str, dict[str, Route]]:
        """Return what the guard takes straight to an app's dialect, by door and path: elsewhere the paths are free."""
        return {name: self._routes_of(name, door) for name, door in self._doors.apps.items()}

    def _routes_of(self, name: str, door: AppDoor) -> dict[str, Route]:
        exchange = Exchange(door.dialect, self._engine, self._errands, self._threads, self._message_bytes, name)

        async def serve(request: web.Request) -> web.StreamResponse:
            return await exchange.serve(request, request[headers.ADMISSION], takes_raw_body=False)

        return {row.path: serve for row in door.routes}

    async def _native_socket(self, request: web.Request) -> web.StreamResponse:
        return await self._upgrades.native(request, request[headers.ADMISSION])

    async def _page_or_legacy(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").strip().lower() == "websocket":
            return await self._upgrades.legacy(request, request[headers.ADMISSION])
        asset = await asyncio.to_thread(self._assets.read, request.path)
        if asset is None:
            raise web.HTTPNotFound
        known = {"ETag": asset.etag, "Cache-Control": "no-cache", "Content-Security-Policy": headers.PAGE_POLICY}
        if request.path.startswith("/js/"):
            known["Cross-Origin-Resource-Policy"] = "cross-origin"  # web apps load the script from here
        if asset.etag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=known)
        return web.Response(body=asset.body, headers={**known, "Content-Type": asset.media_type})

    async def _numbers(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=await self._metrics.scrape(), headers={"Content-Type": MEDIA_TYPE})

    def _refuse_unguarded(self) -> None:
        for ear in self._ears:
            is_guarded = ear.listener.allow or self._printers.has_all(ear.listener.doors)
            if ear.wide and not is_guarded and not self._access.has_token:
                raise CannotStart(
                    f"Others than this machine could reach {ear.url}, so it needs a token that callers must send. "
                    "Write one to a file and name it as `token_file` under `[access]`, or listen at 127.0.0.1."
                )

    def _note_handshake(self, listener: Listener, why: str) -> None:
        self._refusals.note_handshake(shown(listener), why)

    def _warn_of_unproven(self) -> None:
        for ear in self._ears:
            if Proof.NONE in ear.listener.proof:
                log.warning(
                    'The listener %s has `proof = ["none"]`: whoever reaches it can say to be any printer.', ear.url
                )

    async def _start(self) -> None:
        self._runner = web.AppRunner(
            self.application(),
            access_log=None,
            logger=_framework_log(),
            handler_cancellation=True,
            auto_decompress=False,
            keepalive_timeout=KEEP_ALIVE_S,
            lingering_time=LINGER_S,
            shutdown_timeout=GOODBYE_S,
        )
        await self._runner.setup()
        for ear in self._ears:
            site = Site(self._runner, ear, self._keys.of(ear.listener).tls)
            await site.start()
            self._sites.append(site)
        self._watch = asyncio.get_running_loop().create_task(self._upgrades.watch())


def _is_of_tls(what: Collection[str]) -> bool:
    return CERTIFICATE in what or AUTHORITIES in what


def _note(listener: Listener, what: Sequence[str]) -> str:
    said = "read again" if CAN_RENEW or not _is_of_tls(what) else "changed, but only a restart brings it"
    return f"listener {shown(listener)}: {' and '.join(what)} {said}"


async def _not_yet(request: web.Request) -> None:
    """Let a caller wait for our word (`Expect: 100-continue`) until its body is wanted: it may be too large."""


def _framework_log() -> logging.Logger:
    logger = logging.getLogger("fanfold.http.framework")
    if not any(isinstance(one, _Plain) for one in logger.filters):
        logger.addFilter(_Plain())
    return logger


class _Plain(logging.Filter):
    """Turns the framework's tracebacks into one line: what is not HTTP may be a print job that lost its way."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.msg, record.args = "Refused (400): what came was not HTTP (%s).", (type(error).__name__,)
            record.exc_info = None
        return True
