"""What the checks look at: settings, environment, the root of the file system, and who can be asked. Looks at nothing.

Tests give other roots and other answers; the checks cannot tell.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fanfold.config import Settings
from fanfold.errors import FanfoldError


class Unanswered(FanfoldError):
    """The gateway was not reached (no code), or refused (its code)."""

    code = ""


def nobody(where: str) -> Any:
    """Answer for a gateway where there is none."""
    raise Unanswered(f"nobody was asked for {where}")


def may_use(path: Path) -> bool:
    """Tell whether this user may read and write it."""
    return os.access(path, os.R_OK | os.W_OK)


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """What the system says of Fanfold's service."""

    is_installed: bool = False
    is_running: bool = False
    says: str = ""
    """The system's own words, or why it cannot be asked."""
    account: str = ""
    """Who it runs as; empty: the user who installed it."""
    kept_by: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One machine, as the checks see it."""

    settings: Settings | None = field(default_factory=Settings)
    """None where `serve` would refuse them."""
    trouble: str = ""
    """Why it would."""
    service_s: bool = False
    """Whether these are the settings of the installed service, and not this user's own."""
    environment: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    """Names of the flags that were given."""
    url: str = ""
    """Where the gateway is asked."""
    ask: Callable[[str], Any] = nobody
    """Takes a path of the API, returns the answer's JSON, raises Unanswered."""
    service: Callable[[], ServiceSeen] = ServiceSeen
    may_use: Callable[[Path], bool] = may_use
    root: Path = Path("/")

    @property
    def assumed(self) -> Settings:
        """The settings; those that come by themselves where they cannot be read."""
        return self.settings or Settings()

    def under(self, path: str) -> Path:
        """Return a path of this machine."""
        return self.root / path.lstrip("/")
