"""The demonstration as a user starts it: a process of its own, its port, its words, its exit code."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from fanfold import demo
from fanfold.config import Discovery

FANFOLD = (sys.executable, "-m", "fanfold")


def fanfold_demo(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*FANFOLD, "demo", "--once", *args], capture_output=True, text=True, check=False)


def test_a_label_comes_out_as_the_page_sent_it(tmp_path: Path) -> None:
    ended = fanfold_demo("--data", str(tmp_path / "with space & ünlaut"))
    assert (ended.returncode, ended.stderr) == (0, "")
    (sheet,) = demo._sheets(tmp_path / "with space & ünlaut" / "paper")
    assert sheet.read_bytes() == demo.LABEL.encode()
    assert '> {"call": "printers.find"' in ended.stdout
    assert '"status":"success"' in ended.stdout.replace('": ', '":')
    assert "is completed. Evidence " in ended.stdout
    assert "The page with printers, jobs and clients is at http://127.0.0.1:" in ended.stdout


def test_as_json_it_says_one_object_and_nothing_else(tmp_path: Path) -> None:
    ended = fanfold_demo("--json", "--data", str(tmp_path))
    shown = json.loads(ended.stdout)
    assert (shown["job"]["state"], shown["job"]["evidence"]) == ("completed", "delivered")
    assert Path(shown["sheet"]).read_bytes() == shown["label"].encode() == demo.LABEL.encode()


def test_it_can_be_shown_again_in_the_same_folder(tmp_path: Path) -> None:
    assert [fanfold_demo("--data", str(tmp_path)).returncode for _ in range(2)] == [0, 0]


def test_a_taken_port_is_told_and_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with socket.create_server((demo.HOST, 0)) as taken:
        monkeypatch.setattr(demo, "PORT", taken.getsockname()[1])
        assert demo._free_port(said.append) > demo.PORT
    assert f"Port {demo.PORT} is taken" in said[0]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = fanfold_demo("--data", str(tmp_path / "file" / "below"))
    assert ended.returncode == 5
    assert ended.stderr.startswith("fanfold: ")
    assert "Traceback" not in ended.stderr


def test_it_has_its_own_printer_only_and_leaves_the_machines_to_the_gateway_that_has_them(tmp_path: Path) -> None:
    settings = demo._settings(tmp_path, tmp_path / "paper", 1)
    ways = [one.name for one in fields(Discovery) if isinstance(one.default, bool)]
    assert {"cups", "windows", "mdns", "usb"} <= set(ways)
    assert not any(getattr(settings.discovery, way) for way in ways)
    assert [one.uri.partition(":")[0] for one in settings.printers] == ["file"]
