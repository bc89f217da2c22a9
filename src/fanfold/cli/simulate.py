"""`fanfold simulate …`: printers that are not there, to try things out on. Knows only how to start them."""

from __future__ import annotations

import click

from fanfold.cli.exits import Exit, Failed
from fanfold.cli.simulate_weblink import weblink


@click.group()
def simulate() -> None:
    """Run printers that are not there, until Ctrl-C. Each line tells what happens in one."""


@simulate.command("socket")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where it listens.")
@click.option("--port", type=int, default=9100, show_default=True, help="On which port; 0 takes any.")
@click.option("--mood", "words", default="ready", show_default=True, help="Such as ready, stalled, slow:1000.")
def socket_(host: str, port: int, words: str) -> None:
    """A network printer on a TCP port."""
    from fanfold.simulate.foreground import run
    from fanfold.simulate.moods import mood
    from fanfold.simulate.socket import SocketPrinter, tell

    try:
        run(tell(SocketPrinter(mood(words), host=host, port=port)))
    except ValueError as error:
        raise Failed(str(error), Exit.WRONG_USAGE) from error
    except OSError as error:
        raise Failed(f"no printer can listen at {host}:{port}: {error}", Exit.CANNOT_START) from error


simulate.add_command(weblink)
