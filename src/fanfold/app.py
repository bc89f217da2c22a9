"""The composition root: settings in, a running gateway out. The only place that sees all the rooms."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from fanfold import registry
from fanfold.config import Settings, read_token
from fanfold.engine.engine import Engine
from fanfold.engine.relay import Relay
from fanfold.errors import FanfoldError
from fanfold.languages.samples import test_page
from fanfold.logbook import Logbook
from fanfold.server.access import Access
from fanfold.server.base import AppDoor, Doors
from fanfold.server.http import Server
from fanfold.server.postman import Postman
from fanfold.server.tls import spare_memory
from fanfold.store.sqlite import SqliteStore
from fanfold.transports.base import Receives, Transport
from fanfold.wire import Document

log = logging.getLogger("fanfold")

Stop = Callable[[], None]
"""Ends a gateway as SIGTERM does; from any thread, and more than once."""

SWEEP_GENERATIONS = (50_000, 20, 50)
"""At thousands of jobs a second the collector's own defaults take 5 % of the time and find next to nothing."""


OPEN_FILES = 65_536
"""Each client is one. Systems allow 1024 or even 256 by default, and let a program ask for more."""

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

HAND_OVER_S = 0.0005
"""How long the loop may keep Python's lock while the store's writer wants it: at the default, 5 ms, commits wait."""


class Gateway:
    """A whole gateway, running while its context is open. Entering raises CannotStart, in words."""

    def __init__(self, settings: Settings, read_settings: Callable[[], Settings] | None = None) -> None:
        self._settings = settings
        self._read_settings = read_settings or (lambda: settings)
        self._stack = AsyncExitStack()
        self._server: Server | None = None
        self.engine: Engine

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it answers."""
        return self._server.urls if self._server else ()

    async def __aenter__(self) -> Self:
        """Open the store, settle what an earlier run left, begin to print, then open the doors."""
        async with AsyncExitStack() as stack:
            await self._build(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Refuse new work, drain, hold the rest, close. Bounded by `drain_s` and a few seconds."""
        await self._stack.aclose()

    async def _build(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        logbook = Logbook()
        log.addHandler(logbook)
        stack.callback(log.removeHandler, logbook)
        store = await SqliteStore.open(settings.data)
        stack.push_async_callback(store.close)
        transports = registry.transports(settings)
        for transport in set(transports.values()):
            stack.push_async_callback(transport.close)
        scouts = registry.scouts(settings, transports)
        for scout in scouts:
            stack.push_async_callback(scout.close)
        postman = Postman()
        stack.push_async_callback(postman.close)
        access = Access(self._allows_origin)
        self.engine = Engine(
            store,
            transports,
            registry.LANGUAGES,
            logbook=logbook,
            test_page=_test_page,
            read_settings=self._read_settings,
            scouts=scouts,
            relay=Relay(store, store, postman, lambda webhook: registry.WEBHOOK_FORMATS[webhook.format](webhook)),
            on_settings=lambda taken: self._take(access, taken),
        )
        stack.push_async_callback(self.engine.stop)
        await self.engine.start(settings)
        self._server = Server(
            self.engine,
            self._doors(transports.values()),
            settings.listeners,
            access,
            message_bytes=settings.limits.message_bytes,
            line_message_bytes=settings.weblink.message_bytes,
        )
        await self._server.__aenter__()
        stack.push_async_callback(self._close_doors)

    def _take(self, access: Access, taken: Settings) -> Sequence[str]:
        """Take other settings; what may refuse comes first, so that then nothing was taken. Returns what was read."""
        token = _token(taken)
        notes = self._server.renew(taken.listeners) if self._server else ()
        access.renew(taken.access.hosts, token, taken.access.users)
        if self._server:
            asyncio.get_running_loop().call_soon(self._server.judge_anew)  # when the engine has taken the origins too
        return notes

    def _doors(self, transports: Iterable[Transport]) -> Doors:
        dialects = registry.DIALECTS
        doors = [transport.door for transport in transports if isinstance(transport, Receives)]
        return Doors(
            registry.NATIVE_HTTP(),
            registry.NATIVE_ROUTES,
            lambda: dialects["native"](self._now, ""),
            lambda path: dialects["printerwebsocket"](self._now, path),
            printers={door.name: door for door in doors},
            apps={
                name: AppDoor(make(self._now), registry.HTTP_ROUTES[name])
                for name, make in registry.HTTP_DIALECTS.items()
            },
        )

    def _allows_origin(self, origin: str) -> bool:
        return self.engine.allows_origin(origin)

    def _now(self) -> Settings:
        return self.engine.settings

    async def _close_doors(self) -> None:
        """Say that nothing new is taken, let what is being sent end, and only then close the conversations."""
        await self.engine.stop()
        if self._server is not None:
            await self._server.close()


def run(
    settings: Settings, read_settings: Callable[[], Settings], on_ready: Callable[[Stop], object] = lambda stop: None
) -> int:
    """Run a gateway until it is told to stop (SIGTERM, SIGINT, Ctrl-C); return 0. Raises CannotStart.

    `on_ready` is called once it answers, with what stops it too. Signals are for the main thread: where it runs in
    another one, that is the only way.
    """
    logging.basicConfig(stream=sys.stderr, level=settings.log_level.upper(), format=LOG_FORMAT)
    if sys.platform != "win32" and _is_main_thread():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until it means a reload: by default it would end us
    gc.set_threshold(*SWEEP_GENERATIONS)
    sys.setswitchinterval(HAND_OVER_S)
    spare_memory()
    allow_files(OPEN_FILES)
    with asyncio.Runner(loop_factory=_fast_loop()) as runner, suppress(KeyboardInterrupt):
        runner.run(_serve(settings, read_settings, on_ready))
    return 0


async def _serve(settings: Settings, read_settings: Callable[[], Settings], on_ready: Callable[[Stop], object]) -> None:
    stop = asyncio.Event()
    async with Gateway(settings, read_settings) as gateway:
        if _is_main_thread():
            _listen_to_signals(gateway, stop)
        for url in gateway.urls:
            log.info("Fanfold answers at %s", url)
        on_ready(_stop_of(asyncio.get_running_loop(), stop))
        gc.collect()
        gc.freeze()
        with suppress(asyncio.CancelledError):  # Ctrl-C where signals cannot be listened to
            await stop.wait()
        log.info("stopping: no new work; what is being sent has %g s", gateway.engine.settings.drain_s)


def _stop_of(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> Stop:
    def end() -> None:
        with suppress(RuntimeError):  # the loop is closed: it has ended by itself
            loop.call_soon_threadsafe(stop.set)

    return end


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _listen_to_signals(gateway: Gateway, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows: Ctrl-C comes as KeyboardInterrupt
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        reloads: set[asyncio.Task[None]] = set()
        loop.add_signal_handler(signal.SIGHUP, lambda: _keep(reloads, asyncio.ensure_future(_reload(gateway))))


def allow_files(most: int) -> None:
    """Ask the system for as many open files as this program may have, up to that many."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # macOS says infinity and means less: then it stays as it was
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _keep(tasks: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def _reload(gateway: Gateway) -> None:
    try:
        await gateway.engine.reload()
    except FanfoldError as error:
        log.error("%s", error.says)  # noqa: TRY400  the words say it; a trace would hide them


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _token(settings: Settings) -> str | None:
    return read_token(settings.access.token_file) if settings.access.token_file else None


def _test_page(language: str, name: str) -> Document:
    return Document.of(*test_page(language, name, datetime.now(UTC)))
