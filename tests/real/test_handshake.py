"""The printers' handshake as clients see it that others wrote: curl and OpenSSL, over our own TLS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fanfold.app import Gateway
from fanfold.config import Discovery, Door, Listener, Proof, Settings, Weblink
from tests.peers.nginx import Certificate, certificate
from tests.peers.processes import need, run

SECRET = "a-secret-of-this-test-only"
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""Of RFC 6455 §1.3."""
ASKS = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    f"Sec-WebSocket-Key: {KEY}",
    "Sec-WebSocket-Protocol: v1.weblink.zebra.com",
)
HEAD = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    f"Sec-WebSocket-Accept: {ACCEPT}",
    "Sec-WebSocket-Protocol: v1.weblink.zebra.com",
    "Content-Length: 0",
]


@pytest.fixture(autouse=True)
def short_goodbyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither says the goodbye that is waited for."""
    monkeypatch.setattr("fanfold.server.line.GOODBYE_S", 0.1)


@asynccontextmanager
async def listening(folder: Path, *proof: Proof) -> AsyncIterator[tuple[int, Certificate]]:
    """A gateway with a listener for printers that asks for these proofs; who says nothing is soon shown out."""
    made = await certificate(folder)
    secret, users = folder / "secret", folder / "users"
    secret.write_text(SECRET)
    users.write_text("p7:a-long-password\n")
    listener = Listener(
        "127.0.0.1", 0, tls_cert=made.chain, tls_key=made.key, doors=(Door.WEBLINK,), proof=proof,
        secret_file=secret, users_file=users,
    )  # fmt: skip
    settings = Settings(
        data=folder / "data",
        listeners=(listener,),
        discovery=Discovery(cups=False),
        weblink=Weblink(first_message_s=0.1),
        drain_s=0.2,
    )
    async with Gateway(settings) as running:
        yield int(running.urls[0].rstrip("/").rpartition(":")[2]), made


async def curl(port: int, made: Certificate, path: str, *more: str) -> list[list[str]]:
    """Return the lines of each head that curl was answered with."""
    asks = [word for header in ASKS for word in ("-H", header)]
    url = f"https://localhost:{port}{path}"
    said = await run(
        "curl", "--silent", "--http1.1", "--max-time", "10", "--cacert", str(made.ca), "--output", "/dev/null",
        "--dump-header", "-", *asks, *more, url,
    )  # fmt: skip
    return [head.split("\r\n") for head in said.split("\r\n\r\n") if head]


async def test_curl_is_answered_to_the_letter(tmp_path: Path) -> None:
    need("curl", "openssl")
    async with listening(tmp_path, Proof.PATH) as (port, made):
        assert await curl(port, made, f"/weblink/{SECRET}") == [HEAD]
        ((first, *_),) = await curl(port, made, "/weblink/another")
        assert first.startswith("HTTP/1.1 403")


@pytest.mark.parametrize(("proof", "how"), [(Proof.BASIC, "--basic"), (Proof.DIGEST, "--digest")])
async def test_curl_proves_who_it_is_when_it_is_asked(tmp_path: Path, proof: Proof, how: str) -> None:
    need("curl", "openssl")
    async with listening(tmp_path, proof) as (port, made):
        *asked, last = await curl(port, made, "/weblink", how, "--user", "p7:a-long-password")
        assert last == HEAD
        assert [head[0].split()[1] for head in asked] == ["401"] * (proof is Proof.DIGEST)
        *_, wrong = await curl(port, made, "/weblink", how, "--user", "p7:another-password")
        assert wrong[0].startswith("HTTP/1.1 401")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
async def test_openssl_is_answered_over_both_versions_of_tls(tmp_path: Path, version: str) -> None:
    need("openssl")
    async with listening(tmp_path, Proof.PATH) as (port, made):
        request = "\r\n".join((f"GET /weblink/{SECRET} HTTP/1.1", "Host: localhost", *ASKS, "", "")).encode()
        pipe = asyncio.subprocess.PIPE
        openssl = await asyncio.create_subprocess_exec(
            "openssl", "s_client", "-quiet", version, "-connect", f"127.0.0.1:{port}", "-CAfile", str(made.ca),
            "-verify_return_error", "-verify_hostname", "localhost", "-servername", "localhost",
            stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        said, _ = await openssl.communicate(request)
        head, _, rest = said.partition(b"\r\n\r\n")
        assert head.decode().split("\r\n") == HEAD
        assert rest.startswith(b"\x88"), "who says nothing is told goodbye"
        assert b"it did not say which printer it is" in rest
