"""What printers must prove, one by one and together: the rules as tables."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.messages import Refusal
from fanfold.server.access import Access
from fanfold.server.arrival import Arrival, offered
from fanfold.server.proofs import Proofs, Unproven

SECRET = "s3cret-of-sixteen"
PROOFS = Proofs(frozenset(), SECRET, "weblink.secret", {"p7": "a-password", "p8": "another"})
RULES = Access(lambda origin: True)


def visit(
    path: str = "/weblink", *, certificate: str = "", headers: Mapping[str, str | Sequence[str]] | None = None
) -> Arrival:
    read = {name: (value,) if isinstance(value, str) else value for name, value in (headers or {}).items()}
    return Arrival(
        "GET", path, read, "192.0.2.7", "0.0.0.0", 443, tls=True, wide=True, target=path,
        certificate_name=certificate, has_secret_path=True,
    )  # fmt: skip


def asking(*asked: str) -> Proofs:
    return Proofs(frozenset(asked), PROOFS.secret, PROOFS.secret_name, PROOFS.users)


def basic(user: str, password: str) -> Mapping[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def outcome(found: tuple[str, ...] | Unproven) -> str:
    return f"{found.refusal.status} {found.refusal.code}" if isinstance(found, Unproven) else " ".join(found)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"/weblink/{SECRET}", "secret:weblink.secret"),
        (f"/{SECRET}", "secret:weblink.secret"),
        (f"/any/where/{SECRET}", "secret:weblink.secret"),
        (f"/weblink/{SECRET.replace('-', '%2D')}", "secret:weblink.secret"),
        (f"/weblink/{SECRET}/", "403 wrong-secret"),
        (f"/weblink/{SECRET}x", "403 wrong-secret"),
        (f"/weblink/{SECRET[:-1]}", "403 wrong-secret"),
        (f"/weblink/{SECRET.upper()}", "403 wrong-secret"),
        (f"/{SECRET}/weblink", "403 wrong-secret"),
        ("/weblink", "403 wrong-secret"),
        ("/", "403 wrong-secret"),
        ("", "403 wrong-secret"),
        ("/\udcff", "403 wrong-secret"),
    ],
)
def test_the_last_part_of_the_path_is_the_secret(path: str, expected: str) -> None:
    assert outcome(RULES.admit_printer(visit(path), asking("path"), 0.0)) == expected


def test_an_empty_secret_opens_nothing() -> None:
    assert outcome(RULES.admit_printer(visit("/"), Proofs(frozenset({"path"})), 0.0)) == "403 wrong-secret"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (basic("p7", "a-password"), "user:p7"),
        (basic("p8", "another"), "user:p8"),
        (basic("p7", "another"), "401 wrong-user"),
        (basic("p9", "a-password"), "401 wrong-user"),
        (basic("p9", ""), "401 wrong-user"),
        (basic("", ""), "401 wrong-user"),
        ({"authorization": "Bearer a-password"}, "401 wrong-user"),
        ({"authorization": "Basic"}, "401 wrong-user"),
        ({"authorization": (basic("p7", "a-password")["authorization"],) * 2}, "401 user-needed"),
        ({}, "401 user-needed"),
    ],
)
def test_basic_asks_for_a_user_of_the_file(headers: Mapping[str, str | Sequence[str]], expected: str) -> None:
    found = RULES.admit_printer(visit(headers=headers), asking("basic"), 0.0)
    assert outcome(found) == expected
    if isinstance(found, Unproven):
        assert found.challenge == 'Basic realm="fanfold", charset="UTF-8"'


def test_digest_asks_by_a_challenge_and_says_what_is_wrong() -> None:
    missing = RULES.admit_printer(visit(), asking("digest"), 0.0)
    wrong = RULES.admit_printer(visit(headers={"authorization": 'Digest username="p7"'}), asking("digest"), 0.0)
    other = RULES.admit_printer(visit(headers=basic("p7", "a-password")), asking("digest"), 0.0)
    for found, code in ((missing, "user-needed"), (wrong, "wrong-user"), (other, "wrong-user")):
        assert isinstance(found, Unproven)
        assert found.refusal.code == code
        assert found.challenge.startswith("Digest ")


@pytest.mark.parametrize(
    ("name", "expected"), [("50J171900123", "certificate:50J171900123"), ("", "403 certificate-needed")]
)
def test_a_certificate_is_known_by_its_common_name(name: str, expected: str) -> None:
    assert outcome(RULES.admit_printer(visit(certificate=name), asking("certificate"), 0.0)) == expected


def test_a_certificate_that_was_not_asked_for_proves_nothing() -> None:
    assert outcome(RULES.admit_printer(visit(certificate="someone"), asking("none"), 0.0)) == "none"


@pytest.mark.parametrize(
    ("path", "certificate", "headers", "expected"),
    [
        (f"/{SECRET}", "P", basic("p7", "a-password"), "certificate:P user:p7 secret:weblink.secret"),
        ("/", "P", basic("p7", "a-password"), "403 wrong-secret"),
        (f"/{SECRET}", "", basic("p7", "a-password"), "403 certificate-needed"),
        (f"/{SECRET}", "P", {}, "401 user-needed"),
    ],
)
def test_all_that_a_listener_lists_must_hold(
    path: str, certificate: str, headers: Mapping[str, str], expected: str
) -> None:
    arrival = visit(path, certificate=certificate, headers=headers)
    assert outcome(RULES.admit_printer(arrival, asking("path", "basic", "certificate"), 0.0)) == expected


@pytest.mark.parametrize(
    "mark", [{"sec-fetch-mode": "websocket"}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-dest": "websocket"}]
)
@pytest.mark.parametrize("asked", ["path", "none"])
def test_no_web_page_is_a_printer(mark: Mapping[str, str], asked: str) -> None:
    assert outcome(RULES.admit_printer(visit(f"/{SECRET}", headers=mark), asking(asked), 0.0)) == "403 no-printer"


@pytest.mark.parametrize("origin", ["https://shop.example", "null", ""])
def test_an_origin_tells_against_a_visitor_only_where_anyone_is_believed(origin: str) -> None:
    arrival = visit(f"/{SECRET}", headers={"origin": origin, "host": "labels.example:8443"})
    assert outcome(RULES.admit_printer(arrival, asking("none"), 0.0)) == "403 no-printer"
    assert outcome(RULES.admit_printer(arrival, asking("path"), 0.0)).startswith("secret:")


@pytest.mark.parametrize("origin", ["https://labels.example:8443", "labels.example:8443"])
def test_firmware_that_calls_its_server_its_origin_is_let_in(origin: str) -> None:
    arrival = visit(headers={"origin": origin, "host": "Labels.example:8443"})
    assert outcome(RULES.admit_printer(arrival, asking("none"), 0.0)) == "none"


@pytest.mark.parametrize(
    "found",
    [
        RULES.admit_printer(visit("/weblink/almost-the-s3cret"), asking("path"), 0.0),
        RULES.admit_printer(visit(headers=basic("p7", "almost-the-password")), asking("basic"), 0.0),
        RULES.admit_printer(visit(), asking("digest"), 0.0),
        RULES.admit_printer(visit(), asking("certificate"), 0.0),
    ],
)
def test_no_refusal_repeats_what_was_tried_or_what_is_right(found: tuple[str, ...] | Unproven) -> None:
    assert isinstance(found, Unproven)
    for word in (SECRET, "a-password", "another", "almost"):
        assert word not in found.refusal.says + found.challenge


@pytest.mark.parametrize("path", ["/weblink/{}", "/{}", "/weblink/{}/", "/{}/x", "/v1/{}", "/v1/jobs"])
def test_nothing_of_a_path_is_shown_where_it_may_be_secret(path: str) -> None:
    assert visit(path.format(SECRET)).shown == "/…"


def test_elsewhere_a_path_is_shown_in_one_short_line() -> None:
    for path, shown in (("/v1/jobs", "/v1/jobs"), ("/a\nb", "/a?b"), ("/" + "x" * 8000, "/" + "x" * 99 + "…")):
        assert replace(visit(path), has_secret_path=False).shown == shown


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (("v1.weblink.zebra.com",), ["v1.weblink.zebra.com"]),
        (("chat , v1.weblink.zebra.com,",), ["chat", "v1.weblink.zebra.com"]),
        (("chat", " v1.weblink.zebra.com "), ["chat", "v1.weblink.zebra.com"]),
        ((), []),
    ],
)
def test_subprotocols_are_told_apart_by_commas_over_several_lines(lines: Sequence[str], names: list[str]) -> None:
    assert offered(visit(headers={"sec-websocket-protocol": lines})) == names


# --- callers whose address is enough


@pytest.mark.parametrize(
    ("peer", "allow", "expected"),
    [
        ("192.0.2.7", ("192.0.2.7",), "let in"),
        ("192.0.2.7", ("198.51.100.1", "192.0.2.0/24"), "let in"),
        ("2001:db8::7", ("2001:db8::/32",), "let in"),
        ("fe80::1%eth0", ("fe80::/10",), "let in"),
        ("192.0.3.7", ("192.0.2.0/24",), "401 token-needed"),
        ("192.0.2.7", ("2001:db8::/32",), "401 token-needed"),
        ("192.0.2.7", (), "401 token-needed"),
        ("", ("192.0.2.0/24",), "401 token-needed"),
    ],
)
def test_listed_addresses_need_no_token_at_a_wide_listener(peer: str, allow: Sequence[str], expected: str) -> None:
    rules = Access(lambda origin: False, (), "a-token-that-is-long-enough")
    found = rules.admit(caller(peer, allow))
    assert (f"{found.status} {found.code}" if isinstance(found, Refusal) else "let in") == expected


def test_without_a_token_the_listed_addresses_are_all() -> None:
    rules = Access(lambda origin: False)
    assert not isinstance(rules.admit(caller("192.0.2.7", ("192.0.2.7",))), Refusal)
    refused = rules.admit(caller("192.0.2.8", ("192.0.2.7",)))
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.code) == (403, "address-not-allowed")


def test_a_listed_address_may_not_bring_a_strange_page_or_a_wrong_token() -> None:
    rules = Access(lambda origin: False, (), "a-token-that-is-long-enough")
    page = rules.admit(caller("192.0.2.7", ("192.0.2.7",), {"origin": ("https://evil.example",)}))
    token = rules.admit(caller("192.0.2.7", ("192.0.2.7",), {"authorization": ("Bearer wrong",)}))
    assert isinstance(page, Refusal)
    assert isinstance(token, Refusal)
    assert (page.code, token.code) == ("origin-not-allowed", "wrong-token")


def caller(peer: str, allow: Sequence[str], headers: Mapping[str, Sequence[str]] | None = None) -> Arrival:
    read = {"host": ("192.0.2.1",), **(headers or {})}
    return Arrival("POST", "/v1/jobs", read, peer, "192.0.2.1", 8765, tls=False, wide=True, allow=allow)


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["path", "basic", "digest", "certificate"]))
def test_whatever_a_stranger_writes_proves_nothing_and_breaks_nothing(path: str, said: str, asked: str) -> None:
    arrival = visit("/" + path, headers={"authorization": said})
    assert isinstance(RULES.admit_printer(arrival, asking(asked), 0.0), Unproven)
