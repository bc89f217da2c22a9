"""What users are promised of a whole gateway: counts, retention, reload by signal, a log without payloads."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fanfold.config import Limits, PrinterSetting, Retention
from fanfold.model import OnDoubt, PrinterOptions
from fanfold.simulate.moods import Away, Ready, ResetsAfter
from fanfold.simulate.socket import SocketPrinter
from tests.peers.app import App
from tests.peers.processes import until
from tests.unit.test_app import ZPL, _url, gateway, settings_in

SECRET = "Mr Smith has flu"


async def test_a_client_is_listed_with_its_jobs_until_it_is_disconnected(tmp_path: Path) -> None:
    async with gateway(settings_in(tmp_path)) as (_, app, _), app.page() as page:
        for _ in range(2):
            await page.print("till", "^XA^XZ")
        _, listed = await app.call("GET", "/v1/clients")
        (client,) = listed["clients"]
        told = (client["origin"], client["dialect"], client["address"], client["jobs"])
        assert told == ("http://localhost:3000", "printerwebsocket", "127.0.0.1", 2)
        status, _ = await app.call("DELETE", f"/v1/clients/{client['id']}")
        assert status == 200
        closing = await page.socket.receive(timeout=10)
        assert closing.type.name == "CLOSE"
        assert (await app.call("GET", "/v1/clients"))[1]["clients"] == []


async def test_an_old_document_is_dropped_and_its_job_can_be_printed_again_no_more(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, retention=Retention(keep_documents_s=0))
    async with gateway(settings) as (_, app, _):
        job = await app.print("till", ZPL, wait="delivered")

        async def dropped() -> bool:
            return not (await app.job(job["id"]))["document_kept"]

        await until(dropped, "the sweep")
        status, problem = await app.call("POST", f"/v1/jobs/{job['id']}/reprint")
        assert (status, problem["code"]) == (410, "document-gone")
        assert (await app.call("GET", f"/v1/jobs/{job['id']}/document"))[0] == 410


async def test_an_old_job_is_forgotten_with_its_key(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, retention=Retention(keep_jobs_s=0))
    async with gateway(settings) as (_, app, _):
        job = await app.print("till", ZPL, key="k", wait="delivered")

        async def forgotten() -> bool:
            return (await app.call("GET", f"/v1/jobs/{job['id']}"))[0] == 404

        await until(forgotten, "the sweep")
        assert (await app.print("till", ZPL, key="k"))["id"] != job["id"]


async def test_no_payload_is_written_to_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with SocketPrinter(ResetsAfter(8)) as printer:
        printers = (PrinterSetting("flaky", printer.uri), PrinterSetting("gone", "socket://127.0.0.1:9"))
        settings = settings_in(tmp_path, printers=printers, limits=Limits(document_bytes=1000))
        async with gateway(settings) as (_, app, _), app.page() as page:
            await page.print("flaky", SECRET * 9)
            await page.print("nobody", SECRET)
            await page.ask(call="print", uid=SECRET, params={"printer": SECRET, "data": [SECRET, 5]})
            await page.hear()
            await page.socket.send_str("{" + SECRET)
            await app.print("gone", SECRET.encode())
            await app.call("POST", "/v1/jobs", data=SECRET * 100, params={"printer": "gone"})
            await app.call("POST", "/v1/jobs", data='{"text": "' + SECRET, headers={"Content-Type": "application/json"})
            body = json.dumps({"printer": "gone", "text": SECRET + "漢", "encoding": "cp437"})
            await app.call("POST", "/v1/jobs", data=body, headers={"Content-Type": "application/json"})
            _, log = await app.call("GET", "/v1/log")
    assert SECRET not in caplog.text
    assert SECRET not in json.dumps(log)


async def test_an_error_frame_means_that_nothing_prints_later_by_itself(tmp_path: Path) -> None:
    """A doubt that its rule prints again is no end yet: the page hears of the one that is."""
    async with SocketPrinter(ResetsAfter(4)) as printer:
        label = PrinterSetting("label", printer.uri, options=PrinterOptions(on_doubt=OnDoubt.REPRINT))
        async with gateway(settings_in(tmp_path, printers=(label,))) as (_, app, _), app.page() as page:
            await page.ask(call="print", uid="u", params={"printer": {"name": "label"}, "data": ["^XA^FDhello^FS^XZ"]})
            first = await page.hear()
            assert first["status_code"] == 1
            await printer.broken()
            await printer.become(Away())

            async def again() -> bool:
                return "reprinted-in-doubt" in str((await app.job(first["job_id"]))["timeline"])

            await until(again, "the second attempt")
            await printer.become(Ready())
            last = await page.hear()
            assert (last["status"], last["job_id"], last["evidence"]) == ("success", first["job_id"], "delivered")
            assert await printer.printed() == [b"^XA^FDhello^FS^XZ"]


async def test_a_page_is_told_in_time_that_nothing_was_printed_and_nothing_is_printed_later(tmp_path: Path) -> None:
    async with SocketPrinter(Away()) as printer:
        label = PrinterSetting("label", printer.uri, options=PrinterOptions(max_wait_s=3600))
        settings = settings_in(tmp_path, printers=(label,))
        page_rule = replace(settings.dialects.printerwebsocket, start_within_s=1)
        settings = replace(settings, dialects=replace(settings.dialects, printerwebsocket=page_rule))
        async with gateway(settings) as (_, app, _), app.page() as page:
            _, last = await page.print("label", "^XA^FDearly^FS^XZ")
            assert (last["status"], last["state"], last["reasons"]) == ("error", "canceled", ["too-late"])
            assert "nothing of it was printed" in last["message"]
            await printer.become(Ready())
            await page.print("label", "^XA^FDlate^FS^XZ")
            assert await printer.printed() == [b"^XA^FDlate^FS^XZ"]
            status, again = await app.call("POST", f"/v1/jobs/{last['job_id']}/reprint")
            assert (status, again["reprint_of"]) == (201, last["job_id"]), "one click prints it after all"
            assert (await printer.printed(2))[1] == b"^XA^FDearly^FS^XZ"


@asynccontextmanager
async def served(folder: Path, config: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, App, Path]]:
    """`fanfold serve` as a process of its own, with a configuration file."""
    file = folder / "fanfold.toml"
    file.write_text(config)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fanfold", "serve", "--config", str(file), "--listen", "127.0.0.1:0",
        env={**os.environ, "FANFOLD_DISCOVERY_CUPS": "false"},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with App(await _url(process)) as app:
            yield process, app, file
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP to send")
async def test_a_hangup_reads_the_configuration_again_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    config = 'data = "data"\n[printers.{}]\nuri = "file:paper"\n'
    async with served(tmp_path, config.format("one")) as (process, app, file), app.page() as page:

        async def names() -> list[str]:
            return [one["name"] for one in (await app.call("GET", "/v1/printers"))[1]["printers"]]

        async def shows(name: str) -> bool:
            return name in await names()

        async def complains() -> bool:
            lines: list[Any] = (await app.call("GET", "/v1/log"))[1]["lines"]
            return any("oops" in line["text"] and line["level"] == "error" for line in lines)

        assert await names() == ["one"]
        file.write_text(config.format("two"))
        process.send_signal(signal.SIGHUP)
        await until(lambda: shows("two"), "the new printer")
        assert await page.find() == ["two"], "the same connection goes on"
        file.write_text("oops = 1\n")
        process.send_signal(signal.SIGHUP)
        await until(complains, "the words about it")
        assert await names() == ["two"]
