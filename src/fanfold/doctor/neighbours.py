"""Who listens at a port: a Fanfold, by what it answers, or some program, by what Linux tells. Sends no token."""

from __future__ import annotations

import http.client
import json
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from fanfold.config import Listener

WITHIN_S = 3.0
"""A gateway that runs answers at once."""
ANSWER_BYTES = 64 * 1024
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}  # noqa: S104  # asked, not listened at
_LISTENS = "0A"
"""The state in /proc/net/tcp (Linux, Documentation/networking/proc_net_tcp.rst)."""


@dataclass(frozen=True, slots=True)
class Fanfold:
    """A gateway that answers; `version` is empty where it wants its token first."""

    version: str = ""


def fanfold_at(listener: Listener) -> Fanfold | None:
    """Return the gateway that answers there; None: what answers is none, or nothing does."""
    try:
        with closing(_connection(listener)) as connection:
            connection.request("GET", "/v1/health")
            said = json.loads(connection.getresponse().read(ANSWER_BYTES))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    if not isinstance(said, dict):
        return None
    if "version" in said and "uptime_s" in said:
        return Fanfold(str(said["version"]))
    return Fanfold() if "code" in said and "detail" in said else None


def _connection(listener: Listener) -> http.client.HTTPConnection:
    host = _ANY.get(listener.address, listener.address)
    if listener.tls_cert is None:
        return http.client.HTTPConnection(host, listener.port, timeout=WITHIN_S)
    context = ssl.create_default_context()
    context.check_hostname = False  # it is asked what it is, and told nothing
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, listener.port, timeout=WITHIN_S, context=context)


def program_at(port: int, root: Path = Path("/")) -> tuple[int, str] | None:
    """Return process and name of who listens at that port; None where the system does not tell this user."""
    inodes = {inode for table in ("tcp", "tcp6") for inode in _listening(root / "proc/net" / table, port)}
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in sorted((root / "proc").glob("[0-9]*")):
        with suppress(OSError):  # another user's, or gone just now
            if any(_leads_to(fd, wanted) for fd in (process / "fd").iterdir()):
                return int(process.name), (process / "comm").read_text("utf-8", "replace").strip()
    return None


def _listening(table: Path, port: int) -> list[str]:
    try:
        lines = table.read_text("ascii", "replace").splitlines()[1:]
    except OSError:
        return []
    rows = [line.split() for line in lines]
    return [
        row[9] for row in rows if len(row) > 9 and row[3] == _LISTENS and int(row[1].rpartition(":")[2], 16) == port
    ]


def _leads_to(fd: Path, wanted: set[str]) -> bool:
    try:
        return str(fd.readlink()) in wanted
    except OSError:
        return False
