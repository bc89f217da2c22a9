"""Runs a command of the system's to its end. Knows none."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

from fanfold.cli.exits import Failed

WITHIN_S = 420
"""Longer than any service manager waits for a gateway to start or stop."""


@dataclass(frozen=True, slots=True)
class Done:
    """How it ended, and what it said."""

    code: int
    said: str
    complained: str


def run(command: str, *arguments: str) -> Done:
    """Run it; those of administrators are found too. Raises Failed where there is no such command, or no end to it."""
    path = shutil.which(command, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]))
    if path is None:
        raise Failed(
            f"this machine has no `{command}`, which keeps services here. Run `fanfold serve` by what does, "
            "or look at `fanfold service install --print` for what it would have to know."
        )
    try:
        ended = subprocess.run(  # noqa: S603  # its words are ours, and no shell is between
            [path, *arguments], capture_output=True, text=True, errors="replace", timeout=WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"`{command} {' '.join(arguments)}` came to no end within {WITHIN_S} s.") from error
    return Done(ended.returncode, ended.stdout, ended.stderr)
