"""Where a setup comes from and goes to: its secrets from files, its commands into a file that nobody else reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fanfold.cli import main
from fanfold.cli.exits import Exit

URL = "https://labels.example/weblink"


def setup(*args: str) -> Result:
    return CliRunner().invoke(main, ["weblink", "setup", "S1", "--url", URL, *args])


@pytest.mark.parametrize("text", ["5ecret\n", "5ecret", "\ufeff5ecret\r\n"])
def test_the_secret_of_the_url_comes_from_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "weblink-secret").write_text(text, "utf-8")
    result = setup("--secret-file", str(tmp_path / "weblink-secret"))
    assert result.exit_code == Exit.DONE
    assert f'"weblink.ip.conn1.location" "{URL}/5ecret"' in result.stdout
    assert "5ecret" not in result.stderr


@pytest.mark.parametrize("flag", ["--secret-file", "--password-file"])
@pytest.mark.parametrize("content", [b"", b"\n", b"\xff"])
def test_a_file_without_a_secret_is_refused(tmp_path: Path, flag: str, content: bytes) -> None:
    (tmp_path / "empty").write_bytes(content)
    result = setup("--user", "dock", flag, str(tmp_path / "empty"))
    assert (result.exit_code, result.stdout) == (Exit.WRONG_USAGE, "")
    assert result.stderr.startswith(f"fanfold: the {flag.strip('-').removesuffix('-file')} file is ")


def test_a_file_of_ones_own_is_written_anew(tmp_path: Path) -> None:
    out = tmp_path / "setup.zpl"
    out.touch(0o600)
    out.write_bytes(b"old" * 1000)
    assert setup("--output", str(out)).exit_code == Exit.DONE
    assert out.read_bytes() == setup().stdout_bytes
    assert out.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_nothing_is_written_into_a_file_that_others_may_open(tmp_path: Path, mode: int) -> None:
    out = tmp_path / "setup.zpl"
    out.write_bytes(b"before")
    out.chmod(mode)
    result = setup("--output", str(out))
    assert result.exit_code == Exit.WRONG_USAGE
    assert f'chmod 600 "{out}"' in result.stderr
    assert out.read_bytes() == b"before"


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").touch(0o600)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    result = setup("--output", str(tmp_path / "link"))
    assert result.exit_code == Exit.FAILED
    assert "it is a link" in result.stderr
    assert (tmp_path / "target").read_bytes() == b""


def test_a_device_is_written_to_as_it_is() -> None:
    assert setup("--output", os.devnull).exit_code == Exit.DONE


def test_of_a_file_without_end_no_more_is_read_than_a_printer_takes() -> None:
    result = setup("--ca", "/dev/zero")
    assert result.exit_code == Exit.WRONG_USAGE
    assert "the one authority" in result.stderr


def test_a_simulated_printer_refuses_a_secret_that_no_gateway_has(tmp_path: Path) -> None:
    (tmp_path / "weblink-secret").write_text("a/b")
    args = [
        "simulate",
        "weblink",
        "--url",
        "ws://127.0.0.1:9/weblink",
        "--secret-file",
        str(tmp_path / "weblink-secret"),
    ]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == Exit.WRONG_USAGE
    assert "the secret must be one line" in result.stderr
