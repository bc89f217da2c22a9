"""How a command ends: its exit codes, and failures in words. Knows no command."""

from __future__ import annotations

from enum import IntEnum
from typing import IO, Any

import click


class Exit(IntEnum):
    """Exit codes; `fanfold --help` and docs/cli.md list them."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2
    UNREACHABLE = 3
    NOT_PRINTED = 4
    CANNOT_START = 5
    UNHEALTHY = 6


MEANS = {
    Exit.DONE: "done",
    Exit.FAILED: "the gateway refused it, or it failed; its words are on stderr",
    Exit.WRONG_USAGE: "the command was not understood",
    Exit.UNREACHABLE: "no gateway could be reached",
    Exit.NOT_PRINTED: "`print --wait`: the job is held, aborted or canceled, or less is known than `--wait-for` says",
    Exit.CANNOT_START: "the gateway could not start",
    Exit.UNHEALTHY: "`doctor` found a problem",
}


class Failed(click.ClickException):
    """A command that did not succeed; its words go to stderr, without a traceback."""

    def __init__(self, says: str, code: Exit = Exit.FAILED, problem: str = "") -> None:
        super().__init__(says)
        self.exit_code = int(code)  # type: ignore[misc]  # click reads it so
        self.problem = problem
        """The API's code for it; empty where it was not the gateway that refused."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the words."""
        click.echo(f"fanfold: {plain(self.message)}", file=file, err=file is None)


def plain(text: object) -> str:
    """Return the text without control characters: titles come from web pages, and terminals obey what they print."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in str(text))
