"""Lays out cells and facts for people: tables, lists of facts, times. Knows nothing of what they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from fanfold.cli.exits import plain

_UNBOUNDED = 100_000
"""Columns of what is no terminal: a program that reads the table wants its cells whole."""
_GAP = 2
"""Columns between two cells, as rich has them."""


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
    """Print a table; where it has no rows, the words on stderr, so that a program reads nothing.

    Ids and URIs are there to be copied, so no word is ever cut: where the terminal is too narrow, each row is a list.
    """
    shown = [tuple(plain(cell) for cell in row) for row in rows]
    if not shown:
        click.echo(otherwise, err=True)
    elif not _drawn(head, shown):
        _listed(head, shown)


def _drawn(head: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Draw the table if there is room for it; tell whether."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNBOUNDED
    widths = _widths([head, *rows], console.width)
    if widths is None:
        return False
    columns = (Column(name, width=width) for name, width in zip(head, widths, strict=True))
    drawn = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        drawn.add_row(*map(Text, row))
    console.print(drawn)
    return True


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return a width for each column in which no word is cut, the widest narrowed first; None where there is none."""
    from rich.cells import cell_len

    columns = list(zip(*rows, strict=True))
    least = [max(cell_len(word) for cell in column for word in (cell.split() or [""])) for column in columns]
    widths = [max(map(cell_len, column)) for column in columns]
    while sum(widths) + _GAP * (len(widths) - 1) > room:
        narrower = [number for number, width in enumerate(widths) if width > least[number]]
        if not narrower:
            return None
        widths[max(narrower, key=widths.__getitem__)] -= 1
    return widths


def _listed(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    names = [name.lower() for name in head]
    for number, row in enumerate(rows):
        if number:
            click.echo()
        facts(dict(zip(names, row, strict=True)))
