"""`fanfold printers …`: list, show, add, remove, pause, ask and find printers, and let in those that dial in."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any, BinaryIO

import click

from fanfold.cli import serials, tables, tables_arrivals
from fanfold.cli.exits import Exit, Failed
from fanfold.cli.gateway import Gateway, path
from fanfold.cli.options import Lists, Show, asks

LONGEST_ANSWER_S = 300
"""As much as the API gives a printer."""
LONGEST_LOOK_S = 30
"""As much as the API waits for devices."""


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


@printers.command()
@click.argument("printer")
@click.argument("text")
@click.option("--channel", default="", help="By which channel, where there are several: raw or config.")
@click.option(
    "--within",
    "within_s",
    type=click.FloatRange(0, LONGEST_ANSWER_S, min_open=True),
    default=10,
    show_default=True,
    help="Seconds that the printer may take.",
)
@click.option("--raw", is_flag=True, help="Write the answer as it came, byte for byte.")
@asks
def ask(gateway: Gateway, show: Show, printer: str, text: str, *, channel: str, within_s: float, raw: bool) -> None:
    """Put a question to a printer, such as '~HI' or '! U1 getvar "device.friendly_name"', and print its answer.

    It is sent as it stands; only a command that begins with `!` gets the line end without which printers wait for more.
    """
    is_open = text.startswith("!") and not text[-1].isspace()
    body = {"text": text + "\r\n" * is_open, "channel": channel, "within_s": within_s}
    answer = gateway.patient(within_s).ask("POST", path("printers", printer, "ask"), body)
    if raw:
        click.echo(b64decode(answer["data"]), nl=False)
        return
    show(answer, tables_arrivals.said)


@printers.command()
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, LONGEST_LOOK_S),
    default=3,
    show_default=True,
    help="Seconds for first answers, where nobody asked before.",
)
@click.option("--add", "device", metavar="DEVICE", help="Make a printer of this one, by its id in the list.")
@click.option("--name", default="", help="With --add: what to call it; by default what it calls itself.")
@click.option("--by", "uri", metavar="URI", default="", help="With --add: by which of its ways; by default the first.")
@asks
def discover(gateway: Gateway, show: Show, *, wait_s: float, device: str | None, name: str, uri: str) -> None:
    """List devices that show themselves in the network and at USB ports, and queues; or make a printer of one.

    Who asks first has the gateway look in the network from then on, as long as it runs. The first URI is the best.
    """
    if device is None:
        if name or uri:
            raise Failed("--name and --by go with --add.", Exit.WRONG_USAGE)
        show(gateway.ask("GET", path("discovered", wait_s=wait_s)), tables_arrivals.discovered)
        return
    body = {"name": name, "uri": uri}
    show(gateway.ask("POST", path("discovered", device, "add"), body), tables.printer)


@printers.command()
@click.argument("printer")
@click.option(
    "--as",
    "language",
    metavar="LANGUAGE",
    default="",
    help="In which language to ask: zpl, tspl, escpos. Where it is the wrong one, the question comes out on paper.",
)
@click.option(
    "--within",
    "within_s",
    type=click.FloatRange(0, LONGEST_ANSWER_S, min_open=True),
    default=5,
    show_default=True,
    help="Seconds that the printer may take.",
)
@asks
def identify(gateway: Gateway, show: Show, printer: str, language: str, within_s: float) -> None:
    """Have a printer say what it is, and keep what it says: its model, its dots per inch."""
    body = {"language": language, "within_s": within_s}
    show(gateway.patient(within_s).ask("POST", path("printers", printer, "identify"), body), tables.printer)


@printers.command()
@asks
def unadopted(gateway: Gateway, show: Show) -> None:
    """List printers that dialled in and wait to be let in, and those that were rejected."""
    show(gateway.ask("GET", path("unadopted")), tables_arrivals.unadopted)


@printers.command()
@click.argument("serial", nargs=-1)
@click.option("--name", help="What to call it; by default what it calls itself, or its serial. With one SERIAL only.")
@click.option(
    "--identity",
    help="What it proves: user:NAME, certificate:NAME or secret:FILE. Needed where several claim the serial, or where "
    "it gets another proof. With one SERIAL only.",
)
@click.option(
    "--file",
    type=click.File("rb"),
    help="List of them (CSV): a serial on each line, and a name behind it, if you like. - reads standard input.",
)
@asks
def adopt(
    gateway: Gateway,
    show: Show,
    *,
    serial: tuple[str, ...],
    name: str | None,
    identity: str | None,
    file: BinaryIO | None,
) -> None:
    """Let printers in that dial in: all of them, or none. They need not be there yet.

    Whoever claims a serial later must prove to be the same.
    """
    if (name is not None or identity is not None) and (len(serial) != 1 or file is not None):
        raise Failed("--name and --identity go with one SERIAL; in a file each line has its name.", Exit.WRONG_USAGE)
    names = dict.fromkeys(serial, name or "") | _listed(file)
    if not names:
        raise Failed("no printer is named: give a SERIAL, or --file.", Exit.WRONG_USAGE)
    adoptions = [{"device": device, "name": called, "identity": identity or ""} for device, called in names.items()]
    show(gateway.ask("POST", path("adoptions"), {"adoptions": adoptions}), tables_arrivals.adopted)


@printers.command()
@click.argument("serial")
@asks
def reject(gateway: Gateway, show: Show, serial: str) -> None:
    """Let a printer in never, until it is adopted after all."""
    show(gateway.ask("POST", path("unadopted", serial, "reject")), tables.done)


def _listed(file: BinaryIO | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        return dict(serials.read(file.read(serials.LIST_BYTES + 1)))
    except serials.BadList as fault:
        raise Failed(f"{file.name}: {fault}\nNo printer was let in.", Exit.WRONG_USAGE) from fault


def _option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE.", param_hint="--option")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
