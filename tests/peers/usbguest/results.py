"""What the guest's pytest tells the host, line by line of JSON in the folder that they share. Knows no test.

First what was collected: `{"collected": […]}`; then of each test `{"test": …, "outcome": …, "says": …, "took_s": …}`,
with what it measured (`record_property`); at last `{"ended": …}`. What cannot be collected is told as `{"broken": …}`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FILE = Path("/run/share/results")


def tell(**facts: Any) -> None:
    with FILE.open("a") as file:
        file.write(json.dumps(facts) + "\n")


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        tell(broken=report.longreprtext)


def pytest_collection_finish(session: pytest.Session) -> None:
    tell(collected=[item.nodeid for item in session.items])


class Course:
    """One test from its set-up to its end: the worst of the three counts."""

    def __init__(self) -> None:
        self.outcome, self.says, self.took_s = "passed", "", 0.0

    def add(self, report: pytest.TestReport) -> None:
        self.took_s += report.duration
        if report.outcome != "passed" and self.outcome != "failed":
            self.outcome, self.says = report.outcome, report.longreprtext


class Teller:
    def __init__(self) -> None:
        self._course = Course()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._course.add(report)
        if report.when != "teardown":
            return
        course, self._course = self._course, Course()
        tell(
            test=report.nodeid, outcome=course.outcome, says=course.says, took_s=round(course.took_s, 3),
            measured=dict(report.user_properties),
        )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Teller())


def pytest_sessionfinish(exitstatus: int) -> None:
    tell(ended=int(exitstatus))
