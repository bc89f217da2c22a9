"""Plays each transcript of this folder against its dialect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fanfold.dialects.base import Dialect, HttpDialect
from fanfold.dialects.printerwebsocket import PrinterWebSocket, PrinterWebSocketSettings
from fanfold.dialects.zebra_ws_print import ZebraWsPrint, ZebraWsPrintSettings
from tests.transcripts.scripted import MakeDialect, Transcript

HERE = Path(__file__).parent


def _printerwebsocket(path: str, settings: dict[str, Any]) -> Dialect:
    return PrinterWebSocket(lambda: PrinterWebSocketSettings(**{"version": "9.9", **settings}), path)


def _zebra_ws_print(_path: str, settings: dict[str, Any]) -> HttpDialect:
    return ZebraWsPrint(lambda: ZebraWsPrintSettings(**settings))


DIALECTS: dict[str, MakeDialect] = {"printerwebsocket": _printerwebsocket, "zebra_ws_print": _zebra_ws_print}
TRANSCRIPTS = sorted(HERE.glob("*/*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_conversation_goes_as_written(path: Path) -> None:
    Transcript(DIALECTS[path.parent.name]).play(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "wrong",
    [
        '> {"call":"server.version"}',
        '> {"call":"nothing"}\n< {"uid":null}',
        '> {"call":"printers.find"}\n< {"uid":null,"result":["P9"],"status_code":0}',
        "! something unheard of",
        "= there are 1 jobs",
        "no mark",
    ],
)
def test_a_conversation_that_goes_otherwise_is_caught(wrong: str) -> None:
    with pytest.raises(AssertionError):
        Transcript(_printerwebsocket).play(wrong)


def test_there_are_transcripts_for_each_dialect_named_here() -> None:
    assert {path.parent.name for path in TRANSCRIPTS} == set(DIALECTS)
