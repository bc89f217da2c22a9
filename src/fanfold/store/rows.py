"""Rows and models: how jobs, events and printers are written in columns. Knows no connection and no file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from fanfold.messages import Event, JobChanged
from fanfold.model import (
    Evidence,
    Job,
    JobState,
    OnDoubt,
    OnLate,
    Printer,
    PrinterId,
    PrinterOptions,
    Source,
    Traits,
)
from fanfold.store.base import KeptPrinter
from fanfold.store.history import News, told

Row = tuple[Any, ...]

JOB = (
    "id, printer, state, created_at, changed_at, reasons, message, evidence, attempt, sent_bytes, title, copies, "
    "media_type, language, size_bytes, sha256, document, dialect, owner, client_key, external_id, start_within_s, "
    "on_late, blocked_at_start_s, foreign_id, reprint_of, reprints, pulse_only, user"
)
"""The columns of a job, in the order of model.Job."""

EVENT = "e.id, e.at, j.id, coalesce(j.printer, e.printer), e.state, e.reasons, e.message, e.evidence, e.attempt, "
EVENT += "e.sent_bytes, j.title, j.owner, coalesce(j.external_id, ''), e.data"
"""The columns of an event, from `events e LEFT JOIN jobs j ON j.seq = e.job`."""

EVENT_ROW = "id, at, job, state, reasons, message, evidence, attempt, sent_bytes"
"""The columns of a job's event as `event_row` gives them."""

NEWS_ROW = "id, at, printer, state, reasons, message, data, since_s"
"""The columns of a printer's event as `news_row` gives them."""

PRINTER = "id, name, uri, aliases, source, options, kinds, paused, paused_because, info, is_default, "
PRINTER += "identity, traits"
"""The columns of a printer, in the order of `printer_row`."""

OPEN = "state IN ('pending', 'processing', 'held')"
UNPRINTED = "state IN ('aborted', 'canceled')"
FINISHED = "state IN ('completed', 'aborted', 'canceled')"
"""As the schema's partial indexes have it, to the letter: else SQLite does not see that they serve."""

DROPPED, INLINE, FILE = 0, 1, 2
"""Where a job's document is."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

_STATES = {state.value: state for state in JobState}
_EVIDENCE = tuple(Evidence)
_ON_LATE = {None: None} | {rule.value: rule for rule in OnLate}


def micros(moment: datetime) -> int:
    """Return a moment as microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def moment(micros: int) -> datetime:
    """Return microseconds since 1970 as a moment."""
    return EPOCH + timedelta(microseconds=micros)


@lru_cache(1024)
def lines(reasons: tuple[str, ...]) -> str:
    """Return keywords one a line."""
    return "\n".join(reasons)


@lru_cache(1024)
def keywords(lines: str) -> tuple[str, ...]:
    """Return the keywords of such lines."""
    return tuple(lines.split("\n")) if lines else ()


def job_row(job: Job, document: int) -> Row:
    """Return the columns `JOB` of a job whose document is at that place.

    Plain strings and numbers only: sqlite3 takes a long way round for enumerations.
    """
    return (
        job.id,
        job.printer,
        job.state._value_,
        micros(job.created_at),
        micros(job.changed_at),
        lines(job.reasons),
        job.message,
        job.evidence._value_,
        job.attempt,
        job.sent_bytes,
        job.title,
        job.copies,
        job.media_type,
        job.language,
        job.size_bytes,
        job.sha256,
        document,
        job.dialect,
        job.owner,
        job.key,
        job.external_id,
        job.start_within_s,
        None if job.on_late is None else job.on_late._value_,
        job.blocked_at_start_s,
        job.foreign,
        job.reprint_of,
        job.reprints,
        int(job.pulse_only),
        job.user,
    )


def job_of(row: Row) -> Job:
    """Return the job of the columns `JOB`."""
    values = list(row)
    values[2] = _STATES[row[2]]
    values[3], values[4] = moment(row[3]), moment(row[4])
    values[5] = keywords(row[5])
    values[7] = _EVIDENCE[row[7]]
    values[16] = row[16] != DROPPED
    values[22] = _ON_LATE[row[22]]
    values[27] = row[27] == 1
    return Job(*values)


def event_of(row: Row) -> Event:
    """Return the event of the columns `EVENT`."""
    if row[2] is None:
        return told(row[0], moment(row[1]), News(row[3], row[4], keywords(row[5]), row[6], row[13] or ""))
    return job_event_of(row)


def job_event_of(row: Row) -> JobChanged:
    """Return the job's event of the columns `EVENT`."""
    values = list(row[:13])
    values[1] = moment(row[1])
    values[4] = _STATES[row[4]]
    values[5] = keywords(row[5])
    values[7] = _EVIDENCE[row[7]]
    return JobChanged(*values)


def event_row(event: JobChanged, seq: int) -> Row:
    """Return the columns `EVENT_ROW` of a job's event."""
    return (
        event.id,
        micros(event.at),
        seq,
        event.state._value_,
        lines(event.reasons),
        event.message,
        event.evidence._value_,
        event.attempt,
        event.sent_bytes,
    )


def news_row(event: Event, news: News, age_s: float) -> Row:
    """Return the columns `NEWS_ROW` of the event that a printer's news made at that age of the store."""
    return (
        event.id,
        micros(event.at),
        news.printer,
        str(news.state),
        lines(news.reasons),
        news.message,
        news.data,
        age_s,
    )


def printer_row(printer: Printer) -> Row:
    """Return the columns `PRINTER` of a printer."""
    return (
        printer.id,
        printer.name,
        printer.uri,
        json.dumps(printer.aliases),
        printer.source,
        json.dumps(asdict(printer.options)),
        json.dumps(printer.kinds),
        printer.paused,
        printer.paused_because,
        printer.info,
        printer.is_default,
        printer.identity,
        json.dumps(asdict(printer.traits)),
    )


def printer_of(row: Row) -> KeptPrinter:
    """Return the printer of the columns `PRINTER` and blocked_s, blocked_since_s."""
    printer = Printer(
        PrinterId(row[0]),
        row[1],
        row[2],
        tuple(json.loads(row[3])),
        Source(row[4]),
        _options_of(json.loads(row[5])),
        tuple(json.loads(row[6])),
        bool(row[7]),
        row[8],
        row[9],
        bool(row[10]),
        row[11],
        traits_of(row[12]),
    )
    return KeptPrinter(printer, row[13], row[14])


def traits_of(kept: str) -> Traits:
    """Return the traits of their JSON. What cannot be read of it is not known: no guess is worth a failing start."""
    try:
        told = json.loads(kept)
    except (ValueError, RecursionError):
        return Traits()
    if not isinstance(told, dict):
        return Traits()
    read = {name: take(told[name]) for name, take in _TRAITS.items() if name in told}
    return Traits(**{name: value for name, value in read.items() if value is not None})


def _word(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _words(value: object) -> tuple[str, ...] | None:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST else None


def _number(value: object) -> float | None:
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _MOST else None
    )


_MOST = 100_000
"""More dots an inch, or millimetres of width, has no printer."""

_TRAITS: dict[str, Callable[[object], Any]] = {
    "make": _word, "model": _word, "serial": _word, "encoding": _word,
    "languages": _words, "told_by": _words,
    "dpi": _whole, "width_mm": _number,
}  # fmt: skip


def _options_of(kept: dict[str, Any]) -> PrinterOptions:
    known = {field.name: kept[field.name] for field in fields(PrinterOptions) if field.name in kept}
    accepts = known.get("accepts")
    known["accepts"] = None if accepts is None else tuple(accepts)
    known["on_doubt"] = OnDoubt(known["on_doubt"])
    known["on_late"] = OnLate(known["on_late"])
    return PrinterOptions(**known)
