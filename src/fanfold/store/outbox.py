"""The verbs that change a webhook's outbox, in SQL, each within a transaction. Know no thread and no file.

A subject's letters are a line: one is `first`, the others are `behind`. Whatever takes a first one away calls up the
next, so that whom to try is always a look into an index, however long the lines are.
"""

# ruff: noqa: S608  # only this house's own constants are put into statements; values are always bound

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from fanfold.errors import StoreFailed
from fanfold.store import inserts
from fanfold.store.base import Letter
from fanfold.store.letters import BEHIND, letter_row
from fanfold.store.rows import Row, micros
from fanfold.store.transaction import Transaction
from fanfold.store.upkeep import STEP_ROWS, Step

_MOVE = """
    INSERT INTO webhooks (name, cursor, waiting, dead) VALUES (?, ?, ?, 0)
    ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, waiting = waiting + excluded.waiting
    RETURNING seq"""

_CALL_UP = """
    UPDATE letters SET state = 'first' WHERE id IN (
        SELECT (SELECT id FROM letters INDEXED BY letters_in_line
                WHERE webhook = ?1 AND state = 'behind' AND subject = line.value ORDER BY id LIMIT 1)
        FROM json_each(?2) line
        WHERE NOT EXISTS (SELECT 1 FROM letters INDEXED BY letters_in_line
                          WHERE webhook = ?1 AND state = 'first' AND subject = line.value))"""

_SEND_BACK = """
    UPDATE letters SET state = 'behind'
    WHERE webhook = ? AND state = 'first' AND subject IN (SELECT value FROM json_each(?))"""

_PUT_OFF = "UPDATE letters SET tries = ?, last_at = ?, next_s = ?, error = ? WHERE id = ?"

_GIVE_UP = """
    UPDATE letters SET state = 'dead', dead_s = ?
    WHERE id IN (SELECT value FROM json_each(?)) AND state <> 'dead' RETURNING webhook, subject"""

_REVIVE = f"""
    UPDATE letters SET state = 'behind', dead_s = NULL, tries = 0, since_s = ?, next_s = ?
    WHERE id IN (
        SELECT id FROM letters INDEXED BY letters_dead WHERE webhook = ? AND state = 'dead' ORDER BY id
        LIMIT {STEP_ROWS})
    RETURNING subject"""

_TAKE = """
    DELETE FROM letters WHERE webhook = ? AND id IN (SELECT value FROM json_each(?))
    RETURNING state = 'dead', subject"""


def post(tx: Transaction, webhook: str, cursor: int, letters: Sequence[Letter]) -> StoreFailed | None:
    """Move the webhook's cursor and keep these letters. Letters never use the room that is reserved for settles."""
    if letters and not tx.ledger.reserve.restore():
        return StoreFailed(f"There is no room for the letters of the webhook {webhook}. {tx.ledger.reserve.says}")
    (seq,) = tx.db.execute(_MOVE, (webhook, cursor, len(letters))).fetchone()
    in_order = sorted(letters, key=lambda letter: letter.event)
    inserts.LETTERS.run(tx.db, [(seq, BEHIND, *letter_row(letter)) for letter in in_order])
    _call_up(tx, seq, {letter.subject for letter in letters})
    return None


def taken(tx: Transaction, webhook: str, letters: Iterable[int]) -> None:
    """Forget letters that were delivered."""
    if (seq := _seq_of(tx, webhook)) is None:
        return
    gone = tx.db.execute(_TAKE, (seq, json.dumps(list(letters)))).fetchall()
    dead = sum(was_dead for was_dead, _ in gone)
    _count(tx, seq, waiting=dead - len(gone), dead=-dead)
    _call_up(tx, seq, {subject for _, subject in gone})


def put_off(tx: Transaction, letters: Sequence[Letter], *, dead: bool) -> None:
    """Keep how the last try of these letters went; give them up if they are dead."""
    tx.db.executemany(_PUT_OFF, map(_try_row, letters))
    if dead:
        _give_up(tx, [letter.id for letter in letters])


def revive_some(tx: Transaction, webhook: str, next_s: float) -> int:
    """Let some dead letters wait again, the oldest first, each at its old place in line; return how many."""
    if (seq := _seq_of(tx, webhook)) is None:
        return 0
    back = tx.db.execute(_REVIVE, (next_s, next_s, seq)).fetchall()
    subjects = {subject for (subject,) in back}
    tx.db.execute(_SEND_BACK, (seq, json.dumps(list(subjects))))
    _count(tx, seq, waiting=len(back), dead=-len(back))
    _call_up(tx, seq, subjects)
    return len(back)


def drop_webhook(tx: Transaction, webhook: str) -> None:
    """Forget a webhook. Nobody sees its letters any more; `drop_forgotten` takes them away."""
    tx.db.execute("UPDATE webhooks SET name = NULL WHERE name = ?", (webhook,))


def drop_forgotten(tx: Transaction) -> int:
    """Drop some letters of webhooks that were dropped; return 0 when nothing is left of those."""
    row = tx.db.execute("SELECT seq FROM webhooks WHERE name IS NULL LIMIT 1").fetchone()
    if row is None:
        return 0
    some = f"SELECT id FROM letters INDEXED BY letters_in_line WHERE webhook = ? LIMIT {STEP_ROWS}"
    dropped = tx.db.execute(f"DELETE FROM letters WHERE id IN ({some})", row).rowcount
    if dropped < STEP_ROWS:
        tx.db.execute("DELETE FROM webhooks WHERE seq = ?", row)
    return dropped or 1


def drop_dead(tx: Transaction, until_s: float) -> Step:
    """Drop some letters that were given up at that age of the store or before."""
    some = f"SELECT id FROM letters INDEXED BY letters_given_up WHERE state = 'dead' AND dead_s <= ? LIMIT {STEP_ROWS}"
    gone = tx.db.execute(f"DELETE FROM letters WHERE id IN ({some}) RETURNING webhook", (until_s,)).fetchall()
    for seq, count in Counter(seq for (seq,) in gone).items():
        _count(tx, seq, waiting=0, dead=-count)
    return Step(len(gone))


def _try_row(letter: Letter) -> Row:
    last_at = None if letter.last_at is None else micros(letter.last_at)
    return letter.tries, last_at, letter.next_s, letter.error, letter.id


def _give_up(tx: Transaction, letters: Sequence[int]) -> None:
    gone = tx.db.execute(_GIVE_UP, (tx.ledger.age.now_s(), json.dumps(letters))).fetchall()
    for seq, count in Counter(seq for seq, _ in gone).items():
        _count(tx, seq, waiting=-count, dead=count)
        _call_up(tx, seq, {subject for of, subject in gone if of == seq})


def _call_up(tx: Transaction, seq: int, subjects: Collection[str]) -> None:
    """See that each of these lines has a first one, if anybody waits in it."""
    if subjects:
        tx.db.execute(_CALL_UP, (seq, json.dumps(list(subjects))))


def _count(tx: Transaction, seq: int, *, waiting: int, dead: int) -> None:
    tx.db.execute("UPDATE webhooks SET waiting = waiting + ?, dead = dead + ? WHERE seq = ?", (waiting, dead, seq))


def _seq_of(tx: Transaction, webhook: str) -> int | None:
    row = tx.db.execute("SELECT seq FROM webhooks WHERE name = ?", (webhook,)).fetchone()
    return None if row is None else row[0]
