"""Who may come in, and what they may do: the rules as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.messages import (
    AddDiscovered,
    AddPrinter,
    Adoption,
    AdoptPrinters,
    AllowOrigin,
    AskPrinter,
    CancelJob,
    ChangePrinter,
    Command,
    DisconnectClient,
    IdentifyPrinter,
    ListDeadLetters,
    ListDiscovered,
    ListPrinters,
    ListUnadopted,
    ListWebhooks,
    Refusal,
    RejectPrinter,
    Reload,
    RemovePrinter,
    ReopenChannel,
    RetryDeadLetters,
    RevokeOrigin,
    Submit,
    TracePrinter,
)
from fanfold.model import JobId
from fanfold.server.access import NOBODY, OWNERS_ONLY, Access, Admission, may
from fanfold.server.arrival import Arrival, Neighbour
from fanfold.wire import Document

SHOP = "https://shop.example"
TOKEN = "a-token-that-is-long-enough"
OTHER = "another-token-long-enough"


def arrival(
    path: str = "/v1/jobs",
    method: str = "GET",
    *,
    wide: bool = False,
    tls: bool = False,
    address: str = "127.0.0.1",
    headers: Mapping[str, str | Sequence[str]] | None = None,
    neighbour: Neighbour | None = None,
) -> Arrival:
    given = {"host": "localhost:8765", **(headers or {})}
    read = {name: (value,) if isinstance(value, str) else value for name, value in given.items()}
    return Arrival(method, path, read, "127.0.0.1", address, 8765, tls=tls, wide=wide, neighbour=neighbour)


def access(token: str | None = None, hosts: tuple[str, ...] = (), users: tuple[str, ...] = ()) -> Access:
    return Access({SHOP, "tauri://localhost"}.__contains__, hosts, token, users)


def outcome(verdict: Admission | Refusal) -> str:
    return verdict.owner if isinstance(verdict, Admission) else f"{verdict.status} {verdict.code}"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost:8765", "local"),
        ("localhost", "local"),
        ("LocalHost:8765", "local"),
        ("127.0.0.1:8765", "local"),
        ("[::1]:8765", "local"),
        ("[::1]", "local"),
        ("till-1.shop.example:8765", "local"),
        ("till-1.shop.example", "local"),
        ("192.0.2.7:8765", "local"),
        ("localhost:8766", "421 misdirected"),
        ("localhost:08765", "421 misdirected"),
        ("localhost:", "421 misdirected"),
        ("localhost.:8765", "421 misdirected"),
        ("localhost.evil.example:8765", "421 misdirected"),
        ("evil.example:8765", "421 misdirected"),
        ("evil-till-1.shop.example", "421 misdirected"),
        ("127.0.0.1.evil.example", "421 misdirected"),
        ("127.0.0.2:8765", "421 misdirected"),
        ("2130706433:8765", "421 misdirected"),
        ("user@localhost:8765", "421 misdirected"),
        ("localhost:8765\n", "421 misdirected"),
        ("[::1", "421 misdirected"),
        ("", "400 bad-host"),
        ((), "400 bad-host"),
        (("localhost:8765", "localhost:8765"), "400 bad-host"),
    ],
)
def test_only_our_own_names_are_answered(host: str | Sequence[str], expected: str) -> None:
    verdict = access(hosts=("till-1.shop.example",)).admit(arrival(headers={"host": host}, address="192.0.2.7"))
    assert outcome(verdict) == expected


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://localhost", "http://localhost"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://localhost:3000", "https://localhost:3000"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        (SHOP, SHOP),
        ("tauri://localhost", "tauri://localhost"),
        ("null", "403"),
        ("", "403"),
        ("http://shop.example", "403"),
        ("https://shop.example:444", "403"),
        ("https://shop.example/", "403"),
        ("https://SHOP.example", "403"),
        ("https://shop.example.evil.example", "403"),
        ("https://evil-shop.example", "403"),
        ("http://localhost.evil.example", "403"),
        ("http://evil.example#localhost", "403"),
        ("http://localhost@evil.example", "403"),
        ("http://localhost:3000/", "403"),
        ("http://localhost:3000\n", "403"),
        ("http://localhost:٣٠٠٠", "403"),
        ("http://127.0.0.1.nip.example", "403"),
        ("file://", "403"),
        ((SHOP, SHOP), "403"),
    ],
)
def test_pages_are_let_in_by_their_whole_origin(origin: str | Sequence[str], expected: str) -> None:
    verdict = access().admit(arrival(headers={"origin": origin}))
    assert outcome(verdict) == expected.replace("403", "403 origin-not-allowed")


@pytest.mark.parametrize(
    ("kind", "headers", "expected"),
    [
        ({}, {}, "401 token-needed"),
        ({}, {"authorization": f"Bearer {TOKEN}"}, "token"),
        ({}, {"authorization": f"bearer {TOKEN}"}, "token"),
        ({}, {"authorization": f"Bearer {TOKEN}x"}, "401 wrong-token"),
        ({}, {"authorization": "Bearer "}, "401 wrong-token"),
        ({}, {"authorization": "Bearer \udc80é"}, "401 wrong-token"),
        ({}, {"authorization": f"Basic {TOKEN}"}, "401 token-needed"),
        ({}, {"origin": SHOP}, "401 token-needed"),
        ({}, {"origin": "http://localhost:3000"}, "401 token-needed"),
        ({}, {"origin": SHOP, "authorization": f"Bearer {TOKEN}"}, SHOP),
        ({}, {"origin": "https://evil.example", "authorization": f"Bearer {TOKEN}"}, "403 origin-not-allowed"),
        ({}, {"host": "evil.example", "authorization": f"Bearer {TOKEN}"}, "421 misdirected"),
        (
            {"path": "/v1/ws"},
            {"upgrade": "websocket", "origin": SHOP, "sec-websocket-protocol": f"fanfold.v1, fanfold.bearer.{TOKEN}"},
            SHOP,
        ),
        ({"path": "/till"}, {"upgrade": "WebSocket"}, "401 token-needed"),
        ({"path": f"/v1/jobs?token={TOKEN}"}, {}, "401 token-needed"),
        ({"path": "/metrics"}, {}, "401 token-needed"),
        ({"path": "/"}, {}, "local"),
        ({"path": "/js/printerwebsocket.js"}, {"sec-fetch-site": "cross-site"}, "local"),
        ({"path": "/", "method": "POST"}, {}, "401 token-needed"),
        ({"method": "OPTIONS"}, {"origin": SHOP}, SHOP),
        ({"method": "OPTIONS"}, {"origin": "https://evil.example"}, "403 origin-not-allowed"),
    ],
)
def test_a_wide_listener_asks_everyone_for_the_token(
    kind: Mapping[str, str], headers: Mapping[str, str], expected: str
) -> None:
    assert outcome(access(TOKEN).admit(arrival(**kind, wide=True, headers=headers))) == expected  # type: ignore[arg-type]


def test_on_loopback_a_token_is_welcome_and_not_needed() -> None:
    guard = access(TOKEN)
    assert outcome(guard.admit(arrival())) == "local"
    assert outcome(guard.admit(arrival(headers={"authorization": f"Bearer {TOKEN}"}))) == "token"
    assert outcome(guard.admit(arrival(headers={"authorization": "Bearer wrong"}))) == "401 wrong-token"


def test_a_renewed_token_ends_the_old_one() -> None:
    guard = access(TOKEN)
    guard.renew((), OTHER)
    assert outcome(guard.admit(arrival(wide=True, headers={"authorization": f"Bearer {TOKEN}"}))) == "401 wrong-token"


@pytest.mark.parametrize(
    ("path", "site", "expected"),
    [
        ("/v1/jobs", "cross-site", "403 origin-not-allowed"),
        ("/metrics", "cross-site", "403 origin-not-allowed"),
        ("/v1/jobs", "same-origin", "local"),
        ("/v1/jobs", "none", "local"),
        ("/", "cross-site", "local"),
    ],
)
def test_images_and_links_of_strange_pages_get_nothing_but_public_files(path: str, site: str, expected: str) -> None:
    assert outcome(access().admit(arrival(path, headers={"sec-fetch-site": site}))) == expected


def test_a_refusal_of_an_origin_names_the_command_that_lets_it_in() -> None:
    verdict = access().admit(arrival(headers={"origin": "https://new.example"}))
    assert isinstance(verdict, Refusal)
    assert "fanfold access allow https://new.example" in verdict.says


@given(st.text(max_size=40), st.sampled_from(["origin", "host", "authorization"]))
def test_whatever_a_stranger_writes_is_judged_without_a_fault(text: str, header: str) -> None:
    verdict = access(TOKEN).admit(arrival(headers={header: text}))
    assert isinstance(verdict, Admission | Refusal)
    if isinstance(verdict, Refusal):
        assert verdict.says.isprintable()


OWNERS: tuple[Command, ...] = (
    AllowOrigin("https://x.example"),
    RevokeOrigin("https://x.example"),
    Reload(),
    AddPrinter("p", "file:x"),
    ChangePrinter("p"),
    RemovePrinter("p"),
    DisconnectClient("c1"),
    AdoptPrinters((Adoption("50J1"),)),
    RejectPrinter("50J1"),
    AskPrinter("p", b"~HI"),
    IdentifyPrinter("p"),
    ReopenChannel("p", "raw"),
    TracePrinter("50J1", 20),
    RetryDeadLetters("shop"),
    ListUnadopted(),
    ListDiscovered(),
    AddDiscovered("dock-0011223344"),
    ListWebhooks(),
    ListDeadLetters("shop"),
)


def test_no_command_is_for_owners_that_is_not_tried_here() -> None:
    assert {type(command) for command in OWNERS} == OWNERS_ONLY


@pytest.mark.parametrize(
    ("written", "name", "is_trusted"),
    [(r"till-1\anna", r"TILL-1\Anna", True), (r"TILL-1\anna", r"TILL-2\anna", False), ("Anna", "anna", False)],
)
def test_users_of_windows_are_the_same_in_capitals_and_those_of_linux_are_not(
    written: str, name: str, is_trusted: bool
) -> None:
    verdict = access(users=(written,)).admit(arrival(neighbour=Neighbour(name)))
    assert isinstance(verdict, Admission)
    assert verdict.is_trusted is is_trusted


@pytest.mark.parametrize("command", OWNERS, ids=lambda command: type(command).__name__)
def test_a_page_that_was_let_in_to_print_may_not_change_who_may_print(command: Command) -> None:
    refusal = may(command, Admission(SHOP, SHOP))
    assert refusal is not None
    assert (refusal.status, refusal.code) == (403, "own-page-only")
    assert may(command, Admission("local")) is None
    assert may(command, Admission("token")) is None


def test_everyone_let_in_may_print_list_and_cancel() -> None:
    assert may(ListPrinters(), Admission(SHOP, SHOP)) is None
    assert may(CancelJob(JobId("j")), Admission(SHOP, SHOP)) is None


@pytest.mark.parametrize(
    ("origin", "host", "tls", "own"),
    [
        ("http://localhost:8765", "localhost:8765", False, True),
        ("http://127.0.0.1:8765", "127.0.0.1:8765", False, True),
        ("https://localhost:8765", "localhost:8765", True, True),
        ("https://localhost:8765", "localhost:8765", False, False),
        ("http://localhost:3000", "localhost:8765", False, False),
        ("http://127.0.0.1:8765", "localhost:8765", False, False),
    ],
)
def test_our_own_page_is_the_one_that_came_from_the_name_it_asks(origin: str, host: str, tls: bool, own: bool) -> None:
    verdict = access().admit(arrival(tls=tls, headers={"host": host, "origin": origin}))
    assert isinstance(verdict, Admission)
    assert verdict.own_page is own
    assert (may(Reload(), verdict) is None) is own


ANNA = Neighbour("anna")
HOUSE = Neighbour(is_house=True)
GONE = Neighbour()
UNTOLD = Neighbour(is_house=True, is_told=False)
UNKNOWN = Neighbour(is_told=False)


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize(
    ("neighbour", "headers", "expected"),
    [
        (HOUSE, {}, Admission("local")),
        (None, {}, Admission("local")),
        (ANNA, {}, Admission("local:anna", user="anna", is_trusted=False)),
        (GONE, {}, Admission(NOBODY, is_trusted=False)),
        (HOUSE, {"origin": SHOP}, Admission(SHOP, SHOP)),
        (ANNA, {"origin": SHOP}, Admission(SHOP, SHOP, user="anna", is_trusted=False)),
        (UNKNOWN, {}, Admission("local", is_trusted=False)),
        (GONE, {"origin": SHOP}, Admission(SHOP, SHOP, is_trusted=False)),
        (Neighbour("berta"), {}, Admission("local")),
        (Neighbour("berta"), {"origin": SHOP}, Admission(SHOP, SHOP)),
    ],
)
def test_other_users_of_the_machine_are_told_from_the_gateways_own(
    token: str | None, neighbour: Neighbour | None, headers: Mapping[str, str], expected: Admission
) -> None:
    guard = access(token, users=("berta",))
    assert guard.admit(arrival(headers=headers, neighbour=neighbour)) == expected


@pytest.mark.parametrize("neighbour", [ANNA, GONE, UNTOLD, UNKNOWN, HOUSE, None])
@pytest.mark.parametrize("headers", [{}, {"origin": SHOP}])
def test_who_shows_the_token_is_trusted_whoever_it_is(neighbour: Neighbour | None, headers: Mapping[str, str]) -> None:
    shown = {"authorization": f"Bearer {TOKEN}", **headers}
    verdict = access(TOKEN).admit(arrival(headers=shown, neighbour=neighbour))
    assert isinstance(verdict, Admission)
    assert (verdict.is_trusted, verdict.user) == (True, "")


def test_a_token_that_nobody_set_proves_nothing() -> None:
    verdict = access().admit(arrival(headers={"authorization": "Bearer anything"}, neighbour=ANNA))
    assert verdict == Admission("local:anna", user="anna", is_trusted=False)


def test_where_the_system_tells_no_users_a_token_is_what_tells_them() -> None:
    assert access().admit(arrival(neighbour=UNTOLD)) == Admission("local")
    assert access(TOKEN).admit(arrival(neighbour=UNTOLD)) == Admission("local", is_trusted=False)


def test_users_that_are_read_again_are_trusted_from_then_on() -> None:
    guard = access(users=("anna",))
    guard.renew((), None, ("berta",))
    assert guard.admit(arrival(neighbour=ANNA)) == Admission("local:anna", user="anna", is_trusted=False)


@pytest.mark.parametrize("command", OWNERS, ids=lambda command: type(command).__name__)
def test_another_user_may_not_change_printers_or_who_may_print(command: Command) -> None:
    own_page = Admission("http://localhost:8765", "http://localhost:8765", own_page=True, user="anna", is_trusted=False)
    for admission in (Admission("local:anna", user="anna", is_trusted=False), own_page):
        refusal = may(command, admission)
        assert refusal is not None
        assert (refusal.status, refusal.code) == (403, "not-trusted")
        assert "anna" in refusal.says
    for ordinary in (ListPrinters(), CancelJob(JobId("j")), Submit("p", Document.of(b"x"), key="k")):
        assert may(ordinary, own_page) is None


def test_a_key_of_which_nobody_knows_whose_it_is_names_no_job() -> None:
    gone = Admission(NOBODY, is_trusted=False)
    refusal = may(Submit("p", Document.of(b"x"), key="k"), gone)
    assert refusal is not None
    assert (refusal.status, refusal.code) == (403, "nobodys-key")
    assert may(Submit("p", Document.of(b"x")), gone) is None


def admitted(guard: Access, came: Arrival) -> Admission:
    found = guard.admit(came)
    assert isinstance(found, Admission), found
    return found


@pytest.mark.parametrize(
    ("before", "after", "sent", "neighbour", "holds"),
    [
        (TOKEN, TOKEN, TOKEN, None, True),
        (TOKEN, OTHER, TOKEN, None, False),
        (TOKEN, OTHER, "", HOUSE, True),
        (None, OTHER, "", UNTOLD, False),
        (TOKEN, None, TOKEN, HOUSE, True),
        (TOKEN, None, TOKEN, ANNA, False),
        (TOKEN, OTHER, "", ANNA, True),
    ],
    ids=[
        "the same token", "another token", "no token was needed", "a token that tells users apart",
        "no token is needed any more", "a token made somebody trusted", "never was trusted",
    ],
)  # fmt: skip
def test_an_admission_holds_as_long_as_it_would_be_given_again(
    before: str | None, after: str | None, sent: str, neighbour: Neighbour | None, *, holds: bool
) -> None:
    guard = access(before)
    headers = {"authorization": f"Bearer {sent}"} if sent else {}
    admission = admitted(guard, arrival(headers=headers, neighbour=neighbour))
    guard.renew((), after)
    assert guard.still_holds(admission) is holds


def test_an_admission_ends_with_its_user_origin_or_host() -> None:
    allowed = {SHOP}
    guard = Access(allowed.__contains__, ("gate.example",), None, ("berta",))
    by_user = admitted(guard, arrival(neighbour=Neighbour("berta")))
    by_origin = admitted(guard, arrival(headers={"origin": SHOP}))
    by_host = admitted(guard, arrival(headers={"host": "gate.example"}))
    assert all(map(guard.still_holds, (by_user, by_origin, by_host)))
    allowed.clear()
    guard.renew((), None)
    assert not any(map(guard.still_holds, (by_user, by_origin, by_host)))
