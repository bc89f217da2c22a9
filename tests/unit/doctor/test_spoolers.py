"""Spoolers: what CUPS's commands and its file say, and what it means that nobody answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from fanfold.config import Discovery, PrinterSetting, Settings
from fanfold.doctor.finding import Finding, Severity
from fanfold.doctor.spoolers import configured, is_machines, queues, server_of, spoolers, version_at
from fanfold.doctor.surroundings import Surroundings
from tests.peers.processes import free_port
from tests.unit.doctor.findings import codes

ENABLED = "printer raw1 is idle.  enabled since Fri Nov 20 09:00:00 2026\n"
DISABLED = "printer raw2 disabled since Fri Nov 20 09:00:00 2026 -\n\tPaused\n"
ACCEPTING = "raw1 accepting requests since Fri Nov 20 09:00:00 2026\n"
REJECTING = "raw2 not accepting requests since Fri Nov 20 09:00:00 2026 -\n\tRejecting Jobs\n"


def look(root: Path, *, wanted: bool = True, uri: str = "") -> list[Finding]:
    printers = (PrinterSetting("labels", uri),) if uri else ()
    here = Discovery(cups=wanted, cups_server=f"127.0.0.1:{free_port()}")
    return list(spoolers(Surroundings(Settings(discovery=here, printers=printers), root=root)))


def test_queues_that_are_stopped_or_reject_are_named_and_others_are_not() -> None:
    assert [one.facts["queue"] for one in queues(ENABLED + DISABLED, ACCEPTING + REJECTING)] == ["raw2", "raw2"]
    assert not list(queues(ENABLED, ACCEPTING))
    assert not list(queues("", ""))


def test_no_cups_is_a_problem_only_where_a_printer_needs_it(tmp_path: Path) -> None:
    assert codes(look(tmp_path))["spooler-away"].severity is Severity.NOTE
    assert codes(look(tmp_path, wanted=False))["spooler-away"].severity is Severity.OK
    needed = codes(look(tmp_path, uri="cups:///labels"))["spooler-away"]
    assert needed.severity is Severity.PROBLEM
    assert needed.facts["printers"] == ["labels"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PreserveJobHistory No\nDirtyCleanInterval 0\n", {"no-history"}),
        ("preservejobhistory off\n", {"no-history", "late-disk"}),
        ("DirtyCleanInterval 30\n", {"late-disk"}),
        ("PreserveJobHistory Yes\nDirtyCleanInterval 0\n", set()),
        ("PreserveJobHistory 86400\nDirtyCleanInterval 0\n", set()),
    ],
)
def test_the_settings_of_cups_that_matter_are_told(tmp_path: Path, text: str, found: set[str]) -> None:
    (tmp_path / "cupsd.conf").write_text(text)
    assert set(codes(configured(tmp_path / "cupsd.conf"))) == found


def test_the_settings_of_cups_are_not_judged_where_another_server_is_named(tmp_path: Path) -> None:
    (tmp_path / "etc/cups").mkdir(parents=True)
    (tmp_path / "etc/cups/cupsd.conf").write_text("PreserveJobHistory No\n")
    assert set(codes(look(tmp_path))) == {"spooler-away"}


@pytest.mark.parametrize(
    ("server", "is_its_own"),
    [
        ("localhost", True), ("localhost:631", True), ("127.0.0.1:631", True), ("[::1]:631", True),
        ("/run/cups/cups.sock", True), ("/srv/other/cups.sock", False), ("localhost:6310", False),
        ("192.0.2.7", False), ("names.example:631", False),
    ],
)  # fmt: skip
def test_which_server_is_the_machines_own(server: str, *, is_its_own: bool) -> None:
    assert is_machines(server) is is_its_own


def test_the_server_is_the_one_that_the_transport_would_ask(tmp_path: Path) -> None:
    named = Settings(discovery=Discovery(cups_server="192.0.2.7"))
    assert server_of(named, "other", tmp_path) == "192.0.2.7"
    assert server_of(Settings(), "other", tmp_path) == "other"
    assert server_of(Settings(), None, tmp_path) == "localhost:631"
    (tmp_path / "run/cups").mkdir(parents=True)
    (tmp_path / "run/cups/cups.sock").touch()
    assert server_of(Settings(), None, tmp_path) == str(tmp_path / "run/cups/cups.sock")


@pytest.mark.parametrize("server", ["/no/such/socket", "127.0.0.1:nonsense", "[::1]:1", "127.0.0.1:1"])
def test_a_server_that_does_not_answer_has_no_version(server: str) -> None:
    assert version_at(server) == ""
