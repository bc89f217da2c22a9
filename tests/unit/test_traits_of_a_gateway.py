"""What a printer is, through a whole gateway: asked by a person, kept, shown, and overruled by its owner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fanfold.app import Gateway
from fanfold.config import Door, Listener, PrinterSetting, Proof, load
from fanfold.errors import CannotStart
from fanfold.model import PrinterOptions
from fanfold.simulate.moods import Knows, Mood, Ready, Stalled
from fanfold.simulate.socket import SocketPrinter
from fanfold.simulate.weblink import Switches, WeblinkPrinter
from tests.peers.app import App
from tests.unit.test_app import gateway, settings_in

LABEL = "^XA^FDhello^FS^XZ"
COUNTS = ("language", "encoding", "dpi", "width_mm")


async def show(app: App, name: str = "dock") -> dict[str, Any]:
    status, answer = await app.call("GET", f"/v1/printers/{name}")
    assert status == 200, answer
    assert isinstance(answer, dict)
    return answer


async def test_a_network_printer_says_what_it_is_and_the_gateway_remembers(tmp_path: Path) -> None:
    async with SocketPrinter(Knows()) as printer:
        settings = settings_in(tmp_path, printers=(PrinterSetting("dock", printer.uri),))
        async with gateway(settings) as (_, app, _):
            status, refusal = await app.call("POST", "/v1/printers/dock/identify")
            assert (status, refusal["code"]) == (422, "language-unknown")
            assert printer.visits == 0, "nobody asks in a language that may be wrong"
            status, shown = await app.call("POST", "/v1/printers/dock/identify", json={"language": "zpl"})
            assert status == 200, shown
            assert shown["traits"] == {
                "make": "", "model": "ZD420-203dpi", "serial": "", "languages": ["zpl"], "dpi": 203,
                "width_mm": None, "encoding": "", "told_by": ["printer"],
            }  # fmt: skip
            assert [shown[name] for name in COUNTS] == ["zpl", "utf-8", 203, None]
            assert printer.paper == []
            status, job = await app.call(
                "POST", "/v1/jobs", json={"printer": "dock", "text": LABEL, "wait": "delivered"}
            )
            assert (status, job["state"]) == (201, "completed")
            assert printer.paper == [LABEL.encode()]
        async with gateway(settings) as (_, app, _):
            assert (await show(app))["traits"] == shown["traits"]
            status, asked = await app.call("POST", "/v1/printers/dock/ask", json={"text": "~HI"})
            assert (status, asked["text"][:6]) == (200, "\x02ZD420")


@pytest.mark.parametrize("mood", [Ready(), Stalled()], ids=["it reads", "it does not"])
async def test_a_printer_that_keeps_silent_is_told_and_prints_on(tmp_path: Path, mood: Mood) -> None:
    async with SocketPrinter(mood) as printer:
        settings = settings_in(tmp_path, printers=(PrinterSetting("dock", printer.uri),))
        async with gateway(settings) as (_, app, _):
            asked = await app.call("POST", "/v1/printers/dock/identify", json={"language": "zpl", "within_s": 0.2})
            assert (asked[0], asked[1]["code"]) == (504, "no-answer")
            await printer.become(Ready())
            given, job = await app.call(
                "POST", "/v1/jobs", json={"printer": "dock", "text": LABEL, "wait": "delivered"}
            )
            assert (given, job["state"]) == (201, "completed")


async def test_a_printer_that_dials_in_is_asked_without_being_told_how(tmp_path: Path) -> None:
    serial = "50J164800001"
    doors = (Listener("127.0.0.1", 0), Listener("127.0.0.1", 0, doors=(Door.WEBLINK,), proof=(Proof.NONE,)))
    settings = settings_in(tmp_path, listeners=doors, printers=(PrinterSetting("dock", f"weblink:{serial}"),))
    async with (
        Gateway(settings) as running,
        App(running.urls[0]) as app,
        WeblinkPrinter(running.urls[1], serial, Switches(retry_s=0.05)) as printer,
    ):
        await printer.opened("raw")
        status, shown = await app.call("POST", "/v1/printers/dock/identify")
        assert (status, shown["language"], shown["traits"]["languages"]) == (200, "zpl", ["zpl"]), shown
        assert shown["traits"]["model"]
        assert shown["dpi"] == 203


async def test_options_are_settled_and_taken_back_by_the_api(tmp_path: Path) -> None:
    async with gateway(settings_in(tmp_path)) as (_, app, _):
        options = {"language": "escpos", "dpi": 180, "width_mm": 72}
        printer = {"name": "bar", "uri": "socket://192.0.2.9", "options": options}
        status, added = await app.call("POST", "/v1/printers", json=printer)
        assert status == 201
        assert [added[name] for name in COUNTS] == ["escpos", "cp437", 180, 72]
        assert added["options"]["encoding"] is None
        status, same = await app.call(
            "PATCH", "/v1/printers/bar", json={"options": added["options"] | {"accepts": ["raw"]}}
        )
        assert (status, [same[name] for name in COUNTS]) == (200, ["escpos", "cp437", 180, 72])
        _, named = await app.call("PATCH", "/v1/printers/bar", json={"options": {"encoding": "utf-8", "dpi": None}})
        assert [named[name] for name in COUNTS] == ["escpos", "utf-8", None, 72]
        for wrong in ({"dpi": 49}, {"dpi": 203.5}, {"width_mm": "wide"}, {"encoding": "klingon"}, {"nonsense": None}):
            status, refusal = await app.call("PATCH", "/v1/printers/bar", json={"options": wrong})
            assert (status, refusal["code"]) == (422, "bad-option")


def test_options_are_read_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "fanfold.toml"
    file.write_text("[printers.a]\nuri = 'socket://192.0.2.7'\ndpi = 300\nwidth_mm = 57.5\n")
    (printer,) = load(file, {}, {}).printers
    assert printer.options == PrinterOptions(dpi=300, width_mm=57.5, encoding=None)
    for wrong in ("dpi = 10", "dpi = 'many'", "width_mm = 1", "width_mm = true"):
        file.write_text(f"[printers.a]\nuri = 'socket://192.0.2.7'\n{wrong}\n")
        with pytest.raises(CannotStart, match=wrong.split()[0]):
            load(file, {}, {})
