"""Reads what the environment and the flags say: texts, where the file has values. Knows no file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fanfold.config import table, value
from fanfold.config.table import Listener, PrinterSetting, Setting

LISTEN_EXAMPLE = "HOST:PORT, such as 127.0.0.1:8765 or [::1]:8765"
PRINTER_EXAMPLE = "NAME=URI, such as receipt=socket://192.0.2.7"
_MAX_PORT_DIGITS = 9
"""More are cut off, and still no port: Python refuses to read numbers of thousands of digits."""


def scalars(env: Mapping[str, str], flags: Mapping[str, Any], here: Path) -> dict[str, Any]:
    """Return the settings that stand alone, by their names; a flag beats the environment. Raises CannotStart."""
    return {row.name: value.value(row, _parsed(row, text), where, here) for row, text, where in _given(env, flags)}


def listeners(env: Mapping[str, str], flags: Mapping[str, Any]) -> tuple[Listener, ...] | None:
    """Return the listeners; None where none are named. Raises CannotStart."""
    if flags.get("listen"):
        return tuple(_listener(text, "--listen") for text in flags["listen"])
    return tuple(_listener(text, "FANFOLD_LISTEN") for text in _listed(env, "FANFOLD_LISTEN")) or None


def printers(env: Mapping[str, str], flags: Mapping[str, Any]) -> tuple[PrinterSetting, ...]:
    """Return the printers. Raises CannotStart."""
    by_env = tuple(_printer(text, "FANFOLD_PRINTER") for text in _listed(env, "FANFOLD_PRINTER"))
    return by_env + tuple(_printer(text, "--printer") for text in flags.get("printer") or ())


def _given(env: Mapping[str, str], flags: Mapping[str, Any]) -> Iterable[tuple[Setting, str, str]]:
    # Variables that name no setting are passed over: container platforms set FANFOLD_PORT and the like by themselves.
    yield from ((row, env[row.env], row.env) for row in table.TABLE if env.get(row.env))
    for row in table.TABLE:
        given = flags.get(row.flag.strip("-").replace("-", "_")) if row.flag else None
        if given is not None:
            yield row, str(given), str(row.flag)


def _parsed(row: Setting, text: str) -> object:
    try:
        return row.kind.parse(text)
    except ValueError:
        return text


def _listed(env: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in env.get(name, "").split(",") if part.strip()]


def _listener(text: str, where: str) -> Listener:
    host, colon, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not (port.isascii() and port.isdigit()) or (":" in host and not is_bracketed):
        raise value.wrong(where, text, LISTEN_EXAMPLE)
    given = {"address": host[1:-1] if is_bracketed else host, "port": int(port[:_MAX_PORT_DIGITS])}
    return Listener(**value.entry(table.LISTENER_ROWS, given, where, Path()))


def _printer(text: str, where: str) -> PrinterSetting:
    name, equals, uri = text.partition("=")
    if not equals:
        raise value.wrong(where, text, PRINTER_EXAMPLE)
    return PrinterSetting(**value.entry(table.PRINTER_ROWS, {"name": name, "uri": uri}, where, Path()))
