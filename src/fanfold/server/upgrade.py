"""WebSockets at the door: which dialect, which subprotocol, and a session until it ends. Knows no protocol's words."""

from __future__ import annotations

import asyncio

from aiohttp import web

from fanfold.dialects.base import Dialect
from fanfold.messages import Caller
from fanfold.server.access import Access, Admission
from fanfold.server.base import BEARER_SUBPROTOCOL, GOODBYE_S, LEGACY, NATIVE_SUBPROTOCOL, Doors, Engine
from fanfold.server.errands import Errands
from fanfold.server.problems import problem
from fanfold.server.session import Session

HEARTBEAT_S = 20.0
"""A dead peer is noticed within one and a half of these."""
SWEEP_S = 5.0
GOING_AWAY = 1001


class Upgrades:
    """All WebSocket connections of the gateway."""

    def __init__(self, doors: Doors, engine: Engine, errands: Errands, message_bytes: int) -> None:
        self._doors = doors
        self._engine = engine
        self._errands = errands
        self._message_bytes = message_bytes
        self._sessions: set[Session] = set()

    async def native(self, request: web.Request, admission: Admission) -> web.StreamResponse:
        """Serve the native dialect; the peer must name its subprotocol: no other protocol gets in by mistake."""
        if NATIVE_SUBPROTOCOL not in _offered(request):
            says = (
                f"A WebSocket to /v1/ws must offer the subprotocol {NATIVE_SUBPROTOCOL}. Others belong on other paths."
            )
            return problem(400, "subprotocol-needed", says)
        return await self._serve(request, admission, self._doors.native_ws(), "native", (NATIVE_SUBPROTOCOL,))

    async def legacy(self, request: web.Request, admission: Admission) -> web.StreamResponse:
        """Serve the dialect for any other path. A browser that offers subprotocols wants one of them back."""
        offered = _offered(request)
        chosen = [name for name in offered if not name.startswith(BEARER_SUBPROTOCOL)] or offered
        dialect = self._doors.legacy_ws(request.rel_url.raw_path_qs)
        return await self._serve(request, admission, dialect, LEGACY, tuple(chosen[:1]))

    async def watch(self) -> None:
        """Cut those who do not read, for ever. One watch for all: a timer a frame would cost more than the frame."""
        while True:
            await asyncio.sleep(SWEEP_S)
            now_s = asyncio.get_running_loop().time()
            for session in list(self._sessions):
                session.drop_if_stalled(now_s)

    def judge_anew(self, access: Access) -> None:
        """Say goodbye to those who would not be let in now."""
        for session in list(self._sessions):
            if not access.still_holds(session.admission):
                session.end("What let this connection in does not hold any more. Connect again.")

    def end_all(self, because: str) -> None:
        """Say goodbye to all."""
        for session in list(self._sessions):
            session.end(because, GOING_AWAY)

    async def _serve(
        self, request: web.Request, admission: Admission, dialect: Dialect, name: str, protocols: tuple[str, ...]
    ) -> web.StreamResponse:
        if self._engine.closing:
            return problem(503, "shutting-down", "The gateway is stopping. Connect again when it is back.")
        socket = web.WebSocketResponse(
            timeout=GOODBYE_S,
            heartbeat=HEARTBEAT_S,
            protocols=protocols,
            compress=False,
            max_msg_size=self._message_bytes,
        )
        await socket.prepare(request)
        session = Session(dialect, socket, request.transport, self._engine, self._errands, admission)
        self._sessions.add(session)
        try:
            caller = Caller(
                "", admission.owner, request.remote or "", name, admission.user, sees_all=admission.is_trusted
            )
            await session.run(caller)
        finally:
            self._sessions.discard(session)
        return socket


def _offered(request: web.Request) -> list[str]:
    values = request.headers.getall("Sec-WebSocket-Protocol", ())
    return [name.strip() for value in values for name in value.split(",") if name.strip()]
