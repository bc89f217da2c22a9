"""WebSocket sessions over real sockets: order, pressure, faults and goodbyes."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError

from fanfold.messages import PrinterChanged, Refusal, ShowJob
from fanfold.model import PrinterId
from fanfold.server import session, upgrade
from tests.unit.server.stage import SHOP, TOKEN, At, Stage, serving, until


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with serving(tmp_path) as made:
        yield made


async def left(stage: Stage) -> None:
    """Wait until no connection is open."""
    await until(lambda: not stage.engine.clients.list())


def event(number: int) -> PrinterChanged:
    return PrinterChanged(number, datetime(2026, 11, 20, tzinfo=UTC), PrinterId("p"), "idle", (), "")


async def test_frames_go_to_the_dialect_and_its_frames_come_back(stage: Stage) -> None:
    page = await stage.connect("/any/path?x=1")
    await page.send_str("hello")
    assert await page.receive_str() == "hello"
    await page.send_bytes(b"\x00\xff")
    assert await page.receive_bytes() == b"\x00\xff"


async def test_the_dialect_of_other_paths_is_given_the_path_as_it_was_sent(stage: Stage) -> None:
    page = await stage.connect("/hello%20there/?events=1&x=%26")
    assert await page.receive_str() == "opened /hello%20there/?events=1&x=%26"


async def test_replies_come_when_they_come_and_hold_up_nothing(stage: Stage) -> None:
    page = await stage.connect()
    await page.send_str("wait slow")
    await page.send_str("do quick")
    assert await page.receive_str() == "quick: Done"
    stage.engine.gate.set()
    assert await page.receive_str() == "slow: Done"


async def test_a_thousand_commands_at_once_are_all_answered(stage: Stage) -> None:
    page = await stage.connect()
    for number in range(1000):
        await page.send_str(f"wait w{number}")
        await page.send_str(f"do d{number}")
    quick = {await page.receive_str() for _ in range(1000)}
    assert quick == {f"d{number}: Done" for number in range(1000)}
    stage.engine.gate.set()
    slow = {await page.receive_str() for _ in range(1000)}
    assert slow == {f"w{number}: Done" for number in range(1000)}


async def test_over_its_share_of_commands_a_connection_waits_and_others_do_not(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MAX_WAITS", 3)
    greedy, modest = await stage.connect(), await stage.connect()
    for number in range(5):
        await greedy.send_str(f"wait {number}")
    await modest.send_str("do it")
    assert await modest.receive_str() == "it: Done"
    assert len(stage.engine.done) == 4
    stage.engine.gate.set()
    assert {await greedy.receive_str() for _ in range(5)} == {f"{number}: Done" for number in range(5)}


async def test_events_come_to_those_who_listen_only(stage: Stage) -> None:
    ear, deaf = await stage.connect(), await stage.connect()
    await ear.send_str("listen 41")
    assert await ear.receive_str() == "listening"
    stage.engine.news.put_nowait(event(42))
    assert await ear.receive_str() == "event 42"
    assert stage.engine.asked_after == [41]
    await deaf.send_str("nothing else")
    assert await deaf.receive_str() == "nothing else"


async def test_listening_anew_replaces_the_old_listening(stage: Stage) -> None:
    page = await stage.connect()
    for _ in range(2):
        await page.send_str("listen")
        await page.receive_str()
    stage.engine.news.put_nowait(event(1))
    stage.engine.news.put_nowait(event(2))
    assert [await page.receive_str(), await page.receive_str()] == ["event 1", "event 2"]


async def test_a_dialect_may_close_after_a_last_word(stage: Stage) -> None:
    page = await stage.connect()
    await page.send_str("close")
    assert await page.receive_str() == "last"
    message = await page.receive()
    assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 4000, "as you wish")
    await left(stage)


@pytest.mark.parametrize("words", ["break secret-of-the-document", "break-later"])
async def test_a_fault_in_a_dialect_ends_its_own_connection_only(
    stage: Stage, caplog: pytest.LogCaptureFixture, words: str
) -> None:
    broken, whole = await stage.connect(), await stage.connect()
    await broken.send_str(words)
    message = await broken.receive()
    assert (message.type, message.data) == (WSMsgType.CLOSE, 1011)
    await whole.send_str("still here")
    assert await whole.receive_str() == "still here"
    assert "ValueError at stage.py" in caplog.text
    assert "secret" not in caplog.text


async def test_a_fault_in_the_engine_ends_the_asking_connection_only(stage: Stage) -> None:
    def fail(command: object) -> Refusal:
        raise RuntimeError("a bug")

    broken, whole = await stage.connect(), await stage.connect()
    stage.engine.answer = fail
    await broken.send_str("do it")
    assert (await broken.receive()).data == 1011
    await whole.send_str("still here")
    assert await whole.receive_str() == "still here"


async def test_clients_are_listed_while_they_are_connected(stage: Stage) -> None:
    page = await stage.connect("/", Origin=SHOP)
    await page.send_str("do it")
    await page.receive_str()
    (client,) = stage.engine.clients.list()
    assert (client.origin, client.dialect, client.address) == (SHOP, "printerwebsocket", "127.0.0.1")
    ((_, caller),) = stage.engine.done
    assert (caller.client, caller.owner) == (client.id, SHOP)
    await page.close()
    await left(stage)


async def test_disconnecting_a_client_tells_it_why(stage: Stage) -> None:
    page = await stage.connect()
    await page.send_str("wait long")
    await page.send_str("hello")
    await page.receive_str()
    (client,) = stage.engine.clients.list()
    because = "ended by hand " + "ü" * 200
    assert stage.engine.clients.disconnect(client.id, because)
    message = await page.receive()
    assert (message.type, message.data) == (WSMsgType.CLOSE, 1008)
    assert message.extra is not None
    assert because.startswith(message.extra)
    assert len(message.extra.encode()) > 100
    await left(stage)


async def test_waiting_ends_with_the_connection_and_doing_does_not(stage: Stage) -> None:
    started, finish, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()
    plain = stage.engine.do

    async def slow(command: object, caller: object) -> object:
        if isinstance(command, ShowJob):
            started.set()
            await finish.wait()
            finished.set()
        return await plain(command, caller)  # type: ignore[arg-type]

    stage.engine.do = slow  # type: ignore[method-assign, assignment]
    page = await stage.connect()
    await page.send_str("wait forever")
    await page.send_str("do it")
    await started.wait()
    await page.close()
    await left(stage)
    finish.set()
    await finished.wait()


async def test_a_page_let_in_to_print_may_not_reload_and_others_may(stage: Stage) -> None:
    shop, local = await stage.connect("/", Origin=SHOP), await stage.connect()
    await shop.send_str("reload")
    assert await shop.receive_str() == "reload: own-page-only"
    await local.send_str("reload")
    assert await local.receive_str() == "reload: Done"


async def test_a_message_over_the_limit_ends_its_connection_with_1009(tmp_path: Path) -> None:
    async with serving(tmp_path, message_bytes=1000) as stage:
        page, other = await stage.connect(), await stage.connect()
        await page.send_str("x" * 1001)
        message = await page.receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1009)
        await other.send_str("x" * 999)
        assert len(await other.receive_str()) == 999


async def test_text_that_is_not_utf_8_ends_its_connection_only(stage: Stage) -> None:
    page, other = await stage.connect(), await stage.connect()
    await page.send_frame(b"\xff\xfe", WSMsgType.TEXT)
    assert (await page.receive()).data == 1007
    await other.send_str("fine")
    assert await other.receive_str() == "fine"


async def deaf_peer(stage: Stage, path: str = "/") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect as a peer with small buffers, which reads nothing of what comes after the handshake."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", stage.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=1024)
    key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    head = (
        f"GET {path} HTTP/1.1\r\nHost: localhost:{stage.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\n"
    )
    writer.write(head.encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def frame(text: str) -> bytes:
    """Mask a text frame with zeros."""
    data = text.encode()
    return struct.pack("!BB4x", 0x81, 0x80 | len(data)) + data


async def test_a_peer_that_does_not_read_is_cut_by_the_bytes_and_others_go_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session, "MAX_BACKLOG_BYTES", 4 * 1024**2)
    _, writer = await deaf_peer(stage)
    other = await stage.connect()
    for _ in range(100):
        writer.write(frame("wait x"))
    writer.write(frame("say 20000000"))
    stage.engine.answer = lambda command: Refusal("y" * 100_000, "", 400)
    while len(stage.engine.done) < 100:
        await other.send_str("there?")
        assert await other.receive_str() == "there?"
    stage.engine.gate.set()
    while len(stage.engine.clients.list()) > 1:
        await other.send_str("there?")
        assert await other.receive_str() == "there?"
    assert "unread" in caplog.text
    writer.close()


async def test_a_peer_that_does_not_read_is_cut_by_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session, "STALL_S", 0.05)
    monkeypatch.setattr(upgrade, "SWEEP_S", 0.02)
    async with serving(tmp_path) as stage:
        _, writer = await deaf_peer(stage)
        writer.write(frame("say 20000000"))
        await until(lambda: "read nothing" in caplog.text)
        await left(stage)
        writer.close()


async def test_a_slow_listener_holds_the_history_back_instead_of_memory(stage: Stage) -> None:
    reader, writer = await deaf_peer(stage)
    writer.write(frame("listen") + frame("say 20000000"))
    await asyncio.wait_for(reader.readexactly(4), 5)
    await until(lambda: stage.engine.asked_after == [None])
    for number in range(1000):
        stage.engine.news.put_nowait(event(number))
    other = await stage.connect()
    for _ in range(50):
        await other.send_str("turn")
        await other.receive_str()
    assert stage.engine.news.qsize() >= 999
    writer.close()


async def test_a_goodbye_to_all_comes_with_1001_and_in_bounded_time(tmp_path: Path) -> None:
    async with serving(tmp_path) as stage:
        pages = [await stage.connect() for _ in range(20)]
        await pages[0].send_str("wait x")
        receiving = [asyncio.create_task(page.receive()) for page in pages]
        await stage.server.close()
        for message in await asyncio.gather(*receiving):
            assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 1001, "The gateway is stopping.")


async def test_a_goodbye_does_not_wait_for_peers_that_do_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "GOODBYE_S", 0.05)
    async with serving(tmp_path) as stage:
        _, writer = await deaf_peer(stage)
        writer.write(frame("say 20000000"))
        await until(stage.engine.clients.list)
        await stage.server.close()
        assert stage.engine.clients.list() == ()
        writer.close()


async def test_while_the_engine_closes_no_connection_is_taken(stage: Stage) -> None:
    stage.engine.closing = True
    with pytest.raises(WSServerHandshakeError) as refused:
        await stage.connect()
    assert refused.value.status == 503


async def test_the_native_door_wants_its_subprotocol(stage: Stage) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await stage.connect("/v1/ws")
    assert refused.value.status == 400
    page = await stage.connect("/v1/ws", ("fanfold.bearer.x", "fanfold.v1"))
    assert page.protocol == "fanfold.v1"
    await page.send_str("hello")
    assert await page.receive_str() == "hello"
    (client,) = stage.engine.clients.list()
    assert client.dialect == "native"


async def test_the_words_of_a_refused_upgrade_are_a_problem(stage: Stage) -> None:
    async with stage.client.get(stage.url + "/v1/ws") as answer:
        assert answer.status == 400
        assert json.loads(await answer.read())["code"] == "subprotocol-needed"


async def test_other_doors_give_back_what_a_browser_offered(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    page = await stage.connect("/", ("fanfold.bearer.secret-token", "mine"))
    assert page.protocol == "mine"
    page = await stage.connect("/", ("fanfold.bearer.secret-token",))
    assert page.protocol == "fanfold.bearer.secret-token"
    assert "secret-token" not in caplog.text


async def test_a_token_opens_a_wide_listener_to_websockets(tmp_path: Path) -> None:
    async with serving(tmp_path, At("0.0.0.0"), token=TOKEN) as stage:
        with pytest.raises(WSServerHandshakeError) as refused:
            await stage.connect()
        assert refused.value.status == 401
        page = await stage.connect("/v1/ws", ("fanfold.v1", f"fanfold.bearer.{TOKEN}"))
        await page.send_str("do it")
        await page.receive_str()
        assert stage.engine.done[-1][1].owner == "token"


async def test_no_compression_is_agreed_on_though_a_client_offers_it(stage: Stage) -> None:
    page = await stage.connect(compress=15)
    assert page.compress == 0
    await page.send_str("x" * 1000)
    assert await page.receive_str() == "x" * 1000


async def test_a_connection_that_breaks_off_is_no_fault(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    page = await stage.connect()
    await page.send_str("wait x")
    await page.send_str("listen")
    await page.receive_str()
    connection = page._response.connection
    assert connection is not None
    assert connection.transport is not None
    connection.transport.abort()
    await left(stage)
    assert caplog.text == ""


async def test_connections_whose_token_is_not_the_gateways_any_more_end_and_others_stay(tmp_path: Path) -> None:
    async with serving(tmp_path, token=TOKEN) as stage:
        old, local = await stage.connect(authorization=f"Bearer {TOKEN}"), await stage.connect()
        stage.server.judge_anew()
        await old.send_str("still here")
        assert await old.receive_str() == "still here"
        stage.access.renew((), "another-token-long-enough")
        stage.server.judge_anew()
        over = await old.receive()
        assert (over.type, over.data) == (WSMsgType.CLOSE, session.POLICY)
        assert "Connect again" in str(over.extra)
        await local.send_str("and me")
        assert await local.receive_str() == "and me"
