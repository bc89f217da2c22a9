"""How the simulated printer asks to come in, and its five points."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from fanfold.simulate.weblink.handshake import SUBPROTOCOL, Answer, Place, authorization, refusal, request

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GOOD = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    "Sec-WebSocket-Protocol": SUBPROTOCOL,
    "Content-Length": "0",
}
PLACE = Place.read("https://gateway.example:8443/weblink?secret=1")


def answer(first: str = "HTTP/1.1 101 Switching Protocols", **changes: str | None) -> Answer:
    headers = GOOD | {name.replace("_", "-"): value for name, value in changes.items() if value is not None}
    headers = {name: value for name, value in headers.items() if changes.get(name.replace("-", "_"), "") is not None}
    return Answer.read("\r\n".join([first, *(f"{name}: {value}" for name, value in headers.items())]).encode())


def told(said: Answer, wants_length: bool = False) -> str:
    return refusal(said, KEY, SUBPROTOCOL, wants_length)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://a.example/x", Place(True, "a.example", 443, "/x")),
        ("wss://a.example:8443", Place(True, "a.example", 8443, "/")),
        ("http://[::1]/", Place(False, "::1", 80, "/")),
        ("ws://127.0.0.1:1/a?b=c", Place(False, "127.0.0.1", 1, "/a?b=c")),
    ],
)
def test_a_location_is_taken_apart(url: str, place: Place) -> None:
    assert Place.read(url) == place


@pytest.mark.parametrize("url", ["", "ftp://a.example", "gateway.example:443", "https://"])
def test_another_location_is_told(url: str) -> None:
    with pytest.raises(ValueError, match="no Weblink location"):
        Place.read(url)


def test_the_request_offers_the_subprotocol_and_says_its_host() -> None:
    said = request(PLACE, KEY).decode().split("\r\n")
    assert said[0] == "GET /weblink?secret=1 HTTP/1.1"
    assert "Host: gateway.example:8443" in said
    assert f"Sec-WebSocket-Protocol: {SUBPROTOCOL}" in said
    assert not any(line.startswith("Authorization") for line in said)


def test_a_right_answer_is_taken() -> None:
    assert told(answer()) == ""
    assert told(answer(Connection="keep-alive, upgrade", Upgrade="WebSocket")) == ""
    assert told(answer(), wants_length=True) == ""


@pytest.mark.parametrize(
    ("said", "points"),
    [
        (answer("HTTP/1.1 200 OK"), "SP = 0, CI = 1, UW = 1, AC = 1, PC = 1"),
        (answer(Connection="close"), "SP = 1, CI = 0, UW = 1, AC = 1, PC = 1"),
        (answer(Upgrade=None), "SP = 1, CI = 1, UW = 0, AC = 1, PC = 1"),
        (answer(Sec_WebSocket_Accept="x"), "SP = 1, CI = 1, UW = 1, AC = 0, PC = 1"),
        (answer(Sec_WebSocket_Protocol=None), "SP = 1, CI = 1, UW = 1, AC = 1, PC = 0"),
    ],
)
def test_a_refusal_names_the_five_points_as_the_printers_log_does(said: Answer, points: str) -> None:
    assert told(said) == f"Failed to connect ({points})"


def test_some_want_a_content_length() -> None:
    assert told(answer(Content_Length=None)) == ""
    assert "Content-Length" in told(answer(Content_Length=None), wants_length=True)


def test_an_http_error_is_told_as_it_came() -> None:
    assert told(answer("HTTP/1.1 403 Forbidden")) == "HTTP/1.1 403 Forbidden"
    with pytest.raises(ValueError, match="no HTTP answer"):
        Answer.read(b"SSH-2.0-OpenSSH")


def test_basic_credentials() -> None:
    said = authorization(['Basic realm="x"'], PLACE, "zebra", "secret")
    assert base64.b64decode(said.removeprefix("Basic ")) == b"zebra:secret"


def test_digest_is_the_example_of_the_rfc() -> None:
    place = Place.read("http://www.example.org/dir/index.html")
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    challenge = f'Digest realm="testrealm@host.com", nonce="{nonce}", opaque="5ccc069c403ebaf9"'
    said = authorization(["Basic realm=x", challenge], place, "Mufasa", "CircleOfLife")
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in said
    assert 'opaque="5ccc069c403ebaf9"' in said
    assert said.startswith('Digest username="Mufasa"')


def test_digest_with_a_quality_of_protection_counts_and_adds_its_own_nonce() -> None:
    challenge = 'Digest realm="a, b", qop="auth,auth-int", algorithm=SHA-256, nonce="n"'
    said = authorization([challenge], PLACE, "zebra", "secret")
    found = re.search(r'cnonce="(\w+)".*response="(\w+)"', said)
    assert found
    first, second = (hashlib.sha256(one).hexdigest() for one in (b"zebra:a, b:secret", b"GET:/weblink?secret=1"))
    whole = f"{first}:n:00000001:{found[1]}:auth:{second}"
    assert found[2] == hashlib.sha256(whole.encode()).hexdigest()
    assert "nc=00000001" in said


def test_a_challenge_that_is_not_understood_gets_nothing() -> None:
    assert authorization(["Negotiate"], PLACE, "a", "b") == ""
    assert authorization(['Digest realm="x", nonce="y", algorithm=SHA-512-256'], PLACE, "a", "b") == ""
