"""Moods of simulated Weblink printers in words, many of them at once, and their control from outside."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from aiohttp import ClientSession
from click.testing import CliRunner

from fanfold.cli import main as fanfold
from fanfold.simulate.weblink import Switches, WeblinkPrinter
from fanfold.simulate.weblink.fleet import Control, serials, switched_on
from fanfold.simulate.weblink.moods import MOODS, mood, usages
from tests.unit.simulate.weblink_stage import desk

NOWHERE = "ws://127.0.0.1:1/weblink"
LABEL = b"^XA^FDHello^FS^XZ"
QUICK = Switches(label_s=0, retry_s=0.001, boot_s=0.001)
VALUES = {"CONDITION": "PAPER-OUT", "DATA": "4006", "SERIAL": "S2", "CHANNEL": "raw", "COUNT": "3", "LABELS": "2"}


@pytest.mark.parametrize("word", MOODS)
async def test_every_mood_can_be_put_on_and_a_lasting_one_ended(word: str) -> None:
    async with desk() as server, WeblinkPrinter(server.url, switches=QUICK) as printer:
        await server.call()
        takes = MOODS[word].takes.strip("[]")
        mood(printer, f"{word}:{VALUES.get(takes, '5')}" if takes else word)
        if MOODS[word].off is not None:
            mood(printer, f"{word}=off:{VALUES.get(takes, '5')}")
            assert printer.press.conditions == set()
        mood(printer, "ready")
        await printer.connected()
        assert printer.switches == QUICK


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cross", "there are ready, paper-out"),
        ("slow", "slow:BYTES_PER_S"),
        ("slow:fast", "wants a number"),
        ("fault:coffee-out", "there are PAPER OUT"),
        ("reset=off", "a mood is reset"),
        ("paper-out=on", "or paper-out=off"),
        ("drop:everything", "main, raw and config"),
        ("foreign:many", "many"),
    ],
)
async def test_other_words_are_told(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        mood(WeblinkPrinter(NOWHERE), text)


async def test_moods_do_what_their_words_say() -> None:
    printer = WeblinkPrinter(NOWHERE)
    for text in ("fault:head-too-hot", "dies-at:400", "slow:1000", "other-serial:S2", "no-crc", "paper-out"):
        mood(printer, text)
    assert printer.press.conditions == {"HEAD TOO HOT", "PAPER OUT"}
    assert (printer.switches.dies_at, printer.switches.bytes_per_s) == (400, 1000)
    assert (printer.switches.raw_serial, printer.switches.crc) == ("S2", "none")


def test_serials_count_on_from_the_first() -> None:
    assert serials("50J164800009", 3) == ["50J164800009", "50J164800010", "50J164800011"]
    assert serials("XXZKJ181100170", 1) == ["XXZKJ181100170"]
    assert serials("DOCK", 1) == ["DOCK"]
    for first, count in (("50J9", 2), ("DOCK", 2)):
        with pytest.raises(ValueError, match="too few digits"):
            serials(first, count)


async def test_many_printers_dial_from_one_process() -> None:
    async with desk() as server:
        printers = [WeblinkPrinter(server.url, one, QUICK) for one in serials("50J000001", 60)]
        async with switched_on(printers, ramp_s=0.01):
            for number in range(1, 61):
                await (await server.call(number)).say({"open": "v1.raw.zebra.com"})
            await server.call(120)
            for raw in [call for call in server.calls if call.kind == "raw"]:
                await raw.send(LABEL)
            for printer in printers:
                assert await printer.labels_out() == [LABEL]
        assert {call.introduction.get("unique_id") for call in server.calls if call.kind == "raw"} == {
            printer.serial for printer in printers
        }


async def test_their_moods_can_be_changed_from_outside() -> None:
    printers = [WeblinkPrinter(NOWHERE, one) for one in ("S1", "S2")]
    async with Control(printers).listening(0) as port, ClientSession(f"http://127.0.0.1:{port}") as client:
        async with client.post("/mood", data="paper-out\nslow:100\n") as answer:
            assert [one["conditions"] for one in await answer.json()] == [["PAPER OUT"], ["PAPER OUT"]]
        async with client.post("/mood/S2", data="paper-out=off") as answer:
            assert [one["serial"] for one in await answer.json()] == ["S2"]
        async with client.get("/printers") as answer:
            assert [one["conditions"] for one in await answer.json()] == [["PAPER OUT"], []]
        assert printers[0].switches.bytes_per_s == 100
        for path, body, status in (("/mood", "cross", 400), ("/mood/S3", "paused", 404), ("/else", "", 404)):
            async with client.post(path, data=body) as answer:
                assert answer.status == status
                assert "error" in await answer.json()
        async with client.post("/mood", data="paused", headers={"Origin": "https://shop.example"}) as answer:
            assert answer.status == 403
        assert "PRINTER PAUSED" not in printers[0].press.conditions


async def test_what_is_no_request_harms_no_control() -> None:
    async with Control([]).listening(0) as port:
        for words in (b"", b"garbage\r\n\r\n", b"POST /mood HTTP/1.1\r\nContent-Length: x\r\n\r\n", bytes(100_000)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(words)
            writer.write_eof()
            try:
                assert b"HTTP/1.1 40" in await reader.read()
            except ConnectionResetError:
                assert len(words) > 1000  # it closed with much unread
            writer.close()


async def test_it_runs_from_a_shell_tells_what_happens_and_ends_on_ctrl_c() -> None:
    async with desk() as server:
        command = (sys.executable, "-m", "fanfold", "simulate", "weblink", "--url", server.url, "--count", "2")
        more = ("--control", "0", "--mood", "no-crc", "--label", "0")
        process = await asyncio.create_subprocess_exec(*command, *more, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        first = (await process.stdout.readline()).decode()
        port = first.rpartition(":")[2].partition("/")[0]
        raw = await server.open(await server.call(2))
        assert ":" not in server.calls[0].introduction["discovery_b64"]
        await raw.send(LABEL)
        lines: list[str] = []
        while not any("printed: 17 bytes" in line for line in lines):
            lines.append((await process.stdout.readline()).decode())
        assert any("Successfully connected (main)" in line for line in lines)
        async with ClientSession() as client, client.get(f"http://127.0.0.1:{port}/printers") as answer:
            assert sum(one["labels"] for one in await answer.json()) == 1
        process.send_signal(signal.SIGINT)
        await process.communicate()
        assert process.returncode == 0


def test_a_network_printer_runs_from_the_same_place_and_wrong_words_are_told(tmp_path: Path) -> None:
    runner = CliRunner()
    for arguments, words in (
        (["socket", "--mood", "cross"], "no mood 'cross'"),
        (["weblink", "--url", "ftp://x.example"], "no Weblink location"),
        (["weblink", "--url", "wss://x.example", "--ca", str(tmp_path / "none.pem")], "does not exist"),
        (["weblink", "--url", NOWHERE, "--serial", "DOCK", "--count", "2"], "too few digits"),
        (["weblink", "--url", NOWHERE, "--mood", "cross"], "no mood 'cross'"),
    ):
        done = runner.invoke(fanfold, ["simulate", *arguments])
        assert done.exit_code == 2
        assert words in done.output
    said = runner.invoke(fanfold, ["simulate", "weblink", "--help"]).output
    assert all(usage in said for usage, _ in usages())
