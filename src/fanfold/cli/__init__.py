"""The command line: thin commands, each imported when it is called, so that the gateway starts quickly."""

from __future__ import annotations

import importlib
from typing import cast

import click

from fanfold import __version__
from fanfold.cli.exits import MEANS
from fanfold.cli.streams import say_utf8

COMMANDS = {
    "serve": "serve:serve",
    "service": "service:service",
    "demo": "demo:demo",
    "simulate": "simulate:simulate",
    "print": "send:print_",
    "printers": "printers:printers",
    "weblink": "weblink:weblink",
    "jobs": "jobs:jobs",
    "job": "job:job",
    "clients": "clients:clients",
    "access": "access:access",
    "webhooks": "webhooks:webhooks",
    "reload": "upkeep:reload",
    "doctor": "doctor:doctor",
    "version": "upkeep:version",
}
"""Where each command stands in this folder, in the order of the help."""


class _Commands(click.Group):
    """Commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        return cast("click.Command", getattr(importlib.import_module(f"fanfold.cli.{module}"), name))


EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {int(code)}  {means}" for code, means in MEANS.items())


@click.group(cls=_Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="fanfold %(version)s", help="Show the version and exit.")
def main() -> None:
    """Let web applications print silently: keep every job, double none, and say what is known of its paper.

    `fanfold serve` is the gateway, `fanfold demo` one to look at, and `fanfold simulate` has printers for it; the
    commands after them ask the one that runs at FANFOLD_URL.
    """
    say_utf8()
