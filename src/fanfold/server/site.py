"""A listening socket in the framework's hands: with TLS that can be renewed while it listens. Knows no route."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from typing import cast

from aiohttp import web

from fanfold.server.base import GOODBYE_S
from fanfold.server.listen import BACKLOG, Ear

log = logging.getLogger("fanfold.http")

HANDSHAKE_S = 30.0
"""How long a visitor's TLS handshake may take. When thousands dial in anew at once, the last of them wait for it."""
CAN_RENEW = os.name == "posix"
"""Windows lets no two copies of a socket listen in one process; there other TLS needs a restart."""


class Site(web.BaseSite):
    """Listens by a copy of the ear's socket, so that it can listen anew before it stops to."""

    def __init__(self, runner: web.AppRunner, ear: Ear, tls: ssl.SSLContext | None) -> None:
        super().__init__(runner, ssl_context=tls, backlog=BACKLOG)
        self._ear = ear
        self._changing = asyncio.Lock()

    @property
    def name(self) -> str:
        """What is listened at."""
        return self._ear.url

    @property
    def ear(self) -> Ear:
        """What it listens by."""
        return self._ear

    async def start(self) -> None:
        """Begin to listen."""
        await super().start()
        self._server = await self._listen(self._ssl_context)

    async def stop(self) -> None:
        """Listen no more."""
        async with self._changing:
            await super().stop()
            self._server = None

    async def renew(self, tls: ssl.SSLContext) -> None:
        """Take other TLS for those who come from now on; who is there stays, and nobody finds the door shut."""
        async with self._changing:
            before = self._server
            if before is None:
                return
            try:
                self._server = await self._listen(tls)
            except OSError as error:
                why = error.strerror or type(error).__name__
                log.error("%s keeps its old TLS: %s. Mend that, then reload again.", self.name, why)  # noqa: TRY400
                return
            await _let_in_who_is_at_the_door(before)
            before.close()

    async def _listen(self, tls: ssl.SSLContext | None) -> asyncio.AbstractServer:
        server = self._runner.server
        assert server is not None  # noqa: S101  # the runner was set up
        copy = self._ear.bound.dup()
        try:
            return await asyncio.get_running_loop().create_server(
                server,
                sock=copy,
                ssl=tls,
                backlog=BACKLOG,  # said again: the loop listens anew, and by itself with a queue of 100
                ssl_handshake_timeout=HANDSHAKE_S if tls else None,
                ssl_shutdown_timeout=GOODBYE_S if tls else None,
            )
        except BaseException:
            copy.close()
            raise


async def _let_in_who_is_at_the_door(server: asyncio.AbstractServer) -> None:
    """Take no more connections; return when those that were taken are begun with: asyncio forgets them in a close."""
    for listening in cast("asyncio.Server", server).sockets:
        asyncio.get_running_loop().remove_reader(listening.fileno())
    for _ in range(2):  # one turn to make the task of a connection, one to run it
        await asyncio.sleep(0)
