"""The store's file from nothing, or from an older schema, to the newest. Knows no verb.

Schemas are numbered plain SQL files in `schema/`; each is applied in one transaction, and `PRAGMA user_version`
is the number of the last one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from fanfold.errors import CannotStart

MAGIC = b"SQLite format 3\x00"
"""How every SQLite file begins (sqlite.org/fileformat2.html, §1.3)."""

APPLICATION = int.from_bytes(b"Fanf")
"""Our `PRAGMA application_id`, at byte 68 of the file; the schema's number is at byte 60, and how often any schema was
changed at byte 40 (same page): never, in a file that we began and did not finish."""

OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables; RETURNING is older."""


def schemas() -> Sequence[str]:
    """Return the text of each schema file, in order."""
    folder = files("fanfold.store") / "schema"
    return [file.read_text("utf-8") for file in sorted(folder.iterdir(), key=lambda file: file.name)]


def check(path: Path) -> None:
    """Look at the file from outside, touching nothing.

    Raises:
        CannotStart: it is no store, or one that a newer Fanfold made; or SQLite itself is too old.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        raise CannotStart(f"SQLite {sqlite3.sqlite_version} is too old: Fanfold needs {wanted}. Use a newer Python.")
    if head := _head(path):
        _check_head(path, head)


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Apply the schemas that the file does not have yet; a new file gets all.

    Raises:
        CannotStart: one of them failed; the file is as it was before that one.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for number, schema in enumerate(schemas()[version:], version + 1):
        try:
            db.executescript(
                f"BEGIN IMMEDIATE;\n{schema}\n; PRAGMA application_id = {APPLICATION}; "
                f"PRAGMA user_version = {number}; COMMIT;"
            )
        except sqlite3.Error as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise CannotStart(
                f"The store {path} cannot be brought to schema {number}: {error}. It is left as it was, at schema "
                f"{number - 1}. See that its disk has room and is in order, then start again."
            ) from error
        # So that `check`, which reads the file without its log, sees the number.
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(100)
    except FileNotFoundError:
        return b""
    except OSError as error:
        says = f"The store {path} cannot be read: {error.strerror}. Check its owner and its permissions."
        raise CannotStart(says) from error


def _check_head(path: Path, head: bytes) -> None:
    if not head.startswith(MAGIC) or len(head) < 100:
        raise damaged(path, "it is not an SQLite file")
    application, version, known = int.from_bytes(head[68:72]), int.from_bytes(head[60:64]), len(schemas())
    if application != APPLICATION and (application, version, int.from_bytes(head[40:44])) != (0, 0, 0):
        raise CannotStart(
            f"{path} is a database of another program. Give Fanfold a data directory of its own (--data)."
        )
    if version > known:
        raise CannotStart(
            f"The store {path} has schema {version}, made by a newer Fanfold; this one knows schemas up to {known}. "
            "Nothing was changed. Start the newer Fanfold, or give this one another data directory (--data)."
        )


def damaged(path: Path, because: str) -> CannotStart:
    """Return the words for a store file that cannot be used."""
    return CannotStart(
        f"The store {path} is damaged: {because}. Nothing was changed. Put a backup in its place, or move "
        f"{path.parent} away as a whole and start again with an empty store."
    )
