"""A private nginx: the real one, with TLS, on a port and a folder of its own, before a listener of the gateway."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.processes import answers, end, found, held_port, need, run, until

_CONFIG = """\
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {chain};
        ssl_certificate_key {key};
        ssl_protocols TLSv1.2 TLSv1.3;
        location = /silence {{
            proxy_pass http://127.0.0.1:{silence};
            proxy_read_timeout {read_timeout_ms}ms;
        }}
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection Upgrade;
            proxy_read_timeout {read_timeout_ms}ms;
            proxy_send_timeout {read_timeout_ms}ms;
        }}
    }}
}}
"""
_SERVED = """\
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth
"""


@dataclass(frozen=True)
class Certificate:
    """A certificate for this machine, and the authority that signed it; all PEM."""

    ca: Path
    chain: Path
    key: Path

    def trust(self) -> ssl.SSLContext:
        """Return what a client needs who trusts that authority and nobody else."""
        return ssl.create_default_context(cafile=self.ca)


async def certificate(folder: Path) -> Certificate:
    """Have openssl make one."""
    need("openssl")
    made = Certificate(folder / "ca.pem", folder / "chain.pem", folder / "key.pem")
    ca_key, request, served = folder / "ca.key", folder / "request.pem", folder / "served.cnf"
    served.write_text(_SERVED)
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    await run("openssl", "req", "-x509", *new, "-keyout", str(ca_key), "-out", str(made.ca), "-subj", "/CN=Test CA")
    await run("openssl", "req", *new, "-keyout", str(made.key), "-out", str(request), "-subj", "/CN=localhost")
    await run(
        "openssl", "x509", "-req", "-in", str(request), "-CA", str(made.ca), "-CAkey", str(ca_key), "-CAcreateserial",
        "-days", "2", "-extfile", str(served), "-out", str(made.chain),
    )  # fmt: skip
    return made


class Nginx:
    """A running (or killed) nginx that hands all it is asked on to `upstream`, a port of this machine.

    Behind its path `/silence` is the port `silence`, where nobody says a word.
    """

    def __init__(
        self, folder: Path, upstream: int, silence: int, certificate: Certificate, read_timeout_s: float
    ) -> None:
        self.folder, self.certificate = folder, certificate
        self.port, self._holder = held_port()
        self._upstream, self._silence, self._read_timeout_s = upstream, silence, read_timeout_s
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it answers, without a path."""
        return f"https://localhost:{self.port}"

    @property
    def log(self) -> str:
        """What it complained of so far."""
        return (self.folder / "error.log").read_text()

    async def patience_ends(self) -> None:
        """Wait until it gave up an upstream that said nothing for all of its time-out, which begins now."""
        reader, writer = await asyncio.open_connection("localhost", self.port, ssl=self.certificate.trust())
        writer.write(b"GET /silence HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 504 "), answer

    def cut(self) -> int:
        """Return how many lines of printers it cut because nothing came over them for so long."""
        return self.log.count("timed out) while proxying upgraded connection")

    async def start(self) -> None:
        """Start, and wait until it answers."""
        self._write_config()
        self._process = process = await asyncio.create_subprocess_exec(
            found("nginx") or "nginx", "-p", str(self.folder), "-e", str(self.folder / "error.log"),
            "-c", str(self.folder / "nginx.conf"), "-g", "daemon off;", start_new_session=True,
        )  # fmt: skip

        async def up() -> bool:
            if process.returncode is not None:
                raise RuntimeError(f"nginx ended with {process.returncode}: {self.log}")
            return await answers(self.port)

        await until(up, f"nginx on port {self.port}")

    async def kill(self) -> None:
        """SIGKILL, with its workers: all lines break at once."""
        await self._end(kindly=False)

    async def stop(self) -> None:
        """SIGTERM."""
        await self._end(kindly=True)

    async def leave(self) -> None:
        """SIGKILL, and let others have the port."""
        await self.kill()
        self._holder.close()

    async def _end(self, *, kindly: bool) -> None:
        process, self._process = self._process, None
        if process is not None:
            await end(process, kindly=kindly)

    def _write_config(self) -> None:
        # as root its workers would be somebody else, who may not look into pytest's folders
        user = "user root;" if os.geteuid() == 0 else ""
        text = _CONFIG.format(
            user=user, folder=self.folder, port=self.port, upstream=self._upstream, silence=self._silence,
            chain=self.certificate.chain, key=self.certificate.key, read_timeout_ms=round(self._read_timeout_s * 1000),
        )  # fmt: skip
        (self.folder / "nginx.conf").write_text(text)


@asynccontextmanager
async def private_nginx(folder: Path, upstream: int, *, read_timeout_s: float = 60) -> AsyncIterator[Nginx]:
    """Run one before the listener at port `upstream`; 60 s is nginx's own default for `proxy_read_timeout`."""
    need("nginx", "openssl")
    folder = folder / "nginx"
    folder.mkdir()
    silence = await asyncio.start_server(_say_nothing, "127.0.0.1", 0)
    async with silence:
        mute = silence.sockets[0].getsockname()[1]
        nginx = Nginx(folder, upstream, mute, await certificate(folder), read_timeout_s)
        try:
            await nginx.start()
            yield nginx
        finally:
            await nginx.leave()


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        await reader.read()  # until nginx has had enough
    writer.close()
