"""A request as it came in, before anything of it is believed. Facts only; no socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

READS = ("host", "origin", "authorization", "sec-websocket-protocol", "upgrade")
"""The headers that decide; those that begin with SITE_MARKS too."""
SITE_MARKS = "sec-fetch-"
"""Only browsers send these, and no page can keep them from it."""
SHOWN_SIGNS = 100
"""So much of what a stranger sent stands in one line of a log at most."""


Address = tuple[str, int]
"""An IP address and a port."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody on this machine, as the system tells of the other end of a connection."""

    name: str = ""
    """What the system calls the user; empty where the connection is nobody's any more."""
    is_house: bool = False
    """Whether it is the gateway's own user or an administrator; or may be, where the system tells of nobody."""
    is_told: bool = True
    """Whether the system tells who it is."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who knocked where, and with what."""

    method: str
    path: str
    headers: Mapping[str, Sequence[str]]
    """All values of each header that decides; names in lower case."""
    peer: str
    address: str
    """Our own address on this connection."""
    port: int
    tls: bool
    wide: bool
    """Whether others than this machine can reach the listener."""
    allow: Sequence[str] = ()
    """Addresses and networks whose callers need no token at the listener."""
    target: str = ""
    """The path with its query, as it stood in the request's line."""
    certificate_name: str = ""
    """Common name in the client certificate, whose chain TLS has checked; empty: there is none."""
    has_secret_path: bool = False
    """Whether the path may hold a secret that nobody must read in a log."""
    asks_app: bool = False
    """Whether the path is one of an app's dialect: its answers are for who was let in, by whatever method."""
    neighbour: Neighbour | None = None
    """Who of this machine asks; None: somebody on another one, or it was not asked because nothing hangs on it."""

    @property
    def shown(self) -> str:
        """The path for people, or nothing of it where it may be secret: any part may be, in a mistaken URL."""
        return "/…" if self.has_secret_path else short(self.path)


def short(text: str) -> str:
    """Return what a stranger sent as it can stand in a line of a log."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in text[:SHOWN_SIGNS])
    return shown if len(text) <= SHOWN_SIGNS else shown + "…"


def is_upgrade(arrival: Arrival) -> bool:
    """Tell whether the request wants to be a WebSocket."""
    return any(value.strip().lower() == "websocket" for value in arrival.headers.get("upgrade", ()))


def offered(arrival: Arrival) -> list[str]:
    """Return the subprotocols that it offers, in their order."""
    values = arrival.headers.get("sec-websocket-protocol", ())
    return [name.strip() for value in values for name in value.split(",") if name.strip()]
