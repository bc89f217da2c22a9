"""Makes Settings of what the file, the environment and the flags say. Pure: knows no disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from fanfold.config import file as toml
from fanfold.config import table, texts
from fanfold.config.table import Listener, PrinterSetting, Settings
from fanfold.errors import CannotStart


def settings(
    tree: Mapping[str, Any], file: Path | None, env: Mapping[str, str], flags: Mapping[str, Any], *, here: Path
) -> Settings:
    """Return the settings: a flag beats the environment, that beats the file, and that the defaults.

    `tree` is the file as TOML gives it; `here` is the folder that relative paths outside the file start from.

    Raises:
        CannotStart: something is not allowed; names where, which key, what is wrong and what is allowed.
    """
    place = file or here / "fanfold.toml"
    found = toml.scalars(tree, place) | texts.scalars(env, flags, here)
    listeners = texts.listeners(env, flags) or toml.listeners(tree, place) or table.LISTENERS
    printers = toml.printers(tree, place) + texts.printers(env, flags)
    _check_listeners(listeners)
    _check_names(printers)
    made: Settings = _made(Settings, "", found, {"listeners": listeners, "printers": printers, "file": file})
    return made


def _made(of: type[Any], prefix: str, found: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    own = {one.name: found[prefix + one.name] for one in fields(of) if prefix + one.name in found}
    parts = {name: _made(part, f"{prefix}{name}.", found, {}) for name, part in table.sections(of)}
    return of(**own, **parts, **given)


def _check_listeners(listeners: tuple[Listener, ...]) -> None:
    taken: set[str] = set()
    for one in listeners:
        if one.port and one.shown in taken:
            raise CannotStart(f"Listener {one.shown} is named twice; remove one of them.")
        if one.tls_key and not one.tls_cert:
            raise CannotStart(f"Listener {one.shown} has a tls_key, but no tls_cert; give it both, or none.")
        taken.add(one.shown)


def _check_names(printers: tuple[PrinterSetting, ...]) -> None:
    taken: dict[str, str] = {}
    for one in printers:
        for name in dict.fromkeys((one.name, *one.aliases)):
            if name in taken:
                raise CannotStart(
                    f"Two printers have {name!r} for a name or alias, {taken[name]} and {one.uri}: "
                    "give one of them another."
                )
            taken[name] = one.uri
