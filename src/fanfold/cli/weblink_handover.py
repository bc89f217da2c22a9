"""Reads a setup's secrets and hands it over: to standard output, a file, a printer of the gateway. Builds nothing."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import click

from fanfold.cli.exits import Exit, Failed
from fanfold.cli.gateway import WAIT_S, Gateway, path
from fanfold.cli.weblink_setup import Step

SCHEME = "weblink:"
REACHED = {"delivered", "printed"}


def read_secret(file: BinaryIO | None, what: str) -> str:
    """Return a secret that stands alone in its file; a line end behind it is none of it. Raises Failed."""
    if file is None:
        return ""
    try:
        secret = file.read().decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as fault:
        raise Failed(f"the {what} file is not UTF-8.", Exit.WRONG_USAGE) from fault
    if not secret.strip():
        raise Failed(f"the {what} file is empty.", Exit.WRONG_USAGE)
    return secret


def to_stdout(built: Sequence[Step]) -> None:
    """Print the commands as they are, and what they are for on standard error."""
    for step in built:
        click.echo(f"# {step.says}", err=True)
        click.echo(step.data, nl=False)


def to_file(file: Path, built: Sequence[Step]) -> None:
    """Write the commands into a file that its owner alone reads, or into a device. Raises Failed."""
    try:
        with open(file, "wb", opener=_unshortened) as out:  # Path.open takes no opener
            found = os.fstat(out.fileno())
            if stat.S_ISREG(found.st_mode):
                _check_private(file, found)
                out.truncate()
            out.writelines(step.data for step in built)
    except OSError as fault:
        why = "it is a link; name the file itself" if fault.errno == errno.ELOOP else fault.strerror or fault
        raise Failed(f"{file} cannot be written: {why}.") from fault


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


def _unshortened(name: str, flags: int) -> int:
    """Open a file that is no link; a new one is its owner's alone, and what is there stays until it is looked at."""
    return os.open(name, flags & ~os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)  # Windows has no such flag


def _check_private(file: Path, found: os.stat_result) -> None:
    """Raise Failed for a file that others may read: secrets stand in the commands."""
    if sys.platform == "win32":  # modes say nothing there
        return
    if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid():
        says = f"{file} is a file that others may read, and the commands hold secrets: nothing was written."
        raise Failed(f'{says} Say `chmod 600 "{file}"` first, or name another file.', Exit.WRONG_USAGE)
