"""How much is measured, and the site it is measured on: a gateway with sixteen network printers. Knows no figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Server, Sinks, gateway, listening, uri
from bench.store import PRINTERS

MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured; all data lies under `folder`."""

    folder: Path
    jobs: int = 2000
    seconds: float = 5
    rounds: int = 3
    clients: int = 64
    idle_clients: int = 2000
    starts: int = 5
    history: int = 1_000_000
    large_bytes: int = 50 * MIB
    probes_per_s: int = 20
    dialling: int = 2000
    """Printers that dial in."""


@dataclass(frozen=True, slots=True)
class Site:
    """A gateway, and the sinks behind its printers; a load empties those it is given."""

    server: Server
    names: Sequence[str]
    sinks: Sinks


@contextmanager
def site(data: Path, more: Mapping[str, str] | None = None) -> Iterator[Site]:
    """Run a gateway with sixteen printers, and `more` (name: URI)."""
    names, sinks = [str(printer) for printer in PRINTERS], [listening() for _ in PRINTERS]
    try:
        uris = dict(zip(names, map(uri, sinks), strict=True))
        with gateway(data, {**uris, **(more or {})}) as server:
            yield Site(server, names, sinks)
    finally:
        for sink in sinks:
            sink.close()
