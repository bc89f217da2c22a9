"""`fanfold doctor` as a command: whose settings count, what it prints, how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fanfold.cli import doctor as command
from fanfold.cli import main
from fanfold.cli.service import here, plan
from fanfold.cli.service.state import State
from tests.peers.processes import free_port


class Keeper:
    """What keeps services, for one that is installed and runs."""

    text, where, log = "", Path("/etc/systemd/system/fanfold.service"), "journalctl"

    def install(self) -> list[str]:
        raise AssertionError("the doctor changes nothing")

    def remove(self) -> list[str]:
        raise AssertionError("the doctor changes nothing")

    def state(self) -> State:
        return State(True, True, "active", 4711)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No service, and nobody's own settings."""
    monkeypatch.setattr(here, "installed", lambda: None)
    for name in ("FANFOLD_CONFIG", "FANFOLD_URL", "FANFOLD_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


def settings(folder: Path, more: str = "") -> Path:
    file = folder / "fanfold.toml"
    (folder / "data").mkdir(mode=0o700, exist_ok=True)
    file.write_text(
        f'data = "data"\n{more}\n[discovery]\ncups = false\nmdns = false\n'
        f'[[listeners]]\naddress = "127.0.0.1"\nport = {free_port()}\n'
    )
    return file


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *words], catch_exceptions=False)


def found(result: Result) -> dict[str, Any]:
    return {one["code"]: one for one in json.loads(result.stdout)["findings"]}


def test_without_a_problem_it_ends_with_0(tmp_path: Path) -> None:
    result = run("--config", str(settings(tmp_path)))
    assert result.exit_code == 0, result.output
    assert "Problems: 0" in result.output
    assert "In order" not in result.output
    assert "No gateway answers" in result.output


def test_it_names_the_gateway_that_it_asked_and_masks_a_password_in_that_url(tmp_path: Path) -> None:
    port = free_port()
    result = run("--config", str(settings(tmp_path)), "--url", f"http://till:geheim99@127.0.0.1:{port}")
    assert f"No gateway answers at http://***@127.0.0.1:{port}." in result.output
    assert "geheim99" not in result.output
    plain = run("--config", str(settings(tmp_path)), "--url", f"http://127.0.0.1:{port}")
    assert f"No gateway answers at http://127.0.0.1:{port}." in plain.output


def test_with_a_problem_it_ends_with_6_and_that_comes_first(tmp_path: Path) -> None:
    result = run("--all", "--config", str(settings(tmp_path, 'log_level = "loud"')))
    assert result.exit_code == 6
    assert result.output.index("Problems") < result.output.index("Notes") < result.output.index("In order")
    assert "log_level" in result.output


def test_the_services_settings_and_data_count_where_none_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = settings(tmp_path)
    made = plan.linux(is_machines=True, python=("python3",))
    service = here.Service(replace(made, config=file, data=tmp_path / "data"), Keeper())
    monkeypatch.setattr(here, "installed", lambda: service)
    monkeypatch.setenv("FANFOLD_DRAIN_S", "nonsense")
    facts = found(run("--json"))
    assert facts["sources"]["facts"]["of_service"] is True
    assert facts["sources"]["facts"]["file"] == str(file)
    assert facts["silent"]["severity"] == "problem"
    assert facts["service-runs"]["facts"]["runs_as"] == made.account
    other = found(run("--json", "--config", str(file)))
    assert "settings-refused" in other, "with settings that are named this user's environment counts"


def test_what_keeps_services_may_hang_or_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise OSError(13, "no bus", "/run/dbus")

    monkeypatch.setattr(here, "installed", fails)
    told = found(run("--json", "--config", str(settings(tmp_path))))
    assert told["no-service"]["says"].endswith("/run/dbus: no bus.")

    monkeypatch.setattr(here, "installed", threading.Event().wait)
    monkeypatch.setattr(command, "WITHIN_S", 0.1)
    assert "does not answer" in found(run("--json"))["no-service"]["says"]


def test_the_command_ends_though_a_look_hangs_in_the_system(tmp_path: Path) -> None:
    script = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from fanfold.cli import main
from fanfold.doctor import checks, examine
from fanfold.doctor.finding import Area

def hangs(around):
    ThreadPoolExecutor(1).submit(threading.Event().wait).result()
    yield

checks.CHECKS = {**checks.CHECKS, Area.SPOOLERS: hangs}
examine.examine = partial(examine.examine, limit_s=2)
main(["doctor", "--json", "--config", sys.argv[1]])
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(settings(tmp_path))], capture_output=True, text=True, timeout=15, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "check-hangs" in {one["code"] for one in json.loads(done.stdout)["findings"]}


def test_control_characters_of_others_do_not_reach_the_terminal(tmp_path: Path) -> None:
    more = '[[printers]]\nname = "till"\nuri = "x:\\u009b31m"\n'
    file = settings(tmp_path)
    file.write_text(file.read_text() + more)
    result = run("--config", str(file))
    assert "cannot be used" in result.output
    assert "\x9b" not in result.output
