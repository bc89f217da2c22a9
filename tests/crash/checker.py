"""The judge: compares what clients were told, what the store says and what is on paper. Asks no log, no gateway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.crash.books import Books, Kept, Step
from tests.crash.paper import Label, Paper, Sheet, by_name

NEXT = {
    "pending": {"pending", "processing", "held", "canceled"},
    "processing": {"processing", "pending", "held", "completed", "aborted", "canceled"},
    "held": {"canceled"},
    "completed": {"completed", "held"},
    "aborted": set[str](),
    "canceled": set[str](),
}
"""Where a job may go from a state while no person decides anything."""
PRINTED = 3
"""The evidence of a job whose printer itself says that it came out."""


@dataclass
class Ledger:
    """What the clients remember. `paper` knows every label that was ever offered."""

    paper: Paper = field(default_factory=Paper)
    acknowledged: dict[str, str] = field(default_factory=dict)
    """The id that a label's job was given, by the label's name."""
    told: dict[str, str] = field(default_factory=dict)
    """What a page was told at last: `success` or `error`."""
    contradictions: list[str] = field(default_factory=list)

    def acknowledge(self, label: Label, job: str) -> None:
        """Note that a client was told that its label is kept, and under which id."""
        before = self.acknowledged.setdefault(label.name, job)
        if before != job:
            self.contradictions.append(f"{label.name}: acknowledged as job {before}, then as {job}")


def complaints(
    ledger: Ledger,
    books: Books,
    sheets: Sequence[Sheet],
    handed: Sequence[Sheet] | None = None,
    memories: Mapping[str, Sequence[Sheet]] | None = None,
) -> list[str]:
    """Return all that is wrong, in words; nothing when every promise was kept.

    `handed` is what a spooler was given, where one stood between the gateway and the paper: for what it prints twice
    by itself after a crash of its own nobody else answers. `memories` has what each printer has read that says so
    before it has printed, as those do that dial in; their `sheets` are in the order in which they came out.
    """
    labels = {label.sha256: label for label in ledger.paper.labels.values()}
    by_label = {labels[job.sha256].name: job for job in books.jobs if job.sha256 in labels}
    read = {name: by_name(had) for name, had in (memories or {}).items()}
    return [
        *ledger.contradictions,
        *_lost(ledger, by_label),
        *_kept_twice(books, labels),
        *_unknown(sheets, by_label),
        *_ends(by_label, by_name(sheets), read),
        *_twice([sheet for sheet in handed if sheet.whole] if handed is not None else sheets),
        *_told(ledger, by_label),
        *(words for job in books.jobs for words in _history(job)),
        *_order(books),
        *_order_on_paper(sheets, by_label, read),
    ]


def _lost(ledger: Ledger, kept: Mapping[str, Kept]) -> Iterator[str]:
    for name, job in ledger.acknowledged.items():
        if name not in kept:
            yield f"{name}: acknowledged as {job}, but the store has lost it"
        elif kept[name].id != job:
            yield f"{name}: acknowledged as {job}, but the store calls it {kept[name].id}"


def _kept_twice(books: Books, labels: Mapping[str, Label]) -> Iterator[str]:
    for sha256, count in Counter(job.sha256 for job in books.jobs).items():
        if sha256 not in labels:
            yield f"the store has a document that nobody offered ({sha256})"
        elif count > 1:
            yield f"{labels[sha256].name}: kept twice, as {count} jobs"


def _unknown(sheets: Sequence[Sheet], kept: Mapping[str, Kept]) -> Iterator[str]:
    for sheet in sheets:
        if sheet.name not in kept:
            yield f"{sheet.name or 'something'}: on the paper of {sheet.printer}, but the store does not know it"
        elif kept[sheet.name].printer != sheet.printer:
            yield f"{sheet.name}: came out of {sheet.printer} instead of {kept[sheet.name].printer}"


def _ends(
    kept: Mapping[str, Kept], paper: Mapping[str, Sequence[Sheet]], read: Mapping[str, Mapping[str, Sequence[Sheet]]]
) -> Iterator[str]:
    for name, job in kept.items():
        sheets, memory = paper.get(name, ()), read.get(job.printer)
        if not job.finished:
            yield f"{name}: still {job.state} at the end"
        elif job.state == "completed" and memory is not None:
            yield from _delivered(name, job, sheets, memory.get(name, ()))
        elif job.state == "completed":
            if not _whole(sheets):
                yield f"{name}: completed, but not whole on paper"
        else:
            yield from _not_printed(name, job, sheets)


def _delivered(name: str, job: Kept, sheets: Sequence[Sheet], had: Sequence[Sheet]) -> Iterator[str]:
    """A printer may lose what it has read; then nobody may say that it was printed."""
    if job.evidence >= PRINTED and not _whole(sheets):
        yield f"{name}: called printed, but not whole on paper"
    if not _whole(had):
        yield f"{name}: called delivered, but its printer never had all of it"


def _not_printed(name: str, job: Kept, sheets: Sequence[Sheet]) -> Iterator[str]:
    if job.in_doubt:
        if job.state == "held" and not job.steps[-1].message:
            yield f"{name}: held in doubt without a word"
        return
    if sheets:
        yield f"{name}: {job.state} without a doubt ({', '.join(job.steps[-1].reasons)}), but it is on paper"
    if job.state == "held" and "too-late" not in job.reasons:
        yield f"{name}: held without a reason to"


def _whole(sheets: Sequence[Sheet]) -> bool:
    return any(sheet.whole for sheet in sheets)


def _twice(sheets: Sequence[Sheet]) -> Iterator[str]:
    """A part counts as much as the whole: once something may have come out, nothing more may follow by itself."""
    for name, found in by_name(sheets).items():
        if name and len(found) > 1:
            parts = " and ".join("whole" if sheet.whole else "in part" for sheet in found)
            yield f"{name}: on paper twice ({parts})"


def _told(ledger: Ledger, kept: Mapping[str, Kept]) -> Iterator[str]:
    for name, told in ledger.told.items():
        states = [step.state for step in kept[name].steps] if name in kept else ["lost"]
        # what was completed may turn out to be lost: then it is held, and its page has gone long since
        if states[-1] == "completed" if told == "error" else "completed" not in states:
            yield f"{name}: its page was told {told}, but it is {states[-1]}"


def _history(job: Kept) -> Iterator[str]:
    if not job.steps or (job.steps[0].state, job.steps[0].attempt) != ("pending", 0):
        yield f"job {job.id}: its history does not begin with its acceptance"
    if job.steps and job.steps[-1].state != job.state:
        yield f"job {job.id}: it is {job.state}, but its history ends {job.steps[-1].state}"
    for before, after in pairwise(job.steps):
        if not _may_follow(before, after):
            yield f"job {job.id}: {after} cannot follow {before}"


def _may_follow(before: Step, after: Step) -> bool:
    claimed = (before.state, after.state) == ("pending", "processing")
    rises = after.evidence >= before.evidence or after.state == "pending"
    return after.state in NEXT[before.state] and after.attempt == before.attempt + claimed and (rises or claimed)


def _order(books: Books) -> Iterator[str]:
    """Jobs are kept in the order of `books.jobs`; each printer takes its own for the first time in that order."""
    accepted = [(job.steps[0].id, job.id) for job in books.jobs if job.steps]
    claimed: dict[str, list[tuple[int, str]]] = {}
    for job in books.jobs:
        if first := next((step for step in job.steps if step.state == "processing"), None):
            claimed.setdefault(job.printer, []).append((first.id, job.id))
    for line in (accepted, *claimed.values()):
        for (before, _), (after, late) in pairwise(line):
            if after <= before:
                yield f"job {late}: taken out of turn"


def _order_on_paper(sheets: Sequence[Sheet], kept: Mapping[str, Kept], rolls: Mapping[str, object]) -> Iterator[str]:
    """What is known to have reached a printer comes out of it in the order in which it was accepted."""
    last: dict[str, tuple[int, str]] = {}
    for sheet in sheets:
        job = kept.get(sheet.name)
        if job is None or sheet.printer not in rolls or not sheet.whole or job.state != "completed":
            continue
        before = last.get(sheet.printer)
        if before and before[0] > job.steps[0].id:
            yield f"{sheet.name}: came out of {sheet.printer} after {before[1]}, which was accepted later"
        last[sheet.printer] = job.steps[0].id, sheet.name
