"""Lays out cells and facts for people: tables, lists of facts, times. Knows nothing of what they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from fanfold.cli.exits import plain

_UNBOUNDED = 100_000
"""Columns of what is no terminal: a program that reads the table wants its cells whole."""


def joined(words: Sequence[str]) -> str:
    """Return the words between commas."""
    return ", ".join(words)


def count(number: int) -> str:
    """Return the number; nothing for none, so that numbers stand out."""
    return str(number) if number else ""


def time(text: str | None) -> str:
    """Return a time of the API in this machine's zone; nothing for none."""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S") if text else ""


def facts(named: dict[str, Any]) -> None:
    """Print what is known, a line each; what is not is left out."""
    shown = {name: value for name, value in named.items() if value not in (None, "", [], ())}
    width = max(map(len, shown))
    for name, value in shown.items():
        said = joined(value) if isinstance(value, list) else value
        click.echo(f"{name.ljust(width)}  {plain(said)}")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], otherwise: str) -> None:
    """Print a table; where it has no rows, the words on stderr, so that a program reads nothing."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*head, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        drawn.add_row(*(Text(plain(cell)) for cell in row))
    if not drawn.rows:
        click.echo(otherwise, err=True)
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNBOUNDED
    console.print(drawn)
