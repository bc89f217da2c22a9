"""Processes that tests start and end, by their ids only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest


def need(*binaries: str) -> None:
    """Skip with the reason where a binary is missing; fail where CI promised it."""
    missing = [binary for binary in binaries if found(binary) is None]
    if not missing:
        return
    words = f"needs {', '.join(missing)}: tools/test-packages installs what the tests need"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


def found(binary: str) -> str | None:
    """Return where a binary is; those of administrators are not in everybody's PATH."""
    return shutil.which(binary, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def held_port() -> tuple[int, socket.socket]:
    """Return a port of 127.0.0.1, and what keeps others from it until it is closed, while its server comes and goes.

    The server sets SO_REUSEADDR, as nearly all do.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return int(holder.getsockname()[1]), holder


async def until(true: Callable[[], Awaitable[bool]], what: str, *, within_s: float = 15) -> None:
    """Ask until it is true: for what tells nobody when it happens."""
    deadline = time.monotonic() + within_s
    while not await true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come about within {within_s} s")
        await asyncio.sleep(0.02)


async def answers(port: int) -> bool:
    """Tell whether somebody takes connections on that port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def run(command: str, *arguments: str, env: dict[str, str] | None = None, data: bytes | None = None) -> str:
    """Run a command to its end and return what it said. Raises RuntimeError with its words when it fails."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        found(command) or command, *arguments,
        stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, **(env or {})},
    )  # fmt: skip
    said, complained = await process.communicate(data)
    if process.returncode:
        raise RuntimeError(f"{(command, *arguments)} ended with {process.returncode}: {complained.decode()}")
    return said.decode()


async def end(process: asyncio.subprocess.Process, *, kindly: bool) -> None:
    """End a process that leads a session of its own, and whatever it left running in there."""
    if process.returncode is None:
        process.send_signal(signal.SIGTERM if kindly else signal.SIGKILL)
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()
    for pid in _of_session(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _of_session(session: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                found.append(int(stat.parent.name))
    return found
