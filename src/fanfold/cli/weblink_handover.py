"""Hands a setup over: to who reads standard output, into a file, or over a printer of the gateway. Builds nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from fanfold.cli.exits import Exit, Failed
from fanfold.cli.gateway import WAIT_S, Gateway, path
from fanfold.cli.weblink_setup import Step

SCHEME = "weblink:"
REACHED = {"delivered", "printed"}


def to_stdout(built: Sequence[Step]) -> None:
    """Print the commands as they are, and what they are for on standard error."""
    for step in built:
        click.echo(f"# {step.says}", err=True)
        click.echo(step.data, nl=False)


def to_file(file: Path, built: Sequence[Step]) -> None:
    """Write the commands. Raises Failed."""
    try:
        with open(file, "wb", opener=_private) as out:  # Path.open takes no opener
            out.writelines(step.data for step in built)
    except OSError as fault:
        raise Failed(f"{file} cannot be written: {fault.strerror or fault}.") from fault


def over(gateway: Gateway, name: str, serial: str, built: Sequence[Step]) -> Any:
    """Send the commands over a printer as one job, and return that. Raises Failed.

    Over the printer's own Weblink line the restart is asked for after the job: it cuts the line, so that nobody could
    tell whether the job was taken.
    """
    uri = gateway.ask("GET", path("printers", name))["uri"]
    if not uri.startswith(SCHEME):
        return _submitted(gateway, name, serial, built)
    if uri != SCHEME + serial:
        raise Failed(f"{name} is {uri}, not {serial}: nothing was sent.", Exit.WRONG_USAGE)
    *settings, restart = built
    job = _submitted(gateway, name, serial, settings, wait="delivered", wait_s=WAIT_S)
    if job["evidence"] in REACHED:
        _restart(gateway, name, restart)
    else:
        click.echo(f'When the job is through: fanfold weblink sgd "{name}" device.reset ""', err=True)
    return job


def _submitted(gateway: Gateway, name: str, serial: str, built: Sequence[Step], **query: Any) -> Any:
    where = path("printers", name, "jobs", title=f"Weblink setup of {serial}", **query)
    document = b"".join(step.data for step in built)
    return gateway.send("POST", where, document, {"Content-Type": "application/octet-stream"})


def _restart(gateway: Gateway, name: str, step: Step) -> None:
    try:
        gateway.ask("POST", path("printers", name, "ask"), {"text": step.data.decode("ascii")})
    except Failed as failure:
        if failure.problem != "no-answer":  # one that restarts answers nothing any more
            raise Failed(f"the settings were sent, but not the restart: {failure.message}") from failure


def _private(name: str, flags: int) -> int:
    """Open a file that, where it is new, its owner alone reads: a password may be in it."""
    return os.open(name, flags, 0o600)
