"""What every store promises of jobs: kept, claimed once, changed on condition, found again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from fanfold.errors import Refused, StoreFailed
from fanfold.model import Evidence, Job, JobId, JobState, OnLate, Reason
from fanfold.store.base import Lateness, Limits, Store
from fanfold.wire import Document
from tests.contract.stores import (
    BAR,
    KINDS,
    LABEL,
    LARGE,
    LIMITS,
    ON_TIME,
    TILL,
    Ear,
    Hands,
    added,
    bytes_of,
    change,
    claimed,
    finished,
    ids,
    new_job,
    settled,
    stores,
)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr("fanfold.clock.uptime_s", hands.uptime_s)
    return hands


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path, hands: Hands) -> AsyncIterator[Store]:
    async for store in stores(request.param, tmp_path):
        yield store


def arrived(store: Store, data: bytes, media_type: str = "application/pdf") -> Document:
    path = store.incoming / "body"
    path.write_bytes(data)
    return replace(Document.of(data, media_type), data=None, path=path)


# --- adding ------------------------------------------------------------------------------------------------------


async def test_an_added_job_is_found_as_it_was_given(store: Store) -> None:
    job = new_job(
        title="Étiquette №7 🏷",
        copies=3,
        language="zpl",
        dialect="native",
        owner="https://shop.example",
        key="order-7",
        external_id="7",
        start_within_s=12.5,
        on_late=OnLate.CANCEL,
        blocked_at_start_s=1.25,
        reprint_of=JobId("019f0000-0000-7000-8000-000000000000"),
        pulse_only=True,
        reasons=("first", "second"),
        message="why",
    )
    answer = await store.add(job, LABEL, LIMITS, "fingerprint")
    assert answer.fresh
    assert answer.job == job
    assert await store.job(job.id) == job


async def test_the_document_says_its_size_and_sum(store: Store) -> None:
    job = await added(store, size_bytes=0, sha256="")
    assert (job.size_bytes, job.sha256, job.document_kept) == (LABEL.size_bytes, LABEL.sha256, True)


async def test_an_unknown_job_is_none(store: Store) -> None:
    nobody = JobId("nobody")
    assert await store.job(nobody) is None
    assert await store.job_by_key("local", "nothing") is None
    assert await store.document(nobody) is None
    assert list(await store.timeline(nobody)) == []
    assert await store.settle(change(new_job(), JobState.CANCELED)) is None


@pytest.mark.parametrize("document", [LABEL, LARGE, Document.of(b"")], ids=["small", "large", "empty"])
async def test_a_document_comes_back_byte_for_byte(store: Store, document: Document) -> None:
    job = await added(store, document=document, media_type=document.media_type)
    kept = await store.document(job.id)
    assert kept is not None
    assert (kept.size_bytes, kept.sha256, kept.media_type) == (
        document.size_bytes,
        document.sha256,
        document.media_type,
    )
    assert await bytes_of(kept) == await bytes_of(document)


@pytest.mark.parametrize("data", [b"small", bytes(600_000)], ids=["small", "large"])
async def test_a_document_given_as_a_file_leaves_the_incoming_folder(store: Store, data: bytes) -> None:
    job = await added(store, document=arrived(store, data), media_type="application/pdf")
    assert await bytes_of(await store.document(job.id)) == data
    assert list(store.incoming.iterdir()) == []


async def test_the_document_outlives_the_end_of_its_job(store: Store) -> None:
    job = await finished(store)
    assert await bytes_of(await store.document(job.id)) == LABEL.data


# --- keys --------------------------------------------------------------------------------------------------------


async def test_a_key_names_the_job_that_is_there_already(store: Store) -> None:
    first = await store.add(new_job(key="k"), LABEL, LIMITS, "same")
    second = await store.add(new_job(key="k"), LABEL, LIMITS, "same")
    assert (first.fresh, second.fresh) == (True, False)
    assert second.job == first.job
    assert await store.job_by_key("local", "k") == first.job
    assert store.waiting(TILL) == 1


async def test_a_key_answers_with_the_job_as_it_is_now(store: Store) -> None:
    done = await finished(store, key="k")
    again = await store.add(new_job(key="k"), LABEL, LIMITS, "fingerprint")
    assert again.job == done


async def test_a_key_for_something_else_is_refused(store: Store) -> None:
    await store.add(new_job(key="k"), LABEL, LIMITS, "one")
    with pytest.raises(Refused) as refused:
        await store.add(new_job(key="k"), LABEL, LIMITS, "other")
    assert (refused.value.code, refused.value.status) == ("key-reused", 409)
    assert "'k'" in refused.value.says
    assert store.waiting(TILL) == 1


async def test_a_key_is_its_owners_alone(store: Store) -> None:
    one = await store.add(new_job(key="k"), LABEL, LIMITS, "one")
    other = await store.add(replace(new_job(key="k"), owner="https://other.example"), LABEL, LIMITS, "other")
    assert (one.fresh, other.fresh) == (True, True)


@pytest.mark.parametrize("document", [LABEL, LARGE], ids=["small", "large"])
async def test_many_at_once_under_one_key_are_one_job(store: Store, document: Document) -> None:
    answers = await asyncio.gather(*(store.add(new_job(key="k"), document, LIMITS, "same") for _ in range(20)))
    assert sum(answer.fresh for answer in answers) == 1
    assert len({answer.job.id for answer in answers}) == 1
    assert await bytes_of(await store.document(answers[0].job.id)) == document.data


async def test_a_replayed_file_is_removed(store: Store) -> None:
    data = bytes(600_000)
    job = (await store.add(new_job(key="k"), arrived(store, data), LIMITS, "same")).job
    again = await store.add(new_job(key="k"), arrived(store, data), LIMITS, "same")
    assert (again.fresh, again.job) == (False, job)
    assert list(store.incoming.iterdir()) == []
    assert await bytes_of(await store.document(job.id)) == data


# --- limits ------------------------------------------------------------------------------------------------------


async def test_one_job_too_many_is_refused(store: Store) -> None:
    limits = Limits(waiting_jobs=2)
    await store.add(new_job(), LABEL, limits, "f")
    await store.add(new_job(), LABEL, limits, "f")
    await store.add(new_job(BAR), LABEL, limits, "f")
    with pytest.raises(Refused) as refused:
        await store.add(new_job(), LABEL, limits, "f")
    assert (refused.value.code, refused.value.status) == ("too-many-waiting", 429)
    await claimed(store)
    assert (await store.add(new_job(), LABEL, limits, "f")).fresh


async def test_the_limit_of_waiting_jobs_is_exact_among_many_at_once(store: Store) -> None:
    limits = Limits(waiting_jobs=7)
    answers = await asyncio.gather(
        *(store.add(new_job(), LABEL, limits, "f") for _ in range(50)), return_exceptions=True
    )
    assert sum(not isinstance(answer, Refused) for answer in answers) == 7
    assert store.waiting(TILL) == 7


async def test_one_byte_too_many_is_refused(store: Store) -> None:
    limits = Limits(store_bytes=2 * LABEL.size_bytes)
    job = (await store.add(new_job(), LABEL, limits, "f")).job
    await store.add(new_job(), LABEL, limits, "f")
    with pytest.raises(Refused) as refused:
        await store.add(new_job(), Document.of(b"x"), limits, "f")
    assert (refused.value.code, refused.value.status) == ("store-full", 507)
    assert (await store.add(new_job(), Document.of(b""), limits, "f")).fresh
    await settled(store, job, JobState.CANCELED)
    await store.sweep(0, 3600)
    assert (await store.add(new_job(), LABEL, limits, "f")).fresh


async def test_a_refused_file_is_removed(store: Store) -> None:
    with pytest.raises(Refused):
        await store.add(new_job(), arrived(store, bytes(600_000)), Limits(store_bytes=1000), "f")
    assert list(store.incoming.iterdir()) == []


async def test_a_known_key_wins_over_every_limit(store: Store) -> None:
    job = await added(store, key="k")
    closed = Limits(waiting_jobs=0, store_bytes=0)
    again = await store.add(new_job(key="k"), LABEL, closed, "fingerprint")
    assert (again.fresh, again.job) == (False, job)


# --- claiming ----------------------------------------------------------------------------------------------------


async def test_jobs_are_claimed_in_the_order_in_which_they_came(store: Store) -> None:
    jobs = [await added(store) for _ in range(3)]
    other = await added(store, BAR)
    assert [(await claimed(store)).id for _ in range(3)] == ids(jobs)
    assert await store.claim(TILL, ON_TIME) is None
    assert (await claimed(store, BAR)).id == other.id


async def test_a_claim_begins_a_fresh_attempt(store: Store) -> None:
    await added(store, reasons=("waits",), message="why")
    first = await claimed(store)
    assert (first.state, first.attempt, first.reasons, first.message) == (JobState.PROCESSING, 1, (), "")
    sent = await settled(
        store, first, JobState.PROCESSING, Reason.SENT_ON, evidence=Evidence.SENT, sent_bytes=17, foreign='{"id": 4}'
    )
    assert (sent.evidence, sent.sent_bytes, sent.foreign) == (Evidence.SENT, 17, '{"id": 4}')
    held = await settled(store, sent, JobState.HELD, Reason.DELIVERY_UNCERTAIN)
    assert (held.evidence, held.sent_bytes, held.foreign) == (Evidence.SENT, 17, '{"id": 4}')
    await settled(store, held, JobState.PENDING, Reason.RELEASED)
    second = await claimed(store)
    assert (second.id, second.attempt, second.reasons) == (first.id, 2, ())
    assert (second.evidence, second.sent_bytes, second.foreign) == (Evidence.NONE, 0, None)


async def test_a_released_job_keeps_its_place(store: Store) -> None:
    first, second = await added(store), await added(store)
    held = await settled(store, await claimed(store), JobState.HELD)
    await settled(store, held, JobState.PENDING)
    assert [(await claimed(store)).id for _ in range(2)] == [first.id, second.id]


async def test_many_claims_at_once_never_share_a_job(store: Store) -> None:
    jobs = [await added(store) for _ in range(10)]
    claims = await asyncio.gather(*(store.claim(TILL, ON_TIME) for _ in range(15)))
    assert sorted(ids(job for job in claims if job)) == sorted(ids(jobs))


async def test_a_settle_and_the_next_claim_are_one_commit(store: Store) -> None:
    await added(store)
    following = await added(store)
    ear = Ear(store)
    first = await claimed(store)
    done, job = await store.settle_and_claim(change(first, JobState.COMPLETED), TILL, ON_TIME)
    assert done is not None
    assert (done.id, done.state) == (first.id, JobState.COMPLETED)
    assert job is not None
    assert (job.id, job.state) == (following.id, JobState.PROCESSING)
    assert [len(commit) for commit in ear.commits] == [1, 2]


async def test_a_lost_settle_does_not_keep_the_next_job_from_its_claim(store: Store) -> None:
    await added(store)
    first = await claimed(store)
    await settled(store, first, JobState.HELD)
    following = await added(store)
    lost, job = await store.settle_and_claim(change(first, JobState.COMPLETED), TILL, ON_TIME)
    assert lost is None
    assert job is not None
    assert job.id == following.id


# --- lateness ----------------------------------------------------------------------------------------------------


async def test_lateness_is_counted_on_the_blocked_time(store: Store) -> None:
    patient = await added(store)
    hasty = await added(store, start_within_s=10, blocked_at_start_s=100)
    kept = await added(store, start_within_s=10, blocked_at_start_s=100, on_late=OnLate.PRINT)
    now = Lateness(blocked_s=109, max_wait_s=500, on_late=OnLate.HOLD)
    assert list(await store.late(TILL, now)) == []
    assert await store.next_late_s(TILL, now) == pytest.approx(1)
    now = replace(now, blocked_s=110)
    assert ids(await store.late(TILL, now)) == [hasty.id]
    assert await store.next_late_s(TILL, now) == 0
    now = replace(now, blocked_s=700)
    assert ids(await store.late(TILL, now)) == [patient.id, hasty.id]
    assert ids([await store.claim(TILL, now) or patient]) == [kept.id]
    assert await store.claim(TILL, now) is None


async def test_the_printers_rule_holds_where_the_job_has_none(store: Store) -> None:
    await added(store)
    now = Lateness(blocked_s=9999, max_wait_s=1, on_late=OnLate.PRINT)
    assert list(await store.late(TILL, now)) == []
    assert await store.next_late_s(TILL, now) is None
    assert await store.claim(TILL, now) is not None


async def test_a_job_that_may_wait_for_ever_is_never_late(store: Store) -> None:
    await added(store, start_within_s=0)
    now = Lateness(blocked_s=1e9, max_wait_s=float("inf"), on_late=OnLate.HOLD)
    assert await store.next_late_s(TILL, now) is None
    assert list(await store.late(TILL, now)) == []
    assert await store.claim(TILL, now) is not None


async def test_an_empty_line_gets_never_late(store: Store) -> None:
    assert await store.next_late_s(TILL, ON_TIME) is None


async def test_a_release_may_give_new_time(store: Store) -> None:
    job = await added(store, start_within_s=10)
    held = await settled(store, job, JobState.HELD, Reason.TOO_LATE)
    again = await settled(
        store, held, JobState.PENDING, blocked_at_start_s=50, start_within_s=20, on_late=OnLate.CANCEL, reprints=1
    )
    assert (again.blocked_at_start_s, again.start_within_s, again.on_late, again.reprints) == (
        50,
        20,
        OnLate.CANCEL,
        1,
    )
    assert await store.job(job.id) == again


# --- settling ----------------------------------------------------------------------------------------------------


async def test_a_change_needs_the_state_and_attempt_that_it_starts_from(store: Store) -> None:
    await added(store)
    job = await claimed(store)
    assert await store.settle(replace(change(job, JobState.COMPLETED), from_state=JobState.HELD)) is None
    assert await store.settle(replace(change(job, JobState.COMPLETED), from_attempt=2)) is None
    assert await store.job(job.id) == job
    assert len(await store.timeline(job.id)) == 2


async def test_evidence_rises_after_the_end_and_never_falls(store: Store) -> None:
    job = await finished(store)
    assert job.evidence is Evidence.DELIVERED
    lower = await settled(store, job, JobState.COMPLETED, "late-news", evidence=Evidence.SENT)
    assert lower.evidence is Evidence.DELIVERED
    higher = await settled(store, lower, JobState.COMPLETED, evidence=Evidence.PRINTED)
    assert higher.evidence is Evidence.PRINTED
    timeline = await store.timeline(job.id)
    assert [event.evidence for event in timeline[2:]] == [Evidence.DELIVERED, Evidence.DELIVERED, Evidence.PRINTED]


async def test_evidence_that_proves_wrong_falls_only_with_the_state(store: Store) -> None:
    job = await finished(store)
    held = await settled(store, job, JobState.HELD, Reason.DELIVERY_UNCERTAIN, evidence=Evidence.SENT)
    assert (held.state, held.evidence) == (JobState.HELD, Evidence.SENT)
    assert store.held(TILL) == 1


async def test_of_many_changes_from_one_state_one_wins(store: Store) -> None:
    await added(store)
    job = await claimed(store)
    ends = [JobState.COMPLETED, JobState.ABORTED, JobState.CANCELED, JobState.HELD] * 5
    answers = await asyncio.gather(*(store.settle(change(job, end)) for end in ends))
    winners = [answer for answer in answers if answer is not None]
    assert len(winners) == 1
    assert await store.job(job.id) == winners[0]
    assert len(await store.timeline(job.id)) == 3


async def test_of_a_cancel_and_a_claim_one_wins(store: Store) -> None:
    for _ in range(20):
        job = await added(store)
        canceled, claim = await asyncio.gather(store.settle(change(job, JobState.CANCELED)), store.claim(TILL, ON_TIME))
        assert (canceled is None) != (claim is None)
        if claim is not None:
            await settled(store, claim, JobState.COMPLETED)


async def test_counts_follow_the_states(store: Store) -> None:
    def counts() -> tuple[int, int]:
        return store.waiting(TILL), store.held(TILL)

    await added(store)
    await added(store)
    assert counts() == (2, 0)
    job = await claimed(store)
    assert counts() == (1, 0)
    job = await settled(store, job, JobState.HELD)
    assert counts() == (1, 1)
    job = await settled(store, job, JobState.PENDING)
    assert counts() == (2, 0)
    await settled(store, job, JobState.CANCELED)
    assert counts() == (1, 0)
    assert (store.waiting(BAR), store.held(BAR)) == (0, 0)


async def test_jobs_in_flight_are_listed(store: Store) -> None:
    await added(store)
    await added(store, BAR)
    await added(store)
    assert list(await store.unsettled()) == []
    flying: list[Job] = [await claimed(store), await claimed(store, BAR)]
    assert list(await store.unsettled()) == flying


async def test_jobs_held_long_are_listed(store: Store, hands: Hands) -> None:
    await added(store)
    old = await settled(store, await claimed(store), JobState.HELD)
    hands.turn(100)
    seen_s = store.age_s
    hands.turn(100)
    await added(store)
    await settled(store, await claimed(store), JobState.HELD)
    assert ids(await store.held_since(TILL, seen_s)) == [old.id]
    assert len(await store.held_since(TILL, store.age_s)) == 2
    assert list(await store.held_since(BAR, store.age_s)) == []


async def test_news_of_a_held_job_does_not_hold_it_anew(store: Store, hands: Hands) -> None:
    await added(store)
    held = await settled(store, await claimed(store), JobState.HELD)
    seen_s = store.age_s
    hands.turn(100)
    again = await settled(store, held, JobState.HELD, "more-news")
    assert list(await store.held_since(TILL, seen_s)) == [again]


# --- the end -----------------------------------------------------------------------------------------------------


async def test_a_timeline_has_every_transition(store: Store) -> None:
    job = await added(store, title="label")
    await claimed(store)
    await settled(
        store, replace(job, state=JobState.PROCESSING, attempt=1), JobState.ABORTED, "aborted-by-printer", message="No."
    )
    first, second, third = await store.timeline(job.id)
    assert [first.state, second.state, third.state] == [JobState.PENDING, JobState.PROCESSING, JobState.ABORTED]
    assert first.id < second.id < third.id
    assert (third.reasons, third.message, third.attempt) == (("aborted-by-printer",), "No.", 1)
    assert {(event.title, event.owner, event.printer) for event in (first, second, third)} == {("label", "local", TILL)}
    assert all(event.at.utcoffset() is not None for event in (first, second, third))


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.close()
    await store.close()
    with pytest.raises(StoreFailed, match="closed"):
        await added(store)
    with pytest.raises(StoreFailed, match="closed"):
        await store.claim(TILL, ON_TIME)
    with pytest.raises(StoreFailed, match="closed"):
        await store.job(JobId("any"))
