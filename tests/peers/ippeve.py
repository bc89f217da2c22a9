"""An IPP printer that others wrote: the real ippeveprinter on a private D-Bus, with paper to take and jobs to hold."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.avahi import Avahi
from tests.peers.bus import private_bus
from tests.peers.processes import answers, end, found, free_port, need, until

FORMATS = ("application/pdf", "image/jpeg", "image/pwg-raster", "application/octet-stream")

_PRINT = """\
#!/bin/sh
touch "{folder}/begun"
while [ -e "{folder}/hold" ]; do sleep 0.02; done
if [ -e "{folder}/fail" ]; then echo "ERROR: the fuser is cold" >&2; exit 1; fi
cp "$1" "{folder}/printed/$(ls "{folder}/printed" | wc -l)"
"""
_FULL, _EMPTY = 250, 0


@dataclass
class Eve:
    """A running ippeveprinter."""

    folder: Path
    port: int
    tls: bool
    formats: tuple[str, ...]
    env: dict[str, str]
    name: str = ""
    """By which it announces itself; empty: it does not."""
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Switch it on, and wait until it answers."""
        self.process = process = await _start_printer(self)

        async def up() -> bool:
            if process.returncode is not None:
                raise RuntimeError(f"ippeveprinter ended with {process.returncode}; see {self.folder}/eve.log")
            return await answers(self.port)

        await until(up, "ippeveprinter")

    @property
    def uri(self) -> str:
        """Its URI, as Fanfold takes it."""
        return f"{'ipps' if self.tls else 'ipp'}://localhost:{self.port}/ipp/print"

    @property
    def printed(self) -> list[bytes]:
        """What it printed, in order."""
        pages = sorted((self.folder / "printed").iterdir(), key=lambda path: int(path.name))
        return [page.read_bytes() for page in pages]

    def hold(self) -> None:
        """Keep jobs in printing."""
        (self.folder / "hold").touch()

    def release(self) -> None:
        """Let them go."""
        (self.folder / "hold").unlink(missing_ok=True)

    def fail(self) -> None:
        """Abort jobs from now on."""
        (self.folder / "fail").touch()

    async def has_begun(self) -> None:
        """Wait until a job is in printing."""

        async def begun() -> bool:
            return (self.folder / "begun").exists()

        await until(begun, "a job in printing")

    async def take_paper(self) -> None:
        """Empty both trays."""
        await self._fill(_EMPTY)

    async def give_paper(self) -> None:
        """Fill both trays."""
        await self._fill(_FULL)

    async def kill(self) -> None:
        """Switch it off."""
        process, self.process = self.process, None
        if process is not None:
            await end(process, kindly=False)

    async def _fill(self, level: int) -> None:
        query = f"size1=na_letter_8.5x11in&type1=stationery&level1={level}&size2=iso_a4_210x297mm&type2=stationery"
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        request = f"GET /media?{query}&level2={level} HTTP/1.1\r\nHost: localhost:{self.port}\r\n\r\n"
        writer.write(request.encode())
        status = await reader.readline()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        assert b" 200 " in status, status


@asynccontextmanager
async def eve_printer(
    tmp_path: Path, *, formats: tuple[str, ...] = FORMATS, tls: bool = False, avahi: Avahi | None = None
) -> AsyncIterator[Eve]:
    """Run a printer that takes these formats. `tls`: it is to be spoken to over TLS, with a certificate of its own.

    With an avahi it announces itself there, under the name of that avahi's host.
    """
    need("ippeveprinter", "dbus-daemon")
    folder = tmp_path / "eve"
    for name in ("spool", "printed", "keys"):
        (folder / name).mkdir(parents=True)
    async with private_bus(folder) as alone:
        env, name = (avahi.env, avahi.host) if avahi else (alone, "")
        eve = Eve(folder, free_port(), tls, formats, env, name)
        try:
            await eve.start()
            yield eve
        finally:
            await eve.kill()


async def _start_printer(eve: Eve) -> asyncio.subprocess.Process:
    folder = eve.folder
    command = folder / "print.sh"
    command.write_text(_PRINT.format(folder=folder))
    command.chmod(0o755)
    binary = found("ippeveprinter") or "ippeveprinter"
    announces = () if eve.name else ("-r", "off")
    with (folder / "eve.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            binary, *announces, "-n", "localhost", "-p", str(eve.port), "-d", str(folder / "spool"),
            "-K", str(folder / "keys"), "-c", str(command), "-f", ",".join(eve.formats), "-s", "20,20", "-2", "-vv",
            eve.name or "Eve",
            env={**os.environ, **eve.env},
            start_new_session=True, stdout=log, stderr=log,
        )  # fmt: skip
