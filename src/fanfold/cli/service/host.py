"""A program inside Windows' service manager: its start and stop become ours. Knows no gateway."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import click

from fanfold.cli.service.halt import Halt
from fanfold.cli.service.plan import NAME, TITLE

Stop = Callable[[], None]
Run = Callable[[Callable[[Stop], object]], object]
"""Runs until it is stopped; calls what it is given with its stop, once it is up."""

STARTED_BY_HAND = 1063
"""ERROR_FAILED_SERVICE_CONTROLLER_CONNECT: nobody but the service manager can be answered."""
PATIENCE_MS = 60_000
"""How long the service manager shall wait for our next word while we start or stop."""

log = logging.getLogger("fanfold.service")


def host(run: Run) -> None:
    """Run it for the service manager; by hand, until it ends by itself or by Ctrl-C."""
    import pywintypes
    import servicemanager

    servicemanager.Initialize()
    servicemanager.PrepareToHostSingle(service_of(run))
    try:
        servicemanager.StartServiceCtrlDispatcher()
    except pywintypes.error as error:
        if error.winerror != STARTED_BY_HAND:
            raise
        run(lambda stop: None)


def service_of(run: Run) -> Any:
    """Return the class that the service manager makes a service of."""
    import win32service
    import win32serviceutil

    class Service(win32serviceutil.ServiceFramework):  # type: ignore[misc]  # it has no types
        """Starts and stops as it is told."""

        _svc_name_ = NAME
        _svc_display_name_ = TITLE

        def __init__(self, arguments: Any) -> None:
            super().__init__(arguments)
            self._halt = Halt()
            self._state = win32service.SERVICE_START_PENDING

        def SvcRun(self) -> None:  # noqa: N802  # the framework's name
            """Be started, run, be stopped."""
            self._say(win32service.SERVICE_START_PENDING)
            try:
                run(self._is_up)
            except click.ClickException:  # told already; Windows learns that it failed
                raise
            except BaseException:
                log.exception("The service ended by a fault.")
                raise

        def SvcStop(self) -> None:  # noqa: N802
            """Stop: finish what is being sent, and hold the rest."""
            self._say(win32service.SERVICE_STOP_PENDING)
            self._halt.wish()

        SvcShutdown = SvcStop

        def SvcInterrogate(self) -> None:  # noqa: N802
            """Say again how it stands."""
            self._say(self._state)

        def _is_up(self, stop: Stop) -> None:
            if self._state == win32service.SERVICE_START_PENDING:
                self._say(win32service.SERVICE_RUNNING)
            self._halt.arm(stop)

        def _say(self, state: int) -> None:
            self._state = state
            self.ReportServiceStatus(state, waitHint=PATIENCE_MS)

    return Service
