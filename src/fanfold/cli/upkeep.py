"""`fanfold reload` and `fanfold version`."""

from __future__ import annotations

import click

from fanfold import __version__
from fanfold.cli import tables
from fanfold.cli.gateway import Gateway, path
from fanfold.cli.options import Show, asks


@click.command()
@asks
def reload(gateway: Gateway, show: Show) -> None:
    """Let the gateway read its settings again. No job is dropped, and no client that may still come in."""
    show(gateway.ask("POST", path("reload")), tables.done)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def version(as_json: bool) -> None:
    """Say which Fanfold this command is."""
    click.echo(f'{{"version": "{__version__}"}}' if as_json else f"fanfold {__version__}")
