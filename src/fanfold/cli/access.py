"""`fanfold access …`: which web origins may print."""

from __future__ import annotations

import click

from fanfold.cli import tables
from fanfold.cli.gateway import Gateway, path
from fanfold.cli.options import Lists, Show, asks


@click.group(cls=Lists)
def access() -> None:
    """Say which web origins may print. ORIGIN is like https://shop.example; pages of this machine always may."""


@access.command("list")
@asks
def list_(gateway: Gateway, show: Show) -> None:
    """List the web origins that are let in."""
    show(gateway.ask("GET", path("access", "origins")), tables.origins)


@access.command()
@click.argument("origin")
@asks
def allow(gateway: Gateway, show: Show, origin: str) -> None:
    """Let pages of a web origin in."""
    show(gateway.ask("POST", path("access", "origins"), {"origin": origin}), tables.origins)


@access.command()
@click.argument("origin")
@asks
def revoke(gateway: Gateway, show: Show, origin: str) -> None:
    """Let pages of a web origin in no longer; their connections end."""
    show(gateway.ask("DELETE", path("access", "origins", origin=origin)), tables.origins)
