"""A gateway with a TLS listener for printers that dial in, and the process with its printers. Knows no figures."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.processes import FANFOLD, Server, end, free_port, serving, uri

PLAIN = (sys.executable, "-c", 'import sys; sys.modules["uvloop"] = None; from fanfold.cli import main; main()')
"""`fanfold` as it is where uvloop is not."""
ORDER_LIMIT_S = 300
_SETTINGS = """\
log_level = "error"
[discovery]
cups = false
[[listeners]]
address = "127.0.0.1"
port = {port}
[[listeners]]
address = "127.0.0.1"
port = {dial_port}
doors = ["weblink"]
proof = ["none"]
tls_cert = "cert.pem"
tls_key = "key.pem"
"""
_WEBHOOK = """
[[webhooks]]
name = "{name}"
url = "{url}"
secret_file = "webhook.secret"
"""


@dataclass(slots=True)
class Site:
    """What lies in `folder` and where it listens; the gateway may be run again and again."""

    folder: Path
    serials: Sequence[str]
    command: Sequence[str] = (FANFOLD,)
    port: int = field(default_factory=free_port)
    dial_port: int = field(default_factory=free_port)

    def prepare(self) -> None:
        """Write settings, and a certificate of the kind that printers are given: RSA, 2048 bits."""
        self.folder.mkdir()
        make_certificate(self.folder)
        self._write(())

    @contextmanager
    def gateway(self) -> Iterator[Server]:
        serve = [*self.command, "serve", "--config", str(self.folder / "fanfold.toml")]
        with serving([*serve, "--data", str(self.folder / "data")], self.port, "/v1/health", 200) as server:
            yield server

    def adopt(self) -> None:
        """Let all printers in."""
        self.ask("POST", "/v1/adoptions", {"adoptions": [{"device": serial} for serial in self.serials]})

    def hook(self, receivers: Sequence[socket.socket]) -> None:
        """Have the running gateway tell these of all events."""
        (self.folder / "webhook.secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
        self._write(receivers)
        self.ask("POST", "/v1/reload")

    def held(self) -> set[int]:
        """The numbers of the labels whose jobs are held."""
        numbers: set[int] = set()
        cursor: str | None = ""
        while cursor is not None:
            page = self.ask("GET", f"/v1/jobs?state=held&limit=1000{cursor and '&cursor=' + cursor}")
            numbers |= {int(job["external_id"]) for job in page["jobs"]}
            cursor = page["next"]
        return numbers

    def ask(self, method: str, path: str, asked: object = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = None if asked is None else json.dumps(asked)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        if answer.status // 100 != 2:
            raise RuntimeError(f"{method} {path} was answered {answer.status}: {said[:300]!r}")
        return json.loads(said)

    def _write(self, webhooks: Sequence[socket.socket]) -> None:
        hooks = (_WEBHOOK.format(name=f"hook-{number}", url=_url(one)) for number, one in enumerate(webhooks))
        settings = _SETTINGS.format(port=self.port, dial_port=self.dial_port)
        (self.folder / "fanfold.toml").write_text(settings + "".join(hooks))


def make_certificate(folder: Path) -> None:
    """Have openssl write `cert.pem` and `key.pem`, for localhost."""
    new = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost")
    names = ("-addext", "subjectAltName=DNS:localhost")
    files = ("-keyout", "key.pem", "-out", "cert.pem")
    subprocess.run(["openssl", "req", *new, *names, *files], cwd=folder, check=True, capture_output=True)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The process with the printers; it does one thing after the other."""

    process: subprocess.Popen[str]

    def do(self, what: str, gateway: int, **more: Any) -> Any:
        """Give an order and return its answer, with how busy that gateway was meanwhile."""
        self.say({"do": what, "gateway": gateway} | more)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the process with the printers ended; see its words above")
        return json.loads(line)

    def say(self, said: object) -> None:
        assert self.process.stdin is not None
        print(json.dumps(said), file=self.process.stdin, flush=True)


@contextmanager
def fleet(folder: Path, serials: Sequence[str], port: int, dial_port: int) -> Iterator[Fleet]:
    """Run the process with these printers, which are switched off yet; they submit jobs at `port`."""
    says = {"port": port, "serials": serials, "ca": str(folder / "cert.pem"), "url": f"wss://localhost:{dial_port}/"}
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.weblink_fleet"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        running = Fleet(process)
        running.say(says)
        yield running
    finally:
        end(process)


@contextmanager
def floor(folder: Path, *, plain: bool) -> Iterator[tuple[int, int]]:
    """Run the floor; yields its process and its port."""
    port = free_port()
    command = [sys.executable, "-m", "bench.weblink_floor", str(port), str(folder), *(["plain"] if plain else [])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError("the floor did not start; see its words above")
        yield process.pid, port
    finally:
        end(process)


def kill(server: Server) -> float:
    """Kill it, and return when."""
    os.kill(server.pid, signal.SIGKILL)
    return time.perf_counter()


def _url(listening: socket.socket) -> str:
    return uri(listening).replace("socket:", "http:") + "/hook"
