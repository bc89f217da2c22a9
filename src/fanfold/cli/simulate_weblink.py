"""`fanfold simulate weblink`: Zebra printers that are not there and dial in. Knows only how to start them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from ssl import SSLContext
from typing import BinaryIO

import click

from fanfold.cli.exits import Exit, Failed
from fanfold.cli.weblink_handover import read_secret
from fanfold.cli.weblink_setup import BadSetup, dialled
from fanfold.simulate.foreground import run, say
from fanfold.simulate.weblink import SERIAL, Account, Discovery, Switches, WeblinkPrinter, trusting
from fanfold.simulate.weblink.fleet import Control, serials, switched_on
from fanfold.simulate.weblink.moods import mood, usages

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_OPEN_FILES = 65_536
_MOODS = "\b\nMoods:\n" + "\n".join(f"  {usage:<22}{says}" for usage, says in usages())
_USUAL, _MADE = Switches(), Discovery()


@click.command(epilog=_MOODS)
@click.option("--url", required=True, metavar="URL", help="Where they dial: wss://host:port/path, or https, ws, http.")
@click.option(
    "--secret-file",
    type=click.File("rb"),
    metavar="FILE",
    help="File with the secret that stands last in that URL's path.",
)
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="How many.")
@click.option("--serial", default=SERIAL, show_default=True, help="The first one's; the others count on from it.")
@click.option("--product", default=_MADE.product, show_default=True, help="Which model they say they are.")
@click.option("--firmware", default=_MADE.firmware, show_default=True, help="Which firmware they say they have.")
@click.option("--mood", "words", multiple=True, metavar="MOOD", help="How they are, of the list below; repeatable.")
@click.option("--ca", type=_FILE, metavar="FILE", help="The CA that they trust (PEM); else the public ones.")
@click.option("--cert", type=_FILE, metavar="FILE", help="Their own certificate (PEM).")
@click.option("--key", type=_FILE, metavar="FILE", help="The key of that, where it is not in the same file.")
@click.option("--user", default="", metavar="NAME", help="What they say to a 401.")
@click.option(
    "--password", default="", envvar="FANFOLD_SIMULATE_PASSWORD", metavar="SECRET", help="With which password."
)
@click.option("--connections", type=click.IntRange(1, 100), default=10, show_default=True, help="Their limit each.")
@click.option("--retry", type=float, default=_USUAL.retry_s, show_default=True, help="Seconds before they dial again.")
@click.option("--ramp", type=float, default=0, show_default=True, help="Seconds over which they are switched on.")
@click.option("--label", type=float, default=_USUAL.label_s, show_default=True, help="Seconds that a label takes.")
@click.option("--control", type=int, metavar="PORT", help="Listen there on loopback: POST /mood, GET /printers.")
@click.option("--quiet", is_flag=True, help="Do not tell what happens in each.")
def weblink(
    url: str,
    secret_file: BinaryIO | None,
    count: int,
    serial: str,
    product: str,
    firmware: str,
    words: tuple[str, ...],
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
    user: str,
    password: str,
    connections: int,
    retry: float,
    ramp: float,
    label: float,
    control: int | None,
    quiet: bool,
) -> None:
    """Zebra printers that dial in over Weblink.

    With --control they change their moods while they run: curl -d paper-out http://127.0.0.1:PORT/mood, or
    /mood/SERIAL for one; a mood that lasts ends by paper-out=off.
    """
    from fanfold.app import allow_files

    if bool(user) != bool(password):
        raise Failed("--user and --password go together: give both or neither.", Exit.WRONG_USAGE)
    dials = _dialled(url, secret_file)
    made = replace(_MADE, product=product, firmware=firmware)
    switches = replace(_USUAL, retry_s=retry, label_s=label, keeps_bytes=False)
    try:
        account = Account(_trust(url, ca, cert, key), user, password)
        printers = [
            WeblinkPrinter(
                dials,
                one,
                switches,
                account=account,
                discovery=made,
                max_connections=connections,
                say=None if quiet else say,
            )
            for one in serials(serial, count)
        ]
    except (ValueError, OSError) as error:
        raise Failed(str(error), Exit.WRONG_USAGE) from error
    allow_files(_OPEN_FILES)
    try:
        run(_live(printers, words, ramp, control))
    except ValueError as error:
        raise Failed(str(error), Exit.WRONG_USAGE) from error
    except OSError as error:
        raise Failed(f"no control can listen at port {control}: {error}", Exit.CANNOT_START) from error


def _dialled(url: str, secret_file: BinaryIO | None) -> str:
    try:
        return dialled(url, read_secret(secret_file, "secret").strip())
    except BadSetup as fault:
        raise Failed(f"{fault}.", Exit.WRONG_USAGE) from fault


def _trust(url: str, ca: Path | None, cert: Path | None, key: Path | None) -> SSLContext | None:
    if not url.startswith(("https:", "wss:")):
        return None
    try:
        return trusting(ca.read_text("ascii") if ca else None, cert, key)
    except (OSError, UnicodeError) as error:
        where = ", ".join(f"{name} {file}" for name, file in (("--ca", ca), ("--cert", cert), ("--key", key)) if file)
        says = f"no TLS with {where}: {error}; they must be PEM: certificates, and the key that belongs to --cert"
        raise Failed(says, Exit.WRONG_USAGE) from error


async def _live(printers: list[WeblinkPrinter], words: tuple[str, ...], ramp_s: float, control: int | None) -> None:
    for printer in printers:
        for text in words:
            mood(printer, text)
    async with AsyncExitStack() as stack:
        if control is not None:
            port = await stack.enter_async_context(Control(printers).listening(control))
            say(f"moods: POST http://127.0.0.1:{port}/mood")
        await stack.enter_async_context(switched_on(printers, ramp_s))
        say(f"{len(printers)} printers dial {printers[0].settings.get('weblink.ip.conn1.location')}; Ctrl-C ends it")
        await printers[0].until(lambda: False)
