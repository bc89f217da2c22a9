"""HTTP over real sockets: bodies and their limits, headers, files, faults and the end."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientError, ClientResponse

from fanfold.errors import CannotStart
from fanfold.messages import (
    Command,
    Done,
    ListPrinters,
    ListWebhooks,
    Printers,
    PrinterView,
    Refusal,
    Reply,
    Submit,
    Webhooks,
    WebhookView,
)
from fanfold.model import JobState, Printer, PrinterId, PrinterStatus, Reachable
from fanfold.server import upload
from fanfold.wire import Document
from tests.unit.server.stage import SHOP, TOKEN, At, Stage, serving, until

ZPL = {"Content-Type": "application/vnd.zebra-zpl"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with serving(tmp_path) as made:
        yield made


async def problem(answer: ClientResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json"
    said = await answer.json(content_type=None)
    assert said["status"] == answer.status
    assert said["detail"]
    return answer.status, said["code"]


# --- requests


async def test_a_request_comes_to_the_dialect_as_it_was_on_the_wire(stage: Stage) -> None:
    async with stage.client.get(stage.url + "/v1/things/a%20b%3F?state=held&state=pending") as answer:
        assert (answer.status, await answer.read()) == (200, b'{"path": "/v1/things/a%20b%3F"}')
    (request,) = stage.http.requests
    assert request.path == "/v1/things/a%20b%3F"
    assert list(request.query.items()) == [("state", "held"), ("state", "pending")]
    assert "user-agent" in request.headers


async def test_json_stays_a_body_and_another_body_is_a_document(stage: Stage) -> None:
    url = stage.url + "/v1/things"
    async with stage.client.post(url, json={"printer": "p"}) as answer:
        assert answer.status == 201
        assert answer.headers["Location"] == "/v1/jobs/1"
    async with stage.client.post(url, data=b"^XA^XZ", headers=ZPL) as answer:
        assert answer.status == 201
    as_json, as_document = stage.http.requests
    assert (as_json.document, as_json.body) == (None, b'{"printer": "p"}')
    assert as_document.document == Document.of(b"^XA^XZ", "application/vnd.zebra-zpl")


async def test_an_empty_document_is_told_from_no_body(stage: Stage) -> None:
    async with stage.client.post(stage.url + "/v1/things", data=b"", headers=ZPL):
        pass
    assert stage.http.requests[0].document == Document.of(b"", "application/vnd.zebra-zpl")


async def test_a_large_document_comes_as_a_file_and_is_removed_unless_the_store_moved_it(stage: Stage) -> None:
    data = os.urandom(3 * 1024**2)
    kept = stage.engine.incoming.parent / "kept"

    def keep(command: Command) -> Reply:
        assert isinstance(command, Submit)
        assert isinstance(command.document, Document)
        assert command.document.path is not None
        assert command.document.path.parent == stage.engine.incoming
        os.link(command.document.path, kept)
        return Done()

    stage.engine.answer = keep
    async with stage.client.post(stage.url + "/v1/things", data=BytesIO(data), headers=ZPL) as answer:
        assert answer.status == 201
    document = stage.http.requests[0].document
    assert document is not None
    assert (document.size_bytes, document.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert kept.read_bytes() == data
    assert list(stage.engine.incoming.iterdir()) == []


async def test_an_upload_without_a_length_is_counted(stage: Stage) -> None:
    async def forever() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100_000

    with suppress(ClientConnectionError):
        async with stage.client.post(stage.url + "/v1/things", data=forever(), headers=ZPL) as answer:
            assert await problem(answer) == (413, "document-too-large")
    assert stage.http.requests == []
    await until(lambda: list(stage.engine.incoming.iterdir()) == [])


async def test_a_document_over_the_limit_is_refused_by_its_announced_length(stage: Stage) -> None:
    head = f"POST /v1/things HTTP/1.1\r\nHost: localhost:{stage.port}\r\nConnection: close\r\n"
    body = f"Content-Length: {stage.engine.document_limit_bytes + 1}\r\nExpect: 100-continue\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    writer.write((head + body).encode())
    answer = await reader.readuntil(b"}")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in answer
    assert str(stage.engine.document_limit_bytes).encode() in answer
    writer.close()


async def test_a_caller_that_waits_for_our_word_gets_it(stage: Stage) -> None:
    async with stage.client.post(stage.url + "/v1/things", data=b"^XA", headers=ZPL, expect100=True) as answer:
        assert answer.status == 201


async def test_a_json_body_over_the_limit_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, message_bytes=1000) as stage:
        async with stage.client.post(stage.url + "/v1/things", json="x" * 1000) as answer:
            assert await problem(answer) == (413, "message-too-large")
        async with stage.client.post(stage.url + "/v1/things", json="x" * 900) as answer:
            assert answer.status == 201


async def test_an_upload_that_breaks_off_leaves_no_file(stage: Stage) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    head = f"POST /v1/things HTTP/1.1\r\nHost: localhost:{stage.port}\r\nContent-Length: 4000000\r\n\r\n"
    writer.write(head.encode() + b"x" * 3_000_000)
    await until(lambda: list(stage.engine.incoming.iterdir()))
    writer.transport.abort()
    await until(lambda: not list(stage.engine.incoming.iterdir()))
    assert stage.http.requests == []


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/json"])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "GZIP"])
async def test_a_packed_body_is_refused_whole_cut_or_rubbish(
    stage: Stage, caplog: pytest.LogCaptureFixture, kind: str, coding: str
) -> None:
    packed = gzip.compress(b"a label" * 1000)
    for body in (packed, packed[:20], b"rubbish"):
        head = {"Content-Type": kind, "Content-Encoding": coding}
        async with stage.client.post(stage.url + "/v1/things", data=body, headers=head) as answer:
            assert await problem(answer) == (415, "kind-not-accepted")
    assert stage.http.requests == []
    assert "Traceback" not in caplog.text


async def test_an_upload_that_stops_coming_is_given_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "STALL_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    head = f"POST /v1/things HTTP/1.1\r\nHost: localhost:{stage.port}\r\nContent-Length: 4000000\r\n\r\n"
    writer.write(head.encode() + b"x" * 2_000_000)
    assert b" 408 " in await reader.readline()
    assert not list(stage.engine.incoming.iterdir())
    writer.close()


async def test_a_folder_that_cannot_be_written_is_told(stage: Stage) -> None:
    stage.engine.incoming.rmdir()
    async with stage.client.post(stage.url + "/v1/things", data=BytesIO(b"x" * 2_000_000), headers=ZPL) as answer:
        assert await problem(answer) == (503, "store-failed")


async def test_what_is_refused_after_its_upload_leaves_no_file(stage: Stage) -> None:
    stage.engine.answer = lambda command: Refusal("store-full", "", 507)
    async with stage.client.post(stage.url + "/v1/things", data=BytesIO(b"x" * 2_000_000), headers=ZPL) as answer:
        assert answer.status == 507
    async with stage.client.post(stage.url + "/v1/break", data=BytesIO(b"x" * 2_000_000)) as answer:
        assert answer.status in (413, 500)
    assert not list(stage.engine.incoming.iterdir())


async def test_a_submit_whose_caller_goes_away_is_finished_and_its_file_lives_until_then(stage: Stage) -> None:
    begun, go_on, seen = asyncio.Event(), asyncio.Event(), asyncio.Event()
    plain = stage.engine.do

    async def slow(command: Command, caller: object) -> Reply:
        assert isinstance(command, Submit)
        assert isinstance(command.document, Document)
        assert command.document.path is not None
        begun.set()
        await go_on.wait()
        assert command.document.path.exists()
        seen.set()
        return await plain(command, caller)  # type: ignore[arg-type]

    stage.engine.do = slow  # type: ignore[method-assign]
    sending = asyncio.create_task(
        stage.client.post(stage.url + "/v1/things", data=BytesIO(b"x" * 2_000_000), headers=ZPL)
    )
    await begun.wait()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    go_on.set()
    await seen.wait()
    await until(lambda: not list(stage.engine.incoming.iterdir()))


async def test_a_wait_ends_when_its_caller_goes_away(stage: Stage) -> None:
    waiting = asyncio.create_task(stage.client.post(stage.url + "/v1/wait"))
    await until(lambda: stage.engine.done)
    assert len(stage.engine.gate._waiters) == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await until(lambda: not stage.engine.gate._waiters)


async def test_others_are_answered_while_a_large_document_arrives(stage: Stage) -> None:
    stage.engine.document_limit_bytes = 200 * 1024**2

    async def body() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 1024**2

    upload_ends = asyncio.create_task(stage.client.post(stage.url + "/v1/things", data=body(), headers=ZPL))
    page = await stage.connect()
    answers = 0
    while not upload_ends.done():
        await page.send_str("there?")
        await page.receive_str()
        answers += 1
    assert (await upload_ends).status == 201
    assert answers > 5


# --- answers


@pytest.mark.parametrize("in_file", [False, True])
async def test_a_document_is_handed_out_whole_and_harmless(stage: Stage, tmp_path: Path, in_file: bool) -> None:
    data = b"<script>alert(1)</script>" * 40_000
    stage.http.document = Document.of(data)
    if in_file:
        (tmp_path / "kept").write_bytes(data)
        stage.http.document = Document(len(data), "", path=tmp_path / "kept")
    async with stage.client.get(stage.url + "/v1/document") as answer:
        assert await answer.read() == data
        assert answer.headers["Content-Disposition"] == "attachment"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    async with stage.client.head(stage.url + "/v1/document") as answer:
        assert answer.headers["Content-Length"] == str(len(data))


async def test_a_document_that_is_gone_is_told(stage: Stage, tmp_path: Path) -> None:
    stage.http.document = Document(9, "", path=tmp_path / "nothing")
    async with stage.client.get(stage.url + "/v1/document") as answer:
        assert await problem(answer) == (410, "document-gone")


async def test_a_document_that_ends_early_breaks_the_connection(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"short")
    stage.http.document = Document(9, "", path=tmp_path / "kept")
    with pytest.raises(ClientError):
        async with stage.client.get(stage.url + "/v1/document") as answer:
            await answer.read()


async def test_a_fault_in_a_dialect_is_a_500_without_its_words(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    async with stage.client.post(stage.url + "/v1/break") as answer:
        assert await problem(answer) == (500, "internal")
    assert "ValueError at stage.py" in caplog.text
    assert "secret" not in caplog.text


async def test_unknown_paths_and_methods_are_problems(stage: Stage) -> None:
    async with stage.client.get(stage.url + "/v1/nothing") as answer:
        assert await problem(answer) == (404, "not-found")
    async with stage.client.put(stage.url + "/v1/things") as answer:
        assert await problem(answer) == (405, "method-not-allowed")
        assert answer.headers["Allow"] == "GET, HEAD, POST"
    async with stage.client.post(stage.url + "/") as answer:
        assert await problem(answer) == (405, "method-not-allowed")


async def test_owners_only_commands_are_asked_of_access_over_http_too(stage: Stage) -> None:
    async with stage.client.post(stage.url + "/v1/reload", headers={"Origin": SHOP}) as answer:
        assert (answer.status, await answer.text()) == (403, "own-page-only")
    async with stage.client.post(stage.url + "/v1/reload", headers={"Origin": stage.url}) as answer:
        assert answer.status == 201
    async with stage.client.post(stage.url + "/v1/reload") as answer:
        assert answer.status == 201


# --- other sites


async def test_an_allowed_page_may_read_answers_and_errors(stage: Stage) -> None:
    for path, status in (("/v1/things", 200), ("/v1/nothing", 404)):
        async with stage.client.get(stage.url + path, headers={"Origin": SHOP}) as answer:
            assert answer.status == status
            assert answer.headers["Access-Control-Allow-Origin"] == SHOP
            assert answer.headers["Vary"] == "Origin"
            assert "Idempotency-Replayed" in answer.headers["Access-Control-Expose-Headers"]
            assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_a_preflight_of_an_allowed_page_is_answered(stage: Stage) -> None:
    asks = {
        "Origin": SHOP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "idempotency-key",
        "Access-Control-Request-Private-Network": "true",
    }
    async with stage.client.options(stage.url + "/v1/things", headers=asks) as answer:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]
        assert answer.headers["Access-Control-Allow-Private-Network"] == "true"
    async with stage.client.options(stage.url + "/v1/things", headers={**asks, "Origin": "https://evil.x"}) as answer:
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_form_posted_by_a_strange_page_reaches_nothing(stage: Stage) -> None:
    form = {"Origin": "https://evil.example", "Content-Type": "text/plain", "Sec-Fetch-Site": "cross-site"}
    async with stage.client.post(stage.url + "/v1/things", data=b"^XA", headers=form) as answer:
        assert await problem(answer) == (403, "origin-not-allowed")
    assert stage.http.requests == []


async def test_a_rebound_name_reaches_nothing(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    async with stage.client.get(stage.url + "/", headers={"Host": f"evil.example:{stage.port}"}) as answer:
        assert await problem(answer) == (421, "misdirected")
    assert "421 misdirected" in caplog.text


async def test_a_flood_of_refusals_leaves_a_readable_log(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(60):
        async with stage.client.get(stage.url + "/v1/things", headers={"Origin": "https://evil.example"}):
            pass
    assert 20 <= len(caplog.records) <= 22


# --- files, numbers


async def test_the_page_is_served_under_a_strict_policy(stage: Stage) -> None:
    async with stage.client.get(stage.url + "/") as answer:
        assert answer.content_type == "text/html"
        policy = dict(rule.strip().split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split(";"))
        assert policy.pop("default-src") == "'none'"
        assert policy.pop("frame-ancestors") == "'none'"
        assert policy.pop("img-src") == "'self' data:"
        assert set(policy.values()) == {"'self'", "'none'"}, "nothing inline, nothing evaluated, nothing from elsewhere"
        assert "Server" not in answer.headers
        etag = answer.headers["ETag"]
    async with stage.client.get(stage.url + "/", headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304


@pytest.mark.parametrize(
    "path", ["/js/printerwebsocket.js", "/web/app.js", "/app.js", "/index.html", "/web/index.html"]
)
async def test_files_are_served_by_name(stage: Stage, path: str) -> None:
    async with stage.client.get(stage.url + path, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 200
        assert answer.content_type in ("text/javascript", "text/html")


@pytest.mark.parametrize(
    "path",
    [
        "/js/../../incoming/x",
        "/js/..%2f..%2fsecret",
        "/..%5c..%5csecret",
        "/js/%2e%2e/web/index.html%00",
        "//etc/passwd",
        "/js/notes.txt",
        "/web/tests/secret.js",
        "/js/",
        "/v1%2Fthings",
        "/%ff",
    ],
)
async def test_no_path_leads_out_of_the_folders(stage: Stage, path: str) -> None:
    answer = await stage.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert answer.split(b" ")[1] in (b"404", b"400")


async def test_the_numbers_are_those_of_the_engine(stage: Stage) -> None:
    printer = Printer(PrinterId("till"), "Till", "file:x")
    plain = stage.engine.do

    async def do(command: Command, caller: object) -> Reply:
        if isinstance(command, ListPrinters):
            status = PrinterStatus(reachable=Reachable.UP)
            return Printers((PrinterView(printer, status, waiting_jobs=3, held_jobs=2),))
        if isinstance(command, ListWebhooks):
            return Webhooks((WebhookView("shop", "https://shop.example", 5, 1, None, ""),))
        return await plain(command, caller)  # type: ignore[arg-type]

    stage.engine.do = do  # type: ignore[method-assign]

    async def scrape() -> str:
        async with stage.client.get(stage.url + "/metrics") as answer:
            return await answer.text()

    said = await scrape()
    assert 'fanfold_jobs_total{state="completed"} 0.0' in said
    assert 'fanfold_waiting_jobs{printer="till"} 3.0' in said
    assert 'fanfold_held_jobs{printer="till"} 2.0' in said
    assert 'fanfold_printer_reachable{printer="till"} 1.0' in said
    assert 'fanfold_webhook_behind{webhook="shop"} 5.0' in said
    assert 'fanfold_webhook_dead{webhook="shop"} 1.0' in said
    assert "fanfold_clients 0.0" in said
    assert "fanfold_build_info{version=" in said
    stage.engine.entered[JobState.COMPLETED] = 1
    assert 'fanfold_jobs_total{state="completed"} 1.0' in await scrape()


# --- what is not HTTP


@pytest.mark.parametrize(
    "garbage",
    [
        b"^XA^FO20,20^A0N,28^FDsecret label^FS^XZ\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
    ],
)
async def test_garbage_is_refused_and_not_repeated_in_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture, garbage: bytes
) -> None:
    caplog.set_level("INFO")
    with suppress(ConnectionError):
        assert b" 400 " in (await stage.raw(garbage)).split(b"\n")[0]
    assert "secret" not in caplog.text
    assert "Traceback" not in caplog.text
    async with stage.client.get(stage.url + "/v1/things") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("host", [b"", b"Host: \r\n", b"Host: localhost\r\nHost: evil.example\r\n"])
async def test_a_request_must_name_one_host(stage: Stage, host: bytes) -> None:
    answer = await stage.raw(b"GET /v1/things HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n")
    assert answer.split(b" ")[1] == b"400"


# --- listeners


async def test_several_listeners_each_offer_their_doors(tmp_path: Path) -> None:
    async with serving(tmp_path, At(), At(doors=("metrics",))) as stage:
        first, second = stage.server.urls
        async with stage.client.get(first + "/v1/things") as answer:
            assert answer.status == 200
        async with stage.client.get(second + "/v1/things") as answer:
            assert await problem(answer) == (404, "not-here")
        async with stage.client.get(second + "/metrics") as answer:
            assert answer.status == 200


async def test_connections_that_come_faster_than_they_are_taken_wait_in_line(stage: Stage) -> None:
    # all at once while the loop is kept from taking any: over its queue the system drops them
    knocking = [socket.create_connection(("127.0.0.1", stage.port), timeout=5) for _ in range(400)]
    async with stage.client.get(stage.url + "/v1/things") as answer:
        assert answer.status == 200
    for one in knocking:
        one.close()


async def test_a_port_in_use_is_told_in_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"127.0.0.1 port {port}: another program does"):
            async with serving(tmp_path, At(), At(port=port)):
                pass


@pytest.mark.parametrize(
    ("listener", "words"),
    [
        (At("192.0.2.1"), "no address of this machine"),
        (At("shop.example"), "is no address to listen at"),
        (At(tls_cert=Path("/nowhere/cert.pem")), "No such file"),
        (At("0.0.0.0"), "needs a token"),
        (At("192.0.2.1", optional=True), "No listener could be opened"),
    ],
)
async def test_what_cannot_be_listened_at_is_told_in_words(tmp_path: Path, listener: At, words: str) -> None:
    with pytest.raises(CannotStart, match=words):
        async with serving(tmp_path, listener):
            pass


async def test_a_listener_with_a_certificate_speaks_tls(tmp_path: Path) -> None:
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    asks = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    made = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    await asyncio.to_thread(subprocess.run, [openssl, *asks, *made], check=True, capture_output=True)
    trust = ssl.create_default_context(cafile=str(cert))
    async with serving(tmp_path, At(tls_cert=cert, tls_key=key)) as stage:
        url = stage.url.replace("127.0.0.1", "localhost")
        assert url.startswith("https://")
        async with stage.client.post(url + "/v1/reload", headers={"Origin": url}, ssl=trust) as answer:
            assert answer.status == 201


async def test_a_file_that_is_no_certificate_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("not PEM")
    with pytest.raises(CannotStart, match=r"cert\.pem cannot be used"):
        async with serving(tmp_path, At(tls_cert=tmp_path / "cert.pem")):
            pass


async def test_an_optional_address_that_is_not_ours_is_passed_over(tmp_path: Path) -> None:
    async with serving(tmp_path, At(), At("192.0.2.1", optional=True)) as stage:
        assert len(stage.server.urls) == 1


async def test_a_wide_listener_serves_those_with_the_token_and_the_page_to_all(tmp_path: Path) -> None:
    async with serving(tmp_path, At("0.0.0.0"), token=TOKEN) as stage:
        async with stage.client.get(stage.url + "/v1/things") as answer:
            assert await problem(answer) == (401, "token-needed")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        async with stage.client.get(stage.url + "/v1/things", headers=bearer) as answer:
            assert answer.status == 200
        async with stage.client.get(stage.url + "/") as answer:
            assert answer.status == 200


async def test_who_waits_for_a_job_is_told_when_the_server_closes(stage: Stage) -> None:
    waiting = asyncio.create_task(stage.client.post(stage.url + "/v1/wait"))
    await until(lambda: stage.engine.done)
    await stage.server.close()
    answer = await waiting
    assert (answer.status, await answer.text()) == (503, "shutting-down")


async def test_a_closed_server_can_be_closed_again(stage: Stage) -> None:
    await stage.server.close()
    await stage.server.close()
    with pytest.raises(ClientConnectionError):
        await stage.client.get(stage.url + "/")
