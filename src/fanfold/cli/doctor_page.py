"""The doctor's report for people: what is worst first, each with its mend. Knows no check."""

from __future__ import annotations

import textwrap

import click

from fanfold.cli.exits import plain
from fanfold.doctor.finding import Finding, Report, Severity

WIDTH = 100
HEADS = {
    Severity.PROBLEM: "Problems",
    Severity.WARNING: "Warnings",
    Severity.NOTE: "Notes",
    Severity.OK: "In order",
}
_COLOURS = {Severity.PROBLEM: "red", Severity.WARNING: "yellow"}


def show(report: Report, *, is_whole: bool) -> None:
    """Print it; what is in order only where the whole is wanted."""
    click.echo(f"Fanfold {report.version}, {report.at.astimezone():%Y-%m-%d %H:%M:%S %z}")
    for severity, head in HEADS.items():
        findings = list(report.of(severity))
        if findings and (is_whole or severity is not Severity.OK):
            click.echo()
            click.secho(head, bold=True, fg=_COLOURS.get(severity))
            for one in findings:
                _say(one)
    click.echo()
    click.echo(_sum(report, is_whole=is_whole))


def _say(one: Finding) -> None:
    indent = " " * 15
    click.echo(textwrap.fill(plain(one.says), WIDTH, initial_indent=f"  {one.area:<13}", subsequent_indent=indent))
    if one.mend:
        first = f"{indent}→ "
        click.echo(textwrap.fill(plain(one.mend), WIDTH, initial_indent=first, subsequent_indent=f"{indent}  ",
                                 break_long_words=False, break_on_hyphens=False))  # fmt: skip


def _sum(report: Report, *, is_whole: bool) -> str:
    counts = {severity: report.count(severity) for severity in Severity}
    shown = ", ".join(f"{HEADS[one].lower()}: {counts[one]}" for one in Severity)
    more = "" if is_whole else " `fanfold doctor --all` shows what is in order too."
    return f"{shown[0].upper()}{shown[1:]}.{more}"
