"""What the doctor finds: facts with their mend, and their shape as JSON. Knows no check and no terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

SHAPE = 1
"""Of the JSON. It counts up when a key goes or means something else, not when one is added."""


HANGS = "check-hangs"
"""The code of a look that came to no end."""


class Severity(StrEnum):
    """How bad it is; the worst first."""

    PROBLEM = "problem"
    """Something does not work, or jobs are in danger."""
    WARNING = "warning"
    """It works, but not for long, not for all, or not safely."""
    NOTE = "note"
    """Worth knowing; nobody needs to do anything."""
    OK = "ok"


class Area(StrEnum):
    """What was looked at, in the order in which it is shown."""

    VERSIONS = "versions"
    SETTINGS = "settings"
    SERVICE = "service"
    PORTS = "ports"
    GATEWAY = "gateway"
    STORE = "store"
    SPOOLERS = "spoolers"
    PERMISSIONS = "permissions"
    CLOCKS = "clocks"
    BROWSERS = "browsers"
    DISCOVERY = "discovery"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is so. Never a document, a title or a secret; `Privacy` goes over it all the same."""

    area: Area
    severity: Severity
    code: str
    """A keyword that stays, such as `port-taken`."""
    says: str
    """What is so, and where."""
    mend: str = ""
    """What to do; empty where nothing needs to be done."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """For programs: strings, numbers, truths, and lists and objects of these."""


@dataclass(frozen=True, slots=True)
class Finder:
    """Makes the findings of one area."""

    area: Area

    def ok(self, code: str, says: str, mend: str = "", /, **facts: Any) -> Finding:
        """Say that something is as it should be."""
        return Finding(self.area, Severity.OK, code, says, mend, facts)

    def note(self, code: str, says: str, mend: str = "", /, **facts: Any) -> Finding:
        """Say what is worth knowing."""
        return Finding(self.area, Severity.NOTE, code, says, mend, facts)

    def warning(self, code: str, says: str, mend: str = "", /, **facts: Any) -> Finding:
        """Say what will go wrong, or does for some."""
        return Finding(self.area, Severity.WARNING, code, says, mend, facts)

    def problem(self, code: str, says: str, mend: str = "", /, **facts: Any) -> Finding:
        """Say what is wrong."""
        return Finding(self.area, Severity.PROBLEM, code, says, mend, facts)


@dataclass(frozen=True, slots=True)
class Report:
    """All that one look found."""

    version: str
    at: datetime
    findings: Sequence[Finding]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.count(Severity.PROBLEM)

    @property
    def is_cut_short(self) -> bool:
        """Whether a look was left behind that came to no end."""
        return any(one.code == HANGS for one in self.findings)

    def count(self, severity: Severity) -> int:
        """Return how many findings are so bad."""
        return sum(one.severity is severity for one in self.findings)

    def of(self, severity: Severity) -> Iterator[Finding]:
        """Yield the findings that are so bad, by area."""
        order = list(Area)
        found = (one for one in self.findings if one.severity is severity)
        yield from sorted(found, key=lambda one: order.index(one.area))

    def shape(self) -> dict[str, Any]:
        """Return it for JSON; docs/doctor.md tells what each key is."""
        return {
            "shape": SHAPE,
            "fanfold": self.version,
            "at": self.at.isoformat(),
            "ok": self.is_well,
            "counts": {severity.value: self.count(severity) for severity in Severity},
            "findings": [_shape(one) for severity in Severity for one in self.of(severity)],
        }


def _shape(one: Finding) -> dict[str, Any]:
    return {
        "area": one.area.value,
        "severity": one.severity.value,
        "code": one.code,
        "says": one.says,
        "mend": one.mend,
        "facts": dict(one.facts),
    }
