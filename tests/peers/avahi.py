"""A real avahi on the loopback interface alone, on a bus of its own: it announces services, and tells what it sees."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.bus import private_bus
from tests.peers.processes import end, need, run, until

_CONFIG = """\
[server]
host-name={host}
use-ipv4=yes
use-ipv6=no
allow-interfaces=lo
ratelimit-interval-usec=1000000
ratelimit-burst=10000
[publish]
publish-hinfo=no
publish-workstation=no
[wide-area]
enable-wide-area=no
"""


@dataclass
class Avahi:
    """A running avahi."""

    host: str
    env: dict[str, str]
    log: Path
    _publishers: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def publish(self, name: str, type_: str, port: int, *texts: str) -> None:
        """Announce a service until it is withdrawn; returns when its announcement stands."""
        process = await asyncio.create_subprocess_exec(
            "avahi-publish", "-s", name, type_, str(port), *texts,
            env={**os.environ, **self.env}, start_new_session=True, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._publishers[name] = process
        assert process.stderr is not None
        said = await process.stderr.readline()
        assert said.startswith(b"Established"), said

    async def withdraw(self, name: str) -> None:
        """Say goodbye for a service."""
        await end(self._publishers.pop(name), kindly=True)

    async def browse(self, type_: str) -> str:
        """Return what avahi sees now, resolved, a line each."""
        return await run("avahi-browse", "-rpt", type_, env=self.env)

    async def close(self) -> None:
        for name in list(self._publishers):
            await self.withdraw(name)


@asynccontextmanager
async def private_avahi(folder: Path, host: str) -> AsyncIterator[Avahi]:
    """Run avahi-daemon; nothing that it sends leaves the machine."""
    need("avahi-daemon", "avahi-publish", "avahi-browse")
    config = folder / "avahi.conf"
    config.write_text(_CONFIG.format(host=host))
    async with private_bus(folder) as env:
        with (folder / "avahi.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                "/usr/sbin/avahi-daemon", "-f", str(config), "--no-drop-root", "--no-chroot", "--no-rlimits",
                env={**os.environ, **env}, start_new_session=True, stdout=log, stderr=log,
            )  # fmt: skip
        avahi = Avahi(host, env, folder / "avahi.log")

        async def up() -> bool:
            if process.returncode is not None:
                raise RuntimeError(f"avahi-daemon ended with {process.returncode}: {avahi.log.read_text()[-500:]}")
            return "Server startup complete" in avahi.log.read_text()

        try:
            await until(up, "avahi")
            yield avahi
        finally:
            await avahi.close()
            await end(process, kindly=True)
