"""Webhooks are told of every event, in order, at least once, whatever their receivers and the disk do."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fanfold.config import WebhookFormat, WebhookSetting
from fanfold.config.words import EventKind
from fanfold.dialects.webhook import FanfoldEvents
from fanfold.engine.relay import Relay
from fanfold.engine.relay_post import Answer
from fanfold.engine.relay_round import AT_ONCE, WINDOW
from fanfold.errors import CannotStart, Refused, StoreFailed
from fanfold.messages import Event
from fanfold.model import Printer
from fanfold.store.memory import MemoryStore
from fanfold.wire import Post
from tests.contract.stores import added
from tests.unit.engine.relay_stage import (
    HOUR_S,
    House,
    Posted,
    Shop,
    by_subject,
    hook,
    is_signed,
    jump,
    live,
    make_relay,
    opened,
)


@pytest.fixture(autouse=True)
def _jumping(monkeypatch: pytest.MonkeyPatch) -> None:
    jump(monkeypatch)


def in_order(posts: list[Posted]) -> bool:
    return all(events == sorted(events) for events in by_subject(posts).values())


def fails(posted: Posted) -> int:
    return 500


def test_events_are_told_signed_and_in_the_order_of_each_subject(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        await house.tell(*("till", "bar", "kitchen") * 20)
        taken = await house.shop.until_taken(60)
        assert {subject: len(events) for subject, events in by_subject(taken).items()} == {
            "till": 20, "bar": 20, "kitchen": 20,
        }  # fmt: skip
        assert in_order(taken)
        assert len({posted.message for posted in taken}) == 60
        assert all(is_signed(posted) and posted.headers["Content-Type"] == "application/json" for posted in taken)
        assert house.shop.most_at_once == 3
        await house.relay.close()

    live(story())


def test_different_subjects_are_told_side_by_side_up_to_a_bound(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        await house.tell(*(f"p{number}" for number in range(40)))
        await house.shop.until_taken(40)
        assert house.shop.most_at_once == AT_ONCE
        await house.relay.close()

    live(story())


def test_jobs_are_told_with_what_the_app_calls_them(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        job = await added(house.store, external_id="4711", title="Order")
        (posted,) = await house.shop.until_taken(1)
        data = posted.said["data"]
        assert posted.said["type"] == "job.changed"
        assert (data["job"], data["external_id"], data["printer_name"]) == (job.id, "4711", "the till")
        assert (data["state"], data["evidence"], data["title"]) == ("pending", "none", "Order")
        assert b"secret" not in posted.body
        await house.relay.close()

    live(story())


def test_a_new_webhook_begins_with_the_next_event_and_goes_on_from_there_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        store, shop = MemoryStore(tmp_path), Shop()
        house = House(store, shop, make_relay(store, shop), (await opened(tmp_path)).background, (hook(tmp_path),))
        await house.tell("before")
        await house.start()
        await house.tell("till")
        await shop.until_taken(1)
        await house.relay.close()
        await house.tell("till", "till")
        house = await house.killed()
        await house.start()
        await shop.until_taken(3)
        assert by_subject(shop.taken) == {"till": [2, 3, 4]}
        await house.relay.close()

    live(story())


def test_only_the_kinds_that_are_asked_for_are_told(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path, hook(tmp_path, events=(EventKind.PRINTER_SCANNED,)))
        await house.tell("till", "till")
        await house.store.record("till", "scanned", ("capture.channel1.data.raw",), "", "4006381")  # type: ignore[arg-type]
        await house.tell("till")
        (posted,) = await house.shop.until_taken(1)
        assert posted.said["data"]["data"] == "4006381"
        await asyncio.sleep(60)
        assert len(house.shop.tries) == 1
        assert (await house.store.postbox("shop")).cursor == 4
        assert (await house.view()).behind == 0
        await house.relay.close()

    live(story())


def test_a_subject_that_is_refused_holds_back_itself_alone(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = lambda posted: 400 if posted.subject == "bar" else 200
        await house.tell("bar", "till", "bar", "till")
        await house.shop.until_taken(2)
        for _ in range(50):
            await house.tell("bar", "till")
        taken = await house.shop.until_taken(52)
        assert set(by_subject(taken)) == {"till"}
        assert in_order(taken)
        tried = by_subject(house.shop.tries)["bar"]
        assert set(tried) == {1}, "later events of a subject wait behind the first"
        await asyncio.sleep(0.1)
        view = await house.view()
        assert view.behind == 52
        assert "400" in view.trouble
        house.shop.mood = lambda posted: 200
        await house.shop.until_taken(104)
        assert in_order(house.shop.taken)
        assert (await house.view()).trouble == ""
        await house.relay.close()

    live(story())


def test_a_subject_keeps_its_order_while_the_cursor_waits_for_another(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.slow_s["slow"] = 20.0
        house.shop.mood = lambda posted: 500 if posted.event == 2 else 200
        await house.tell("slow", "bar")
        await house.shop.until_tried(2)
        await asyncio.sleep(5)
        house.shop.mood = lambda posted: 200
        await house.tell("bar", "till")
        await house.shop.until_taken(4)
        assert [posted.event for posted in house.shop.taken] == [4, 1, 2, 3]
        await house.relay.close()

    live(story())


def test_very_many_subjects_keep_their_orders_while_what_waited_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        subjects = [f"p{number}" for number in range(300)]
        house.shop.mood = fails
        await house.tell(*subjects)
        await asyncio.sleep(10)
        house.shop.mood = lambda posted: 200
        await house.shop.until_taken(50)
        for _ in range(5):
            await house.tell(*subjects)
            await asyncio.sleep(0.05)
        taken = await house.shop.until_taken(1800)
        assert in_order(taken)
        assert len({posted.event for posted in taken}) == 1800
        await house.relay.close()

    live(story())


@pytest.mark.parametrize("seed", range(20))
def test_each_subject_keeps_its_order_whatever_fails(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)

    def moody(posted: Posted) -> int | Answer | Exception:
        answers: list[int | Answer | Exception] = [
            200,
            200,
            200,
            500,
            404,
            302,
            Answer(429, 3),
            Answer(503, 2),
            ConnectionError("reset"),
            TimeoutError(),
        ]
        return chance.choice(answers)

    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = moody
        told = 0
        for _ in range(60):
            count = chance.randrange(1, 12)
            await house.tell(*(f"p{chance.randrange(6)}" for _ in range(count)))
            told += count
            await asyncio.sleep(chance.random() * 3)
        house.shop.mood = lambda posted: 200
        taken = await house.shop.until_taken(told)
        assert in_order(taken)
        assert sorted(posted.event for posted in taken) == list(range(1, told + 1))
        await asyncio.sleep(10)
        assert (await house.view()).behind == 0
        await house.relay.close()

    live(story())


@pytest.mark.parametrize("seed", range(10))
def test_whenever_it_is_killed_nothing_is_lost_and_what_is_told_again_has_the_same_id(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)

    async def story() -> None:
        house = await opened(tmp_path)
        moods: list[int | Exception] = [200, 200, 500, ConnectionError("reset")]
        house.shop.mood = lambda posted: chance.choice(moods)
        for _ in range(20):
            await house.tell(*(f"p{chance.randrange(6)}" for _ in range(20)))
            await asyncio.sleep(chance.random() * 0.1)
            house = await house.killed()
            await house.start()
        house.shop.mood = lambda posted: 200
        while {posted.event for posted in house.shop.taken} != set(range(1, 401)):
            await house.shop.until_taken(len(house.shop.taken) + 1)
        ids: dict[int, set[str]] = {}
        for posted in house.shop.tries:
            ids.setdefault(posted.event, set()).add(posted.message)
        assert all(len(messages) == 1 for messages in ids.values())
        first: dict[str, Posted] = {}
        for posted in house.shop.taken:
            first.setdefault(posted.message, posted)
        assert in_order(list(first.values())), "without the doubles the order is kept"
        await house.relay.close()

    live(story())


def test_a_receiver_that_is_down_is_tried_now_and_then_and_gets_all_when_it_is_back(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = lambda posted: ConnectionError("refused")
        for _ in range(60):
            await house.tell(*(f"p{number}" for number in range(50)))
            await asyncio.sleep(60)
        assert len(house.shop.tries) < 100, "an hour and 3000 events later it was not tried for each of them"
        view = await house.view()
        assert view.behind == 3000
        assert "refused" in view.trouble
        house.shop.mood = lambda posted: 200
        back_s = asyncio.get_running_loop().time()
        taken = await house.shop.until_taken(3000)
        assert asyncio.get_running_loop().time() - back_s < 120
        assert in_order(taken)
        await asyncio.sleep(1)
        view = await house.view()
        assert (view.behind, view.trouble, view.dead) == (0, "", 0)
        assert view.last_success_at is not None
        await house.relay.close()

    live(story())


@pytest.mark.parametrize("away", [ConnectionError("refused"), TimeoutError("no answer"), Answer(503), Answer(502)])
def test_a_receiver_that_was_away_for_hours_gets_a_lone_event_soon_after_it_is_back(
    tmp_path: Path, away: Answer | Exception
) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = lambda posted: away
        await house.tell("scanner", "scanner")
        await asyncio.sleep(5 * HOUR_S)
        house.shop.mood = lambda posted: 200
        back_s = asyncio.get_running_loop().time()
        assert by_subject(await house.shop.until_taken(2)) == {"scanner": [1, 2]}
        assert asyncio.get_running_loop().time() - back_s < 90
        assert len(house.shop.tries) < 6 * 60
        await house.relay.close()

    live(story())


def test_an_event_by_which_the_receiver_falls_over_keeps_back_no_other_for_long(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = lambda posted: ConnectionError("reset") if posted.subject == "bad" else 200
        await house.tell("bad")
        for _ in range(300):
            await house.tell("till", "bar")
            await asyncio.sleep(10)
        taken = await house.shop.until_taken(600)
        assert in_order(taken)
        assert len([posted for posted in house.shop.tries if posted.subject == "bad"]) < 120
        late = [after.at_s - before.at_s for before, after in pairwise(taken) if after.subject == before.subject]
        assert all(wait_s < 15 for wait_s in late)
        await house.relay.close()

    live(story())


def test_a_few_such_events_delay_the_others_by_a_probe_at_most(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = lambda posted: ConnectionError("reset") if posted.subject in "abcd" else 200
        await house.tell(*"abcd")
        told_s = []
        for _ in range(200):
            await asyncio.sleep(30)
            await house.tell("till")
            told_s.append(asyncio.get_running_loop().time())
        taken = await house.shop.until_taken(200)
        assert max(posted.at_s - at_s for posted, at_s in zip(taken, told_s, strict=True)) < 80
        await house.relay.close()

    live(story())


def test_after_a_day_what_was_never_taken_is_given_up_and_can_be_tried_again(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = fails
        await house.tell("till", "bar", "till", "kitchen", "till")
        await asyncio.sleep(23 * HOUR_S)
        assert (await house.view()).dead == 0
        assert (await house.view()).behind == 5
        await asyncio.sleep(2 * HOUR_S)
        assert ((await house.view()).behind, (await house.view()).dead) == (0, 5)
        letters = (await house.relay.dead("shop", 100)).letters
        assert {letter.event for letter in letters} == {1, 2, 3, 4, 5}
        assert all("500" in letter.error for letter in letters)
        assert all((letter.last_at - letter.first_at).total_seconds() > 20 * HOUR_S for letter in letters)
        house.shop.mood = lambda posted: 200
        done = await house.relay.retry("shop")
        assert done.notes == ("webhook shop: 5 dead letters are tried again, and what waits at once",)
        taken = await house.shop.until_taken(5)
        assert in_order(taken)
        await asyncio.sleep(1)
        assert ((await house.view()).behind, (await house.view()).dead) == (0, 0)
        await house.relay.close()

    live(story())


def test_after_days_of_darkness_a_receiver_may_get_up_later_than_the_gateway(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = lambda posted: ConnectionError("refused")
        await house.tell(*"abcdef")
        await asyncio.sleep(HOUR_S)
        house = await house.killed()
        await asyncio.sleep(72 * HOUR_S)
        await house.start()
        await asyncio.sleep(HOUR_S / 2)
        assert ((await house.view()).behind, (await house.view()).dead) == (6, 0)
        house.shop.mood = lambda posted: 200
        await house.shop.until_taken(6)
        await house.relay.close()

    live(story())


def test_the_tries_of_one_letter_get_rarer_up_to_an_hour(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = lambda posted: 500 if posted.subject == "bar" else 200
        await house.tell("bar")
        for _ in range(30):
            await asyncio.sleep(HOUR_S)
            await house.tell("till")
        at_s = [posted.at_s for posted in house.shop.tries if posted.subject == "bar"]
        waits_s = [after - before for before, after in pairwise(at_s)]
        assert 0.8 <= waits_s[0] <= 2.3
        assert all(after > before for before, after in pairwise(waits_s[:10]))
        assert 0.8 * HOUR_S <= max(waits_s) <= 1.3 * HOUR_S
        assert at_s[-1] - at_s[0] <= 26 * HOUR_S
        assert (await house.view()).dead == 1
        await house.relay.close()

    live(story())


def test_a_receiver_that_wants_to_be_left_alone_is(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = lambda posted: Answer(429, 600)
        await house.tell("till")
        await house.shop.until_tried(1)
        house.shop.mood = lambda posted: 200
        for _ in range(9):
            await asyncio.sleep(60)
            await house.tell("till", "bar")
        assert len(house.shop.tries) == 1
        taken = await house.shop.until_taken(19)
        assert taken[0].at_s >= 600
        assert in_order(taken)
        await house.relay.close()

    live(story())


def test_a_receiver_that_is_gone_is_posted_nothing_until_a_person_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = lambda posted: 410
        await house.tell("till")
        await house.shop.until_tried(1)
        await asyncio.sleep(5)
        await house.tell("till", "bar")
        await asyncio.sleep(12 * HOUR_S)
        assert len(house.shop.tries) == 1
        view = await house.view()
        assert "410" in view.trouble
        assert view.behind == 3
        house.shop.mood = lambda posted: 200
        await house.relay.retry("shop")
        await house.shop.until_taken(3)
        assert (await house.view()).trouble == ""
        await house.relay.close()

    live(story())


def test_a_receiver_that_is_gone_is_not_thought_back_by_what_was_under_way(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.slow_s["slow"] = 3.0
        house.shop.mood = lambda posted: 410 if posted.subject == "till" else 200
        await house.tell("slow", "till")
        await house.shop.until_taken(1)
        await house.tell("slow")
        await asyncio.sleep(25 * HOUR_S)
        assert len(house.shop.tries) == 2
        view = await house.view()
        assert (view.behind, view.dead) == (0, 2), "in vain for a day is in vain, also where nothing was tried"
        await house.relay.close()

    live(story())


def test_what_waits_goes_to_where_the_configuration_says_by_then(tmp_path: Path) -> None:
    async def story() -> None:
        wrong = hook(tmp_path, url="https://shop.example/hok")
        house = await opened(tmp_path, wrong)
        house.shop.mood = lambda posted: 404 if posted.url.endswith("hok") else 200
        await house.tell(*"abcdefgh")
        await asyncio.sleep(HOUR_S)
        assert house.shop.taken == []
        assert await house.configure(hook(tmp_path)) == ["webhook shop: changed"]
        taken = await house.shop.until_taken(8)
        assert {posted.url for posted in taken} == {"https://shop.example/hook"}
        assert await house.configure(hook(tmp_path)) == []
        await house.relay.close()

    live(story())


def test_a_webhook_that_is_taken_out_is_dropped_with_what_waited_for_it(tmp_path: Path) -> None:
    async def story() -> None:
        other = hook(tmp_path, "office", url="https://office.example")
        house = await opened(tmp_path, hook(tmp_path), other)
        house.shop.mood = lambda posted: 500 if "shop" in posted.url else 200
        await house.tell("till", "bar", "till")
        await house.shop.until_taken(3)
        await asyncio.sleep(5)
        notes = await house.configure(other)
        assert notes == ["webhook shop: taken out; 3 events that waited in its outbox are dropped with it"]
        assert list(await house.store.webhooks()) == ["office"]
        with pytest.raises(Refused, match="no webhook 'shop'") as refused:
            await house.relay.retry("shop")
        assert (refused.value.code, refused.value.status) == ("unknown-webhook", 404)
        await house.tell("till")
        await house.shop.until_taken(4)
        assert await house.configure(other, hook(tmp_path)) == ["webhook shop: new"]
        await house.relay.close()
        house = await house.killed()
        house.settings = ()
        await house.start()
        assert list(await house.store.webhooks()) == []
        await house.relay.close()

    live(story())


def test_a_stop_lets_what_is_being_posted_end_and_notes_it(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.answers_after_s = 1.0
        await house.tell("till", "bar", "till")
        await house.shop.until_tried(0)
        await asyncio.sleep(0.5)
        await house.relay.close()
        assert sorted(posted.event for posted in house.shop.taken) == [1, 2]
        assert (await house.store.postbox("shop")).cursor == 2
        house.shop.answers_after_s = 100.0
        house = await house.killed()
        await house.start()
        await asyncio.sleep(0.5)
        await house.relay.close()
        assert asyncio.get_running_loop().time() < 10
        assert len(asyncio.all_tasks()) == 1

    live(story())


class Failing:
    """The store's verbs, which the disk refuses for a while."""

    def __init__(self, store: MemoryStore, verbs: tuple[str, ...]) -> None:
        self._store, self._verbs = store, verbs
        self.broken = False

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._store, name)
        if name not in self._verbs or not self.broken:
            return verb
        return self._refuse

    async def _refuse(self, *_: object, **__: object) -> None:
        raise StoreFailed("The disk is full.")


@pytest.mark.parametrize("verb", ["events", "post", "next_letters", "taken", "put_off", "postbox"])
def test_a_disk_that_fails_for_a_while_ends_nothing(tmp_path: Path, verb: str) -> None:
    async def story() -> None:
        store, shop = MemoryStore(tmp_path), Shop()
        failing: Any = Failing(store, (verb,))
        relay = Relay(failing, failing, shop, lambda setting: FanfoldEvents(setting.url))
        house = House(store, shop, relay, (await opened(tmp_path)).background, (hook(tmp_path),))
        failing.broken = verb == "postbox"
        await house.start()
        failing.broken = False
        shop.mood = lambda posted: random.choice([200, 500])
        for round_ in range(10):
            failing.broken = round_ % 2 == 1
            await house.tell(*"abcde")
            await asyncio.sleep(5)
        failing.broken = False
        shop.mood = lambda posted: 200
        await asyncio.sleep(HOUR_S)
        events = sorted({posted.event for posted in shop.taken})
        # where even its cursor could not be read, a new webhook begins later
        assert events == list(range(events[0], 51))
        assert verb == "postbox" or events[0] == 1
        view = await house.view()
        assert (view.behind, view.trouble) == (0, "")
        assert not house.background.failures
        await relay.close()

    live(story())


class Breaks(FanfoldEvents):
    def word(self, event: Event, printer: Printer | None) -> Post | None:
        if event.id == 2:
            raise ValueError("no words")
        return super().word(event, printer)


def test_an_event_that_cannot_be_worded_is_told_as_a_fault_and_keeps_back_no_other(tmp_path: Path) -> None:
    async def story() -> None:
        store, shop = MemoryStore(tmp_path), Shop()
        relay = Relay(store, store, shop, lambda setting: Breaks(setting.url))
        house = House(store, shop, relay, (await opened(tmp_path)).background, (hook(tmp_path),))
        await house.start()
        await house.tell("a", "a", "a")
        assert by_subject(await shop.until_taken(2)) == {"a": [1, 3]}
        assert "event 2" in house.background.failures[0]
        await relay.close()

    live(story())


def test_a_fault_of_ours_is_told_and_the_round_goes_on_from_what_is_on_disk(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        round_, _ = house.relay._rounds["shop"]
        whole = round_._landed
        broken = [True]

        def breaks(*of: Any) -> None:
            if broken.pop():
                raise ZeroDivisionError
            round_._landed = whole  # type: ignore[method-assign]
            whole(*of)

        broken.insert(0, False)
        round_._landed = breaks  # type: ignore[assignment]
        await house.tell("a", "b", "a")
        while {posted.event for posted in house.shop.taken} != {1, 2, 3}:
            await house.shop.until_taken(len(house.shop.taken) + 1)
        assert house.background.failures
        await house.relay.close()

    live(story())


def test_a_hundred_thousand_events_of_an_outage_are_written_in_large_pieces_and_not_tried_one_by_one(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = lambda posted: ConnectionError("refused")
        pieces: list[int] = []
        post = house.store.post

        async def counting(webhook: str, cursor: int, letters: Any = ()) -> None:
            pieces.append(len(letters))
            await post(webhook, cursor, letters)

        house.store.post = counting  # type: ignore[method-assign]
        for piece in range(100):
            await house.tell(*(f"p{(piece + number) % 500}" for number in range(1000)))
            await asyncio.sleep(0.1)
        await asyncio.sleep(60)
        assert sum(pieces) == 100_000
        assert max(pieces) <= WINDOW
        assert len(pieces) < 250
        assert len(house.shop.tries) < 50
        assert (await house.view()).behind == 100_000
        await house.relay.close()

    live(story())


def test_events_of_an_outage_are_read_together_so_that_they_take_nothing_from_printing(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = lambda posted: ConnectionError("refused")
        await house.tell(*(f"p{number}" for number in range(10)))
        await asyncio.sleep(10)
        readings: list[int] = []
        events = house.store.events

        async def counting(after: int, limit: int = 1000) -> Any:
            readings.append(after)
            return await events(after, limit)

        house.store.events = counting  # type: ignore[method-assign]
        for _ in range(200):
            await house.tell("till")
            await asyncio.sleep(0.005)
        await asyncio.sleep(1)
        assert 1 <= len(readings) <= 20
        assert (await house.view()).behind == 210
        await house.relay.close()

    live(story())


def test_an_untried_letter_of_a_day_long_outage_says_why_it_was_given_up(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        house.shop.mood = lambda posted: ConnectionError("refused")
        await house.tell(*(f"p{number % 50}" for number in range(3000)))
        await asyncio.sleep(25 * HOUR_S)
        view = await house.view()
        assert (view.behind, view.dead) == (0, 3000)
        untried = [letter for letter in (await house.relay.dead("shop", 3000)).letters if not letter.tries]
        assert untried
        assert all("down all the while" in letter.error and "refused" in letter.error for letter in untried)
        await house.relay.close()

    live(story())


def test_a_format_that_heeds_no_status_takes_any_answer_for_taken(tmp_path: Path) -> None:
    class Old(FanfoldEvents):
        heeds_status = False

    async def story() -> None:
        store, shop = MemoryStore(tmp_path), Shop()
        relay = Relay(store, store, shop, lambda setting: Old(setting.url))
        setting = WebhookSetting("old", "http://old.example", format=WebhookFormat.ZEBRA_WS_PRINT)
        house = House(store, shop, relay, (await opened(tmp_path)).background, (setting,))
        await house.start()
        shop.mood = lambda posted: 500
        await house.tell("a", "a")
        await shop.until_tried(2)
        await asyncio.sleep(60)
        assert len(shop.tries) == 2
        assert "webhook-signature" not in shop.tries[0].headers
        shop.mood = lambda posted: ConnectionError("refused")
        await house.tell("a")
        await shop.until_tried(4)
        await relay.close()

    live(story())


def test_a_secret_that_is_none_is_refused_before_anything_changes(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path)
        bad = tmp_path / "bad"
        bad.write_text("whsec_tooshort\n")
        with pytest.raises(CannotStart, match="bad"):
            house.relay.prepare((replace(hook(tmp_path), secret_file=bad),))
        await house.tell("a")
        await house.shop.until_taken(1)
        await house.relay.close()

    live(story())


def test_passwords_and_queries_of_a_url_are_not_shown(tmp_path: Path) -> None:
    async def story() -> None:
        house = await opened(tmp_path, hook(tmp_path, url="https://me:pass@shop.example/hook?key=secret"))
        assert (await house.view()).url == "https://***@shop.example/hook?…"
        await house.relay.close()

    live(story())
