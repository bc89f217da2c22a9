"""The table of a run: what was measured, what was wanted, what the floor is. Knows no process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from rich.console import Console
from rich.table import Table

WAYS_TO_WRITE: dict[str, Callable[[float], str]] = {
    "ms": lambda value: f"{value:.2f} ms" if value < 100 else f"{value:,.0f} ms",
    "/s": lambda value: f"{value:,.0f} /s",
    "s": lambda value: f"{value:.2f} s",
    "MB/s": lambda value: f"{value:.1f} MB/s",
    "MB": lambda value: f"{value:.1f} MB",
    "kB": lambda value: f"{value:.1f} kB",
    "×": lambda value: f"{value:.2f} ×",
    "%": lambda value: f"{value:+.0f} %",
    "cores": lambda value: f"{value:.3f} cores",
    "jobs": lambda value: f"{value:,.0f} jobs",
}

WIDTH = 170
"""Of the table where no terminal says how wide it is."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `target` is the worst value that is good enough: the most, or with `at_least` the least."""

    chapter: str
    what: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    floor: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    def over(self, floor: float) -> Row:
        """Return the row with its floor."""
        return replace(self, floor=floor)


def show(rows: Sequence[Row]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    for chapter, its in groupby(rows, lambda row: row.chapter):
        console.print(f"\n[bold]{chapter}[/bold]")
        console.print(_table(its))


def _table(rows: Iterable[Row]) -> Table:
    table = Table(box=None, header_style="dim")
    table.add_column("measured", width=48)
    for name in ("result", "target", "floor"):
        table.add_column(name, justify="right", width=11, no_wrap=True)
    table.add_column("", width=6)
    table.add_column("", style="dim", overflow="fold")
    for row in rows:
        table.add_row(row.what, *_cells(row), row.note)
    return table


def _cells(row: Row) -> tuple[str, str, str, str]:
    write = WAYS_TO_WRITE[row.unit]
    sign = "≥" if row.at_least else "≤"
    target = "" if row.target is None else f"{sign} {write(row.target)}"
    floor = "" if row.floor is None else write(row.floor)
    verdict = {None: "", True: "[green]met[/green]", False: "[red]missed[/red]"}[row.met]
    return write(row.value), target, floor, verdict
