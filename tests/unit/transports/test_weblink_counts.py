"""The label counter's answers, picked out of what a printer says."""

from __future__ import annotations

import asyncio

import pytest

from fanfold.transports.weblink.counts import MOST, Counts
from fanfold.transports.weblink.proof import COUNTER

SERIAL = "50J1+4"


async def test_answers_come_in_the_order_of_the_questions_however_they_are_cut() -> None:
    counts = Counts(SERIAL)
    answers = [counts.ask()[1] for _ in range(3)]
    for byte in b'"12""?" \r\n"14"':
        counts.hear(bytes([byte]))
    assert [answer.result() for answer in answers] == [12, None, 14]


async def test_what_no_question_asked_for_is_passed_over() -> None:
    counts = Counts(SERIAL)
    counts.hear(b'"12"')
    _, answer = counts.ask()
    counts.hear(b"\x02030,0\x03 text " * 1000 + b'"13"')
    assert answer.result() == 13


async def test_an_answer_that_nobody_waits_for_any_more_is_still_its_question_s() -> None:
    counts = Counts(SERIAL)
    _, first = counts.ask()
    first.set_result(None)
    _, second = counts.ask()
    counts.hear(b'"12"')
    assert not second.done()
    counts.hear(b'"13"')
    assert second.result() == 13


async def test_after_a_question_went_unanswered_only_a_marked_answer_counts() -> None:
    counts = Counts(SERIAL)
    before, open_then = counts.ask()
    assert before == COUNTER
    counts.missed()
    assert open_then.result() is None, "its answer cannot be told from the other question's"
    marked, answer = counts.ask()
    assert marked == b'! U1 getvar "device.unique_id"\r\n' + COUNTER
    counts.hear(b'"12""99"{"device.unique_id":{"value":"50J1+4","type":"string"},"n":"7"}')
    assert not answer.done()
    owed = [counts.owes]
    counts.hear(b'"50J1+4"')
    counts.hear(b'"14"')
    assert answer.result() == 14
    assert [*owed, counts.owes] == [True, False]
    assert counts.ask()[0] == COUNTER


async def test_a_mark_of_before_is_no_proof_of_what_was_missed_since() -> None:
    counts = Counts(SERIAL)
    counts.missed()
    _, first = counts.ask()
    counts.missed()
    counts.hear(b'"50J1+4""14"')
    assert first.result() == 14
    owed = [counts.owes]
    _, second = counts.ask()
    counts.hear(b'"50J1+4""15"')
    assert second.result() == 15
    assert [*owed, counts.owes] == [True, False]


async def test_a_printer_that_never_answers_is_asked_so_often_and_no_more() -> None:
    counts = Counts(SERIAL)
    asked = [counts.ask() for _ in range(MOST + 1)]
    assert [bool(question) for question, _ in asked] == [True] * MOST + [False]
    assert asked[-1][1].result() is None
    assert len(counts.awaited) == MOST


async def test_whoever_waits_learns_that_the_channel_is_over() -> None:
    counts = Counts(SERIAL)
    _, answer = counts.ask()
    counts.fail(ConnectionError("over"))
    with pytest.raises(ConnectionError):
        await answer
    counts.ask()
    await asyncio.sleep(0)
