"""Reads what the configuration file says, as TOML gave it. Knows no disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fanfold.config import table, value
from fanfold.config.table import Listener, PrinterSetting, Settings, WebhookSetting
from fanfold.errors import CannotStart
from fanfold.model import PrinterOptions

_LISTS = ("listeners", "printers", "webhooks")


def scalars(tree: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """Return the values of all settings that stand alone, by their names. Raises CannotStart."""
    return _section(Settings, {key: one for key, one in tree.items() if key not in _LISTS}, "", file)


def listeners(tree: Mapping[str, Any], file: Path) -> tuple[Listener, ...] | None:
    """Return the listeners; None where the file names none. Raises CannotStart."""
    given = tree.get("listeners")
    where = f"{file}: listeners"
    if given is None:
        return None
    if not isinstance(given, list) or not given:
        raise value.wrong(where, given, "tables, each under a line [[listeners]]")
    return tuple(
        Listener(**value.entry(table.LISTENER_ROWS, one, f"{where}[{number}]", file.parent))
        for number, one in enumerate(given, 1)
    )


def printers(tree: Mapping[str, Any], file: Path) -> tuple[PrinterSetting, ...]:
    """Return the printers, each from a [[printers]] or a [printers.NAME]. Raises CannotStart."""
    where = f"{file}: printers"
    match tree.get("printers"):
        case None:
            return ()
        case list(given):
            return tuple(_printer(one, f"{where}[{number}]", file) for number, one in enumerate(given, 1))
        case dict(given):
            return tuple(_named_printer(name, one, f"{where}.{name}", file) for name, one in given.items())
        case given:
            raise value.wrong(where, given, "tables, each under a line [[printers]]")


def webhooks(tree: Mapping[str, Any], file: Path) -> tuple[WebhookSetting, ...]:
    """Return the webhooks. Raises CannotStart."""
    given = tree.get("webhooks", [])
    where = f"{file}: webhooks"
    if not isinstance(given, list):
        raise value.wrong(where, given, "tables, each under a line [[webhooks]]")
    return tuple(
        WebhookSetting(**value.entry(table.WEBHOOK_ROWS, one, f"{where}[{number}]", file.parent))
        for number, one in enumerate(given, 1)
    )


def _section(of: type[Any], tree: Mapping[str, Any], prefix: str, file: Path) -> dict[str, Any]:
    own = {row.key: row for row in table.TABLE if row.section == prefix.rstrip(".")}
    parts = dict(table.sections(of))
    found: dict[str, Any] = {}
    for key, one in tree.items():
        where = f"{file}: {prefix}{key}"
        if key in own:
            found[prefix + key] = value.value(own[key], one, where, file.parent)
        elif key in parts:
            found |= _section(parts[key], value.table(one, where), f"{prefix}{key}.", file)
        else:
            raise value.unknown(where, key, (*own, *parts, *(() if prefix else _LISTS)))
    return found


def _named_printer(name: str, given: object, where: str, file: Path) -> PrinterSetting:
    keys = value.table(given, where)
    if "name" in keys:
        raise CannotStart(f"{where}.name: this printer's name stands in brackets already; remove this line.")
    return _printer({"name": name, **keys}, where, file)


def _printer(given: object, where: str, file: Path) -> PrinterSetting:
    found = value.entry(table.PRINTER_ROWS, given, where, file.parent)
    options = {row.name: found.pop(row.name) for row in table.OPTION_ROWS if row.name in found}
    return PrinterSetting(**found, options=PrinterOptions(**options))
