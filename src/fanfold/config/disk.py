"""Reads settings from disk, and checks what only the disk can tell. Knows no single value's rules."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fanfold.config import read
from fanfold.config.table import Listener, Settings, config_file
from fanfold.config.words import PRINTERS_DOORS, Proof, is_loopback
from fanfold.errors import CannotStart

SHORTEST_SECRET = 16
"""Tried a thousand times a second, one of so many random characters is not found in the life of a printer."""
SHORTEST_PASSWORD = 8

_ADVICE = "`openssl rand -hex 24` makes a good one."


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
        _check_files(listener)
        _check_reach(listener, settings)
    _check_identities(settings.listeners)
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


def read_secret(file: Path) -> str:
    """Return the secret that printers have in their URL. Raises CannotStart when there is none that is good."""
    secret = _text(file, "the secret file").strip()
    if not secret:
        raise CannotStart(f"{file}: the secret file is empty. {_ADVICE}")
    if not re.fullmatch(r"[A-Za-z0-9._~-]+", secret):
        raise CannotStart(
            f"{file}: the secret is part of a URL, so it must be one line of ASCII letters, digits and - . _ ~ only."
        )
    if len(secret) < SHORTEST_SECRET:
        raise CannotStart(
            f"{file}: the secret has {len(secret)} characters and could be guessed; it must have at least "
            f"{SHORTEST_SECRET}. {_ADVICE}"
        )
    return secret


def read_users(file: Path) -> dict[str, str]:
    """Return the passwords of a users file, by user. Raises CannotStart where it is not as it must be."""
    users: dict[str, str] = {}
    for number, line in enumerate(_text(file, "the users file").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            name, password = _user(line, f"{file}, line {number}")
            if name in users:
                raise CannotStart(f"{file}, line {number}: the user {name!r} is there already; remove one of them.")
            users[name] = password
    if not users:
        raise CannotStart(f"{file}: the users file names nobody; write a line `user:password` for each user.")
    return users


def _user(line: str, where: str) -> tuple[str, str]:
    name, colon, password = (part.strip() for part in line.partition(":"))
    if not colon or not name or not f"{name}{password}".isprintable() or " " in name + password:
        raise CannotStart(f"{where}: this must be `user:password`, both without spaces, as printers take them.")
    if len(password) < SHORTEST_PASSWORD:
        raise CannotStart(
            f"{where}: the password of {name!r} is too short; it must have at least {SHORTEST_PASSWORD} characters."
        )
    return name, password


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


def _check_files(listener: Listener) -> None:
    for file in (listener.tls_cert, listener.tls_key, listener.tls_client_ca):
        if file is not None and not file.is_file():
            raise CannotStart(f"{file}: there is no such file, but listener {listener.shown} needs it for TLS.")
    if listener.secret_file is not None and Proof.PATH in listener.proof:
        read_secret(listener.secret_file)
    if listener.users_file is not None and {Proof.BASIC, Proof.DIGEST} & set(listener.proof):
        read_users(listener.users_file)


def _check_identities(listeners: Sequence[Listener]) -> None:
    """Refuse that two who proved different things are called the same: one would get the labels of the other."""
    taken: dict[str, tuple[Path, Listener]] = {}
    for listener in listeners:
        for identity, file, advice in _identities(listener):
            other, its = taken.setdefault(identity, (file, listener))
            if other.resolve() != file.resolve():
                raise CannotStart(
                    f"Listeners {its.shown} and {listener.shown} both call printers {identity}, one by {other} and one "
                    f"by {file}: who proves one would pass for the other. {advice}"
                )


def _identities(listener: Listener) -> Iterator[tuple[str, Path, str]]:
    """Yield what those are called who prove something there, by which file, and what to do where that is taken."""
    asked = set(listener.proof)
    if listener.secret_file is not None and Proof.PATH in asked:
        yield f"secret:{listener.secret_file.name}", listener.secret_file, "Give one of the files another name."
    if listener.users_file is not None and asked & {Proof.BASIC, Proof.DIGEST}:
        for user in read_users(listener.users_file):
            yield f"user:{user}", listener.users_file, "Give one of the users another name, or use one file for both."
    if listener.tls_client_ca is not None and Proof.CERTIFICATE in asked:
        yield "certificate:NAME", listener.tls_client_ca, "Put the authorities that you trust alike into one file."


def _check_reach(listener: Listener, settings: Settings) -> None:
    is_guarded = is_loopback(listener.address) or listener.allow or set(listener.doors) <= PRINTERS_DOORS
    if not is_guarded and settings.access.token_file is None:
        raise CannotStart(
            f"Listener {listener.shown} can be reached from other machines, so callers must prove who they are: "
            f"put a secret into a file and name it under [access] as token_file in {settings.file or config_file()} "
            "(or in FANFOLD_ACCESS_TOKEN_FILE), or name the callers' addresses as its `allow`, or listen on 127.0.0.1."
        )
