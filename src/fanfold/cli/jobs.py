"""`fanfold jobs`: the list of jobs."""

from __future__ import annotations

import click

from fanfold.cli import tables
from fanfold.cli.gateway import Gateway, path
from fanfold.cli.options import Show, asks
from fanfold.model import JobState


@click.command()
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in JobState]),
    help="Only jobs in this state; repeatable.",
)
@click.option("--printer", help="Only jobs of this printer.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many, newest first.")
@asks
def jobs(gateway: Gateway, show: Show, states: tuple[str, ...], printer: str | None, limit: int) -> None:
    """List jobs, newest first."""
    where = path("jobs", state=states or None, printer=printer, limit=limit)
    show(gateway.ask("GET", where), tables.jobs)
