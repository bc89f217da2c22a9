"""Fanfold as a service: there or not, running or not."""

from __future__ import annotations

import pytest

from fanfold.doctor.service import service
from fanfold.doctor.surroundings import ServiceSeen, Surroundings


@pytest.mark.parametrize(
    ("seen", "code", "severity"),
    [
        (ServiceSeen(), "no-service", "note"),
        (ServiceSeen(says="this machine has no `systemctl`"), "no-service", "note"),
        (ServiceSeen(True, False, "failed"), "service-stopped", "problem"),
        (ServiceSeen(True, True, "active"), "service-runs", "ok"),
    ],
)
def test_the_service_is_told_as_the_system_sees_it(seen: ServiceSeen, code: str, severity: str) -> None:
    (found,) = service(Surroundings(service=lambda: seen))
    assert (found.code, found.severity) == (code, severity)
    assert seen.says in found.says
