"""What a service is to run, and where its things are on each system. Reads nothing and writes nothing."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

from fanfold.config import Settings, config_file

NAME = "fanfold"
TITLE = "Fanfold print gateway"
ABOUT = "Lets web applications print silently. Its jobs are kept on disk; it may be stopped and started at any time."


@dataclass(frozen=True, slots=True)
class Plan:
    """One service."""

    is_machines: bool
    """Whether it is for all users of the machine, and runs from boot on; else it is one user's own."""
    python: tuple[str, ...]
    """What starts Fanfold; its own arguments come behind."""
    config: PurePath
    data: PurePath
    log: PurePath | None
    """The file that it writes its log to; None: the system keeps it."""
    token: PurePath | None
    """Where the machine's service has its secret, for users who may see more than their own."""
    account: str = ""
    """The user that it runs as; empty: whoever installs it."""

    @property
    def command(self) -> tuple[str, ...]:
        """What the system starts. It names settings and data, so that no environment has a say."""
        where = ("--config", str(self.config), "--data", str(self.data))
        if self.log is None:
            return (*self.python, "serve", *where)
        return (*self.python, "service", "run", *where, "--log", str(self.log))


def linux(*, is_machines: bool, python: tuple[str, ...]) -> Plan:
    """Return the plan for systemd."""
    if not is_machines:
        return Plan(is_machines, python, config_file(), Settings().data, None, None)
    etc = PurePosixPath("/etc/fanfold")
    return Plan(
        is_machines, python, etc / "fanfold.toml", PurePosixPath("/var/lib/fanfold"), None, etc / "token", "fanfold"
    )


def macos(*, is_machines: bool, python: tuple[str, ...], home: PurePath) -> Plan:
    """Return the plan for launchd."""
    if not is_machines:
        log = home / "Library/Logs/Fanfold/fanfold.log"
        return Plan(is_machines, python, config_file(), Settings().data, log, None)
    own = PurePosixPath("/Library/Application Support/Fanfold")
    log = PurePosixPath("/Library/Logs/Fanfold/fanfold.log")
    return Plan(is_machines, python, own / "fanfold.toml", own / "data", log, own / "token", "daemon")


def windows(*, python: tuple[str, ...], environment: Mapping[str, str]) -> Plan:
    """Return the plan for Windows, where a service is always the machine's."""
    own = PureWindowsPath(environment.get("PROGRAMDATA", r"C:\ProgramData"), "Fanfold")
    log = own / "logs" / "fanfold.log"
    return Plan(True, python, own / "fanfold.toml", own / "data", log, own / "token", "LocalSystem")


def this_python() -> tuple[str, ...]:
    """Return what starts this very Fanfold. `-P`: no file of the folder that it is started in takes part."""
    if sys.platform == "win32" and sys.prefix != sys.base_prefix:
        # A virtual environment's python.exe starts another one, which Windows does not take for the service.
        return through_base(Path(sys.base_prefix) / "python.exe", sysconfig.get_path("purelib"))
    return (sys.executable, "-P", "-m", NAME)


def through_base(python: PurePath, packages: str) -> tuple[str, ...]:
    """Return what starts a virtual environment's Fanfold by the Python that the environment was made of."""
    start = f"import site; site.addsitedir({packages!r}); from fanfold.cli import main; main(prog_name='fanfold')"
    return (str(python), "-P", "-c", start)
