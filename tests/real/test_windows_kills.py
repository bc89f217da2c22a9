"""The gateway on Windows, killed amid a burst into two queues and started again: nothing lost, nothing doubled.

Wine does not tell what becomes of a job, so one that was under way at a kill is held, never sent again. The judge and
the clients are those of `tests/crash`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import MappingProxyType

import pytest

from fanfold.simulate.socket import SocketPrinter
from tests.crash.books import Books, read_books
from tests.crash.checker import complaints
from tests.crash.clients import Crowd, caller, page, till
from tests.crash.gateway import DEAD_AFTER_S, Gateway
from tests.crash.load import person
from tests.crash.scene import quiet, read_printer
from tests.peers.cupsd import Cupsd, private_cupsd
from tests.peers.processes import until
from tests.peers.wine import Program, Windows, windows

ROUNDS = 3
A_ROUND = 8
"""So many labels are accepted at least before each kill."""
MORE_S = (0.0, 0.2)
REST_WITHIN_S = 60


TOKEN = "a-token-of-this-test-only"


class WindowsGateway(Gateway):
    """The real gateway as a program of Windows. Who runs beside Wine is nobody to it, and shows a token."""

    headers: Mapping[str, str] = MappingProxyType({"Authorization": f"Bearer {TOKEN}"})

    def __init__(self, folder: Path, printers: Mapping[str, str], here: Windows) -> None:
        super().__init__(folder, printers, page_start_within_s=120, dead_after_s=DEAD_AFTER_S)
        (folder / "token").write_text(TOKEN)
        self._config.write_text(self._config.read_text() + '[access]\ntoken_file = "token"\n')
        self._here = here
        self._program: Program | None = None

    async def start(self, *how: str) -> None:
        assert not how
        config, data = self._here.path(self._config), self._here.path(self.data)
        self.starts += 1
        self._program = await self._here.start(
            "-m", "fanfold", "serve", "--config", config, "--data", data, log=self.log
        )  # fmt: skip
        self._process = self._program.process

    async def press_ctrl_c(self) -> None:
        """It must end by itself, and well."""
        assert self._program is not None
        self.up.clear()
        self._program.press_ctrl_c()
        assert await self._program.ended() == 0, f"it did not end well; see {self.log}"

    async def at_rest(self, within_s: float = REST_WITHIN_S) -> Books:
        """Wait until no job is under way, kill it, and return what the store then says.

        It is not read before: nobody knows whether SQLite's locks in Wine and here are the same.
        """

        async def rests() -> bool:
            return not (await self.ask("GET", "/v1/jobs?state=pending&state=processing"))["jobs"]

        await until(rests, "the end of all jobs", within_s=within_s)
        await self.kill()
        return read_books(self.data)


@pytest.mark.timeout(300)
async def test_killed_amid_a_burst_it_loses_no_job_and_prints_none_twice(tmp_path: Path) -> None:
    rng = random.Random(seed := random.randrange(10**6))
    async with AsyncExitStack() as stack:
        printers = {name: await stack.enter_async_context(SocketPrinter()) for name in ("first", "second")}
        queues = {name: f"socket://127.0.0.1:{one.port}/" for name, one in printers.items()}
        cups = await stack.enter_async_context(private_cupsd(tmp_path, queues))
        here = await stack.enter_async_context(windows({"CUPS_SERVER": cups.server}))
        one = WindowsGateway(tmp_path, {name: f"winspool:{name}" for name in queues}, here)
        stack.push_async_callback(one.leave)
        crowd = Crowd(one, tuple(queues), rng)
        books = await _load(crowd, one)
        await _empty(cups)
        for printer in printers.values():
            await quiet(printer)
        sheets = [sheet for name, printer in printers.items() for sheet in read_printer(crowd.ledger, name, printer)]
        found = complaints(crowd.ledger, books, sheets)
        assert found == [], f"seed {seed}; the store and the log are in {tmp_path}"
        assert books.count("completed") > A_ROUND
        assert books.count("held") <= one.starts * len(queues), "of each printer one job at a time is under way"


async def _load(crowd: Crowd, one: WindowsGateway) -> Books:
    works = {"till-0": till, "till-1": till, "caller-0": caller, "page-0": page}
    await one.run()
    async with asyncio.TaskGroup() as group:
        somebody = group.create_task(person(one))
        clients = [group.create_task(work(crowd, name)) for name, work in works.items()]
        for number in range(ROUNDS):
            await _accepts(crowd, len(crowd.ledger.acknowledged) + A_ROUND)
            await asyncio.sleep(crowd.rng.uniform(*MORE_S))
            await (one.press_ctrl_c() if number == ROUNDS - 1 else one.kill())
            await one.run()
        crowd.over.set()
        await asyncio.wait(clients)
        books = await one.at_rest()
        somebody.cancel()
    return books


async def _accepts(crowd: Crowd, labels: int) -> None:
    async def has() -> bool:
        return len(crowd.ledger.acknowledged) >= labels

    await until(has, f"{labels} labels being accepted", within_s=60)


async def _empty(cups: Cupsd) -> None:
    """Wait until CUPS has printed all; a job that the kill left there without a document it will drop."""
    left = ""

    async def is_empty() -> bool:
        nonlocal left
        left = await cups.admin("lpstat", "-W", "not-completed", "-o")
        return all(line.split()[2] == "0" for line in left.splitlines())

    try:
        await until(is_empty, "the last job in CUPS", within_s=60)
    except TimeoutError as late:
        raise AssertionError(left) from late
