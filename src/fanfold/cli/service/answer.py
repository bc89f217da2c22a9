"""Whether a gateway answers, and where: asked as any program of this machine could. Knows no service."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fanfold.cli.exits import Failed
from fanfold.cli.gateway import Gateway, path
from fanfold.config import Door, Listener, Settings
from fanfold.config.read import settings as made
from fanfold.errors import CannotStart

WITHIN_S = 3
"""A gateway that runs answers at once; what else may listen there shall not keep us."""
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}  # noqa: S104  # asked, not listened at


@dataclass(frozen=True, slots=True)
class Answer:
    """A gateway that answers."""

    url: str
    version: str = ""
    """Empty where it answers only to those who show its token."""
    uptime_s: float = 0
    problems: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """What it is, for people."""
        if not self.version:
            return f"{self.url} (Fanfold, which asks for its token)"
        hours, minutes = divmod(int(self.uptime_s) // 60, 60)
        return f"{self.url} (Fanfold {self.version}, up for {hours} h {minutes:02} min)"


def listeners_of(config: Path) -> Sequence[Listener]:
    """Return where a gateway with this file of settings listens; as by default where that cannot be read."""
    try:
        tree = tomllib.loads(config.read_text("utf-8-sig"))
        return made(tree, config, {}, {}, here=config.parent).listeners
    except (OSError, ValueError, CannotStart):
        return Settings().listeners


def who_answers(listeners: Sequence[Listener]) -> Answer | None:
    """Ask at each that a program without certificates can ask; return the first gateway that answers."""
    for one in listeners:
        if one.tls_cert is None and Door.API in one.doors and one.port:
            host = _ANY.get(one.address, one.address)
            url = f"http://[{host}]:{one.port}" if ":" in host else f"http://{host}:{one.port}"
            if answer := _asked(url):
                return answer
    return None


def _asked(url: str) -> Answer | None:
    try:
        health = Gateway(url, answer_within_s=WITHIN_S).ask("GET", path("health"))
    except Failed as error:
        return Answer(url) if error.problem else None  # a problem of ours: only a Fanfold words its refusals so
    if not isinstance(health, dict) or "version" not in health:
        return None
    return Answer(url, str(health["version"]), float(health.get("uptime_s", 0)), tuple(health.get("problems", ())))
