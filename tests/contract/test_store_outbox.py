"""What every store promises of the outbox: cursors that move, letters that wait in line, die, and live again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fanfold.errors import StoreFailed
from fanfold.model import Evidence, JobState
from fanfold.store.base import Letter, Postbox
from tests.contract.stores import BAR, KINDS, TILL, Hands, Whole, added, claimed, finished, letter, settled, stores

HOOK = "till"
OTHER = "scans"
LATER = datetime(2026, 5, 4, 13, tzinfo=UTC)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr("fanfold.clock.uptime_s", hands.uptime_s)
    return hands


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path, hands: Hands) -> AsyncIterator[Whole]:
    async for store in stores(request.param, tmp_path):
        yield store


def events(letters: Sequence[Letter]) -> list[int]:
    return [letter.event for letter in letters]


async def next_events(store: Whole, webhook: str = HOOK) -> list[int]:
    return events(await store.next_letters(webhook))


async def given_up(store: Whole, *letters: Letter) -> None:
    await store.put_off(letters, dead=True)


# --- cursors -----------------------------------------------------------------------------------------------------


async def test_a_new_webhook_has_no_cursor(store: Whole) -> None:
    assert await store.postbox(HOOK) == Postbox(None)
    assert list(await store.webhooks()) == []
    assert list(await store.next_letters(HOOK)) == list(await store.dead_letters(HOOK)) == []
    assert await store.waiting_subjects(HOOK) == frozenset()
    await store.taken(HOOK, [1])
    assert await store.revive(HOOK, 5) == 0


async def test_cursors_are_each_webhooks_own(store: Whole) -> None:
    await store.post(HOOK, 7)
    await store.post(OTHER, 3)
    await store.post(HOOK, 8)
    assert (await store.postbox(HOOK), await store.postbox(OTHER)) == (Postbox(8), Postbox(3))
    assert list(await store.webhooks()) == [HOOK, OTHER]


async def test_a_cursor_moves_with_the_letters_that_it_leaves(store: Whole) -> None:
    await store.post(HOOK, 2, [letter(1), letter(2, "job:2")])
    assert await store.postbox(HOOK) == Postbox(2, waiting=2)
    assert await store.postbox(OTHER) == Postbox(None)


# --- letters that wait -------------------------------------------------------------------------------------------


async def test_a_letter_comes_back_as_it_was_given(store: Whole) -> None:
    plain = letter(4, body=b"")
    full = letter(5, "printer:é", body=bytes(range(256)) * 20, tries=3, last_at=LATER, error="No.\nTwice.", next_s=0.5)
    await store.post(HOOK, 5, [plain, full])
    kept = await store.next_letters(HOOK)
    assert [replace(one, id=0) for one in kept] == [full, plain]
    assert len({one.id for one in kept} - {0}) == 2


async def test_of_each_subject_the_oldest_letter_is_next(store: Whole) -> None:
    await store.post(HOOK, 3, [letter(3), letter(1), letter(2, "job:2")])
    await store.post(HOOK, 5, [letter(4, "job:2"), letter(5, "job:3", next_s=1)])
    assert await next_events(store) == [5, 1, 2]
    assert await store.waiting_subjects(HOOK) == {"job:1", "job:2", "job:3"}


async def test_letters_of_one_subject_are_taken_one_after_the_other(store: Whole) -> None:
    await store.post(HOOK, 9, [letter(number) for number in range(1, 10)])
    seen = []
    while following := await store.next_letters(HOOK):
        assert len(following) == 1
        seen += events(following)
        await store.taken(HOOK, [following[0].id])
    assert seen == list(range(1, 10))
    assert await store.postbox(HOOK) == Postbox(9)
    assert await store.waiting_subjects(HOOK) == frozenset()


async def test_letters_are_next_in_the_order_of_their_times(store: Whole) -> None:
    times = [50, 10, 40, 10, 20]
    await store.post(HOOK, 5, [letter(number, f"job:{number}", next_s=at) for number, at in enumerate(times, 1)])
    assert await next_events(store) == [2, 4, 5, 3, 1]
    assert events(await store.next_letters(HOOK, 2)) == [2, 4]
    assert list(await store.next_letters(HOOK, 0)) == []


async def test_a_letter_that_is_put_off_keeps_its_place_before_its_subjects_others(store: Whole) -> None:
    await store.post(HOOK, 3, [letter(1), letter(2), letter(3, "job:2")])
    first = (await store.next_letters(HOOK))[0]
    tried = replace(first, tries=1, last_at=LATER, next_s=99.5, error="It answered 503.")
    await store.put_off([replace(tried, body=b"other", url="other", event=77, since_s=0)])
    assert list(await store.next_letters(HOOK)) == [letter(3, "job:2", id=first.id + 2), tried]
    assert await store.postbox(HOOK) == Postbox(3, waiting=3)


async def test_letters_are_each_webhooks_own(store: Whole) -> None:
    await store.post(HOOK, 1, [letter(1)])
    await store.post(OTHER, 1, [letter(1), letter(1, "printer:till")])
    (mine,) = await store.next_letters(HOOK)
    await store.taken(OTHER, [mine.id])
    assert await next_events(store) == [1]
    await store.taken(HOOK, [mine.id])
    assert (await store.postbox(HOOK), await store.postbox(OTHER)) == (Postbox(1), Postbox(1, waiting=2))


async def test_several_letters_of_one_event_keep_their_order(store: Whole) -> None:
    await store.post(HOOK, 1, [letter(1, url="https://one.example"), letter(1, url="https://two.example")])
    (first,) = await store.next_letters(HOOK)
    await store.taken(HOOK, [first.id, first.id, 4711])
    (second,) = await store.next_letters(HOOK)
    assert (first.url, second.url) == ("https://one.example", "https://two.example")


async def test_a_letters_id_is_not_given_again(store: Whole) -> None:
    await store.post(HOOK, 1, [letter(1)])
    (old,) = await store.next_letters(HOOK)
    await store.taken(HOOK, [old.id])
    await store.post(HOOK, 2, [letter(2)])
    await store.put_off([replace(old, error="late news of a letter that is gone")], dead=True)
    (new,) = await store.next_letters(HOOK)
    assert new.id > old.id
    assert new.error == ""


async def test_posts_of_many_at_once_lose_nothing(store: Whole) -> None:
    await asyncio.gather(*(store.post(f"hook-{n % 5}", n, [letter(n, f"job:{n % 3}")]) for n in range(60)))
    boxes = [await store.postbox(f"hook-{n}") for n in range(5)]
    assert [(box.cursor, box.waiting) for box in boxes] == [(55 + n, 12) for n in range(5)]


# --- letters that were given up ----------------------------------------------------------------------------------


async def test_a_dead_letter_lets_the_next_one_of_its_subject_forward(store: Whole) -> None:
    await store.post(HOOK, 2, [letter(1), letter(2)])
    (first,) = await store.next_letters(HOOK)
    dead = replace(first, tries=9, last_at=LATER, error="It never answered.")
    await given_up(store, dead)
    assert list(await store.dead_letters(HOOK)) == [dead]
    assert await next_events(store) == [2]
    assert await store.postbox(HOOK) == Postbox(2, waiting=1, dead=1)
    await store.put_off([replace(dead, tries=10)])
    assert [one.tries for one in await store.dead_letters(HOOK)] == [10]


async def test_a_letter_dies_only_once(store: Whole, hands: Hands) -> None:
    await store.post(HOOK, 2, [letter(1), letter(2)])
    (first,) = await store.next_letters(HOOK)
    await given_up(store, first, first)
    hands.turn(60)
    await given_up(store, first)
    assert await store.postbox(HOOK) == Postbox(2, waiting=1, dead=1)
    await store.sweep(0, 60)
    assert await store.postbox(HOOK) == Postbox(2, waiting=1)


async def test_dead_letters_are_listed_newest_first(store: Whole) -> None:
    await store.post(HOOK, 4, [letter(number, f"job:{number}") for number in range(1, 5)])
    await store.post(OTHER, 4, [letter(4)])
    waiting = await store.next_letters(HOOK)
    await given_up(store, *waiting[:3], *await store.next_letters(OTHER))
    assert events(await store.dead_letters(HOOK)) == [3, 2, 1]
    assert events(await store.dead_letters(HOOK, 2)) == [3, 2]
    assert (await store.postbox(OTHER)).dead == 1


async def test_a_subject_whose_letters_all_died_has_none_waiting(store: Whole) -> None:
    await store.post(HOOK, 1, [letter(1)])
    await given_up(store, *await store.next_letters(HOOK))
    assert await store.waiting_subjects(HOOK) == frozenset()
    await store.post(HOOK, 2, [letter(2)])
    assert await next_events(store) == [2]


async def test_revived_letters_are_as_new_and_at_their_old_place(store: Whole) -> None:
    await store.post(HOOK, 3, [letter(1), letter(2), letter(3)])
    for _ in range(2):
        (first,) = await store.next_letters(HOOK)
        await given_up(store, replace(first, tries=20, last_at=LATER, error="Gone."))
    assert await store.revive(OTHER, 5) == 0
    assert await store.revive(HOOK, 500.5) == 2
    assert await store.revive(HOOK, 600) == 0
    (first,) = await store.next_letters(HOOK)
    expected = letter(1, since_s=500.5, next_s=500.5, tries=0, last_at=LATER, error="Gone.", id=first.id)
    assert first == expected
    assert await store.postbox(HOOK) == Postbox(3, waiting=3)
    assert list(await store.dead_letters(HOOK)) == []
    seen = []
    while following := await store.next_letters(HOOK):
        seen += events(following)
        await store.taken(HOOK, [following[0].id])
    assert seen == [1, 2, 3]


async def test_a_dead_letter_can_be_taken(store: Whole) -> None:
    await store.post(HOOK, 2, [letter(1), letter(2)])
    (first,) = await store.next_letters(HOOK)
    await given_up(store, first)
    await store.taken(HOOK, [first.id])
    assert await store.postbox(HOOK) == Postbox(2, waiting=1)


async def test_many_letters_die_and_revive(store: Whole) -> None:
    await store.post(HOOK, 700, [letter(number, f"job:{number % 300}") for number in range(1, 701)])
    while following := await store.next_letters(HOOK, 1000):
        await given_up(store, *following)
    assert await store.postbox(HOOK) == Postbox(700, dead=700)
    assert await store.revive(HOOK, 5) == 700
    assert await store.postbox(HOOK) == Postbox(700, waiting=700)
    assert sorted(await next_events(store))[:3] == [1, 2, 3]


# --- the end of webhooks -----------------------------------------------------------------------------------------


async def test_a_dropped_webhook_is_forgotten_with_all_its_letters(store: Whole) -> None:
    await store.post(HOOK, 600, [letter(number, f"job:{number}") for number in range(600)])
    await store.post(OTHER, 2, [letter(1)])
    await given_up(store, *await store.next_letters(HOOK, 10))
    for _ in range(2):
        await store.drop_webhook(HOOK)
    assert await store.postbox(HOOK) == Postbox(None)
    assert list(await store.webhooks()) == [OTHER]
    assert list(await store.next_letters(HOOK)) == list(await store.dead_letters(HOOK)) == []
    assert await next_events(store, OTHER) == [1]
    await store.post(HOOK, 700)
    assert await store.postbox(HOOK) == Postbox(700)


# --- upkeep ------------------------------------------------------------------------------------------------------


async def test_dead_letters_go_with_the_jobs_and_waiting_ones_stay(store: Whole, hands: Hands) -> None:
    await store.post(HOOK, 3, [letter(1), letter(2, "job:2"), letter(3, "job:3")])
    old, young, _ = await store.next_letters(HOOK)
    hands.turn(1000)
    await given_up(store, old)
    hands.turn(60)
    await given_up(store, young)
    await store.sweep(0, 61)
    assert (await store.postbox(HOOK)).dead == 2
    await store.sweep(0, 60)
    assert events(await store.dead_letters(HOOK)) == [2]
    assert await store.postbox(HOOK) == Postbox(3, waiting=1, dead=1)
    hands.turn(1e7)
    await store.sweep(0, 0)
    assert await store.postbox(HOOK) == Postbox(3, waiting=1)


async def test_no_event_is_dropped_that_a_webhook_has_not_passed(store: Whole, hands: Hands) -> None:
    first = await finished(store)
    await store.record(TILL, "connected", (), "", "raw")
    passed = store.last_event_id()
    second = await finished(store, BAR)
    await store.record(TILL, "disconnected", (), "", "raw")
    await store.post(HOOK, passed)
    await store.post(OTHER, store.last_event_id())
    hands.turn(60)
    assert await store.sweep(0, 0) == (2, 1)
    assert await store.job(first.id) is None
    assert await store.job(second.id) == replace(second, document_kept=False)
    assert [event.id for event in await store.events(0)] == list(range(passed + 1, store.last_event_id() + 1))
    await store.post(HOOK, store.last_event_id() - 2)
    assert await store.sweep(0, 0) == (0, 0)
    await store.post(HOOK, store.last_event_id() - 1)
    assert await store.sweep(0, 0) == (0, 1)
    assert [event.id for event in await store.events(0)] == [store.last_event_id()]
    await store.drop_webhook(HOOK)
    await store.sweep(0, 0)
    assert list(await store.events(0)) == []


async def test_late_news_of_a_finished_job_keep_it_until_they_are_passed(store: Whole, hands: Hands) -> None:
    job = await finished(store)
    await store.post(HOOK, store.last_event_id())
    await settled(store, job, JobState.COMPLETED, evidence=Evidence.PRINTED)
    hands.turn(60)
    assert (await store.sweep(3600, 0))[1] == 0
    assert len(await store.timeline(job.id)) == 4
    await store.post(HOOK, store.last_event_id())
    assert await store.sweep(3600, 0) == (0, 1)


async def test_a_cursor_waits_for_no_open_job(store: Whole) -> None:
    await added(store)
    await claimed(store)
    await store.post(HOOK, 0)
    done = await finished(store, BAR)
    await store.sweep(0, 0)
    assert await store.job(done.id) is not None
    await store.post(HOOK, store.last_event_id())
    await store.sweep(0, 0)
    assert await store.job(done.id) is None


# --- the end -----------------------------------------------------------------------------------------------------


async def test_a_closed_outbox_says_so(store: Whole) -> None:
    await store.close()
    verbs = (
        store.postbox(HOOK),
        store.post(HOOK, 1, [letter(1)]),
        store.next_letters(HOOK),
        store.waiting_subjects(HOOK),
        store.taken(HOOK, [1]),
        store.put_off([letter(1)], dead=True),
        store.dead_letters(HOOK),
        store.revive(HOOK, 1),
        store.drop_webhook(HOOK),
        store.webhooks(),
        store.rejected(),
        store.reject("weblink:A"),
        store.unreject("weblink:A"),
        store.record(TILL, "connected", (), "", "raw"),
    )
    for verb in verbs:
        with pytest.raises(StoreFailed, match="closed"):
            await verb
