"""Nobody is let in by merely saying who it is."""

from __future__ import annotations

from datetime import UTC, datetime

from fanfold.model import PrinterId
from fanfold.reception import Known, Newcomer, News, Suspicious
from fanfold.transports.presence import CLAIMS_PER_SERIAL, LINES_PER_CLAIM, LetIn, Presence, TurnedAway, Waits

URI = "weblink:50J1"


class Book:
    """A reception that knows what it was given."""

    def __init__(self, known: dict[str, Known] | None = None) -> None:
        self.books = known or {}
        self.told: list[tuple[str, News]] = []

    def known(self, uri: str) -> Known | None:
        return self.books.get(uri)

    async def bind(self, uri: str, identity: str) -> bool:
        known = self.books[uri]
        if known.identity not in ("", identity):
            return False
        self.books[uri] = Known(known.printer, identity)
        return True

    def tell(self, uri: str, news: News) -> None:
        self.told.append((uri, news))


def newcomer(identity: str = "secret:a", uri: str = URI, second: int = 0) -> Newcomer:
    at = datetime(2026, 11, 20, 12, 0, second, tzinfo=UTC)
    return Newcomer(uri, uri.partition(":")[2], "Dock 3", "ZD620", "192.0.2.7", identity, at)


async def test_an_unknown_printer_waits() -> None:
    assert await Presence(Book(), 10).judge(URI, ("secret:a",), "") == Waits()


async def test_a_rejected_one_is_turned_away_and_not_reported() -> None:
    book = Book({URI: Known(None)})
    assert isinstance(await Presence(book, 10).judge(URI, ("secret:a",), ""), TurnedAway)
    assert book.told == []


async def test_the_first_to_prove_itself_is_bound_and_nobody_else_is_it_then() -> None:
    book = Book({URI: Known(PrinterId("dock"))})
    presence = Presence(book, 10)
    assert await presence.judge(URI, ("certificate:a", "user:b"), "") == LetIn()
    assert book.books[URI].identity == "certificate:a"
    assert await presence.judge(URI, ("certificate:a",), "") == LetIn()
    verdict = await presence.judge(URI, ("user:b",), "192.0.2.66")
    assert isinstance(verdict, TurnedAway)
    assert "certificate:a" not in verdict.because, "a stranger learns nothing of the true one"
    [(uri, told)] = book.told
    assert uri == URI
    assert isinstance(told, Suspicious)
    assert "192.0.2.66" in told.message
    assert "user:b" in told.message


async def test_who_proved_nothing_is_nobody() -> None:
    book = Book({URI: Known(PrinterId("dock"))})
    assert isinstance(await Presence(book, 10).judge(URI, (), ""), TurnedAway)


async def test_who_loses_the_race_to_be_bound_is_turned_away() -> None:
    book = Book({URI: Known(PrinterId("dock"))})

    async def bind(uri: str, identity: str) -> bool:
        return False

    book.bind = bind  # type: ignore[method-assign]
    assert isinstance(await Presence(book, 10).judge(URI, ("user:b",), ""), TurnedAway)


def test_newcomers_are_listed_once_however_often_they_dial() -> None:
    presence = Presence(Book(), 10)
    assert presence.wait(newcomer(second=2))
    assert presence.wait(newcomer(second=3))
    assert presence.wait(newcomer("user:b", second=1))
    assert [one.identity for one in presence.newcomers] == ["user:b", "secret:a"]
    presence.leave(URI, "secret:a")
    assert len(presence.newcomers) == 2
    presence.leave(URI, "secret:a")
    assert [one.identity for one in presence.newcomers] == ["user:b"]


def test_there_is_room_for_so_many_and_no_more() -> None:
    presence = Presence(Book(), 2)
    assert presence.wait(newcomer(uri="weblink:1"))
    assert presence.wait(newcomer(uri="weblink:2"))
    assert not presence.wait(newcomer(uri="weblink:3"))
    assert presence.wait(newcomer(uri="weblink:2")), "another line of one that waits already"


def test_one_serial_has_room_for_a_few_claims() -> None:
    presence = Presence(Book(), 1000)
    taken = [presence.wait(newcomer(f"user:{number}")) for number in range(CLAIMS_PER_SERIAL + 1)]
    assert taken == [True] * CLAIMS_PER_SERIAL + [False]


def test_a_claim_that_is_given_up_makes_room_for_another() -> None:
    presence = Presence(Book(), 1000)
    for number in range(CLAIMS_PER_SERIAL):
        presence.wait(newcomer(f"user:{number}"))
    presence.wait(newcomer("user:0"))
    presence.leave(URI, "user:0")
    assert not presence.wait(newcomer("user:new")), "it still waits over its other line"
    presence.leave(URI, "user:0")
    assert presence.wait(newcomer("user:new"))
    for claim in [*range(1, CLAIMS_PER_SERIAL), "new"]:
        presence.leave(URI, f"user:{claim}")
    assert not presence.newcomers
    assert not presence._claims


def test_a_newcomer_that_dials_again_has_waited_since_it_first_came() -> None:
    presence = Presence(Book(), 10)
    presence.wait(newcomer(second=2))
    presence.wait(newcomer(second=9))
    assert [one.since.second for one in presence.newcomers] == [2]


def test_one_newcomer_may_hold_so_many_lines_and_no_more() -> None:
    presence = Presence(Book(), 10)
    taken = [presence.wait(newcomer()) for _ in range(LINES_PER_CLAIM + 1)]
    assert taken == [True] * LINES_PER_CLAIM + [False]
