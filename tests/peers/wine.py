"""A Windows that is Wine: a throw-away prefix and a real CPython for Windows in it, with pywin32 and our sources.

What Wine 8 cannot do, so that nobody looks for it in our code:

- A program whose standard output is a file does not start (Python: "Invalid handle"); through a pipe it does.
- Queues are read from CUPS only when a program that prints starts while no other does; while one runs, queues come and
  go by `AddPrinter` and `DeletePrinter`, as on Windows (`add_queue`, `delete_queue`).
- What runs beside all programs (services.exe and more) comes with the first of them and keeps its output open.
- It ends a program by SIGKILL of its process, and gives it Ctrl-C for SIGINT.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.peers.processes import need, until
from tools import windows_python

ROOT = Path(__file__).parents[2]
SAYS_BYTES = 4096

_SPOOLER = """\
import sys, win32print
verb, name, like = sys.argv[1:]
if verb == "add":
    queue = win32print.OpenPrinter(like)
    facts = win32print.GetPrinter(queue, 2) | {"pPrinterName": name, "pPortName": f"CUPS:{name}", "pComment": name}
    win32print.ClosePrinter(win32print.AddPrinter(None, 2, facts))
else:
    queue = win32print.OpenPrinter(name, {"DesiredAccess": win32print.PRINTER_ALL_ACCESS})
    win32print.DeletePrinter(queue)
win32print.ClosePrinter(queue)
"""


class Program:
    """A Windows program that runs; what it says is kept in a file."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        """Its number is that of this machine, not the one that Windows would give it."""
        self.log = log
        self._listening = asyncio.ensure_future(self._listen())

    @property
    def returncode(self) -> int | None:
        return self.process.returncode

    def press_ctrl_c(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL: as when the power fails, but for what the system has already taken."""
        with suppress(ProcessLookupError):
            self.process.kill()

    async def ended(self) -> int:
        """Wait for its end; return its exit code."""
        await self._listening
        return await self.process.wait()

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.log.open("ab", buffering=0) as log:
            while said := await self.process.stdout.read(SAYS_BYTES):
                log.write(said)


class Windows:
    """`start` and `run` Python in it. `environment` is what its programs get beside what they need."""

    def __init__(self, prefix: Path, python: Path, environment: Mapping[str, str]) -> None:
        self._prefix, self._place = prefix, python
        self.environment = dict(environment)

    def path(self, path: Path) -> str:
        """Return what Windows calls a path of this machine."""
        return "Z:" + str(path).replace("/", "\\")

    async def start(self, *arguments: str, log: Path) -> Program:
        """Start Python with these arguments."""
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            "wine", str(self._place / "python" / "python.exe"), *arguments,
            cwd=ROOT, env=self._environment(), stdin=nothing, stdout=pipe, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        return Program(process, log)

    async def run(self, *arguments: str, data: bytes = b"") -> tuple[int, bytes, bytes]:
        """Run Python to its end; return its exit code, and what it said and complained."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            "wine", str(self._place / "python" / "python.exe"), *arguments,
            cwd=ROOT, env=self._environment(), stdin=pipe, stdout=pipe, stderr=pipe,
        )  # fmt: skip
        said, complained = await process.communicate(data)
        return await process.wait(), said, complained

    async def does(self, *arguments: str) -> str:
        """Run Python to a good end; return what it said."""
        code, said, complained = await self.run(*arguments)
        assert code == 0, complained.decode(errors="replace")
        return said.decode()

    async def add_queue(self, name: str, like: str) -> None:
        """Make a queue of CUPS one of Windows while programs that print run; it takes after one that is there."""
        await self.does("-c", _SPOOLER, "add", name, like)

    async def delete_queue(self, name: str) -> None:
        """Take a queue from Windows."""
        await self.does("-c", _SPOOLER, "delete", name, "")

    async def _silently(self, *command: str) -> asyncio.subprocess.Process:
        nothing = asyncio.subprocess.DEVNULL
        return await asyncio.create_subprocess_exec(
            *command, env=self._environment(), stdin=nothing, stdout=nothing, stderr=nothing
        )

    def _environment(self) -> dict[str, str]:
        paths: Sequence[Path] = (ROOT / "src", ROOT, *windows_python.paths(self._place))
        own = {name: value for name, value in os.environ.items() if not name.startswith(("FANFOLD_", "PYTHON", "CUPS"))}
        return {
            **own,
            "WINEPREFIX": str(self._prefix),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": windows_python.NO_FRILLS,
            "HOME": str(self._prefix),
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": ";".join(self.path(path) for path in paths),
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.environment,
        }


@asynccontextmanager
async def windows(environment: Mapping[str, str] | None = None) -> AsyncIterator[Windows]:
    """Run a Wine of its own, until all that runs in it is ended."""
    need("wine", "wineserver", "osslsigncode")
    place = await _laid_out()
    prefix = Path(tempfile.mkdtemp(prefix="fanfold-wine-"))
    here = Windows(prefix, place, environment or {})
    server: asyncio.subprocess.Process | None = None
    try:
        await asyncio.to_thread(_copy, place / "prefix", prefix)
        server = await here._silently("wineserver", "--foreground", "--persistent")
        await (await here._silently("wine", "cmd", "/c", "exit")).wait()
        yield here
    finally:
        if server is not None:
            await _end(server, here)
        shutil.rmtree(prefix, ignore_errors=True)


async def _laid_out() -> Path:
    """Have it laid out, by a program of its own: pip's insides warn of themselves, and here a warning is an error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.windows_python",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, complained = await process.communicate()
    if process.returncode == 0:
        return Path(said.decode().splitlines()[-1])
    words = complained.decode(errors="replace").strip()
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


def _copy(template: Path, prefix: Path) -> None:
    """Copy the registry and the folders; the 700 MB of libraries in them are only linked to."""
    for folder, folders, files in os.walk(template):
        here = prefix / Path(folder).relative_to(template)
        here.mkdir(exist_ok=True)
        for name in [*files, *(one for one in folders if Path(folder, one).is_symlink())]:
            source = Path(folder, name)
            if source.is_symlink():
                (here / name).symlink_to(source.readlink())
            elif Path(folder) == template:
                shutil.copy2(source, here / name)
            else:
                (here / name).symlink_to(source)


async def _end(server: asyncio.subprocess.Process, here: Windows) -> None:
    """Have the server end all programs of its prefix, and itself."""

    async def is_gone() -> bool:
        return server.returncode is not None

    await (await here._silently("wineserver", "--kill")).wait()
    try:
        await until(is_gone, "the end of wineserver", within_s=10)
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()
