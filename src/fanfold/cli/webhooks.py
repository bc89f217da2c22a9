"""`fanfold webhooks …`: how webhooks stand, and what their receivers never took."""

from __future__ import annotations

import click

from fanfold.cli import tables, tables_arrivals
from fanfold.cli.gateway import Gateway, path
from fanfold.cli.options import Lists, Show, asks


@click.group(cls=Lists)
def webhooks() -> None:
    """List webhooks, and what their receivers never took. NAME is a webhook's in fanfold.toml."""


@webhooks.command("list")
@asks
def list_(gateway: Gateway, show: Show) -> None:
    """List webhooks and how they stand."""
    show(gateway.ask("GET", path("webhooks")), tables_arrivals.webhooks)


@webhooks.command()
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many, newest first.")
@asks
def dead(gateway: Gateway, show: Show, name: str, limit: int) -> None:
    """List the events that were given up, newest first."""
    show(gateway.ask("GET", path("webhooks", name, "dead", limit=limit)), tables_arrivals.dead_letters)


@webhooks.command()
@click.argument("name")
@asks
def retry(gateway: Gateway, show: Show, name: str) -> None:
    """Try all that was given up again, and what waits at once."""
    show(gateway.ask("POST", path("webhooks", name, "retry")), tables.done)
