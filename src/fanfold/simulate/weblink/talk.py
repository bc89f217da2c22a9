"""Set, get, do: what a Zebra printer answers to SGD as text and as JSON. Knows no channel."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Protocol

from fanfold.simulate.weblink.settings import UNKNOWN, Settings, rows
from fanfold.simulate.weblink.switches import Switches
from fanfold.simulate.weblink.zpl import Sgd

SILENT = "device.host_status"
"""What is not answered in a fault, where `~HS` is not."""


class Owner(Protocol):
    """The printer whose settings these are."""

    @property
    def switches(self) -> Switches:
        """How it behaves."""
        ...

    @property
    def silenced(self) -> bool:
        """Whether a fault keeps it from telling its host status."""
        ...

    def act(self, name: str, value: str) -> None:
        """Do what a setting that was just written asks for."""
        ...

    def listing(self, of: str) -> str:
        """Return the files of a drive."""
        ...


def text(command: Sgd, settings: Settings, owner: Owner) -> bytes:
    """Return what a text command is answered with, after doing it."""
    match command.verb:
        case "getvar" if command.name == SILENT and owner.silenced:
            return b""
        case "getvar":
            return f'"{_shown(command.name, settings)}"'.encode() + owner.switches.sgd_end
        case "do" if command.name == "file.dir":
            return owner.listing(command.value).encode()
        case _:
            if settings.set(command.name, command.value):
                owner.act(command.name, command.value)
            return b""


def _shown(name: str, settings: Settings) -> str:
    """Return a value, or for a branch a line for each setting."""
    below = settings.all_values() if name == "allcv" else {} if name in rows() else settings.branch(name)
    return "\r\n".join(f"{one} : {value}" for one, value in below.items()) or settings.get(name)


def answered(asked: dict[str, object], settings: Settings, owner: Owner) -> tuple[bytes, list[Callable[[], None]]]:
    """Return what a JSON object is answered with, and what is to be done behind the answer.

    A write is answered by the value that is in force then; what cannot be read is answered by nothing between quotes.
    """
    told: dict[str, object] = {}
    acts: list[Callable[[], None]] = []
    for name, value in asked.items():
        if value is None:
            told |= _read(name, settings, owner)
            continue
        written = value if isinstance(value, str) else json.dumps(value)
        if settings.set(name, written):
            acts.append(lambda name=name, written=written: owner.act(name, written))  # type: ignore[misc]
        row = rows().get(name)
        told[name] = "" if row is not None and "R" not in row.access else settings.get(name)
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode() if told else b"", acts


def _read(name: str, settings: Settings, owner: Owner) -> dict[str, object]:
    match name:
        case "allconfig":
            return {name: settings.all_config()}
        case "allvalues":
            return {name: settings.all_values()}
        case _ if name == SILENT and owner.silenced:
            return {}
        case _ if name in rows():
            return {name: settings.get(name)}
    below = settings.branch(name)
    if not below:
        return {name: UNKNOWN}
    return {name: below} if owner.switches.branch_nested else dict(below)
