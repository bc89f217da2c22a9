"""Rows put into a table many at a time. Knows no table.

Every statement takes and gives back Python's lock some times, and waits for it where the loop is busy: that costs
far more than a row. So new rows of one transaction are gathered, and go in a few statements.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain

from fanfold.store.letters import LETTER
from fanfold.store.rows import EVENT_ROW, JOB, NEWS_ROW, Row

AT_ONCE = 16
"""Rows in one statement; more gain nothing."""


class Inserts:
    """The statements that put rows into these columns of a table."""

    def __init__(self, table: str, columns: str) -> None:
        """Take columns as SQL names them, `a, b, c`."""
        row = f"({', '.join('?' * (columns.count(',') + 1))})"
        into = f"INSERT INTO {table} ({columns}) VALUES"
        self._of = [f"{into} {', '.join([row] * count)}" for count in range(AT_ONCE + 1)]

    def run(self, db: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Put the rows in, in order. Raises sqlite3.Error; what was put in until then is the transaction's to undo."""
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            db.execute(self._of[len(some)], list(chain.from_iterable(some)))


JOBS = Inserts("jobs", f"seq, {JOB}, fingerprint, since_s")
DOCUMENTS = Inserts("documents", "job, data")
LETTERS = Inserts("letters", f"webhook, state, {LETTER}")
EVENTS = Inserts("events", EVENT_ROW)
NEWS = Inserts("events", NEWS_ROW)
