"""Whether Fanfold is a service here, and runs. Knows no system: `Surroundings.service` asks who keeps services."""

from __future__ import annotations

from collections.abc import Iterator

from fanfold.doctor.finding import Area, Finder, Finding
from fanfold.doctor.surroundings import ServiceSeen, Surroundings

_find = Finder(Area.SERVICE)


def service(around: Surroundings) -> Iterator[Finding]:
    """Look at the service."""
    seen = around.service()
    facts = {
        "installed": seen.is_installed, "running": seen.is_running, "says": seen.says,
        "runs_as": seen.account, "kept_by": seen.kept_by,
    }  # fmt: skip
    yield _told(seen, facts)


def _told(seen: ServiceSeen, facts: dict[str, object]) -> Finding:
    if not seen.is_installed:
        mend = "`fanfold service install` has it start with the machine."
        return _find.note("no-service", f"Fanfold is no service here. {seen.says}".strip(), mend, **facts)
    if not seen.is_running:
        mend = "`fanfold service status` says where its log is; `fanfold service install` starts it again."
        return _find.problem(
            "service-stopped", f"The service is installed, but does not run ({seen.says}).", mend, **facts
        )
    return _find.ok("service-runs", f"The service runs ({seen.says}).", **facts)
