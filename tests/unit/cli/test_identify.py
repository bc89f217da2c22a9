"""`fanfold printers identify`, and what `show` says of what was found and what counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fanfold import messages
from fanfold.cli.exits import Exit
from fanfold.messages import IdentifyPrinter, PrinterShown
from fanfold.model import PrinterOptions, Traits
from tests.unit.test_cli import ZEBRA, FakeGateway, fanfold
from tests.unit.test_cli import gateway as feigned

gateway = feigned

FOUND = Traits("Zebra", "ZD420-203dpi", "S\x1b[2J1", ("zpl", "epl"), 203, None, "", ("printer", "usb"))
VIEW = replace(ZEBRA, printer=replace(ZEBRA.printer, traits=FOUND), language="zpl", encoding="utf-8")


def lines(output: str) -> dict[str, str]:
    return {name: said.strip() for name, _, said in (line.partition("  ") for line in output.splitlines())}


@pytest.mark.parametrize(
    ("args", "command"),
    [
        (["Zebra"], IdentifyPrinter("Zebra", "", 5)),
        (["Zebra", "--as", "zpl", "--within", "0.5"], IdentifyPrinter("Zebra", "zpl", 0.5)),
    ],
)
def test_a_printer_is_asked_what_it_is_and_shown(
    gateway: FakeGateway, args: list[str], command: IdentifyPrinter
) -> None:
    gateway.replies = [PrinterShown(VIEW)]
    result = fanfold(gateway, "printers", "identify", *args)
    assert (result.exit_code, gateway.commands) == (Exit.DONE, [command])
    told = lines(result.stdout)
    assert told["found"] == "Zebra ZD420-203dpi; serial S\ufffd[2J1; zpl, epl (told by printer, usb)"
    assert [told[name] for name in ("language", "encoding", "dpi")] == [
        "zpl (supposed)", "utf-8 (supposed)", "203 (supposed)",
    ]  # fmt: skip
    assert "width_mm" not in told


def test_what_an_owner_settled_is_shown_as_it_is(gateway: FakeGateway) -> None:
    options = PrinterOptions(language="tspl", encoding="cp858", dpi=300, width_mm=57.5)
    view = replace(VIEW, printer=replace(VIEW.printer, options=options), language="tspl", encoding="cp858")
    gateway.replies = [PrinterShown(view)]
    told = lines(fanfold(gateway, "printers", "show", "Zebra").stdout)
    assert (told["language"], told["encoding"], told["dpi"], told["width_mm"]) == ("tspl", "cp858", "300", "57.5")


def test_a_printer_of_which_nothing_is_known_is_shown_without(gateway: FakeGateway) -> None:
    gateway.replies = [PrinterShown(ZEBRA)]
    told = lines(fanfold(gateway, "printers", "show", "Zebra").stdout)
    assert not {"found", "language", "dpi", "width_mm"} & set(told)


@pytest.mark.parametrize("within", ["0", "301", "soon"])
def test_a_senseless_time_is_refused_here(gateway: FakeGateway, within: str) -> None:
    result = fanfold(gateway, "printers", "identify", "Zebra", "--within", within)
    assert (result.exit_code, gateway.commands) == (Exit.WRONG_USAGE, [])


def test_why_it_was_not_asked_is_said(gateway: FakeGateway) -> None:
    gateway.replies = [messages.Refusal("language-unknown", "Say it, by `--as`.", 422)]
    result = fanfold(gateway, "printers", "identify", "Zebra")
    assert (result.exit_code, result.stdout) == (Exit.FAILED, "")
    assert "Say it, by `--as`." in result.stderr


def test_options_are_given_by_name(gateway: FakeGateway) -> None:
    gateway.replies = [PrinterShown(ZEBRA)]
    given = ["--option", "dpi=300", "--option", "width_mm=57.5", "--option", "encoding=cp858"]
    fanfold(gateway, "printers", "add", "Zebra", "socket://192.0.2.7", *given)
    options = {"dpi": 300, "width_mm": 57.5, "encoding": "cp858"}
    assert gateway.commands == [messages.AddPrinter("Zebra", "socket://192.0.2.7", (), options)]
