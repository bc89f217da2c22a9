"""Printers that dial in: the handshake byte for byte, proofs over the wire, and who is turned away."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import ClientSession, DigestAuthMiddleware, WSServerHandshakeError

from fanfold.errors import CannotStart
from fanfold.server.base import API, LEGACY, PAGE
from tests.unit.server.stage import APP, DOORS, SHOP, TOKEN, WEBLINK, At, Stage, serving, until

SECRET = "s3cret-of-sixteen"
USERS = "p7:a-long-password\np8:another-password\n"
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The sample of RFC 6455 §1.3."""
PROTOCOL = "Sec-WebSocket-Protocol: v1.weblink.zebra.com"


def handshake(path: str = "/", *lines: str, protocol: str = PROTOCOL) -> bytes:
    head = [
        f"GET {path} HTTP/1.1", "Host: printers.shop.example", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13", protocol, *lines,
    ]  # fmt: skip
    return "\r\n".join(head).encode() + b"\r\n\r\n"


def listener(folder: Path, *proof: str, doors: tuple[str, ...] = (WEBLINK,), address: str = "127.0.0.1") -> At:
    (folder / "weblink.secret").write_text(SECRET + "\n")
    (folder / "users").write_text(USERS)
    return At(address, doors=doors, proof=proof, secret_file=folder / "weblink.secret", users_file=folder / "users")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with serving(tmp_path, listener(tmp_path, "none")) as made:
        yield made


async def head_of(stage: Stage, *sent: bytes) -> list[str]:
    """Send requests one after the other on one connection; return the last answer's head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    head, rest = b"", 0
    for one in sent:
        await reader.readexactly(rest)
        writer.write(one)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]
        rest = int(length or 0)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return head.decode().removesuffix("\r\n\r\n").split("\r\n")


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def status(head: list[str]) -> int:
    return int(head[0].split()[1])


# --- the handshake


async def test_the_handshake_is_answered_to_the_letter(stage: Stage) -> None:
    assert await head_of(stage, handshake("/anything")) == [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {ACCEPT}",
        "Sec-WebSocket-Protocol: v1.weblink.zebra.com",
        "Content-Length: 0",
    ]


@pytest.mark.parametrize(
    "protocol",
    [
        "sec-websocket-protocol: v1.weblink.zebra.com",
        "SEC-WEBSOCKET-PROTOCOL:v1.weblink.zebra.com",
        "Sec-WebSocket-Protocol: chat,  v1.weblink.zebra.com , v2",
        "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: v1.weblink.zebra.com",
    ],
)
async def test_the_subprotocol_need_not_stand_alone(stage: Stage, protocol: str) -> None:
    head = await head_of(stage, handshake(protocol=protocol))
    assert (status(head), PROTOCOL in head) == (101, True)


async def test_no_extension_is_agreed_on(stage: Stage) -> None:
    head = await head_of(stage, handshake("/", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"))
    assert status(head) == 101
    assert not any("extension" in line.lower() for line in head)


@pytest.mark.parametrize(
    "protocol", ["Sec-WebSocket-Protocol: v1.raw.zebra.com", "X: y", "Sec-WebSocket-Protocol: v1.weblink.zebra.com2"]
)
async def test_another_subprotocol_is_refused_in_words(stage: Stage, protocol: str) -> None:
    answer = await stage.raw(handshake("/", "Connection: close", protocol=protocol))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"must offer the subprotocol v1.weblink.zebra.com" in answer
    assert stage.door.visits == []


async def test_neither_our_name_nor_a_token_is_asked_of_a_printer(tmp_path: Path) -> None:
    async with serving(tmp_path, listener(tmp_path, "path", address="0.0.0.0"), token=TOKEN) as stage:
        assert status(await head_of(stage, handshake(f"/{SECRET}"))) == 101


@pytest.mark.parametrize("mark", [f"Origin: {SHOP}", "Sec-Fetch-Mode: websocket", "sec-fetch-site: none"])
async def test_no_web_page_comes_in_or_gets_a_plain_answer(stage: Stage, mark: str) -> None:
    assert status(await head_of(stage, handshake("/", mark))) == 403
    plain = status(await head_of(stage, f"GET / HTTP/1.1\r\nHost: x\r\n{mark}\r\n\r\n".encode()))
    assert plain == (200 if mark.startswith("Origin") else 403)  # a sentence that tells nothing, and no page may read
    assert stage.door.visits == []


async def test_a_plain_request_gets_a_short_answer_that_tells_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, listener(tmp_path, "path")) as stage:
        for path in ("/", "/test", f"/{SECRET}", "/v1/jobs"):
            async with stage.client.get(stage.url + path) as answer:
                assert (answer.status, await answer.text()) == (200, "Printers dial in here, by WebSocket.\n")
            async with stage.client.head(stage.url + path) as answer:
                assert answer.status == 200
            async with stage.client.post(stage.url + path) as answer:
                assert answer.status == 404
    assert stage.http.requests == []


async def test_a_broken_handshake_is_refused(stage: Stage) -> None:
    assert status(await head_of(stage, handshake().replace(b"Version: 13", b"Version: 12"))) == 400
    assert status(await head_of(stage, handshake().replace(KEY.encode(), b"short"))) == 400
    assert stage.door.visits == []


async def test_while_the_engine_closes_no_printer_is_taken(stage: Stage) -> None:
    stage.engine.closing = True
    assert status(await head_of(stage, handshake())) == 503


# --- proofs


async def test_a_secret_in_the_path_lets_in_and_is_told_to_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(tmp_path, listener(tmp_path, "path")) as stage:
        told = {"Cookie": "secret-too", "X-Printer": "7", "X-Auth-Token": "secret-too"}
        told |= {"X-Original-URI": f"/weblink/{SECRET}?a=b", "Referer": f"https://x/{SECRET.replace('-', '%2D')}/"}
        await stage.dial(f"/weblink/{SECRET}?a=b", headers=told)
        await until(lambda: stage.door.visits)
        (visit,) = stage.door.visits
        assert (visit.path, visit.peer, visit.identities) == ("/…", "127.0.0.1", ("secret:weblink.secret",))
        headers = dict(visit.headers)
        assert [headers[name] for name in told] == ["***", "7", "***", "***", "***"]
        assert headers["Host"].startswith("127.0.0.1:")
        for path in (f"/weblink/{SECRET}x", f"/weblink/{SECRET}/", f"/{SECRET}/x", f"/v1/{SECRET}/"):
            answer = await stage.raw(handshake(path, "Connection: close"))
            assert answer.startswith(b"HTTP/1.1 403 ")
            assert SECRET not in answer.decode()
        assert SECRET not in caplog.text + repr(visit)
    assert caplog.text.count("Refused (403 wrong-secret): GET /… from 127.0.0.1") == 4


async def test_basic_is_asked_for_and_believed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(tmp_path, listener(tmp_path, "basic")) as stage:
        right = basic("p7", "a-long-password")
        first = await head_of(stage, handshake())
        assert "Refused" not in caplog.text  # each printer asks so first: it would hide who does not come in
        assert (status(first), 'WWW-Authenticate: Basic realm="fanfold", charset="UTF-8"' in first) == (401, True)
        wrong = basic("p7", "a-wrong-password")
        assert status(await head_of(stage, handshake("/", f"Authorization: {wrong}"))) == 401
        assert status(await head_of(stage, handshake(), handshake("/", f"Authorization: {right}"))) == 101
        await until(lambda: stage.door.visits)
        (visit,) = stage.door.visits
        assert visit.identities == ("user:p7",)
        assert dict(visit.headers)["Authorization"] == "***"
        assert caplog.text.count("Refused (401 wrong-user)") == 1
    assert right not in caplog.text


async def test_digest_is_asked_for_and_believed(tmp_path: Path) -> None:
    async with serving(tmp_path, listener(tmp_path, "digest")) as stage:
        for user, password, comes_in in (("p7", "a-long-password", True), ("p7", "another-password", False)):
            async with ClientSession(middlewares=(DigestAuthMiddleware(user, password),)) as client:
                stage.client, others = client, stage.client
                if comes_in:
                    await stage.dial("/weblink")
                else:
                    with pytest.raises(WSServerHandshakeError, match="401"):
                        await stage.dial("/weblink")
                stage.client = others
        assert [visit.identities for visit in stage.door.visits] == [("user:p7",)]


async def test_all_proofs_of_a_listener_must_hold(tmp_path: Path) -> None:
    async with serving(tmp_path, listener(tmp_path, "basic", "path")) as stage:
        right = "Authorization: " + basic("p8", "another-password")
        assert status(await head_of(stage, handshake(f"/{SECRET}"))) == 401
        assert status(await head_of(stage, handshake("/", right))) == 403
        assert status(await head_of(stage, handshake(f"/{SECRET}", right))) == 101
        await until(lambda: stage.door.visits)
        assert stage.door.visits[0].identities == ("user:p8", "secret:weblink.secret")


async def test_a_flood_of_wrong_proofs_leaves_a_readable_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(tmp_path, listener(tmp_path, "path")) as stage:
        for number in range(60):
            assert status(await head_of(stage, handshake(f"/guess-{number}"))) == 403
    assert caplog.text.count("wrong-secret") <= 21
    assert "guess" not in caplog.text


async def test_a_listener_without_proof_is_warned_of_at_each_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path, listener(tmp_path, "none")) as stage:
        await stage.dial()
        await until(lambda: stage.door.visits)
        assert stage.door.visits[0].identities == ("none",)
    assert 'has `proof = ["none"]`: whoever reaches it can say to be any printer' in caplog.text


# --- beside other doors


async def test_a_printer_that_dials_a_listener_for_pages_does_not_look_connected(tmp_path: Path) -> None:
    async with serving(tmp_path, At(doors=DOORS)) as stage:
        answer = await head_of(stage, handshake())
    assert status(answer) == 404


async def test_beside_other_doors_a_printer_is_told_by_its_subprotocol(tmp_path: Path) -> None:
    async with serving(tmp_path, listener(tmp_path, "path", doors=(WEBLINK, API, LEGACY, PAGE))) as stage:
        page = await stage.connect("/hello")
        assert (await page.receive()).data == "opened /hello"
        await stage.dial(f"/{SECRET}")
        async with stage.client.get(stage.url + "/v1/things") as answer:
            assert answer.status == 200
        async with stage.client.get(stage.url + "/") as answer:
            assert answer.content_type == "text/html"
        with pytest.raises(WSServerHandshakeError, match="403"):
            await stage.dial("/elsewhere")


async def test_where_no_listener_names_it_there_is_no_door(tmp_path: Path) -> None:
    async with serving(tmp_path, At(doors=(API,), proof=("none",))) as stage:
        with pytest.raises(WSServerHandshakeError, match="404"):
            await stage.dial()
    assert stage.door.visits == []


async def test_a_refusal_beside_other_doors_does_not_show_a_secret_either(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path, listener(tmp_path, "path", doors=(WEBLINK, PAGE))) as stage:
        answer = await stage.client.get(stage.url + f"/weblink/{SECRET}", headers={"Host": "evil.example"})
        assert answer.status == 421
        assert SECRET not in await answer.text()
    assert "GET /… from" in caplog.text
    assert SECRET not in caplog.text


async def test_a_printer_that_dials_the_wrong_listener_does_not_give_its_secret_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path, At(doors=DOORS)) as stage:
        assert status(await head_of(stage, handshake(f"/weblink/{SECRET}"))) == 404
    assert "Refused (404 not-here): GET /… from 127.0.0.1" in caplog.text
    assert SECRET not in caplog.text


async def test_bytes_that_are_no_text_are_a_wrong_proof_and_no_fault_of_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sample = b'Authorization: Digest username="p7", realm="fanfold", nonce="x", uri="/", %s="\xff"\r\n\r\n'
    async with serving(tmp_path, listener(tmp_path, "digest")) as stage:
        for name in (b"response", b"algorithm", b"opaque"):
            head = await head_of(stage, handshake().removesuffix(b"\r\n") + sample % name)
            assert status(head) == 401
    assert "Traceback" not in caplog.text
    assert caplog.text.count("Refused (401 wrong-user)") == 3


async def test_whatever_breaks_at_the_door_is_one_line_in_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*given: object) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr(stage.access, "admit_printer", breaks)
    assert status(await head_of(stage, handshake("/" + "x" * 5000))) == 500
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert line.startswith("A request to /xxx")
    assert line.endswith(f"… broke: ValueError at test_printers.py:{breaks.__code__.co_firstlineno + 1}.")
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("doors", [(WEBLINK, API), (APP,)])
async def test_other_doors_of_a_wide_listener_still_need_a_token_or_addresses(
    tmp_path: Path, doors: tuple[str, ...]
) -> None:
    with pytest.raises(CannotStart, match="needs a token"):
        async with serving(tmp_path, listener(tmp_path, "path", doors=doors, address="0.0.0.0")):
            pass


# --- apps with a door of their own


async def test_an_app_has_its_routes_where_its_door_is_named_and_nowhere_else(tmp_path: Path) -> None:
    async with serving(tmp_path, At(doors=(APP,)), At(doors=(API, LEGACY, PAGE))) as stage:
        theirs, ours = stage.server.urls
        async with stage.client.post(theirs + "/print", data=b"^XA^XZ") as answer:
            assert (answer.status, await answer.text()) == (201, "Done")
        async with stage.client.get(theirs + "/list") as answer:
            assert answer.status == 200
        async with stage.client.get(theirs + "/v1/things") as answer:
            assert answer.status == 404
        async with stage.client.post(ours + "/print", data=b"^XA^XZ") as answer:
            assert answer.status == 405
        assert [(one.method, one.path) for one in stage.http.requests] == [("POST", "/print"), ("GET", "/list")]
        (_, caller), *_ = stage.engine.done
        assert (caller.dialect, caller.owner) == (APP, "local")


async def test_an_apps_door_asks_access_as_all_others_do(tmp_path: Path) -> None:
    async with serving(tmp_path, At("0.0.0.0", doors=(APP,)), token=TOKEN) as stage:
        for headers, expected in (
            ({}, 401),
            ({"Authorization": "Bearer wrong"}, 401),
            ({"Authorization": f"Bearer {TOKEN}"}, 201),
            ({"Authorization": f"Bearer {TOKEN}", "Origin": "https://evil.example"}, 403),
            ({"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"}, 421),
        ):
            async with stage.client.post(stage.url + "/print", data=b"^XA^XZ", headers=headers) as answer:
                assert answer.status == expected
            async with stage.client.get(stage.url + "/list", headers=headers) as answer:
                assert answer.status == (200 if expected == 201 else expected)


async def test_an_address_list_opens_a_wide_listener_without_any_token(tmp_path: Path) -> None:
    here, there = At("0.0.0.0", doors=(APP,), allow=("127.0.0.0/8",)), At("0.0.0.0", doors=(APP,), allow=("192.0.2.7",))
    async with serving(tmp_path, here, there) as stage:
        for url, expected in zip(stage.server.urls, (201, 403), strict=True):
            at = url.replace("0.0.0.0", "127.0.0.1")
            async with stage.client.post(at + "/print", data=b"^XA^XZ") as answer:
                assert answer.status == expected
            async with stage.client.get(at + "/list") as answer:
                assert answer.status == (200 if expected == 201 else expected)
