"""The judge's own rules, one by one, on books and paper that are made up."""

from __future__ import annotations

import pytest

from tests.crash.books import Books, Kept, Step
from tests.crash.checker import Ledger, complaints
from tests.crash.paper import Label, Sheet

LABEL = Label("a")
WHOLE, PART = Sheet("till", "a", whole=True), Sheet("till", "a", whole=False)
DOUBT = ("delivery-uncertain",)


def ledger(**told: str) -> Ledger:
    made = Ledger(told=told)
    made.acknowledge(made.paper.offer(LABEL), "j1")
    return made


def kept(
    *states: str,
    job: str = "j1",
    first: int = 1,
    evidence: int = 2,
    reasons: tuple[str, ...] = (),
    says: str = "look at it",
) -> Kept:
    """A job that went through these states, with these reasons and words at last."""
    steps, attempt, known = [], 0, 0
    for number, state in enumerate(states, first):
        attempt += state == "processing"
        known = 0 if state == "pending" else evidence if state == "completed" else known
        steps.append(Step(number, state, attempt, known))
    steps[-1] = Step(steps[-1].id, states[-1], attempt, known, reasons, says)
    return Kept(job, "till", states[-1], LABEL.sha256, tuple(steps))


PRINTED = kept("pending", "processing", "completed")
IN_DOUBT = kept("pending", "processing", "held", reasons=DOUBT)
LATE = kept("pending", "canceled", reasons=("too-late",))


@pytest.mark.parametrize(
    ("job", "sheets"),
    [
        (PRINTED, [WHOLE]),
        (IN_DOUBT, []),
        (IN_DOUBT, [PART]),
        (IN_DOUBT, [WHOLE]),
        (LATE, []),
        (kept("pending", "processing", "pending", "processing", "completed"), [WHOLE]),
        (kept("pending", "held", reasons=("too-late",)), []),
        (kept("pending", "processing", "completed", "held", reasons=DOUBT), []),
    ],
)
def test_what_keeps_the_promises_is_passed(job: Kept, sheets: list[Sheet]) -> None:
    assert complaints(ledger(), Books((job,)), sheets) == []


SAID = kept("pending", "processing", "completed", evidence=3)
READ, READ_IN_PART = Sheet("till", "a", whole=True), Sheet("till", "a", whole=False)


@pytest.mark.parametrize(
    ("job", "had", "sheets"),
    [
        (PRINTED, [READ], [WHOLE]),
        (PRINTED, [READ], []),
        (PRINTED, [READ], [PART]),
        (PRINTED, [READ_IN_PART, READ], [WHOLE]),
        (SAID, [READ], [WHOLE]),
        (IN_DOUBT, [READ_IN_PART], []),
        (kept("pending", "processing", "completed", "held", reasons=DOUBT), [READ], []),
    ],
)
def test_a_printer_may_lose_what_it_read_if_nobody_calls_it_printed(
    job: Kept, had: list[Sheet], sheets: list[Sheet]
) -> None:
    assert complaints(ledger(), Books((job,)), sheets, memories={"till": had}) == []


@pytest.mark.parametrize(
    ("job", "had", "sheets", "words"),
    [
        (PRINTED, [], [], "a: called delivered, but its printer never had all of it"),
        (PRINTED, [READ_IN_PART], [], "a: called delivered, but its printer never had all of it"),
        (SAID, [READ], [], "a: called printed, but not whole on paper"),
        (SAID, [READ], [PART], "a: called printed, but not whole on paper"),
        (LATE, [READ], [WHOLE], "a: canceled without a doubt (too-late), but it is on paper"),
    ],
)
def test_what_such_a_printer_is_wrongly_said_to_have_done_is_told(
    job: Kept, had: list[Sheet], sheets: list[Sheet], words: str
) -> None:
    assert complaints(ledger(), Books((job,)), sheets, memories={"till": had}) == [words]


@pytest.mark.parametrize(
    ("jobs", "sheets", "told", "words"),
    [
        ([], [], {}, "has lost it"),
        ([], [WHOLE], {}, "the store does not know it"),
        ([PRINTED], [], {}, "completed, but not whole"),
        ([PRINTED], [PART], {}, "completed, but not whole"),
        ([PRINTED], [WHOLE, WHOLE], {}, "twice (whole and whole)"),
        ([IN_DOUBT], [WHOLE, PART], {}, "twice (whole and in part)"),
        ([IN_DOUBT], [PART, PART], {}, "twice (in part and in part)"),
        ([LATE], [PART], {}, "without a doubt (too-late), but it is on paper"),
        ([kept("pending")], [], {}, "still pending"),
        ([kept("pending", "processing")], [], {}, "still processing"),
        ([kept("pending", "held")], [], {}, "held without a reason"),
        ([kept("pending", "processing", "held", reasons=DOUBT, says="")], [], {}, "in doubt without a word"),
        ([PRINTED], [WHOLE], {"a": "error"}, "told error, but it is completed"),
        ([IN_DOUBT], [], {"a": "success"}, "told success, but it is held"),
        ([kept("pending", "processing", "completed", job="j2")], [WHOLE], {}, "the store calls it j2"),
        ([PRINTED, kept("pending", "processing", "completed", job="j2", first=4)], [WHOLE], {}, "kept twice"),
        ([PRINTED], [Sheet("door", "a", whole=True)], {}, "came out of door instead of till"),
        ([PRINTED], [WHOLE, Sheet("till", "", whole=False)], {}, "something: on the paper"),
        ([kept("processing", "completed")], [WHOLE], {}, "does not begin with its acceptance"),
        ([kept("pending", "completed")], [WHOLE], {}, "cannot follow"),
        ([kept("pending", "processing", "held", "pending", reasons=DOUBT)], [], {}, "cannot follow"),
        ([kept("pending", "processing", "completed", "processing", "completed")], [WHOLE], {}, "cannot follow"),
    ],
)
def test_what_breaks_a_promise_is_told(jobs: list[Kept], sheets: list[Sheet], told: dict[str, str], words: str) -> None:
    found = complaints(ledger(**told), Books(tuple(jobs)), sheets)
    assert any(words in one for one in found), found


def test_evidence_that_falls_is_told() -> None:
    steps = (Step(1, "pending", 0, 0), Step(2, "processing", 1, 1), Step(3, "completed", 1, 0))
    found = complaints(ledger(), Books((Kept("j1", "till", "completed", LABEL.sha256, steps),)), [WHOLE])
    assert len(found) == 1
    assert "cannot follow" in found[0]


def test_a_job_that_overtakes_is_told() -> None:
    made = ledger()
    made.acknowledge(made.paper.offer(Label("b")), "j2")
    first = Kept(
        "j1",
        "till",
        "completed",
        LABEL.sha256,
        (*kept("pending").steps, *kept("processing", "completed", first=5).steps),
    )
    steps = (Step(2, "pending", 0, 0), Step(3, "processing", 1, 0), Step(4, "completed", 1, 2))
    second = Kept("j2", "till", "completed", Label("b").sha256, steps)
    found = complaints(made, Books((first, second)), [WHOLE, Sheet("till", "b", whole=True)])
    assert found == ["job j2: taken out of turn"]


def test_paper_in_another_order_is_told_where_it_is_known() -> None:
    made = ledger()
    second = Label("b")
    made.acknowledge(made.paper.offer(second), "j2")
    steps = kept("pending", "processing", "completed", first=4).steps
    books = Books((PRINTED, Kept("j2", "till", "completed", second.sha256, steps)))
    paper = [Sheet("till", "b", whole=True), WHOLE]
    assert complaints(made, books, paper, memories={"till": paper}) == [
        "a: came out of till after b, which was accepted later"
    ]
    assert complaints(made, books, paper[::-1], memories={"till": paper}) == []


@pytest.mark.parametrize("end", ["completed", "held"])
def test_a_page_that_was_told_success_is_not_told_again_when_the_label_turns_out_lost(end: str) -> None:
    job = kept("pending", "processing", "completed", *([end] if end == "held" else []), reasons=DOUBT)
    assert complaints(ledger(a="success"), Books((job,)), [WHOLE]) == []


def test_what_a_spooler_prints_twice_by_itself_is_not_ours() -> None:
    assert complaints(ledger(), Books((PRINTED,)), [WHOLE, WHOLE], handed=[WHOLE]) == []


def test_what_a_spooler_was_given_twice_is_ours() -> None:
    found = complaints(ledger(), Books((PRINTED,)), [WHOLE], handed=[WHOLE, PART, WHOLE])
    assert found == ["a: on paper twice (whole and whole)"]


def test_paper_is_read_whole_and_in_part() -> None:
    made = ledger().paper
    large = made.offer(Label("large", 5000))
    pieces = [LABEL.data, large.data[:2000], LABEL.data + large.data, b"^XA^FDfor nobody^FS^XZ", large.data + b"more"]
    assert made.read("till", pieces) == [
        WHOLE,
        Sheet("till", "large", whole=False),
        WHOLE,
        Sheet("till", "large", whole=True),
        Sheet("till", "", whole=False),
        Sheet("till", "large", whole=False),
    ]


def test_a_label_has_the_size_that_was_asked_for() -> None:
    assert len(Label("a", 300 * 1024).data) == 300 * 1024
