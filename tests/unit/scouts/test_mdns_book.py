"""Which services are kept, and when each is read: bounded, whatever is heard."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fanfold.scouts.mdns_book import AGAIN_S, ASK_AFTER_S, AT_ONCE, MOST_SERVICES, Book
from fanfold.transports.base import Discovered

IPP = "_ipp._tcp.local."
DOCK = Discovered("Dock", "ipp://192.0.2.7/ipp/print", ("*",))


def test_what_is_heard_is_read_once() -> None:
    book = Book()
    assert book.heard(IPP, f"Dock.{IPP}", 10)
    (entry,) = book.due(10)
    book.read(entry, "zd420.local", DOCK, 10)
    assert list(book) == [DOCK]
    assert book.due(1000) == []
    assert book.wait_s(1000) is None


def test_one_that_changes_all_the_time_is_read_now_and_then() -> None:
    book, reads = Book(), 0
    for second in range(100):
        book.heard(IPP, f"Dock.{IPP}", second)
        for entry in book.due(second):
            book.read(entry, "h", DOCK, second)
            reads += 1
    assert reads <= 100 / AGAIN_S + 1


def test_a_flood_is_read_little_by_little_and_those_who_were_there_stay() -> None:
    book = Book()
    kept = [book.heard(IPP, f"{number}.{IPP}", 0) for number in range(10_000)]
    assert kept == [True] * MOST_SERVICES + [False] * (10_000 - MOST_SERVICES)
    first = book.due(0)
    assert [entry.name for entry in first] == [f"{number}.{IPP}" for number in range(AT_ONCE)]
    assert book.wait_s(0) == 0


def test_what_is_gone_is_gone_and_makes_room() -> None:
    book = Book()
    for number in range(MOST_SERVICES):
        book.heard(IPP, f"{number}.{IPP}", 0)
    (entry, *_) = book.due(0)
    book.read(entry, "h", DOCK, 0)
    book.gone(f"0.{IPP}".upper())
    assert list(book) == []
    assert book.heard(IPP, f"new.{IPP}", 1)
    book.gone("never was")


def test_what_lacks_records_is_asked_for_a_few_times_and_then_left() -> None:
    book, asked, now_s = Book(), [], 0.0
    book.heard(IPP, f"Dock.{IPP}", now_s)
    while (wait_s := book.wait_s(now_s)) is not None:
        now_s += wait_s
        asked += [now_s for entry in book.due(now_s) if book.lacks(entry, now_s)]
    assert asked == [sum(ASK_AFTER_S[: number + 1]) for number in range(len(ASK_AFTER_S))]
    book.heard(IPP, f"Dock.{IPP}", now_s)
    assert book.due(now_s), "it said something new"


def test_services_of_a_host_are_read_again_when_it_has_another_name() -> None:
    book = Book()
    for name, host in (("a", "one"), ("b", "two")):
        book.heard(IPP, f"{name}.{IPP}", 0)
        (entry,) = book.due(0)
        book.read(entry, host, DOCK, 0)
    book.again("two", 1)
    assert [entry.name for entry in book.due(1)] == [f"b.{IPP}"]


@given(st.lists(st.tuples(st.sampled_from(["heard", "gone", "due", "again"]), st.text(max_size=2), st.integers(0, 9))))
def test_nothing_that_is_heard_makes_it_raise(deeds: list[tuple[str, str, int]]) -> None:
    book, now_s = Book(), 0.0
    for deed, name, later in deeds:
        now_s += later
        match deed:
            case "heard":
                book.heard(IPP, name, now_s)
            case "gone":
                book.gone(name)
            case "again":
                book.again("h", now_s)
            case _:
                for number, entry in enumerate(book.due(now_s)):
                    if number % 2 or not book.lacks(entry, now_s):
                        book.read(entry, "h", DOCK, now_s)
        assert len(list(book)) <= len(book) <= MOST_SERVICES
