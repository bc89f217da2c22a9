"""The postman against a real receiver: what it brings back, and from what it does not let itself be held up."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from fanfold.engine.relay_post import Answer
from fanfold.server.postman import Postman
from tests.peers.processes import free_port, run
from tests.peers.receiver import Receiver, answers, goes_on_and_on, hangs, hangs_up, mumbles, takes

BODY = b'{"type": "job.changed"}'
LONG_S = 10.0


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
async def postman() -> AsyncIterator[Postman]:
    postman = Postman()
    yield postman
    await postman.close()
    await postman.close()


async def test_it_brings_the_body_and_the_headers_as_they_are(receiver: Receiver, postman: Postman) -> None:
    given = {"Content-Type": "application/json", "webhook-id": "evt_1"}
    assert await postman.post(receiver.url + "?sn=", given, BODY, LONG_S) == Answer(204)
    (heard,) = receiver.heard
    assert (heard.path, heard.body) == ("/hook?sn=", BODY)
    assert given.items() <= dict(heard.headers).items()
    assert heard.headers["User-Agent"].startswith("Fanfold/")
    assert "Cookie" not in heard.headers


@pytest.mark.parametrize("status", [200, 201, 400, 401, 404, 408, 410, 429, 500, 503])
async def test_it_brings_back_the_status(receiver: Receiver, postman: Postman, status: int) -> None:
    receiver.mood = answers(status, Set_Cookie="a=b")
    assert await postman.post(receiver.url, {}, BODY, LONG_S) == Answer(status)
    assert await postman.post(receiver.url, {}, BODY, LONG_S) == Answer(status)
    assert "Cookie" not in receiver.heard[1].headers


async def test_it_follows_nowhere(receiver: Receiver, postman: Postman) -> None:
    receiver.mood = answers(307, Location=receiver.url + "/elsewhere")
    assert await postman.post(receiver.url, {}, BODY, LONG_S) == Answer(307)
    assert len(receiver.heard) == 1


async def test_it_hears_for_how_long_a_receiver_wants_to_be_left_alone(receiver: Receiver, postman: Postman) -> None:
    for said, low_s, high_s in (
        ("120", 120, 120),
        ("0", 0, 0),
        (format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True), 1, 100),
        (format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True), 0, 0),
        ("9" * 400, 1, 10**9),
    ):
        receiver.mood = answers(503, Retry_After=said)
        answer = await postman.post(receiver.url, {}, BODY, LONG_S)
        assert answer.retry_after_s is not None
        assert low_s <= answer.retry_after_s <= high_s
    for said in (
        "soon", "", "-5", "Thu, 99 Foo 2026", "Wed, 21 Oct 99999999999999 07:28:00 GMT",
        "Wed, 21 Oct 2026 07:28:00 +99999999999999999999",
    ):  # fmt: skip
        receiver.mood = answers(503, Retry_After=said)
        assert (await postman.post(receiver.url, {}, BODY, LONG_S)).retry_after_s is None


async def test_one_that_does_not_answer_is_given_up_in_words(receiver: Receiver, postman: Postman) -> None:
    receiver.mood = hangs
    with pytest.raises(TimeoutError, match=r"no answer within 0\.2 s"):
        await postman.post(receiver.url, {}, BODY, 0.2)
    receiver.mood = hangs_up
    with pytest.raises(ConnectionError, match="no answer"):
        await postman.post(receiver.url, {}, BODY, LONG_S)


async def test_one_that_is_not_there_is_told_in_words_without_secrets(postman: Postman) -> None:
    for url in (
        f"http://me:secret@127.0.0.1:{free_port()}/hook?key=secret",
        "http://me:secret@[::1/hook",
        "http://me:secret@no such host/",
        "http://me:secret@127.0.0.1:99999/",
        "ftp://me:secret@127.0.0.1/",
    ):
        with pytest.raises(OSError, match=r"URL|no answer") as raised:
            await postman.post(url, {}, BODY, LONG_S)
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("head", "rest"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 99),
    ],
    ids=["continue", "hints", "headers", "one header"],
)
async def test_one_that_never_comes_to_its_status_is_hung_up_on(postman: Postman, head: bytes, rest: bytes) -> None:
    async with talking(head, rest * 1000) as (url, said):
        with pytest.raises(ConnectionError, match=r"no answer: (the connection ended|what came is not HTTP)"):
            await postman.post(url, {}, BODY, LONG_S)
        assert await said < 16 * 1024**2  # what the system takes in between


async def test_hundreds_of_answers_on_one_connection_are_each_given_their_room(
    receiver: Receiver, postman: Postman, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.server.postman.ANSWER_BYTES", 1024)
    for _ in range(100):
        assert await postman.post(receiver.url, {}, BODY, LONG_S) == Answer(204)
    assert len({heard.way for heard in receiver.heard}) == 1


@pytest.mark.parametrize(
    "said",
    [b"POST /hook?key=s3cret HTTP/1.1\r\n\r\n", b"HTTP/1.1 999 s3cret\xff\r\n s3cret\r\n\r\n", b"s3cret" * 9999, b""],
)
async def test_neither_what_it_says_nor_our_url_is_told_of_one_that_talks_nonsense(
    postman: Postman, said: bytes
) -> None:
    async with talking(said, b"") as (url, _):
        with pytest.raises(ConnectionError, match=r"^no answer: [^\n]*$") as raised:
            await postman.post(url.replace("//", "//me:s3cret@") + "/s3cret?key=s3cret", {}, BODY, LONG_S)
    assert "s3cret" not in str(raised.value)
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize("mood", [goes_on_and_on, mumbles])
async def test_an_answer_is_its_status_however_much_or_little_follows(
    receiver: Receiver, postman: Postman, mood: object
) -> None:
    receiver.mood = mood  # type: ignore[assignment]
    assert await postman.post(receiver.url, {}, BODY, LONG_S) == Answer(200)
    receiver.mood = takes
    assert await postman.post(receiver.url, {}, BODY, LONG_S) == Answer(204)


async def test_of_an_answer_without_end_no_more_is_heard_than_some(
    receiver: Receiver, postman: Postman, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.server.postman.LISTEN_S", 3600.0)
    receiver.mood = goes_on_and_on
    assert await postman.post(receiver.url, {}, BODY, 3600.0) == Answer(200)


async def test_a_connection_is_used_again(receiver: Receiver, postman: Postman) -> None:
    receiver.mood = answers(200)
    for _ in range(5):
        await postman.post(receiver.url, {}, BODY, LONG_S)
    assert len({heard.way for heard in receiver.heard}) == 1


async def test_a_proxy_of_the_environment_is_not_asked(
    receiver: Receiver, postman: Postman, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert await postman.post(receiver.url, {}, BODY, LONG_S) == Answer(204)


async def test_a_certificate_that_nobody_vouches_for_is_not_posted_to(tmp_path: Path, postman: Postman) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = ("-keyout", str(key), "-out", str(certificate))
    await run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", *made)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with Receiver(tls=tls) as receiver:
        with pytest.raises(ConnectionError, match=r"(?i)certificate"):
            await postman.post(receiver.url, {}, BODY, LONG_S)
        assert receiver.heard == []


@asynccontextmanager
async def talking(head: bytes, rest: bytes) -> AsyncIterator[tuple[str, asyncio.Future[int]]]:
    """Listen at a URL, and answer by these bytes, the rest again and again; tell how many went out till the end."""
    said: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(BODY)
        count = len(head)
        writer.write(head)
        with suppress(ConnectionError):
            while rest:
                writer.write(rest)
                await writer.drain()
                count += len(rest)
        writer.close()
        if not said.done():
            said.set_result(count)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", said


async def test_it_can_be_called_back_in_the_middle(receiver: Receiver, postman: Postman) -> None:
    receiver.mood = hangs
    post = asyncio.create_task(postman.post(receiver.url, {}, BODY, LONG_S))
    await receiver.until_heard(1)
    post.cancel()
    with pytest.raises(asyncio.CancelledError):
        await post
    receiver.mood = takes
    assert await postman.post(receiver.url, {}, BODY, LONG_S) == Answer(204)
