"""What the server is given: an engine, dialects, listeners. Facts and shapes only; no socket, no web framework."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fanfold.dialects.base import Dialect, HttpDialect
from fanfold.door import Door
from fanfold.engine.clients import Clients
from fanfold.messages import Caller, Command, Event, Reply
from fanfold.model import JobState

PAGE, API, METRICS, LEGACY = "page", "api", "metrics", "printerwebsocket"
"""The doors that a listener may open, by the words of the settings."""

NATIVE_SUBPROTOCOL = "fanfold.v1"
BEARER_SUBPROTOCOL = "fanfold.bearer."
"""Browsers set no headers on a WebSocket, so a token may come as a subprotocol; never in the URL, which gets logged."""

STALL_S = 60.0
"""How long a peer may take nothing of what we send it, or send nothing of what it announced."""
GOODBYE_S = 5.0
"""How long a peer may take to answer our goodbye."""


class Engine(Protocol):
    """The engine, as far as the server sees it."""

    @property
    def clients(self) -> Clients:
        """Who is connected now; the server fills it."""

    @property
    def incoming(self) -> Path:
        """Folder in which bodies are written while they arrive."""

    @property
    def document_limit_bytes(self) -> int:
        """The largest document that is taken."""

    @property
    def entered(self) -> Mapping[JobState, int]:
        """How many jobs came into each state since the start."""

    @property
    def closing(self) -> bool:
        """Whether the gateway takes no new work because it stops."""

    async def do(self, command: Command, caller: Caller) -> Reply:
        """Do a command. Never raises for bad input: that is a Refusal."""

    def events(self, after: int | None) -> AsyncIterator[Event]:
        """Yield events after that id, None: only new ones; ends at shutdown."""

    def allows_origin(self, origin: str) -> bool:
        """Tell whether the settings or `fanfold access allow` let this web origin in."""


class Route(Protocol):
    """One row of the native API's table."""

    @property
    def method(self) -> str:
        """HTTP's method."""

    @property
    def path(self) -> str:
        """The path, with `{name}` where it varies."""

    @property
    def name(self) -> str:
        """What the row is called."""

    @property
    def takes_raw_body(self) -> bool:
        """Whether a body that is not JSON is a document."""


@dataclass(frozen=True, slots=True)
class AppDoor:
    """An HTTP-shaped dialect that is offered only at the listeners that name its door."""

    dialect: HttpDialect
    routes: Sequence[Route]
    """Their paths are told to the letter; whatever comes to one of them, by any method, is the dialect's."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The dialects behind the doors; those for WebSockets are made anew for each connection."""

    native_http: HttpDialect
    routes: Sequence[Route]
    native_ws: Callable[[], Dialect]
    legacy_ws: Callable[[str], Dialect]
    """Given the path with its query."""
    printers: Mapping[str, Door] = field(default_factory=dict)
    """Where printers dial in, by the door's name."""
    apps: Mapping[str, AppDoor] = field(default_factory=dict)
    """What apps were written for that speak another HTTP than ours, by the door's name."""


class Listener(Protocol):
    """An address and port to listen at, as the settings have it."""

    @property
    def address(self) -> str:
        """An IP address, or `localhost`."""

    @property
    def port(self) -> int:
        """TCP port; 0: any free one."""

    @property
    def tls_cert(self) -> Path | None:
        """Certificate chain in PEM; turns TLS on."""

    @property
    def tls_key(self) -> Path | None:
        """Its private key in PEM; None: it is in the same file."""

    @property
    def doors(self) -> Sequence[str]:
        """What is offered there."""

    @property
    def optional(self) -> bool:
        """Whether it is passed over where the machine has no such address."""

    @property
    def allow(self) -> Sequence[str]:
        """Addresses and networks whose callers need no token there."""

    @property
    def proof(self) -> Sequence[str]:
        """What printers must prove that dial in there, all of it; by the words of the settings."""

    @property
    def secret_file(self) -> Path | None:
        """Where the secret is that the proof `path` asks for."""

    @property
    def users_file(self) -> Path | None:
        """Where the users are that the proofs `basic` and `digest` know."""

    @property
    def tls_client_ca(self) -> Path | None:
        """Whose client certificates the proof `certificate` believes, in PEM."""
