"""Reads settings from disk, and checks what only the disk can tell. Knows no single value's rules."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fanfold.config import read
from fanfold.config.table import Listener, Settings, config_file
from fanfold.config.words import is_loopback
from fanfold.errors import CannotStart


def load(config: Path | None, env: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """Read all settings; call it again to read them again.

    `config` is the file; None: what FANFOLD_CONFIG names, else the user's own if there is one. `flags` are those of
    `fanfold serve` by name (`data`, `listen`, `printer`, …), None where not given.

    Raises:
        CannotStart: something is unreadable or not allowed; names where, what is wrong and what is allowed.
    """
    file = _chosen(config, env)
    tree = _toml(file) if file else {}
    settings = read.settings(tree, file, env, flags, here=Path.cwd())
    for listener in settings.listeners:
        _check_reach(listener, settings)
    if settings.access.token_file:
        read_token(settings.access.token_file)
    return settings


def read_token(file: Path) -> str:
    """Return the secret in a token file. Raises CannotStart when there is none, in words."""
    token = _text(file, "the token file").strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise CannotStart(
            f"{file}: the token file must hold one secret in one line, of ASCII letters, digits and signs."
        )
    return token


def _chosen(config: Path | None, env: Mapping[str, str]) -> Path | None:
    if config is None and env.get("FANFOLD_CONFIG"):
        config = Path(env["FANFOLD_CONFIG"])
    if config is not None:
        return config.absolute()
    usual = config_file()
    return usual if usual.exists() else None


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(file, "the configuration"))
    except RecursionError as error:
        raise CannotStart(f"{file}: brackets are nested too deeply to be read.") from error
    except ValueError as error:
        raise CannotStart(f"{file}: this is not TOML: {error}.") from error


def _text(file: Path, what: str) -> str:
    try:
        return file.read_text("utf-8-sig")  # Windows editors like to put a mark first
    except UnicodeDecodeError as error:
        raise CannotStart(f"{file}: {what} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
    except (OSError, ValueError) as error:
        says = error.strerror if isinstance(error, OSError) else error
        raise CannotStart(f"{file}: {what} cannot be read: {says}.") from error


def _check_reach(listener: Listener, settings: Settings) -> None:
    for file in (listener.tls_cert, listener.tls_key):
        if file is not None and not file.is_file():
            raise CannotStart(f"{file}: there is no such file, but listener {listener.shown} needs it for TLS.")
    if not is_loopback(listener.address) and settings.access.token_file is None:
        raise CannotStart(
            f"Listener {listener.shown} can be reached from other machines, so callers must prove who they are: "
            f"put a secret into a file and name it under [access] as token_file in {settings.file or config_file()} "
            "(or in FANFOLD_ACCESS_TOKEN_FILE), or listen on 127.0.0.1."
        )
