"""Fanfold as a job of launchd's: what stands in its list, and the commands that bring it to life. Knows no gateway.

The keys are those of launchd.plist(5), the commands those of launchctl(1).
"""

from __future__ import annotations

import os
import plistlib
import re
from pathlib import Path
from typing import Any

from fanfold.cli.exits import Failed
from fanfold.cli.service.command import Done, run
from fanfold.cli.service.plan import Plan
from fanfold.cli.service.state import State

LABEL = "fanfold.gateway"
NOT_THERE = 113
"""launchctl's exit code where it knows no such job."""


def job(plan: Plan) -> dict[str, Any]:
    """Return what the job's list says."""
    keys: dict[str, Any] = {
        "Label": LABEL,
        "ProgramArguments": list(plan.command),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 5,
        "ExitTimeOut": 120,
        "Umask": 0o077,
        "SoftResourceLimits": {"NumberOfFiles": 65536},
        "WorkingDirectory": str(plan.data),
    }
    return keys | ({"UserName": plan.account} if plan.is_machines else {})


class Launchd:
    """A daemon of the machine's, or an agent of a user's own."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._file = folder / f"{LABEL}.plist"
        self._domain = "system" if plan.is_machines else f"gui/{os.getuid()}"

    @property
    def text(self) -> str:
        """What stands in the list."""
        return plistlib.dumps(job(self._plan), sort_keys=False).decode()

    @property
    def where(self) -> Path:
        """Where the list lies, or would."""
        return self._file

    @property
    def log(self) -> str:
        """Where the log lies."""
        return str(self._plan.log)

    def install(self) -> list[str]:
        """Write the list, and have it run from now on. Idempotent. Raises Failed."""
        is_new = not self._file.is_file() or self._file.read_text("utf-8") != self.text
        if is_new:
            self._end()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(self.text, "utf-8")
        if not self.state().is_running:
            self._end()
            self._do("bootstrap", self._domain, str(self._file))
        return [f"{'Installed' if is_new else 'It was installed as it is'}: {self._file}."]

    def remove(self) -> list[str]:
        """Stop it, and delete the list. Idempotent. Raises Failed."""
        if not self._file.is_file():
            return ["It is not installed."]
        self._end()
        self._file.unlink()
        return [f"Stopped, and removed: {self._file}."]

    def state(self) -> State:
        """Return whether it is installed, and runs."""
        if not self._file.is_file():
            return State()
        shown = run("launchctl", "print", self._target)
        if shown.code:
            return State(is_installed=True, says=shown.complained.strip() or "launchd has not loaded it")
        state, pid = (re.search(rf"^\s*{key} = (.+)$", shown.said, re.MULTILINE) for key in ("state", "pid"))
        says = state[1].strip() if state else "launchd says nothing of it"
        number = int(pid[1]) if pid and pid[1].isdigit() else 0
        return State(is_installed=True, is_running=says == "running", says=says, pid=number)

    @property
    def _target(self) -> str:
        return f"{self._domain}/{LABEL}"

    def _end(self) -> None:
        ended = run("launchctl", "bootout", self._target)
        if ended.code not in (0, 3, NOT_THERE):  # 3: no such process
            raise _refused(ended, "bootout", self._target)

    def _do(self, *words: str) -> None:
        done = run("launchctl", *words)
        if done.code:
            raise _refused(done, *words)


def _refused(done: Done, *words: str) -> Failed:
    says = done.complained.strip() or f"it ended with {done.code}"
    return Failed(f"`launchctl {' '.join(words)}`: {says}.")
