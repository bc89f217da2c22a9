"""`fanfold serve`: the gateway itself. Knows only how to start it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fanfold import config
from fanfold.cli.exits import Exit, Failed
from fanfold.errors import FanfoldError

C = TypeVar("C", bound=Callable[..., Any])
OTHERS = "\b\nEvery setting can also come from the environment (docs/settings.md tells what each is for):\n"
ENVIRONMENT = OTHERS + "\n".join(f"  {row.env}" for row in config.TABLE)


def settable(command: C) -> C:
    """Give a command the flags that the table of settings names."""
    for row in reversed(config.TABLE):
        if row.flag:
            command = click.option(row.flag, metavar=row.metavar, help=f"{row.help} [env: {row.env}]")(command)
    return command


@click.command(epilog=ENVIRONMENT)
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The settings; by default the user's own fanfold.toml, if there is one. [env: FANFOLD_CONFIG]",
)
@settable
@click.option(
    "--listen",
    multiple=True,
    metavar="HOST:PORT",
    help="Listen there, and nowhere else; repeatable. [env: FANFOLD_LISTEN]",
)
@click.option(
    "--printer",
    multiple=True,
    metavar="NAME=URI",
    help="A printer beside the configured ones; repeatable. [env: FANFOLD_PRINTER]",
)
def serve(file: Path | None, **flags: Any) -> None:
    """Run the gateway until it is told to stop."""

    def load() -> config.Settings:
        return config.load(file, os.environ, flags)

    try:
        settings = load()
        from fanfold.app import run

        code = run(settings, load)
    except FanfoldError as error:
        raise Failed(error.says, Exit.CANNOT_START) from error
    click.get_current_context().exit(code)
