"""CUPS's own LPD server on a port of loopback, in front of a private cupsd: socat starts one for each connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from tests.peers.cupsd import Cupsd
from tests.peers.processes import end, free_port, need, until

CUPS_LPD = Path("/usr/lib/cups/daemon/cups-lpd")


@asynccontextmanager
async def cups_lpd(cups: Cupsd) -> AsyncIterator[int]:
    """Yield the port. Its jobs go to CUPS as raw bytes.

    It has the connection itself (`nofork`): relayed by socat, its last byte may be lost when it ends right behind it.
    """
    need("socat", str(CUPS_LPD))
    port = free_port()
    serve = f"{CUPS_LPD} -n -o document-format=application/vnd.cups-raw"
    process = await asyncio.create_subprocess_exec(
        "socat", f"TCP-LISTEN:{port},fork,reuseaddr,bind=127.0.0.1", f"EXEC:{serve},nofork",
        start_new_session=True, env={"CUPS_SERVER": cups.server, "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await until(partial(_listens, port), f"cups-lpd on port {port}")
        yield port
    finally:
        await end(process, kindly=True)


async def _listens(port: int) -> bool:
    """Look without knocking: a connection would be a job to it."""
    return f":{port:04X} 00000000:0000 0A" in await asyncio.to_thread(Path("/proc/net/tcp").read_text)
