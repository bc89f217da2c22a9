"""The table of a run: what was measured, what was wanted, what the floor is. Knows no process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rich.console import Console
from rich.table import Table

WAYS_TO_WRITE: dict[str, Callable[[float], str]] = {
    "ms": lambda value: f"{value:.2f} ms" if value < 100 else f"{value:,.0f} ms",
    "/s": lambda value: f"{value:,.0f} /s",
    "s": lambda value: f"{value:.2f} s",
    "MB": lambda value: f"{value:.1f} MB",
    "kB": lambda value: f"{value:.1f} kB",
    "×": lambda value: f"{value:.2f} ×",
    "%": lambda value: f"{value:+.0f} %",
}


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
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("measured", overflow="fold")
    for name in ("result", "target", "floor"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    table.add_column("", overflow="fold", style="dim")
    chapter = ""
    for row in rows:
        if row.chapter != chapter:
            chapter = row.chapter
            table.add_row()
            table.add_row(f"[bold]{chapter}[/bold]")
        table.add_row(f"  {row.what}", *_cells(row), row.note)
    Console(width=None if Console().is_terminal else 140, highlight=False).print(table)


def _cells(row: Row) -> tuple[str, str, str, str]:
    write = WAYS_TO_WRITE[row.unit]
    sign = "≥" if row.at_least else "≤"
    target = "" if row.target is None else f"{sign} {write(row.target)}"
    floor = "" if row.floor is None else write(row.floor)
    verdict = {None: "", True: "[green]met[/green]", False: "[red]missed[/red]"}[row.met]
    return write(row.value), target, floor, verdict
