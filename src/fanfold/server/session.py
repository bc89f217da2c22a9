"""One WebSocket connection: frames to its dialect, effects back to the peer. Knows no protocol and no printer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import ParamSpec, assert_never

from aiohttp import WSMsgType, web

from fanfold import clock
from fanfold.dialects.base import Close, Dialect, Do, Effect, Frame, Listen, Opens, Send
from fanfold.messages import Caller, Follow
from fanfold.server.access import Admission
from fanfold.server.base import GOODBYE_S, STALL_S, Engine
from fanfold.server.errands import Errands, where

log = logging.getLogger("fanfold.session")

MAX_UNDER_WAY = 1000
"""Commands of one connection at once; then its frames wait in its own socket."""
MAX_WAITS = 20_000
"""The same for commands that only wait for a job: they are cheap, and a till whose printer is away has many."""
MAX_BACKLOG_BYTES = 16 * 1024**2
"""What may lie ready for a peer that does not read."""
FRAMES_PER_TURN = 32
"""After so many frames others get their turn, however fast this peer sends."""
REASON_BYTES = 123
"""The room that a close frame has for words (RFC 6455 §5.5)."""

P = ParamSpec("P")

POLICY, BROKEN = 1008, 1011
_FRAMES = (WSMsgType.TEXT, WSMsgType.BINARY)


class Session:
    """Runs a dialect over a prepared WebSocket until either side ends it. What breaks here ends this one only."""

    __slots__ = (
        "_admission", "_backlog_bytes", "_caller", "_dialect", "_engine", "_errands", "_goodbye", "_outgoing", "_over",
        "_pump", "_quiet", "_room", "_sending_since_s", "_socket", "_transport", "_under_way", "_waits",
    )  # fmt: skip

    def __init__(
        self,
        dialect: Dialect,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        engine: Engine,
        errands: Errands,
        admission: Admission,
    ) -> None:
        self._dialect = dialect
        self._socket = socket
        self._transport = transport
        self._engine = engine
        self._errands = errands
        self._admission = admission
        self._caller = Caller("", admission.owner)
        self._outgoing: list[
            tuple[bytes, WSMsgType]
        ] = []  # mostly empty; a deque would cost each idle socket 760 bytes
        self._backlog_bytes = 0
        self._sending_since_s: float | None = None
        self._quiet: asyncio.Event | None = None
        self._under_way = 0
        self._waits: set[asyncio.Task[None]] = set()
        self._room: asyncio.Event | None = None
        self._pump: asyncio.Task[None] | None = None
        self._goodbye: asyncio.Task[None] | None = None
        self._over = False

    @property
    def admission(self) -> Admission:
        """Who its peer was when it was let in."""
        return self._admission

    async def run(self, caller: Caller) -> None:
        """Serve the peer until the connection ends. Safe to cancel: commands under way are finished nevertheless."""
        clients = self._engine.clients
        self._caller = clients.arrive(caller, self._admission.origin, self.end)
        try:
            if isinstance(self._dialect, Opens):
                await self._take(self._dialect.opened)
            await self._read()
            if self._goodbye is not None:
                await asyncio.shield(self._goodbye)
        finally:
            clients.leave(self._caller.client)
            self._let_go()

    def end(self, because: str, code: int = POLICY) -> None:
        """End the connection with words for the peer; what is ready for it is sent before. Idempotent."""
        if self._goodbye is None and not self._over:
            self._goodbye = self._errands.start(self._say_goodbye(code, because))

    def drop_if_stalled(self, now_s: float) -> None:
        """Cut the connection when its peer has taken nothing for STALL_S of the loop's time."""
        if self._sending_since_s is not None and now_s - self._sending_since_s > STALL_S:
            self._cut(f"read nothing for {STALL_S:g} s")

    # --- in

    async def _read(self) -> None:
        turn = 0
        while self._goodbye is None:
            message = await self._socket.receive()
            if message.type not in _FRAMES:
                return
            await self._take(self._dialect.receive, message.data, clock.now())
            if self._under_way >= MAX_UNDER_WAY or len(self._waits) >= MAX_WAITS:
                await self._wait_for_room()
            if (turn := turn + 1) % FRAMES_PER_TURN == 0:
                await asyncio.sleep(0)

    async def _take(self, ask: Callable[P, Iterable[Effect]], *given: P.args, **named: P.kwargs) -> None:
        """Do what the dialect says to something; a fault in it ends its own connection, and is told."""
        try:
            self._perform(ask(*given, **named))
        except Exception as error:  # noqa: BLE001  # whatever a dialect's fault is, it is no one else's
            self._broken(error)
        if self._outgoing:
            await self._flush()

    def _perform(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send():
                    self._put(effect.frame)
                case Do():
                    self._start(effect)
                case Listen():
                    self._listen(effect.after)
                case Close():
                    self.end(effect.reason, effect.code)
                case _:
                    assert_never(effect)

    # --- commands

    def _start(self, do: Do) -> None:
        if isinstance(do.command, Follow):
            task = self._errands.start(self._errand(do))
            self._waits.add(task)
            task.add_done_callback(self._wait_is_over)
        else:
            self._under_way += 1
            self._errands.start(self._short_errand(do))

    async def _short_errand(self, do: Do) -> None:
        try:
            await self._errand(do)
        finally:
            self._under_way -= 1
            self._make_room()

    async def _errand(self, do: Do) -> None:
        try:
            reply = await self._errands.do(do.command, self._caller, self._admission)
        except Exception as error:  # noqa: BLE001  # as in _take: the engine never raises but by its own fault
            self._broken(error)
            return
        if not self._over:
            await self._take(self._dialect.answer, do.tag, reply)

    def _wait_is_over(self, task: asyncio.Task[None]) -> None:
        self._waits.discard(task)
        self._make_room()

    async def _wait_for_room(self) -> None:
        while (self._under_way >= MAX_UNDER_WAY or len(self._waits) >= MAX_WAITS) and self._goodbye is None:
            self._room = asyncio.Event()
            await self._room.wait()

    def _make_room(self) -> None:
        if self._room is not None:
            self._room.set()
            self._room = None

    # --- events

    def _listen(self, after: int | None) -> None:
        if self._pump is not None:
            self._pump.cancel()
        self._pump = self._errands.start(self._tell_events(after))

    async def _tell_events(self, after: int | None) -> None:
        try:
            async for event in self._engine.events(after):
                await self._take(self._dialect.notify, event)
        except Exception as error:  # noqa: BLE001  # as in _take
            self._broken(error)

    # --- out

    def _put(self, frame: Frame) -> None:
        """Lay a frame ready, so that frames leave in the order in which the dialect gave them, whoever sends."""
        if self._over:
            return
        # One frame of any size is in order: only what piles up behind another tells of a peer that does not read.
        if self._backlog_bytes > MAX_BACKLOG_BYTES and self._sending_since_s is not None:
            self._cut(f"left {self._backlog_bytes} bytes unread")
            return
        ready = (frame.encode(), WSMsgType.TEXT) if isinstance(frame, str) else (frame, WSMsgType.BINARY)
        self._outgoing.append(ready)
        self._backlog_bytes += len(ready[0])

    async def _flush(self) -> None:
        """Send what lies ready; where another task is at that already, wait until it is through."""
        while self._sending_since_s is not None:
            self._quiet = self._quiet or asyncio.Event()
            await self._quiet.wait()
        now_s = asyncio.get_running_loop().time
        try:
            while self._outgoing:
                data, kind = self._outgoing.pop(0)
                self._backlog_bytes -= len(data)
                self._sending_since_s = now_s()
                await self._socket.send_frame(data, kind)
        except ConnectionError:  # the reader learns of it too, and ends
            self._drop_backlog()
        finally:
            self._sending_since_s = None
            if self._quiet is not None:
                self._quiet.set()
                self._quiet = None

    # --- the end

    async def _say_goodbye(self, code: int, reason: str) -> None:
        self._make_room()
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                while self._outgoing or self._sending_since_s is not None:
                    await self._flush()
                await self._socket.close(code=code, message=_cut_to_fit(reason))
                return
        self._abort()

    def _broken(self, error: Exception) -> None:
        log.error("A connection of %s (%s) broke: %s.", self._caller.owner, self._caller.dialect, where(error))
        self.end("The gateway made a mistake; it is in its log. Connect again.", BROKEN)

    def _cut(self, because: str) -> None:
        log.warning("Cut the connection of %s at %s, which %s.", self._caller.owner, self._caller.address, because)
        self._abort()

    def _abort(self) -> None:
        self._over = True
        self._drop_backlog()
        if self._transport is not None:
            self._transport.abort()

    def _let_go(self) -> None:
        self._over = True
        self._drop_backlog()
        for task in (*self._waits, *([self._pump] if self._pump else [])):
            task.cancel()
        # A closed transport still waits to write what its peer does not read: for ever, if that is how it is.
        if self._transport is not None and self._transport.get_write_buffer_size():
            self._transport.abort()

    def _drop_backlog(self) -> None:
        self._outgoing.clear()
        self._backlog_bytes = 0


def _cut_to_fit(reason: str) -> bytes:
    return reason.encode()[:REASON_BYTES].decode(errors="ignore").encode()
