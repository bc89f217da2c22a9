"""`fanfold serve`: the gateway itself. Knows only how to start it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import click

from fanfold import config
from fanfold.cli.exits import Exit, Failed
from fanfold.cli.ready import READY, tell
from fanfold.cli.service import here
from fanfold.cli.service.answer import who_answers
from fanfold.errors import ADDRESS_IN_USE, CannotStart, FanfoldError

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

    settings: config.Settings | None = None
    try:
        settings = load()
        if flags["data"] is None and settings.data == config.Settings().data:
            _refuse_beside_service()
        from fanfold.app import run

        code = run(settings, load, lambda stop: tell(READY, os.environ))
    except FanfoldError as error:
        raise Failed(_whose_port(settings, error) or error.says, Exit.CANNOT_START) from error
    click.get_current_context().exit(code)


def _refuse_beside_service() -> None:
    """One gateway a machine: a second would fight with the first for printers, and pages would find only one."""
    with suppress(Failed):  # what keeps services here cannot be asked: then it keeps none of ours
        if service := here.running():
            raise CannotStart(
                f"This machine's Fanfold runs as a service already ({service.keeper.where}). Use that one: `fanfold "
                "service status` says where it answers. For a second gateway give this one its own --data and --listen."
            )


def _whose_port(settings: config.Settings | None, error: FanfoldError) -> str:
    """Return who answers at an address that is in use; nothing where it is another fault, or no gateway."""
    found = who_answers(settings.listeners) if settings and error.code == ADDRESS_IN_USE else None
    if found is None:
        return ""
    return (
        f"A gateway answers there already: {found.shown}. Use that one; or give this one its own --data, and another "
        "port (`--listen HOST:PORT`, or `port` in fanfold.toml)."
    )
