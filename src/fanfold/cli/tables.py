"""Shows the API's answers to people: tables and sentences. Asks nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from fanfold.cli.exits import plain

_UNBOUNDED = 100_000
"""Columns of what is no terminal: a program that reads the table wants its cells whole."""


def printers(answer: Any) -> None:
    """Show the list of printers."""
    shown = [
        (
            one["name"],
            _state(one),
            _count(one["waiting_jobs"]),
            _count(one["held_jobs"]),
            one["uri"],
            _joined(one["aliases"]),
        )
        for one in answer["printers"]
    ]
    _table(
        ("NAME", "STATE", "WAITING", "HELD", "URI", "ALIASES"),
        shown,
        "There are no printers: add one with `fanfold printers add NAME URI`.",
    )


def printer(answer: Any) -> None:
    """Show one printer with all that is known of it."""
    facts = {
        "id": answer["id"],
        "name": answer["name"],
        "aliases": _joined(answer["aliases"]),
        "uri": answer["uri"],
        "source": answer["source"],
        "state": _state(answer),
        "says": answer["message"],
        "learned": f"{_time(answer['status_at'])} from {answer['status_source']}" if answer["status_at"] else "",
        "info": answer["info"],
        "takes": _joined(answer["kinds"]),
        "jobs": f"{answer['waiting_jobs']} waiting, {answer['held_jobs']} held",
    }
    _facts(facts | {name: value for name, value in answer["options"].items() if value is not None})


def jobs(answer: Any) -> None:
    """Show a list of jobs."""
    shown = [
        (
            one["id"],
            _time(one["created_at"]),
            one["printer_name"] or one["printer"],
            one["state"],
            one["evidence"],
            one["title"],
            one["message"],
        )
        for one in answer["jobs"]
    ]
    _table(("JOB", "CREATED", "PRINTER", "STATE", "EVIDENCE", "TITLE", "SAYS"), shown, "There are no such jobs.")
    if answer["next"] and shown:
        click.echo("There are more: see --limit.", err=True)


def job(answer: Any) -> None:
    """Show one job, what is known of its paper, and its history where it came along."""
    facts = {
        "id": answer["id"],
        "printer": answer.get("printer_name") or answer["printer"],
        "state": _joined([answer["state"], *answer["reasons"]]),
        "says": answer["message"],
        "evidence": f"{answer['evidence']}: {answer['evidence_means']}",
        "sent": f"{answer['sent_bytes']} bytes in attempt {answer['attempt']}" if answer["attempt"] else "",
        "title": answer["title"],
        "document": f"{answer['size_bytes']} bytes of {answer['media_type']}, {answer['copies']} ×",
        "from": f"{answer['owner']} by {answer['dialect']}",
        "key": answer["key"],
        "reprint of": answer["reprint_of"],
    }
    _facts(facts)
    timeline = [
        (_time(one["at"]), one["state"], one["evidence"], _joined(one["reasons"]), one["message"])
        for one in answer.get("timeline") or ()
    ]
    if timeline:
        click.echo()
        _table(("AT", "STATE", "EVIDENCE", "REASONS", "SAYS"), timeline, "")


def clients(answer: Any) -> None:
    """Show who is connected."""
    shown = [
        (one["id"], one["address"], one["origin"], one["dialect"], _time(one["since"]), _count(one["jobs"]))
        for one in answer["clients"]
    ]
    _table(("CLIENT", "ADDRESS", "ORIGIN", "DIALECT", "SINCE", "JOBS"), shown, "Nobody is connected.")


def origins(answer: Any) -> None:
    """Show which web origins are let in."""
    shown = [(origin, "configuration") for origin in answer["configured"]]
    shown += [(origin, "fanfold access allow") for origin in answer["allowed"]]
    _table(("ORIGIN", "LET IN BY"), shown, "No web origins are let in but pages of this machine.")


def done(answer: Any) -> None:
    """Show what was done."""
    for note in answer["notes"] or ("Done.",):
        click.echo(plain(note))


def _state(shown: Any) -> str:
    state = "paused" if shown["paused"] else shown["state"]
    return _joined([state, *(reason for reason in shown["reasons"] if reason != state)])


def _joined(words: Sequence[str]) -> str:
    return ", ".join(words)


def _count(number: int) -> str:
    return str(number) if number else ""


def _time(text: str) -> str:
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _facts(facts: dict[str, Any]) -> None:
    shown = {name: value for name, value in facts.items() if value not in (None, "", [], ())}
    width = max(map(len, shown))
    for name, value in shown.items():
        said = _joined(value) if isinstance(value, list) else value
        click.echo(f"{name.ljust(width)}  {plain(said)}")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], otherwise: str) -> None:
    """Print a table; where it has no rows, the words on stderr, so that a program reads nothing."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*head, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    if not table.rows:
        click.echo(otherwise, err=True)
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNBOUNDED
    console.print(table)
