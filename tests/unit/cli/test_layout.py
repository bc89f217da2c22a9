"""Tables in terminals wide and narrow: what people copy out of them stays whole."""

from __future__ import annotations

import pytest

from fanfold.cli.layout import table

HEAD = ("JOB", "PRINTER", "SAYS")
ROWS = [
    ("01a1f94e-ba2a-70a8-b030-255ba80929e6", "till", "all bytes went out on /dev/serial/by-id/usb-1a86-if00-port0"),
    ("01a1f94e-b96b-78e4-81e7-56ac1a602d90", "Dock 4", ""),
]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal
    monkeypatch.setenv("TERM", "xterm")
    return monkeypatch


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 200])
def test_no_terminal_is_so_narrow_that_an_id_or_a_path_is_cut(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    terminal.setenv("COLUMNS", str(columns))
    table(HEAD, ROWS, "none")
    words = capsys.readouterr().out.split()
    assert {ROWS[0][0], ROWS[1][0], "/dev/serial/by-id/usb-1a86-if00-port0"} <= set(words)


def test_where_words_have_no_room_beside_each_other_each_row_is_a_list(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.setenv("COLUMNS", "60")
    table(HEAD, ROWS, "none")
    first, second = capsys.readouterr().out.split("\n\n")
    assert first.splitlines() == [f"job      {ROWS[0][0]}", "printer  till", f"says     {ROWS[0][2]}"]
    assert second.splitlines() == [f"job      {ROWS[1][0]}", "printer  Dock 4"]


def test_where_they_have_room_long_texts_are_broken_between_words(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.setenv("COLUMNS", "90")
    table(HEAD, ROWS, "none")
    lines = capsys.readouterr().out.splitlines()
    assert "JOB" in lines[0]
    assert len(lines) > 1 + len(ROWS)


def test_what_is_no_terminal_gets_a_line_for_each_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "20")
    table(HEAD, ROWS, "none")
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(ROWS)


def test_no_rows_are_said_aside(capsys: pytest.CaptureFixture[str]) -> None:
    table(HEAD, [], "There are no such jobs.")
    assert capsys.readouterr() == ("", "There are no such jobs.\n")
