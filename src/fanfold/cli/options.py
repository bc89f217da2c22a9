"""What all commands share that ask a gateway: `--json`, `--url`, `--token-file`. Knows no single command."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fanfold.cli.exits import Exit, Failed
from fanfold.cli.gateway import DEFAULT_URL, Gateway

Show = Callable[[Any, Callable[[Any], None]], None]
"""Takes the API's answer, and what shows it to people; with `--json` the answer is printed as it is."""


class Lists(click.Group):
    """Commands about one kind of thing, of which `list` is meant when none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `list` before what is no command."""
        is_asking_for_help = bool(args) and args[0] in self.get_help_option_names(ctx)
        names_none = not args or args[0].startswith("-")
        return super().parse_args(ctx, ["list", *args] if names_none and not is_asking_for_help else args)


def asks(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the gateway that the caller means, and the way to show its answer."""
    return asks_beside("--url")(command)


def asks_beside(flag: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Do the same, for a command of which `--url` means something else: the gateway's is called otherwise there."""
    return functools.partial(_asks, flag, flag.removeprefix("--"))


def _asks(flag: str, name: str, command: Callable[..., None]) -> Callable[..., None]:
    @click.option("--json", "as_json", is_flag=True, help="Print the API's answer as JSON.")
    @click.option(
        flag, name, envvar="FANFOLD_URL", default=DEFAULT_URL, show_default=True, show_envvar=True, help="The gateway."
    )
    @click.option(
        "--token-file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="File with the gateway's secret. FANFOLD_TOKEN may hold the secret itself.",
    )
    @click.option("--token", envvar="FANFOLD_TOKEN", hidden=True)
    @functools.wraps(command)
    def asked(*args: Any, as_json: bool, token_file: Path | None, token: str | None, **kwargs: Any) -> None:
        gateway = Gateway(kwargs.pop(name), secret_of(token_file, token))
        command(gateway, _as_json if as_json else _in_words, *args, **kwargs)

    return asked


def secret_of(file: Path | None, token: str | None) -> str | None:
    """Return the gateway's secret that the caller gave, if any. Raises Failed."""
    try:
        secret = file.read_text("utf-8-sig").strip() if file else token
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", "") or "it is no text"
        says = (
            f"{file}: the token file cannot be read: {why}. Give --token-file the one that the gateway's settings name."
        )
        raise Failed(says, Exit.WRONG_USAGE) from error
    if secret and not (secret.isascii() and secret.isprintable()):
        raise Failed("the token must be ASCII in one line: look at FANFOLD_TOKEN or --token-file.", Exit.WRONG_USAGE)
    return secret


def _as_json(answer: Any, words: Callable[[Any], None]) -> None:
    click.echo(json.dumps(answer, indent=2))


def _in_words(answer: Any, words: Callable[[Any], None]) -> None:
    words(answer)
