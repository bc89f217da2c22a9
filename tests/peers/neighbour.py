"""A program of another user of this machine: it asks a gateway what it is told to, each time by a new connection.

As a program: `python -m tests.peers.neighbour`; a request in JSON each line, its answer too.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.peers.processes import need

ROOT = Path(__file__).parents[2]
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: closing is a reset."""


class Neighbour:
    """The program, while it runs."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process, self._port = process, port

    async def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        """Ask, and return the status and the answer: of JSON what it says, else the text."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = {"method": method, "path": path, "body": body.decode() if body else None, "headers": named}
        status, text = await self._tell(asked)
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    async def knock_and_run(self, method: str, path: str, how: str, **headers: str) -> None:
        """Ask, and be gone before anybody can look: `close` or `reset`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await self._tell({"method": method, "path": path, "body": None, "headers": named, "gone": how})

    async def print(self, printer: str, data: bytes, **headers: str) -> Any:
        """Print by the raw-body route; return the job once it is done."""
        path = f"/v1/jobs?printer={printer}&wait=delivered"
        status, job = await self.call("POST", path, data, Content_Type="application/octet-stream", **headers)
        assert status in (200, 201), job
        return job

    async def _tell(self, asked: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"port": self._port, **asked}).encode() + b"\n")
        await self._process.stdin.drain()
        return json.loads(await self._process.stdout.readline())


@asynccontextmanager
async def neighbour(uid: int, port: int) -> AsyncIterator[Neighbour]:
    """Run one."""
    need("setpriv")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *as_user(uid), sys.executable, "-m", "tests.peers.neighbour", stdin=pipe, stdout=pipe, cwd=ROOT
    )
    try:
        yield Neighbour(process, port)
    finally:
        await process.communicate(b"")


def as_user(uid: int) -> list[str]:
    """Return what runs a command as that user, with root's right to read files: else it might not find this Python."""
    rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"] if uid else []
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *rights]


def _answer(asked: dict[str, Any]) -> Any:
    if how := asked.get("gone"):
        return _run_away(asked, how)
    connection = http.client.HTTPConnection("127.0.0.1", asked["port"], timeout=30)
    try:
        body = asked["body"].encode() if asked["body"] is not None else None
        connection.request(asked["method"], asked["path"], body, asked["headers"])
        response = connection.getresponse()
        return response.status, response.read().decode("latin-1")
    finally:
        connection.close()


def _run_away(asked: dict[str, Any], how: str) -> list[object]:
    lines = {"Host": f"127.0.0.1:{asked['port']}", "Content-Length": "0", **asked["headers"]}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection(("127.0.0.1", asked["port"])) as knock:
        knock.sendall(f"{asked['method']} {asked['path']} HTTP/1.1\r\n{head}\r\n".encode())
        if how == "reset":
            knock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    return []


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(json.loads(line))) + "\n")
        sys.stdout.flush()
