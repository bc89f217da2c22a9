"""What tests of the doctor share: findings by their codes."""

from __future__ import annotations

from collections.abc import Iterable

from fanfold.doctor.finding import Finding, Severity


def codes(findings: Iterable[Finding]) -> dict[str, Finding]:
    """The findings by code; of several the last."""
    return {one.code: one for one in findings}


def bad(findings: Iterable[Finding]) -> set[str]:
    """The codes of what must be mended."""
    return {one.code for one in findings if one.severity in (Severity.PROBLEM, Severity.WARNING)}
