"""The service of this machine: which system keeps it, whose it is, and whether it runs. Knows no command."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fanfold.cli.exits import Failed
from fanfold.cli.service import plan
from fanfold.cli.service.plan import Plan
from fanfold.cli.service.state import Keeper
from fanfold.config import config_file

UNITS = Path("/etc/systemd/system")
DAEMONS = Path("/Library/LaunchDaemons")


@dataclass(frozen=True, slots=True)
class Service:
    """A service as it is, or would be, with who keeps it."""

    plan: Plan
    keeper: Keeper


def is_administrator() -> bool:
    """Tell whether this user may keep services for the whole machine."""
    if sys.platform == "win32":
        import ctypes

        return bool(ctypes.windll.shell32.IsUserAnAdmin())
    return os.geteuid() == 0


def mine() -> Service:
    """Return the service that this user would install: an administrator the machine's, others their own."""
    return service(is_machines=is_administrator())


def known() -> Iterator[Service]:
    """Yield the services that may be there: this user's own, and the machine's."""
    if sys.platform != "win32" and not is_administrator():
        yield service(is_machines=False)
    yield service(is_machines=True)


def service(*, is_machines: bool) -> Service:
    """Return the machine's service, or this user's own. Raises Failed where this system keeps none."""
    python = plan.this_python()
    if sys.platform == "win32":
        from fanfold.cli.service.windows import Windows

        made = plan.windows(python=python, environment=os.environ)
        return Service(made, Windows(made))
    if sys.platform == "darwin":
        from fanfold.cli.service.launchd import Launchd

        made = plan.macos(is_machines=is_machines, python=python, home=Path.home())
        return Service(made, Launchd(made, DAEMONS if is_machines else Path.home() / "Library/LaunchAgents"))
    if sys.platform == "linux":
        from fanfold.cli.service.systemd import Systemd

        made = plan.linux(is_machines=is_machines, python=python)
        return Service(made, Systemd(made, UNITS if is_machines else config_file().parents[1] / "systemd" / "user"))
    raise Failed(f"Fanfold knows of no services on {sys.platform}: have what keeps them here run `fanfold serve`.")


def installed() -> Service | None:
    """Return the service that is installed, this user's own before the machine's. Raises Failed."""
    return next((one for one in known() if one.keeper.state().is_installed), None)


def running() -> Service | None:
    """Return the service that runs. Raises Failed."""
    return next((one for one in known() if one.keeper.state().is_running), None)
