"""Fanfold as a service of Windows: what its service manager is told. Knows no gateway."""

from __future__ import annotations

import subprocess
import time
from pathlib import PurePath
from typing import Any, Self

from fanfold.cli.exits import Failed
from fanfold.cli.service.plan import ABOUT, NAME, TITLE, Plan
from fanfold.cli.service.state import State

ACCESS_DENIED, NO_RESPONSE, ALREADY_RUNS, NO_SUCH_SERVICE, NOT_RUNNING = 5, 1053, 1056, 1060, 1062
RESTART_AFTER_MS = (5_000, 30_000, 60_000)
FORGOTTEN_AFTER_S = 86_400
"""Failures before that do not count when the next one comes."""
WITHIN_S = 300
LOOK_EVERY_S = 0.2

KEY = rf"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\{NAME}"


def command_line(plan: Plan) -> str:
    """Return the command as Windows' programs take it apart again."""
    return subprocess.list2cmdline(plan.command)


class Windows:
    """The machine's one service. It runs as LocalSystem: only that is told whose each connection is."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    @property
    def text(self) -> str:
        """What the service manager is told, a line each."""
        pauses = ", ".join(f"{ms // 1000} s" for ms in RESTART_AFTER_MS)
        return (
            f"name     {NAME}\ntitle    {TITLE}\ncommand  {command_line(self._plan)}\naccount  {self._plan.account}\n"
            f"start    automatic, delayed\nfailure  restart after {pauses}\n"
        )

    @property
    def where(self) -> PurePath:
        """Where Windows keeps it."""
        return PurePath(KEY)

    @property
    def log(self) -> str:
        """Where the log lies."""
        return str(self._plan.log)

    def install(self) -> list[str]:
        """Register it, and start it. Idempotent. Raises Failed."""
        import win32service

        with _Manager(win32service.SC_MANAGER_ALL_ACCESS) as manager:
            service = manager.open(win32service.SERVICE_ALL_ACCESS)
            is_new = service is None
            if service is None:
                service = self._created(manager)
            else:
                self._changed(service)
            try:
                notes = _settle(service)
                _start(service)
            finally:
                win32service.CloseServiceHandle(service)
        return [f"{'Installed' if is_new else 'It was installed; it is up to date'}: the service {NAME}.", *notes]

    def remove(self) -> list[str]:
        """Stop it, and take it out of Windows' list. Idempotent. Raises Failed."""
        import win32service

        with _Manager(win32service.SC_MANAGER_CONNECT) as manager:
            service = manager.open(win32service.SERVICE_ALL_ACCESS)
            if service is None:
                return ["It is not installed."]
            try:
                _stop(service)
                win32service.DeleteService(service)
            finally:
                win32service.CloseServiceHandle(service)
        return [f"Stopped, and removed: the service {NAME}."]

    def state(self) -> State:
        """Return whether it is installed, and runs."""
        import win32service

        with _Manager(win32service.SC_MANAGER_CONNECT) as manager:
            service = manager.open(win32service.SERVICE_QUERY_STATUS)
            if service is None:
                return State()
            try:
                facts = win32service.QueryServiceStatusEx(service)
            finally:
                win32service.CloseServiceHandle(service)
        state = facts["CurrentState"]
        return State(True, state == win32service.SERVICE_RUNNING, _word(state), int(facts["ProcessId"]))

    def _created(self, manager: _Manager) -> Any:
        import win32service

        return win32service.CreateService(
            manager.handle, NAME, TITLE, win32service.SERVICE_ALL_ACCESS, win32service.SERVICE_WIN32_OWN_PROCESS,
            win32service.SERVICE_AUTO_START, win32service.SERVICE_ERROR_NORMAL, command_line(self._plan),
            None, 0, None, None, None,
        )  # fmt: skip

    def _changed(self, service: Any) -> None:
        import win32service

        if win32service.QueryServiceConfig(service)[3] == command_line(self._plan):
            return
        _stop(service)
        same = win32service.SERVICE_NO_CHANGE
        win32service.ChangeServiceConfig(
            service, same, win32service.SERVICE_AUTO_START, same, command_line(self._plan),
            None, 0, None, None, None, TITLE,
        )  # fmt: skip


class _Manager:
    """The service manager, open."""

    def __init__(self, access: int) -> None:
        self._access = access
        self.handle: Any = None

    def __enter__(self) -> Self:
        import pywintypes
        import win32service

        try:
            self.handle = win32service.OpenSCManager(None, None, self._access)
        except pywintypes.error as error:
            raise _refused(error) from error
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        import pywintypes
        import win32service

        win32service.CloseServiceHandle(self.handle)
        if isinstance(error, pywintypes.error):
            raise _refused(error) from error

    def open(self, access: int) -> Any:
        """Return the service, to be closed; None: there is none."""
        import pywintypes
        import win32service

        try:
            return win32service.OpenService(self.handle, NAME, access)
        except pywintypes.error as error:
            if error.winerror == NO_SUCH_SERVICE:
                return None
            raise


def _settle(service: Any) -> list[str]:
    """Say how it starts and what becomes of it when it fails; return what could not be said, in words."""
    import pywintypes
    import win32service

    actions = [(win32service.SC_ACTION_RESTART, ms) for ms in RESTART_AFTER_MS]
    wishes = {
        "its description": (win32service.SERVICE_CONFIG_DESCRIPTION, ABOUT),
        "its delayed start": (win32service.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, True),
        "its restart after a failure": (
            win32service.SERVICE_CONFIG_FAILURE_ACTIONS,
            {"ResetPeriod": FORGOTTEN_AFTER_S, "RebootMsg": "", "Command": "", "Actions": actions},
        ),
        "its restart after an orderly failure": (win32service.SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, True),
    }
    notes = []
    for what, (level, wish) in wishes.items():
        try:
            win32service.ChangeServiceConfig2(service, level, wish)
        except pywintypes.error as error:
            notes.append(f"Windows did not take {what}: {error.strerror}")
    return notes


def _start(service: Any) -> None:
    import pywintypes
    import win32service

    try:
        _begin(service)
    except pywintypes.error as error:
        if error.winerror != NO_RESPONSE:
            raise
        _begin(service)  # its files came from a slow disk and are in memory now
    ended = _wait(service, {win32service.SERVICE_RUNNING, win32service.SERVICE_STOPPED})
    if ended != win32service.SERVICE_RUNNING:
        raise Failed(f"Windows started the service {NAME}, but it is {_word(ended)}. Its log says why.")


def _begin(service: Any) -> None:
    import pywintypes
    import win32service

    try:
        win32service.StartService(service, None)
    except pywintypes.error as error:
        if error.winerror != ALREADY_RUNS:
            raise


def _stop(service: Any) -> None:
    import pywintypes
    import win32service

    try:
        win32service.ControlService(service, win32service.SERVICE_CONTROL_STOP)
    except pywintypes.error as error:
        if error.winerror != NOT_RUNNING:
            raise
    ended = _wait(service, {win32service.SERVICE_STOPPED})
    if ended != win32service.SERVICE_STOPPED:
        raise Failed(f"the service {NAME} was told to stop, but it is {_word(ended)} after {WITHIN_S} s.")


def _wait(service: Any, states: set[int]) -> int:
    import win32service

    deadline_s = time.monotonic() + WITHIN_S
    while True:
        state = int(win32service.QueryServiceStatus(service)[1])
        if state in states or time.monotonic() > deadline_s:
            return state
        time.sleep(LOOK_EVERY_S)  # Windows tells of a change only to those who look


def _word(state: int) -> str:
    words = ("unknown", "stopped", "starting", "stopping", "running", "about to continue", "about to pause", "paused")
    return words[state] if 0 < state < len(words) else words[0]


def _refused(error: Any) -> Failed:
    if error.winerror == ACCESS_DENIED:
        return Failed("Windows lets only administrators do that: open a command prompt by `Run as administrator`.")
    return Failed(f"Windows refused it: {error.strerror} (error {error.winerror}, {error.funcname}).")
