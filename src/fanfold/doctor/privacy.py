"""What must not leave the shop: secrets that are known are looked for, and what looks like one is masked.

The checks put no secret into a finding by themselves. This goes over their words once more, for what others said to
them: an error may quote a URI. Knows no check.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from fanfold.config import Listener, Settings, read_users
from fanfold.doctor.finding import Finding
from fanfold.errors import CannotStart

MASK = "***"
SHORTEST = 4
"""Of a secret that is looked for: one or two letters stand in every sentence."""
TELLING = 16
"""A path so long may be one that only its receiver knows; `/hook` is in many places."""
FILE_BYTES = 64 * 1024
_USERINFO = re.compile(r"//[^\s'\"]*@")
"""Passwords may have any sign in them, even such as should have been escaped."""
_BEYOND_HOST = re.compile(r"(https?://[^/\s'\"?#,;)]+)[/?#][^\s'\"),;]*")
_QUERY = re.compile(r"(\b[a-z][a-z0-9+.-]*:[^\s'\"?]*)\?[^\s'\"),;]*", re.IGNORECASE)


class Privacy:
    """Masks secrets in findings."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Know these secrets."""
        known = {one for one in secrets if len(one) >= SHORTEST}
        self._known = sorted(known, key=len, reverse=True)

    @classmethod
    def of(cls, settings: Settings | None, environment: Mapping[str, str], *more: str) -> Privacy:
        """Know the secrets that these settings and the environment hold or name."""
        found = [*more, *_of_environment(environment)]
        if settings is not None:
            found += _of_settings(settings)
        return cls(found)

    def masked(self, finding: Finding) -> Finding:
        """Return the finding with nothing in it that is a secret or looks like one."""
        return replace(
            finding,
            says=self._text(finding.says),
            mend=self._text(finding.mend),
            facts={name: self._any(one) for name, one in finding.facts.items()},
        )

    def _text(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, MASK)
        text = _USERINFO.sub(f"//{MASK}@", text)
        text = _BEYOND_HOST.sub(rf"\1/{MASK}", text)  # hooks have their secrets in path and query
        return _QUERY.sub(rf"\1?{MASK}", text)

    def _any(self, value: Any) -> Any:
        match value:
            case str():
                return self._text(value)
            case Mapping():
                return {self._text(str(name)): self._any(one) for name, one in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._any(one) for one in value]
            case None | bool() | int() | float():
                return value
            case _:
                return self._text(str(value))


def _of_environment(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        if name.startswith("FANFOLD_") and name.endswith(("TOKEN", "SECRET", "PASSWORD")):
            yield value.strip()
        elif name in ("FANFOLD_PRINTER", "FANFOLD_URL"):
            for part in value.split(","):
                yield from _passwords(part.partition("=")[2] or part)


def _of_settings(settings: Settings) -> Iterator[str]:
    files = [settings.access.token_file, *(one.secret_file for one in settings.webhooks)]
    for file in (*files, *(one.secret_file for one in settings.listeners)):
        yield from _held(file)
    for listener in settings.listeners:
        yield from _of_users(listener)
    for printer in settings.printers:
        yield from _passwords(printer.uri)
    for webhook in settings.webhooks:
        for url in filter(None, (webhook.url, webhook.scan_data_url)):
            yield from _passwords(url)
            yield urlsplit(url).query
            if len(urlsplit(url).path) >= TELLING:
                yield urlsplit(url).path


def _held(file: Path | None) -> Iterator[str]:
    if file is not None:
        with suppress(OSError, ValueError), file.open("rb") as opened:
            for line in opened.read(FILE_BYTES).decode("utf-8-sig").split():
                yield from (line, line.removeprefix("whsec_"))


def _of_users(listener: Listener) -> Iterator[str]:
    if listener.users_file is not None:
        with suppress(CannotStart):
            yield from read_users(listener.users_file).values()


def _passwords(uri: str) -> Iterator[str]:
    with suppress(ValueError):
        parts = urlsplit(uri)
        one = parts.password or parts.username or ""  # where there is only one, it is a token
        yield from (one, unquote(one))
