"""Pages of jobs: cursors and sizes, the same for every store. Knows no disk."""

from __future__ import annotations

from fanfold.store.refusals import bad_cursor

MAX_PAGE = 1000
"""More would be many hundred kilobytes in one answer."""

FIRST_PAGE = 2**63 - 1
"""Above any place in the order of jobs."""


def before_of(cursor: str | None) -> int:
    """Return the place that a page's jobs must lie below. Raises Refused `bad-cursor` 400."""
    if cursor is None:
        return FIRST_PAGE
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
        raise bad_cursor(cursor)
    return int(cursor)


def size_of(limit: int) -> int:
    """Return how many jobs a page gets that was asked for so many."""
    return max(1, min(limit, MAX_PAGE))
