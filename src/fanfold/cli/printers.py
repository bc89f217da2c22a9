"""`fanfold printers …`: list, show, add, remove, pause, resume, test."""

from __future__ import annotations

import json
from typing import Any

import click

from fanfold.cli import tables
from fanfold.cli.gateway import Gateway, path
from fanfold.cli.options import Lists, Show, asks


@click.group(cls=Lists)
def printers() -> None:
    """List printers, or do something with one. PRINTER is an id, a name or an alias."""


@printers.command("list")
@asks
def list_(gateway: Gateway, show: Show) -> None:
    """List printers."""
    show(gateway.ask("GET", path("printers")), tables.printers)


@printers.command("show")
@click.argument("printer")
@asks
def show_(gateway: Gateway, show: Show, printer: str) -> None:
    """Show all that is known of a printer."""
    show(gateway.ask("GET", path("printers", printer)), tables.printer)


@printers.command()
@click.argument("name")
@click.argument("uri")
@click.option("--alias", "aliases", multiple=True, help="Another name for it; repeatable.")
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="Such as on_doubt=reprint; repeatable. See docs/settings.md.",
)
@asks
def add(gateway: Gateway, show: Show, name: str, uri: str, aliases: tuple[str, ...], options: tuple[str, ...]) -> None:
    """Add a printer and keep it."""
    body = {"name": name, "uri": uri, "aliases": aliases, "options": dict(map(_option, options))}
    show(gateway.ask("POST", path("printers"), body), tables.printer)


@printers.command()
@click.argument("printer")
@asks
def remove(gateway: Gateway, show: Show, printer: str) -> None:
    """Forget an added printer; its jobs that are not finished are canceled."""
    show(gateway.ask("DELETE", path("printers", printer)), tables.done)


@printers.command()
@click.argument("printer")
@asks
def pause(gateway: Gateway, show: Show, printer: str) -> None:
    """Let jobs wait. What is being sent goes on."""
    show(gateway.ask("POST", path("printers", printer, "pause")), tables.printer)


@printers.command()
@click.argument("printer")
@asks
def resume(gateway: Gateway, show: Show, printer: str) -> None:
    """Let jobs go again."""
    show(gateway.ask("POST", path("printers", printer, "resume")), tables.printer)


@printers.command("test")
@click.argument("printer")
@asks
def test_page(gateway: Gateway, show: Show, printer: str) -> None:
    """Print a small page in the printer's language."""
    show(gateway.ask("POST", path("printers", printer, "test")), tables.job)


def _option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE.", param_hint="--option")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
