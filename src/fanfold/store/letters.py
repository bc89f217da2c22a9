"""Letters of webhooks in columns, and how they are read, on a connection that cannot write. Knows no thread."""

# ruff: noqa: S608  # only this house's own constants are put into statements; values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from fanfold.store.base import Letter, Postbox
from fanfold.store.rows import Row, micros, moment

FIRST, BEHIND, DEAD = "first", "behind", "dead"
"""A letter's state: the oldest of its subject that waits; one that waits for that; one that was given up."""

LETTER = "event, kind, subject, url, body, first_at, since_s, next_s, tries, last_at, error"
"""The columns of a letter, in the order of base.Letter."""

_OF = "webhook = (SELECT seq FROM webhooks WHERE name = ?)"


def letter_row(letter: Letter) -> Row:
    """Return the columns `LETTER` of a letter."""
    return (
        letter.event,
        letter.kind,
        letter.subject,
        letter.url,
        letter.body,
        micros(letter.first_at),
        letter.since_s,
        letter.next_s,
        letter.tries,
        None if letter.last_at is None else micros(letter.last_at),
        letter.error,
    )


def letter_of(row: Row) -> Letter:
    """Return the letter of the columns `LETTER` and id."""
    values = list(row)
    values[5] = moment(row[5])
    values[9] = None if row[9] is None else moment(row[9])
    return Letter(*values)


def postbox(db: sqlite3.Connection, webhook: str) -> Postbox:
    """Return how a webhook's outbox stands."""
    row = db.execute("SELECT cursor, waiting, dead FROM webhooks WHERE name = ?", (webhook,)).fetchone()
    return Postbox(None) if row is None else Postbox(*row)


def webhooks(db: sqlite3.Connection) -> Sequence[str]:
    """List the webhooks that have a cursor, in the order in which they came."""
    return [name for (name,) in db.execute("SELECT name FROM webhooks WHERE name IS NOT NULL ORDER BY seq")]


def next_letters(db: sqlite3.Connection, webhook: str, limit: int) -> Sequence[Letter]:
    """Return of each subject the oldest letter that waits, those first whose `next_s` is first."""
    sql = f"SELECT {LETTER}, id FROM letters INDEXED BY letters_next WHERE {_OF} AND state = 'first' "
    return [letter_of(row) for row in db.execute(sql + "ORDER BY next_s, id LIMIT ?", (webhook, max(0, limit)))]


def waiting_subjects(db: sqlite3.Connection, webhook: str) -> frozenset[str]:
    """Return the subjects that have letters waiting."""
    sql = f"SELECT subject FROM letters INDEXED BY letters_in_line WHERE {_OF} AND state = 'first'"
    return frozenset(subject for (subject,) in db.execute(sql, (webhook,)))


def dead_letters(db: sqlite3.Connection, webhook: str, limit: int) -> Sequence[Letter]:
    """Return letters that were given up, newest first."""
    sql = f"SELECT {LETTER}, id FROM letters INDEXED BY letters_dead WHERE {_OF} AND state = 'dead' "
    return [letter_of(row) for row in db.execute(sql + "ORDER BY id DESC LIMIT ?", (webhook, max(0, limit)))]
