"""Digest authentication: the sums of the RFCs, nonces that age and wear out, and whatever else is sent."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.server import digest as digest_module
from fanfold.server.digest import NONCE_LASTS_S, Digest, Stale, parts_of, password_of, response

USERS = {"printer-7": "a password", "Mufasa": "Circle of Life"}
NOW_S = 1000.0


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def answer(challenge: str, *, user: str = "printer-7", password: str = "a password", qop: bool = True,
           nc: str = "00000001", cnonce: str = "0a4f113b", uri: str = "/weblink",
           realm: str = "fanfold") -> str:  # fmt: skip
    """Answer a challenge by RFC 7616's own words, sharing no code with what is tested."""
    nonce = challenge.partition('nonce="')[2].partition('"')[0]
    secret, asked = md5(f"{user}:{realm}:{password}"), md5(f"GET:{uri}")
    head = f'username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}"'
    if not qop:
        return f'{head}, response="{md5(f"{secret}:{nonce}:{asked}")}"'
    sum_ = md5(f"{secret}:{nonce}:{nc}:{cnonce}:auth:{asked}")
    return f'{head}, algorithm=MD5, qop=auth, nc={nc}, cnonce="{cnonce}", response="{sum_}"'


def judge(one: Digest, said: str, now_s: float = NOW_S) -> str | Stale | None:
    return one.judge(said, "GET", "/weblink", USERS, now_s)


@pytest.mark.parametrize(
    ("told", "user", "password", "right"),
    [
        (
            {
                "realm": "http-auth@example.org", "uri": "/dir/index.html", "qop": "auth", "nc": "00000001",
                "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            },
            "Mufasa", "Circle of Life", "8ca523f5e9506fed4657c9700eebdbec",
        ),
        (
            {
                "realm": "testrealm@host.com", "uri": "/dir/index.html",
                "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            },
            "Mufasa", "CircleOfLife", "1949323746fe6a43ef61f9606e7febea",
        ),
        (
            {
                "realm": "testrealm@host.com", "uri": "/dir/index.html", "qop": "auth", "nc": "00000001",
                "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093", "cnonce": "0a4f113b",
            },
            "Mufasa", "Circle Of Life", "6629fae49393a05397450978507c4ef1",
        ),
    ],
    ids=["RFC 7616 §3.9.1", "RFC 2069 §2.4 as corrected", "RFC 2617 §3.5"],
)  # fmt: skip
def test_the_examples_of_the_rfcs_come_out(told: Mapping[str, str], user: str, password: str, right: str) -> None:
    assert response(told, "GET", user, password) == right


@pytest.mark.parametrize("qop", [True, False])
def test_who_knows_the_password_is_believed_with_and_without_qop(qop: bool) -> None:
    one = Digest()
    assert judge(one, answer(one.challenge(NOW_S), qop=qop)) == "printer-7"


@pytest.mark.parametrize(
    "changed",
    [
        {"password": "b password"}, {"user": "nobody"}, {"user": "nobody", "password": ""}, {"uri": "/elsewhere"},
        {"realm": "another"},
    ],
)  # fmt: skip
def test_who_does_not_is_not(changed: Mapping[str, Any]) -> None:
    one = Digest()
    assert judge(one, answer(one.challenge(NOW_S), **changed)) is None


def test_a_challenge_names_what_printers_know() -> None:
    challenge = Digest().challenge(NOW_S)
    assert challenge.startswith('Digest realm="fanfold", qop="auth", algorithm=MD5, nonce="')
    assert "stale" not in challenge
    assert Digest().challenge(NOW_S, is_stale=True).endswith('", stale=true')


def test_no_two_challenges_are_the_same() -> None:
    one = Digest()
    assert len({one.challenge(NOW_S) for _ in range(100)}) == 100


@pytest.mark.parametrize("qop", [True, False])
def test_an_answer_is_good_once(qop: bool) -> None:
    one = Digest()
    said = answer(one.challenge(NOW_S), qop=qop)
    assert judge(one, said) == "printer-7"
    assert judge(one, said) == Stale()


@pytest.mark.parametrize("count", [", nc=00000001", ", nc=2", ', nc="zz"'])
def test_without_qop_no_other_count_makes_it_good_again(count: str) -> None:
    one = Digest()
    said = answer(one.challenge(NOW_S), qop=False)
    assert judge(one, said) == "printer-7"
    assert judge(one, said + count) == Stale()


def test_no_part_of_an_answer_is_moved_into_its_count_to_use_it_again() -> None:
    one = Digest()
    said = answer(one.challenge(NOW_S), cnonce="0a:4f")
    assert judge(one, said) == "printer-7"
    moved = said.replace("nc=00000001", 'nc="00000001:0a"').replace('"0a:4f"', '"4f"')
    assert moved != said
    assert judge(one, moved) == Stale()


def test_a_nonce_can_be_used_again_by_counting_on() -> None:
    one = Digest()
    challenge = one.challenge(NOW_S)
    assert judge(one, answer(challenge)) == "printer-7"
    assert judge(one, answer(challenge, nc="00000002")) == "printer-7"


def test_an_old_nonce_is_stale_and_a_wrong_password_never_is() -> None:
    one = Digest()
    challenge = one.challenge(NOW_S)
    late_s = NOW_S + NONCE_LASTS_S + 1
    assert judge(one, answer(challenge), late_s) == Stale()
    assert judge(one, answer(challenge, password="wrong"), late_s) is None
    assert judge(one, answer(challenge), NOW_S - 1) == Stale()


@pytest.mark.parametrize("challenge", [Digest().challenge(NOW_S), 'nonce="AAAA"', 'nonce="not base64"'])
def test_a_nonce_that_we_did_not_make_or_made_before_a_restart_lets_nobody_in_and_is_no_wrong_password(
    challenge: str,
) -> None:
    one = Digest()
    assert judge(one, answer(challenge)) == Stale()
    assert judge(one, answer(challenge, password="wrong")) is None
    assert one.used == 0


def test_what_was_used_is_forgotten_in_time_and_under_a_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest_module, "MOST_USED", 10)
    one = Digest()
    for number in range(50):
        assert judge(one, answer(one.challenge(NOW_S), nc=f"{number:08}")) == "printer-7"
    assert one.used <= 10
    for _ in range(20):
        late_s = NOW_S + NONCE_LASTS_S + 1
        assert judge(one, answer(one.challenge(late_s)), late_s) == "printer-7"
    assert one.used <= 20


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ('username="a\\"b\\\\", nc=00000001', {"username": 'a"b\\', "nc": "00000001"}),
        ('qop="auth",NC=1 , uri="/a,b=c"', {"qop": "auth", "nc": "1", "uri": "/a,b=c"}),
        ("qop=auth-int", None),
        ('nonce="a", nonce="b"', None),
        ("nonsense", None),
        ('a="unclosed', None),
        ("", {}),
    ],
)
def test_answers_are_taken_apart_as_they_are_written(said: str, parts: Mapping[str, str] | None) -> None:
    assert parts_of(said) == parts


@pytest.mark.parametrize(
    ("credentials", "found"),
    [
        ("QWxhZGRpbjpvcGVuIHNlc2FtZQ==", ("Aladdin", "open sesame")),
        ("dGVzdDoxMjPCow==", ("test", "123£")),
        ("YTpiOmM=", ("a", "b:c")),
        ("bm9ib2R5", ("nobody", "")),
        ("%%%", ("", "")),
        ("/w==", ("", "")),
    ],
)
def test_basic_credentials_are_read(credentials: str, found: tuple[str, str]) -> None:
    assert password_of(credentials) == found


@given(st.binary(max_size=200), st.sampled_from(["response", "algorithm", "nonce", "username", "realm", "uri"]))
def test_whatever_is_sent_is_judged_without_a_fault(sent: bytes, name: str) -> None:
    said = sent.decode("utf-8", "surrogateescape")  # as headers are read
    one = Digest()
    assert judge(one, said) is None
    right = answer(one.challenge(NOW_S)).replace("algorithm=MD5", 'algorithm="MD5"')
    assert not isinstance(judge(one, re.sub(f'{name}="[^"]*"', lambda _: f'{name}="x{said}"', right)), str)
    password_of(said)


def test_bytes_that_are_no_text_make_a_wrong_answer() -> None:
    one = Digest()
    said = re.sub('response="[^"]*"', lambda _: 'response="\udcff"', answer(one.challenge(NOW_S)))
    assert judge(one, said) is None


def test_many_used_nonces_make_the_next_no_slower() -> None:
    looked_at = 0

    class Watched(OrderedDict[tuple[str, str], float]):
        def items(self) -> Any:
            nonlocal looked_at
            for item in super().items():
                looked_at += 1
                yield item

    one = Digest()
    one._used = Watched(((f"{number}", ""), NOW_S) for number in range(digest_module.MOST_USED))
    assert judge(one, answer(one.challenge(NOW_S))) == "printer-7"
    assert looked_at <= 2
    assert one.used == digest_module.MOST_USED
