"""The real gateway as a process that can be killed and started again on the same data directory and port."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp

from tests.crash.books import Books, open_jobs, read_books
from tests.peers.processes import held_port, until

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S = 30
"""It takes 0.7 s; ours is not the only process of the machine."""

DEAD_AFTER_S, PINGS = 70, 3.5
"""How long a printer's line may be silent, by default, and how often it is pinged meanwhile."""
SECRET, SIDE_SECRET = "a-secret-of-this-test-only", "another-secret-of-this-test"
CONFIG = """\
drain_s = 0
[[listeners]]
address = "127.0.0.1"
port = {port}
[[listeners]]
address = "127.0.0.1"
port = {door}
doors = ["weblink"]
proof = ["path"]
secret_file = "weblink-secret"
[[listeners]]
address = "127.0.0.1"
port = {side_door}
doors = ["weblink"]
proof = ["path"]
secret_file = "side-secret"
[weblink]
ping_s = {ping_s}
dead_after_s = {dead_after_s}
[discovery]
cups = false
[dialects.printerwebsocket]
start_within_s = {page_start_within_s}
"""
PRINTER = """
[[printers]]
name = "{name}"
uri = "{uri}"
close_wait_s = 2
stall_after_s = 0.3
"""


class Gateway:
    """`start` it, let it be `ready`, `kill` it. `up` is set while it is thought to answer.

    Printers that dial in knock at the port `door`, with SECRET at the end of their path; or, where less trusted ones
    come in, at `side_door` with SIDE_SECRET.
    """

    manner: tuple[str, ...] = ()
    """How it is started every time (`tests/crash/launch.py` says how), beside what is asked for."""
    headers: Mapping[str, str] = MappingProxyType({})
    """What its clients show, so that they are let in."""

    starts_within_s: float = STARTS_WITHIN_S

    def __init__(
        self, folder: Path, printers: Mapping[str, str], page_start_within_s: float, dead_after_s: float
    ) -> None:
        self.data = folder / "data"
        self.log = folder / "gateway.log"
        self.up = asyncio.Event()
        self.starts = 0
        (self._port, self.door, self.side_door), self._holders = zip(*(held_port() for _ in range(3)), strict=True)
        self._config = folder / "fanfold.toml"
        self._process: asyncio.subprocess.Process | None = None
        tables = "".join(PRINTER.format(name=name, uri=uri) for name, uri in printers.items())
        settings = CONFIG.format(
            port=self._port, door=self.door, side_door=self.side_door, page_start_within_s=page_start_within_s,
            ping_s=dead_after_s / PINGS, dead_after_s=dead_after_s,
        )  # fmt: skip
        self._config.write_text(settings + tables)
        (folder / "weblink-secret").write_text(SECRET)
        (folder / "side-secret").write_text(SIDE_SECRET)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self, *how: str) -> None:
        """Start it, by the launcher where it shall not be quite itself (`tests/crash/launch.py` says how)."""
        how = (*self.manner, *how)
        module = ("tests.crash.launch", *how, "--") if how else ("fanfold",)
        serve = ("serve", "--config", self._config, "--data", self.data)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FANFOLD_")}
        self.starts += 1
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *module, *serve, cwd=ROOT, env=environment, stdout=log, stderr=log
            )

    async def ready(self) -> None:
        """Wait until it answers."""
        await until(self._answers, f"the gateway (see {self.log})", within_s=self.starts_within_s)
        self.up.set()

    async def run(self, *how: str) -> None:
        """Start it and wait until it answers."""
        await self.start(*how)
        await self.ready()

    async def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None and self._process.returncode is None:
            self.up.clear()
            self._process.kill()
            await self._process.wait()

    async def leave(self) -> None:
        """SIGKILL, and let others have its ports."""
        await self.kill()
        for holder in self._holders:
            holder.close()

    async def stop(self) -> None:
        """SIGTERM; it must end by itself, and well."""
        assert self._process is not None
        self.up.clear()
        self._process.terminate()
        assert await self._process.wait() == 0, f"it did not end well; see {self.log}"

    async def died(self) -> None:
        """Wait until it has killed itself."""
        assert self._process is not None
        assert await self._process.wait() == -signal.SIGKILL, f"it did not die by its own hand; see {self.log}"
        self.up.clear()

    async def at_rest(self, within_s: float = 30) -> Books:
        """Wait until no job is under way, and return what the store then says."""

        async def rests() -> bool:
            return open_jobs(self.data) == 0

        await until(rests, "the end of all jobs", within_s=within_s)
        return read_books(self.data)

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        """Ask its API, as a person's browser would."""
        web = aiohttp.ClientSession(self.url, headers=self.headers)
        async with web, web.request(method, path, **more) as answer:
            return await answer.json()

    async def _answers(self) -> bool:
        assert self._process is None or self._process.returncode is None, f"it ended by itself; see {self.log}"
        try:
            return bool((await self.ask("GET", "/v1/health"))["ok"])
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def gateway(
    folder: Path, printers: Mapping[str, str], page_start_within_s: float = 120, *, dead_after_s: float = DEAD_AFTER_S
) -> AsyncIterator[Gateway]:
    """A gateway that is not started yet, and is dead afterwards."""
    made = Gateway(folder, printers, page_start_within_s, dead_after_s)
    try:
        yield made
    finally:
        await made.leave()
