"""TLS of listeners: who is believed by certificate, files that are read again under open lines, and silent visitors."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from asyncio.sslproto import SSLProtocol
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientWebSocketResponse, WSServerHandshakeError

from fanfold.errors import CannotStart
from fanfold.server.base import API
from fanfold.server.tls import READ_BYTES, spare_memory
from tests.unit.server.stage import WEBLINK, At, Stage, serving, until

SECRET, OTHER_SECRET = "s3cret-of-sixteen", "an0ther-of-sixteen"
LOST = (ClientError, ssl.SSLError, ConnectionError)


def openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Authority:
    """Makes certificates by the command that people make them with."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self.file = folder / f"{name}.pem"
        self._make("req", "-x509", "-out", self.file, "-days", "2", "-subj", f"/CN={name}", key=folder / f"{name}.key")

    def certify(self, subject: str, file: str) -> Path:
        """Return a file with a new certificate of that subject, and its key."""
        request, key, made = (self._folder / f"{file}.{end}" for end in ("csr", "key", "crt"))
        self._make("req", "-new", "-out", request, "-subj", subject, key=key)
        (self._folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
        openssl(
            "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._folder / f"{self._name}.key",
            "-CAcreateserial", "-days", "2", "-out", made, "-extfile", self._folder / "names",
        )  # fmt: skip
        both = self._folder / f"{file}.both"
        both.write_text(made.read_text() + key.read_text())
        return both

    def _make(self, *words: str | Path, key: Path) -> None:
        openssl(*words, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two authorities, two certificates of the server's and some of printers'."""
    folder = tmp_path_factory.mktemp("tls")
    ours, theirs = Authority(folder, "ours"), Authority(folder, "theirs")
    ours.certify("/CN=first", "server-1")
    ours.certify("/CN=second", "server-2")
    ours.certify("/O=Shop/CN=50J171900123", "printer")
    ours.certify("/O=Shop", "nameless")
    theirs.certify("/CN=50J171900123", "stranger")
    return folder


@pytest.fixture
def files(shop: Path, tmp_path: Path) -> Path:
    """The same, to be changed by a test."""
    shutil.copy(shop / "server-1.both", tmp_path / "server.pem")
    shutil.copy(shop / "ours.pem", tmp_path / "ca.pem")
    (tmp_path / "weblink.secret").write_text(SECRET)
    (tmp_path / "users").write_text("p7:a-long-password\n")
    return tmp_path


def listener(files: Path, *proof: str, doors: tuple[str, ...] = (WEBLINK,)) -> At:
    return At(
        doors=doors, proof=proof, tls_cert=files / "server.pem", tls_client_ca=files / "ca.pem",
        secret_file=files / "weblink.secret", users_file=files / "users",
    )  # fmt: skip


def client(shop: Path, certificate: str = "") -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=shop / "ours.pem")
    if certificate:
        context.load_cert_chain(shop / f"{certificate}.both")
    return context


async def server_name(stage: Stage, shop: Path) -> str:
    """Return the common name in the certificate that a newcomer is shown."""
    _, writer = await asyncio.open_connection("127.0.0.1", stage.port, ssl=client(shop), server_hostname="localhost")
    subject = writer.get_extra_info("peercert")["subject"]
    writer.close()
    return str(subject[0][0][1])


@pytest.fixture
async def stage(files: Path) -> AsyncIterator[Stage]:
    async with serving(files, listener(files, "path")) as made:
        yield made


async def dial(stage: Stage, shop: Path, path: str = f"/{SECRET}", certificate: str = "") -> ClientWebSocketResponse:
    return await stage.dial(path, ssl=client(shop, certificate))


# --- who is believed


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_printers_dial_in_by_tls_1_2_and_1_3(stage: Stage, shop: Path, version: ssl.TLSVersion) -> None:
    context = client(shop)
    context.minimum_version = context.maximum_version = version
    line = await stage.dial(f"/{SECRET}", ssl=context)
    await line.send_bytes(b"hello")
    assert (await line.receive()).data == b"hello"


async def test_older_tls_is_refused_and_told(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    done = await asyncio.create_subprocess_exec(
        "openssl", "s_client", "-connect", f"127.0.0.1:{stage.port}", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0",
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert await done.wait() != 0
    await until(lambda: "A TLS handshake at 127.0.0.1:0 failed: unsupported protocol." in caplog.text)


async def test_a_printer_is_known_by_its_certificate(files: Path, shop: Path) -> None:
    async with serving(files, listener(files, "certificate", "path")) as stage:
        await dial(stage, shop, certificate="printer")
        await until(lambda: stage.door.visits)
        assert stage.door.visits[0].identities == ("certificate:50J171900123", "secret:weblink.secret")


@pytest.mark.parametrize(
    ("certificate", "told"),
    [
        ("", "failed: peer did not return a certificate."),
        ("stranger", "failed: the client certificate is not believed: unable to get local issuer certificate."),
    ],
)
async def test_where_only_printers_come_in_none_gets_further_without_a_certificate(
    files: Path, shop: Path, caplog: pytest.LogCaptureFixture, certificate: str, told: str
) -> None:
    async with serving(files, listener(files, "certificate")) as stage:
        with pytest.raises(LOST):
            await dial(stage, shop, certificate=certificate)
        await until(lambda: told in caplog.text)
        assert stage.door.visits == []


async def test_a_certificate_without_a_common_name_is_refused_in_words(files: Path, shop: Path) -> None:
    async with serving(files, listener(files, "certificate")) as stage:
        with pytest.raises(WSServerHandshakeError, match="403"):
            await dial(stage, shop, certificate="nameless")


async def test_beside_other_doors_a_missing_certificate_is_refused_in_words(files: Path, shop: Path) -> None:
    async with serving(files, listener(files, "certificate", doors=(WEBLINK, API))) as stage:
        async with stage.client.get(stage.url + "/v1/things", ssl=client(shop)) as answer:
            assert answer.status == 200
        with pytest.raises(WSServerHandshakeError, match="403"):
            await dial(stage, shop)
        await dial(stage, shop, certificate="printer")
        with pytest.raises(LOST):
            await dial(stage, shop, certificate="stranger")


@pytest.mark.parametrize(
    ("file", "words"),
    [("server.pem", "cannot be used"), ("ca.pem", "the authorities in .* cannot be used"), ("users", "user:password")],
)
async def test_files_that_do_not_hold_what_they_must_are_told_at_the_start(files: Path, file: str, words: str) -> None:
    (files / file).write_text("no such thing")
    with pytest.raises(CannotStart, match=words):
        async with serving(files, listener(files, "certificate", "basic")):
            pass


# --- read again


async def test_another_certificate_is_taken_under_open_lines(stage: Stage, files: Path, shop: Path) -> None:
    line = await dial(stage, shop)
    assert await server_name(stage, shop) == "first"
    shutil.copy(shop / "server-2.both", files / "server.pem")
    assert stage.server.renew([listener(files, "path")]) == ["listener 127.0.0.1:0: certificate read again"]
    await shows(stage, shop, "second")
    await line.send_bytes(b"still here")
    assert (await line.receive()).data == b"still here"
    await dial(stage, shop)
    assert stage.server.renew([listener(files, "path")]) == []


async def test_nobody_finds_the_door_shut_while_certificates_change(stage: Stage, files: Path, shop: Path) -> None:
    for turn in range(6):
        shutil.copy(shop / f"server-{turn % 2 + 1}.both", files / "server.pem")
        knocking = [asyncio.create_task(dial(stage, shop)) for _ in range(5)]
        stage.server.renew([listener(files, "path")])
        await asyncio.gather(*knocking)
    await until(lambda: len(stage.door.visits) == 30)


async def test_a_broken_file_keeps_all_that_was_read_before(stage: Stage, files: Path, shop: Path) -> None:
    (files / "server.pem").write_text("broken")
    (files / "weblink.secret").write_text(OTHER_SECRET)
    with pytest.raises(CannotStart, match=r"server\.pem .* cannot be used"):
        stage.server.renew([listener(files, "path")])
    await dial(stage, shop)
    assert await server_name(stage, shop) == "first"
    with pytest.raises(WSServerHandshakeError, match="403"):
        await dial(stage, shop, f"/{OTHER_SECRET}")


async def test_another_secret_is_asked_of_those_who_come_from_now_on(stage: Stage, files: Path, shop: Path) -> None:
    line = await dial(stage, shop)
    (files / "weblink.secret").write_text(OTHER_SECRET)
    assert stage.server.renew([listener(files, "path")]) == ["listener 127.0.0.1:0: secret read again"]
    await dial(stage, shop, f"/{OTHER_SECRET}")
    with pytest.raises(WSServerHandshakeError, match="403"):
        await dial(stage, shop)
    await line.send_bytes(b"still here")
    assert (await line.receive()).data == b"still here"


async def test_another_authority_is_believed_and_the_old_one_no_more(files: Path, shop: Path) -> None:
    at = listener(files, "certificate")
    async with serving(files, at) as stage:
        line = await dial(stage, shop, certificate="printer")
        shutil.copy(shop / "theirs.pem", files / "ca.pem")
        assert stage.server.renew([at]) == ["listener 127.0.0.1:0: client authorities read again"]
        await until_async(lambda: comes_in(stage, shop, "stranger"))
        assert not await comes_in(stage, shop, "printer")
        await line.send_bytes(b"still here")
        assert (await line.receive()).data == b"still here"


async def test_a_listener_that_was_set_anew_waits_for_its_restart(stage: Stage, files: Path, shop: Path) -> None:
    shutil.copy(shop / "server-2.both", files / "server.pem")
    assert stage.server.renew([listener(files, "path", "basic")]) == []
    assert await server_name(stage, shop) == "first"


def test_it_is_the_same_on_the_other_event_loop(files: Path, shop: Path) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def all_at_once() -> None:
        async with serving(files, listener(files, "path")) as stage:
            await test_another_certificate_is_taken_under_open_lines(stage, files, shop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(all_at_once())


# --- silent visitors


async def test_a_connection_keeps_little_to_read_into(
    stage: Stage, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SSLProtocol, "max_size", SSLProtocol.max_size)
    spare_memory()
    printer = await dial(stage, shop)
    await until(lambda: stage.door.lines)
    line: Any = stage.door.lines[-1]
    assert len(line._transport._ssl_protocol._ssl_buffer) == READ_BYTES
    await printer.close()


async def test_visitors_who_say_nothing_are_shown_out_and_hold_up_nobody(
    files: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.server.site.HANDSHAKE_S", 0.2)
    async with serving(files, listener(files, "path")) as stage:
        silent = [await asyncio.open_connection("127.0.0.1", stage.port) for _ in range(50)]
        await dial(stage, shop)
        for reader, writer in silent:
            assert await reader.read() == b""
            writer.close()


async def comes_in(stage: Stage, shop: Path, certificate: str) -> bool:
    try:
        line: Any = await dial(stage, shop, certificate=certificate)
    except LOST:
        return False
    await line.close()
    return True


async def shows(stage: Stage, shop: Path, name: str) -> None:
    async def so() -> bool:
        return await server_name(stage, shop) == name

    await until_async(so)


async def until_async(true: Callable[[], Awaitable[bool]]) -> None:
    while not await true():  # noqa: ASYNC110
        await asyncio.sleep(0.005)
