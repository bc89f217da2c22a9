"""Reads single values and tables by their rows, and words what is wrong with them. Knows no source of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from fanfold.config.table import Setting
from fanfold.errors import CannotStart

_SHOWN = 60
"""How much of a wrong value is quoted."""


def value(row: Setting, given: object, where: str, folder: Path) -> Any:
    """Return what a setting is given, checked; a relative path starts from the folder. Raises CannotStart."""
    try:
        taken = row.kind.read(given)
    except ValueError:
        if row.kind.is_private:
            raise CannotStart(f"{where} is none that can be used; it must be {row.kind.allowed}.") from None
        raise wrong(where, given, row.kind.allowed) from None
    return folder / taken if isinstance(taken, Path) else taken


def entry(rows: Sequence[Setting], given: object, where: str, folder: Path) -> dict[str, Any]:
    """Return the values of one table in an array of tables. Raises CannotStart."""
    by_name = {row.name: row for row in rows}
    found: dict[str, Any] = {}
    for key, one in table(given, where).items():
        if key not in by_name:
            raise unknown(f"{where}.{key}", key, by_name)
        found[key] = value(by_name[key], one, f"{where}.{key}", folder)
    for row in rows:
        if row.default is MISSING and row.name not in found:
            raise CannotStart(f"{where} has no {row.name}; give it {row.kind.allowed}.")
    return found


def table(given: object, where: str) -> dict[str, Any]:
    """Return what is a table. Raises CannotStart when it is none."""
    if not isinstance(given, dict):
        raise wrong(where, given, "a table: a line with its name in brackets, and keys under it")
    return given


def wrong(where: str, given: object, allowed: str) -> CannotStart:
    """Word that a value is not allowed."""
    text = str(given).lower() if isinstance(given, bool) else repr(given)
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return CannotStart(f"{where} is {shown}; it must be {allowed}.")


def unknown(where: str, key: str, known: Iterable[str]) -> CannotStart:
    """Word that there is no such setting."""
    names = sorted(known)
    near = difflib.get_close_matches(key, names, n=1)
    advice = f"Did you mean {near[0]}?" if near else f"Known here are {', '.join(names)}."
    return CannotStart(f"{where} is no setting. {advice}")
