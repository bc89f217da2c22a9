"""`fanfold job …`: one job, and what a person may decide about it."""

from __future__ import annotations

import click

from fanfold.cli import tables
from fanfold.cli.gateway import Gateway, path
from fanfold.cli.options import Show, asks


@click.group()
def job() -> None:
    """Show a job, or decide what becomes of it."""


@job.command("show")
@click.argument("id")
@asks
def show_(gateway: Gateway, show: Show, id: str) -> None:  # noqa: A002  # the argument's name in the help
    """Show a job with its history."""
    show(gateway.ask("GET", path("jobs", id)), tables.job)


def _verb(name: str, says: str) -> None:
    @job.command(name, help=says)
    @click.argument("id")
    @asks
    def decide(gateway: Gateway, show: Show, id: str) -> None:  # noqa: A002
        show(gateway.ask("POST", path("jobs", id, name)), tables.job)


_verb("cancel", "Cancel a job that is not finished.")
_verb("release", "Let a held job print, though some of it may be on paper already.")
_verb("assume-printed", "Take a held job for printed.")
_verb("reprint", "Print a finished job once more, as a new job.")
