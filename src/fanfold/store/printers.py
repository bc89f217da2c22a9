"""Printers, their events, origins, who is rejected: in SQL, within a transaction. Know no thread and no file."""

# ruff: noqa: S608  # only this house's own constants are put into statements; values are always bound

from __future__ import annotations

from fanfold.model import Printer, PrinterId
from fanfold.store.history import News
from fanfold.store.rows import PRINTER, printer_row
from fanfold.store.transaction import Transaction

_NAMES = PRINTER.split(", ")
_SAVE = f"""
    INSERT INTO printers ({PRINTER}) VALUES ({", ".join("?" * len(_NAMES))})
    ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _NAMES)}"""


def record(tx: Transaction, news: News) -> None:
    """Keep an event on a printer."""
    tx.recorded(news)


def save_printer(tx: Transaction, printer: Printer) -> None:
    """Keep a printer, new or changed; what is known of its blocked time stays."""
    tx.db.execute(_SAVE, printer_row(printer))


def save_blocked(tx: Transaction, printer: PrinterId, blocked_s: float, since_s: float | None) -> None:
    """Keep a printer's blocked time."""
    tx.db.execute("UPDATE printers SET blocked_s = ?, blocked_since_s = ? WHERE id = ?", (blocked_s, since_s, printer))


def drop_printer(tx: Transaction, printer: PrinterId) -> None:
    """Forget a printer."""
    tx.db.execute("DELETE FROM printers WHERE id = ?", (printer,))


def allow_origin(tx: Transaction, origin: str) -> None:
    """Keep a web origin."""
    tx.db.execute("INSERT OR IGNORE INTO origins (origin) VALUES (?)", (origin,))


def revoke_origin(tx: Transaction, origin: str) -> None:
    """Forget a web origin."""
    tx.db.execute("DELETE FROM origins WHERE origin = ?", (origin,))


def reject(tx: Transaction, uri: str) -> None:
    """Keep that this printer is not let in."""
    tx.db.execute("INSERT OR IGNORE INTO rejected (uri) VALUES (?)", (uri,))


def unreject(tx: Transaction, uri: str) -> None:
    """Forget that."""
    tx.db.execute("DELETE FROM rejected WHERE uri = ?", (uri,))
