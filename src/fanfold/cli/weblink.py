"""`fanfold weblink …`: put Zebra printers on this server, ask them, and look into what they send."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import BinaryIO

import click

from fanfold.cli import tables, tables_arrivals
from fanfold.cli.exits import Exit, Failed, plain
from fanfold.cli.gateway import Gateway, path
from fanfold.cli.options import Show, asks, asks_beside
from fanfold.cli.weblink_handover import over, read_secret, to_file, to_stdout
from fanfold.cli.weblink_setup import CA_BYTES, BadSetup, Setup, steps, warnings

LOOK_EVERY_S = 1.0


@click.group()
def weblink() -> None:
    """Put Zebra printers on this server that dial in, and look into what they do."""


@weblink.command()
@click.argument("printer")
@click.argument("name")
@click.argument("value", required=False)
@click.option("--channel", default="", help="By which channel: raw or config. By default the usual one.")
@asks
def sgd(gateway: Gateway, show: Show, printer: str, name: str, value: str | None, channel: str) -> None:
    """Ask a printer for a setting, or change it, and print its answer.

    NAME is a setting such as device.friendly_name, a branch of them, or allconfig. With VALUE it is changed; actions
    such as device.reset take "" for it.
    """
    question = "{}" + json.dumps({name: value}, ensure_ascii=False, separators=(",", ":"))
    body = {"text": question, "channel": channel}
    show(gateway.ask("POST", path("printers", printer, "ask"), body), tables_arrivals.said)


@weblink.command()
@click.argument("printer")
@click.argument("channel")
@asks
def reopen(gateway: Gateway, show: Show, printer: str, channel: str) -> None:
    """Have a printer open its channel raw or config anew."""
    show(gateway.ask("POST", path("printers", printer, "reopen"), {"channel": channel}), tables.done)


@weblink.command()
@click.argument("serial")
@click.option("--frames", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many of each line.")
@asks
def trace(gateway: Gateway, show: Show, serial: str, frames: int) -> None:
    """Print, for support, the headers and first frames of all that a printer opens, until Ctrl-C.

    Only lines that it opens from now on: have it dial in anew, for example by its power switch. No document is shown.
    SERIAL may also be the name of a printer that is let in.
    """
    where = path("traces", serial)
    gateway.ask("POST", where, {"frames": frames})
    click.echo(f"Waiting for what {plain(serial)} opens from now on; Ctrl-C ends it.", err=True)
    try:
        _print_lines(gateway, show, where)
    except KeyboardInterrupt:
        pass
    finally:
        gateway.ask("DELETE", where)


def _print_lines(gateway: Gateway, show: Show, where: str) -> None:
    seen = 0
    while True:
        lines = gateway.ask("GET", where)["lines"]
        if len(lines) < seen:
            raise Failed("the trace was ended by somebody else, or the gateway was started anew: begin again.")
        if len(lines) > seen:
            show({"lines": lines[seen:]}, tables_arrivals.lines)
            seen = len(lines)
        time.sleep(LOOK_EVERY_S)


@weblink.command()
@click.argument("serial")
@click.option("--url", "location", required=True, help="Where the printer dials in: https://host:port/path.")
@click.option(
    "--secret-file",
    type=click.File("rb"),
    help="File with the secret that stands last in that URL's path: in a command others could read it.",
)
@click.option(
    "--ca",
    type=click.File("rb"),
    help="Certificate (PEM) of the authority that signed the server's; the printer believes no other.",
)
@click.option("--user", default="", help="Whom it is to be when the server asks.")
@click.option("--password-file", type=click.File("rb"), help="File with that user's password.")
@click.option(
    "--connections",
    type=click.IntRange(2, 100),
    default=2,
    show_default=True,
    help="Lines that it may open: 3 where settings are to have their own channel.",
)
@click.option(
    "--retry",
    type=click.IntRange(1, 600),
    default=10,
    show_default=True,
    help="Seconds before it tries again.",
)
@click.option(
    "--retry-random",
    type=click.IntRange(0, 600),
    default=0,
    show_default=True,
    help="Seconds more at most, by chance; above 0 for many printers.",
)
@click.option("--ntp", default="", metavar="SERVER", help="Whom it asks for the time: certificates are checked by it.")
@click.option("--ntp-dhcp", is_flag=True, help="It takes the time server that its network offers.")
@click.option(
    "--conn",
    type=click.Choice(["1", "2"]),
    default="1",
    show_default=True,
    help="Which of its two Weblink connections; the other stays as it is.",
)
@click.option("--proxy", default="", metavar="URL", help="The proxy by which it gets out.")
@click.option("--no-alerts", is_flag=True, help="Leave its alerts as they are.")
@click.option("--send", metavar="PRINTER", help="Send it now, over this printer of the gateway, as one job.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file.")
@asks_beside("--gateway")
def setup(
    gateway: Gateway,
    show: Show,
    *,
    serial: str,
    location: str,
    secret_file: BinaryIO | None,
    ca: BinaryIO | None,
    user: str,
    password_file: BinaryIO | None,
    connections: int,
    retry: int,
    retry_random: int,
    ntp: str,
    ntp_dhcp: bool,
    conn: str,
    proxy: str,
    no_alerts: bool,
    send: str | None,
    output: Path | None,
) -> None:
    """Print the commands that put a Zebra printer on this server.

    What goes to standard output is for the printer alone, such as a raw queue or a USB device: `> /dev/usb/lp0`. What
    it is for stands on standard error. The last command restarts the printer.

    With --send the gateway keeps the job, and secret and password in it, as long as any other.
    """
    if send is not None and output is not None:
        raise Failed("--send and --output do not go together: give one of them.", Exit.WRONG_USAGE)
    asked = Setup(
        serial=serial,
        url=location,
        secret=read_secret(secret_file, "secret").strip(),
        ca=ca.read(CA_BYTES + 1) if ca else None,
        user=user,
        password=read_secret(password_file, "password"),
        connections=connections,
        retry_s=retry,
        retry_random_s=retry_random,
        ntp=ntp,
        ntp_dhcp=ntp_dhcp,
        conn=2 if conn == "2" else 1,
        proxy=proxy,
        alerts=not no_alerts,
    )
    try:
        built = steps(asked)
    except BadSetup as fault:
        raise Failed(f"{fault}.", Exit.WRONG_USAGE) from fault
    for warning in warnings(asked):
        click.echo(f"Warning: {warning}", err=True)
    if send is not None:
        show(over(gateway, send, serial, built), tables.job)
    elif output is not None:
        to_file(output, built)
        click.echo(f"Written to {output}: send that to the printer, which restarts and dials in.", err=True)
    else:
        to_stdout(built)
    proves = f" --identity user:{user}" if user else ""
    click.echo(f"Then let it in: fanfold printers adopt {serial}{proves}", err=True)
