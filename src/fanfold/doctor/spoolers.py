"""The spoolers of this machine: CUPS and Windows, through the transports that know their queues. Prints nothing."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from fanfold import registry
from fanfold.config import Settings
from fanfold.doctor.finding import Area, Finder, Finding
from fanfold.doctor.surroundings import Surroundings
from fanfold.errors import NotReached
from fanfold.transports.base import Discovered, Discovers

WITHIN_S = 5.0
SOCKETS = ("/run/cups/cups.sock", "/var/run/cups/cups.sock", "/private/var/run/cupsd")
"""Debian and Fedora, older ones, macOS."""
PORT = 631
_DISABLED = re.compile(r"^printer (\S+) disabled", re.MULTILINE)
_REJECTING = re.compile(r"^(\S+) not accepting", re.MULTILINE)
_DIRECTIVE = re.compile(r"^\s*(PreserveJobHistory|DirtyCleanInterval)\s+(\S+)", re.MULTILINE | re.IGNORECASE)

_find = Finder(Area.SPOOLERS)


def spoolers(around: Surroundings) -> Iterator[Finding]:
    """Look at the spoolers that this system may have."""
    settings = around.assumed
    if sys.platform == "win32":
        yield from _asked("winspool", "Windows's spooler", settings, wanted=settings.discovery.windows)
        return
    yield from _asked("cups", "CUPS", settings, wanted=settings.discovery.cups)
    server = server_of(settings, around.environment.get("CUPS_SERVER"), around.root)
    if version := version_at(server):
        yield _find.ok("cups-version", f"CUPS at {server} says that it is {version}.", server=server, version=version)
        yield from queues(_lpstat(server, "-p"), _lpstat(server, "-a"))
    if is_machines(server, around.root):
        yield from configured(around.under("/etc/cups/cupsd.conf"))


def _asked(scheme: str, name: str, settings: Settings, *, wanted: bool) -> Iterator[Finding]:
    used = [one.name for one in settings.printers if one.uri.lower().startswith(f"{scheme}:")]
    transport = registry.transports(settings)[scheme]
    if not isinstance(transport, Discovers):
        return
    try:
        found = asyncio.run(_discovered(transport.discover, transport.close))
    except (NotReached, TimeoutError) as error:
        says = f"{name} cannot be asked: {str(error) or 'it does not answer'}."
        mend = "Start it, or see who may use its socket; `cups_server` under `[discovery]` names another one."
        if used:
            yield _find.problem("spooler-away", says, mend, spooler=scheme, printers=used)
        elif wanted:
            turn_off = f" Where there is none, `{'windows' if scheme == 'winspool' else 'cups'} = false` says so."
            yield _find.note("spooler-away", says, mend + turn_off, spooler=scheme)
        else:
            yield _find.ok("spooler-away", f"{says} The settings do not want it either.", spooler=scheme)
        return
    shown = [one.name for one in found if not one.is_temporary]
    hidden = [one.name for one in found if one.is_temporary]
    says = f"{name} has {len(found)} queues: {', '.join(shown) or 'none that is shown'}."
    if hidden:
        says += f" Not shown, as temporary, virtual or a fax: {', '.join(hidden)}."
    default = next((one.name for one in found if one.is_default), "")
    yield _find.ok("spooler", says, spooler=scheme, queues=shown, hidden=hidden, default=default)


async def _discovered(
    discover: Callable[[], Awaitable[Sequence[Discovered]]], close: Callable[[], Awaitable[None]]
) -> Sequence[Discovered]:
    try:
        async with asyncio.timeout(WITHIN_S):
            return await discover()
    finally:
        await close()


def server_of(settings: Settings, named: str | None, root: Path = Path("/")) -> str:
    """Return the socket or `host[:port]` of the CUPS that is meant where a URI names none."""
    there = (str(root / path.lstrip("/")) for path in SOCKETS if (root / path.lstrip("/")).exists())
    return settings.discovery.cups_server or named or next(there, f"localhost:{PORT}")


def is_machines(server: str, root: Path = Path("/")) -> bool:
    """Tell whether this is the server that this machine's own cupsd.conf is for."""
    if server.startswith("/"):
        return server in {str(root / path.lstrip("/")) for path in SOCKETS}
    return server.partition("/")[0].lower().removesuffix(f":{PORT}") in {"localhost", "127.0.0.1", "[::1]"}


def version_at(server: str) -> str:
    """Return what the server at a socket or `host[:port]` calls itself; empty where none answers."""
    try:
        with closing(_connection(server)) as connection:
            connection.request("GET", "/")
            return str(connection.getresponse().headers.get("Server", ""))[:80]
    except (OSError, ValueError, http.client.HTTPException):
        return ""


class _Local(http.client.HTTPConnection):
    """HTTP over a local socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=WITHIN_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _connection(server: str) -> http.client.HTTPConnection:
    if server.startswith("/"):
        return _Local(server)
    host, _, port = server.partition("/")[0].rpartition(":") if ":" in server else (server, "", str(PORT))
    return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=WITHIN_S)


def _lpstat(server: str, flag: str) -> str:
    """Return what CUPS's own command says; empty where there is none, or it does not answer."""
    path = shutil.which("lpstat")
    if path is None:
        return ""
    environment = {**os.environ, "CUPS_SERVER": server, "LC_ALL": "C"}
    with suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(  # noqa: S603  # its words are ours, and no shell is between
            [path, flag],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=WITHIN_S,
            check=False,
            env=environment,
        )
        return done.stdout
    return ""


def queues(printers: str, accepting: str) -> Iterator[Finding]:
    """Say which queues are stopped or take no jobs, by what `lpstat -p` and `lpstat -a` say."""
    for name in _DISABLED.findall(printers):
        mend = f"See why by `lpstat -p {name}`; `cupsenable {name}` lets it go on."
        yield _find.warning("queue-stopped", f"CUPS's queue {name} is stopped.", mend, queue=name)
    for name in _REJECTING.findall(accepting):
        mend = f"`cupsaccept {name}` lets it take jobs again."
        yield _find.warning("queue-rejects", f"CUPS's queue {name} takes no jobs.", mend, queue=name)


def configured(file: Path) -> Iterator[Finding]:
    """Say what in CUPS's own settings costs jobs their proof."""
    try:
        given = {name.lower(): value for name, value in _DIRECTIVE.findall(file.read_text("utf-8", "replace"))}
    except OSError:  # only root and CUPS may read it on many systems, and elsewhere there is none
        return
    if given.get("preservejobhistory", "yes").lower() in ("no", "off", "false"):
        says = f"CUPS forgets jobs as they end (PreserveJobHistory in {file})."
        mend = "Set `PreserveJobHistory Yes`, so that a job's end can be told from its loss."
        yield _find.warning("no-history", says, mend, file=str(file))
    clean = given.get("dirtycleaninterval", "30")
    if clean.isdigit() and int(clean) > 0:
        says = f"CUPS writes jobs to its disk only after {clean} s, so those of a crash are in doubt."
        mend = f"`DirtyCleanInterval 0` in {file} has it write them at once."
        yield _find.note("late-disk", says, mend, interval_s=int(clean))
