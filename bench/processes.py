"""The processes of a run: gateways, the echo floor and loads; each ends with its context. Knows no figures."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_LIMIT_S = 30.0
STOP_LIMIT_S = 20.0
LOAD_LIMIT_S = 300.0
Sinks = Sequence[socket.socket]
FANFOLD = str(Path(sys.executable).with_name("fanfold"))


@dataclass(frozen=True, slots=True)
class Server:
    """A process that answers at a port of this machine, and how long it took until it did."""

    pid: int
    port: int
    started_s: float


@contextmanager
def gateway(data: Path, printers: Mapping[str, str], env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run `fanfold serve` as a user does, with these printers (name: URI) and settings of the environment."""
    port = free_port()
    named = [part for name, uri in printers.items() for part in ("--printer", f"{name}={uri}")]
    serve = [FANFOLD, "serve", "--data", str(data), "--listen", f"127.0.0.1:{port}", *named]
    with serving([*serve, "--log-level", "warning"], port, "/v1/health", 200, env) as server:
        yield server


@contextmanager
def echo() -> Iterator[Server]:
    """Run the floor."""
    port = free_port()
    with serving([sys.executable, "-m", "bench.echo", str(port)], port, "/", 400) as server:
        yield server


@contextmanager
def serving(
    command: Sequence[str], port: int, path: str, status: int, env: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server; it is there when it answers so at that path."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **(env or {})})
    try:
        while _answer(port, path) != status:
            if process.poll() is not None or time.perf_counter() - start > START_LIMIT_S:
                raise RuntimeError(f"{command[0]} did not start (exit code {process.returncode}); see its words above")
            time.sleep(0.002)
        yield Server(process.pid, port, time.perf_counter() - start)
    finally:
        end(process)


def _answer(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def end(process: subprocess.Popen[Any]) -> None:
    """Have it end by itself, if it does so in time."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True, slots=True)
class Load:
    """A load under way. `first` waits for its first line, `result` for its last."""

    process: subprocess.Popen[str]

    def first(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline() or "null")

    def result(self) -> Any:
        out, _ = self.process.communicate(timeout=LOAD_LIMIT_S)
        if self.process.returncode:
            raise RuntimeError(f"a load failed with exit code {self.process.returncode}; see its words above")
        return json.loads(out.splitlines()[-1])


@contextmanager
def load(mode: str, server: Server, sinks: Sinks = (), **spec: Any) -> Iterator[Load]:
    """Begin a load on a server; what it prints on comes out of these sinks."""
    fds = [sink.fileno() for sink in sinks]
    asked = {"mode": mode, "port": server.port, "gateway": server.pid, "sinks": fds, **spec}
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.load", json.dumps(asked)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=fds,
        text=True,
    )
    try:
        yield Load(process)
    finally:
        with suppress(OSError):
            process.kill()
        process.wait()


def measure(mode: str, server: Server, sinks: Sinks = (), **spec: Any) -> Any:
    """Run a load to its end."""
    with load(mode, server, sinks, **spec) as running:
        return running.result()


def listening() -> socket.socket:
    """A port of this machine where connections queue until a load takes them; until then it reads nothing."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(512)
    return made


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def uri(sink: socket.socket) -> str:
    return f"socket://127.0.0.1:{sink.getsockname()[1]}"
