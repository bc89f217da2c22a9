"""The transports' contract on Windows, under Wine; and what Wine's spooler does not do, so that a newer one is noticed.

Our guards, and what `docs/printers/windows.md` says was never seen, stand on the latter.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.peers.cupsd import Cupsd, private_cupsd
from tests.peers.processes import free_port, until
from tests.peers.sink import Sink
from tests.peers.wine import Windows, windows

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

BUT = "not every_registered and not (cancelled and (ipp or winspool))"
"""Wine prints what was thrown away, when it likes; and the double of IPP reads there what had left before a cancel when
it likes, also after the next job."""
QUEUES = 30
"""The contract uses one for each test."""


@dataclass(frozen=True)
class Desk:
    """Windows, and two queues: one that prints into the sink, and one that is paused."""

    windows: Windows
    cups: Cupsd
    sink: Sink

    async def asks(self, *lines: str) -> Any:
        """Have pywin32 do it, on `queue`, an open one; return what is `told` then."""
        said = await self.windows.does("-c", "\n".join((*_HEAD, *lines, "print(json.dumps(told))")), "raw")
        return json.loads(said)


_HEAD = (
    "import json, sys, win32print as w; from pywintypes import error",
    "queue = w.OpenPrinter(sys.argv[1])",
    "told = None",
)
_PRINTS = (
    'job = w.StartDocPrinter(queue, 1, ("a title", None, "RAW"))',
    "w.StartPagePrinter(queue)",
    "took = w.WritePrinter(queue, data)",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with Sink() as sink:
        queues = dict.fromkeys(("raw", "paused"), f"socket://127.0.0.1:{sink.port}/")
        async with private_cupsd(tmp_path_factory.mktemp("cups"), queues) as cups:
            await cups.admin("cupsdisable", "paused")
            async with windows({"CUPS_SERVER": cups.server}) as here:
                yield Desk(here, cups, sink)


async def test_every_transport_keeps_its_promises_on_windows(tmp_path: Path) -> None:
    ports = {f"q{number}": free_port() for number in range(QUEUES)}
    queues = {name: f"socket://127.0.0.1:{port}/" for name, port in ports.items()}
    named = ",".join(f"{name}={port}" for name, port in ports.items())
    async with (
        private_cupsd(tmp_path, queues) as cups,
        windows({"CUPS_SERVER": cups.server, "CONTRACT_QUEUES": named}) as here,
    ):
        code, said, complained = await here.run(
            "-m", "pytest", "-p", "tests.contract.windows", "-p", "no:cacheprovider", "-q",
            "-k", BUT, "tests/contract/test_transport.py",
        )  # fmt: skip
    assert code == 0, said.decode(errors="replace") + complained.decode(errors="replace")
    counted = re.search(rb"(\d+) passed, \d+ deselected in", said)
    assert counted is not None, said.decode()
    assert int(counted[1]) > 20 * len(("file", "ipp", "lpd", "socket", "weblink", "winspool"))


class TestWhatWineDoesNotDo:
    async def test_its_queues_say_nothing_of_themselves(self, desk: Desk) -> None:
        facts = 'told = [(one["Status"], one["Attributes"]) for one in map(lambda n: w.GetPrinter(w.OpenPrinter(n), 2),'
        assert await desk.asks(f'{facts} ("raw", "paused"))]') == [[0, 0], [0, 0]]

    async def test_it_lists_no_jobs_and_calls_that_error_0(self, desk: Desk) -> None:
        asked = ("try: w.EnumJobs(queue, 0, 10, 2)", "except error as failed: told = failed.args[:2]")
        assert await desk.asks(*asked) == [0, "EnumJobs"]

    async def test_it_shows_no_job_that_pywin32_could_read(self, desk: Desk) -> None:
        asked = (
            "try: w.GetJob(queue, job, 1)",
            "except ValueError as failed: told = str(failed)",
            "w.EndDocPrinter(queue)",
        )
        assert await desk.asks('data = b"shown"', *_PRINTS, *asked)
        await _arrives(desk, [b"shown"])

    async def test_it_says_that_it_threw_a_job_away_and_prints_it(self, desk: Desk) -> None:
        away = ("w.SetJob(queue, job, 0, None, w.JOB_CONTROL_DELETE)", "w.EndDocPrinter(queue)", "told = took")
        assert await desk.asks('data = b"thrown away"', *_PRINTS, *away) == len(b"thrown away")
        await _arrives(desk, [b"thrown away"])

    async def test_it_takes_raw_bytes_only(self, desk: Desk) -> None:
        other = _PRINTS[0].replace("RAW", "XPS_PASS")
        asked = ("try: w.EndDocPrinter(queue)", "except error as failed: told = failed.args[:2]")
        assert await desk.asks('data = b"other"', other, *_PRINTS[1:], *asked) == [122, "EndDocPrinter"]

    async def test_it_numbers_jobs_by_itself_and_hands_their_titles_on(self, desk: Desk) -> None:
        number = await desk.asks('data = b"numbered"', *_PRINTS, "w.EndDocPrinter(queue)", "told = job")
        await _arrives(desk, [b"numbered"])
        assert number == 1, "of this program; CUPS has counted more by now"
        said = await desk.cups.admin("lpstat", "-W", "completed", "-o")
        assert f"raw-{number} " not in said.splitlines()[0]
        shown = await desk.cups.admin(
            "ipptool", "-tv", f"ipp://{desk.cups.server}/printers/raw", "get-completed-jobs.test"
        )
        assert "a title" in shown


async def _arrives(desk: Desk, papers: Sequence[bytes]) -> None:
    async def did() -> bool:
        return set(papers) <= set(desk.sink.printed)

    await until(did, f"{papers} at the sink behind CUPS")
