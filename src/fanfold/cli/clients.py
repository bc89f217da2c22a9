"""`fanfold clients …`: who is connected."""

from __future__ import annotations

import click

from fanfold.cli import tables
from fanfold.cli.gateway import Gateway, path
from fanfold.cli.options import Lists, Show, asks


@click.group(cls=Lists)
def clients() -> None:
    """List who is connected, or disconnect one."""


@clients.command("list")
@asks
def list_(gateway: Gateway, show: Show) -> None:
    """List who is connected."""
    show(gateway.ask("GET", path("clients")), tables.clients)


@clients.command()
@click.argument("id")
@asks
def disconnect(gateway: Gateway, show: Show, id: str) -> None:  # noqa: A002  # the argument's name in the help
    """End a client's connection; its jobs go on."""
    show(gateway.ask("DELETE", path("clients", id)), tables.done)
