"""What is known of a service: facts, and the seam of those who keep services. Knows no system."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Protocol


@dataclass(frozen=True, slots=True)
class State:
    """Whether it is there, and runs."""

    is_installed: bool = False
    is_running: bool = False
    says: str = ""
    """What the system says of it, in its own words."""
    pid: int = 0
    """Its process; 0: not known."""


class Keeper(Protocol):
    """What keeps services on a system. Its verbs raise Failed, in words."""

    @property
    def text(self) -> str:
        """What it is given to know, as it is written down."""

    @property
    def where(self) -> PurePath:
        """Where that lies, or would."""

    @property
    def log(self) -> str:
        """How the log is read, or where it lies."""

    def install(self) -> list[str]:
        """Have it run now and from the next start of the machine (or log-in) on. Idempotent. Return what was done."""

    def remove(self) -> list[str]:
        """Stop it, and undo `install`. Idempotent. Return what was done."""

    def state(self) -> State:
        """Return whether it is installed, and runs."""
