"""One printer that dials in through a real nginx with TLS, over a wire that can be cut: a stage of directed kills."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from fanfold.simulate.weblink import Account
from tests.crash.books import Books, Kept, read_books
from tests.crash.checker import complaints
from tests.crash.gateway import DEAD_AFTER_S, SECRET, gateway
from tests.crash.paper import Label
from tests.crash.relay import Relay
from tests.crash.scene import PRINTER, Stage
from tests.crash.zebra import Zebra
from tests.peers.nginx import Nginx, private_nginx
from tests.peers.processes import until

SERIAL = "XXZKJ181100170"
SENT = "queued-in-device"
NATIVE = "fanfold.v1"
KNOWN_S = 30
PACE = 400_000
"""Bytes in a second: slow enough to see a printer while it reads."""


@dataclass(kw_only=True)
class WeblinkScene(Stage):
    """The printer is switched on. `wire` is between it and nginx."""

    zebra: Zebra
    nginx: Nginx
    wire: Relay

    async def quiet(self) -> None:
        """Wait until no connection of the printer's is left, and its buffer is empty."""
        await self.zebra.quiet()

    def complaints(self, books: Books) -> list[str]:
        """What the checker says."""
        paper = self.ledger.paper
        sheets, had = self.zebra.sheets(paper, PRINTER), self.zebra.had(paper, PRINTER)
        return complaints(self.ledger, books, sheets, memories={PRINTER: had})

    async def reads_unsaid(self, label: Label, *how: str) -> None:
        """Start the gateway, and let the printer read all of that job, slowly at first, and not say so."""
        await self.gateway.run(*how)
        await self.offer(label)
        await self.zebra.bytes_in(1)
        self.zebra.switch(answers_pings=False, bytes_per_s=None)
        await self.zebra.bytes_in(label.size_bytes)
        await self.until_it_had(label, SENT)

    async def is_cut_off(self, label: Label, *how: str) -> None:
        """Start the gateway, and cut the wire when it has passed some of that job, and the counter before it.

        The rest of the job has left the gateway, and comes when the wire is healed.
        """
        await self.gateway.run(*how)
        await self.zebra.opened("raw")
        raw = self.wire.streams[-1]
        before_bytes = len(raw)
        self.wire.hold_after(label.size_bytes // 3)
        await self.offer(label)

        async def counted() -> bool:
            return len(raw) > before_bytes

        await until(counted, "the answer what the label counter is")
        await self.until_it_had(label, SENT)
        self.wire.cut()

    async def knows(self, label: Label) -> str:
        """Wait until the printer has proved all that it will of the label's job; return what is known then."""
        async with (
            aiohttp.ClientSession(self.gateway.url) as web,
            web.ws_connect("/v1/ws", protocols=(NATIVE,)) as socket,
        ):
            params = {"job": self.ledger.acknowledged[label.name], "until": "printed"}
            await socket.send_json({"id": 1, "call": "jobs.follow", "params": params})
            return str((await socket.receive_json(timeout=KNOWN_S))["result"]["evidence"])

    async def until_it_is(self, label: Label, state: str, evidence: int = 0) -> Kept:
        """Wait until the label's job is in that state, and so much is known of it; return it as it then is."""

        def found() -> list[Kept]:
            jobs = read_books(self.gateway.data).jobs
            return [job for job in jobs if job.sha256 == label.sha256 and job.state == state]

        async def known() -> bool:
            return any(job.evidence >= evidence for job in found())

        await until(known, f"{label.name} being {state} by evidence {evidence}", within_s=30)
        return found()[0]


@asynccontextmanager
async def weblink_scene(
    folder: Path, *, dead_after_s: float = DEAD_AFTER_S, **switches: Any
) -> AsyncIterator[WeblinkScene]:
    """Set the stage, with the printer's switches; the gateway is not started yet."""
    async with (
        gateway(folder, {PRINTER: f"weblink:{SERIAL}"}, dead_after_s=dead_after_s) as one,
        private_nginx(folder, one.door) as nginx,
        Relay(nginx.port) as wire,
    ):
        one.manner = ("--hurry",)
        account = Account(nginx.certificate.trust())
        async with Zebra(f"https://localhost:{wire.port}/weblink/{SECRET}", SERIAL, account, **switches) as zebra:
            yield WeblinkScene(gateway=one, zebra=zebra, nginx=nginx, wire=wire)
