"""The main path, whole: a page or an app prints, and the bytes come out of CUPS, a socket printer and a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fanfold.app import Gateway
from fanfold.config import Discovery, Listener, PrinterSetting, Settings
from fanfold.simulate.moods import SingleClient
from fanfold.simulate.socket import SocketPrinter
from tests.peers.app import App
from tests.peers.cupsd import Cupsd
from tests.peers.sink import Sink

README_LINES = ("SIZE 100 mm, 150 mm", "GAP 3 mm, 0", 'TEXT 100,100,"TSS24.BF2",0,1,1,"Hello World"', "PRINT 1,1")
"""The example of the original's README: four lines without line ends, which the gateway joins by CRLF."""
TSPL = "\r\n".join(README_LINES).encode()
ZPL = b"^XA^CI28^FO50,50^A0N,40,40^FDGr\xc3\xbc\xc3\x9fe^FS^XZ\n"
RECEIPT = b"\x1b@" + b"Caf\x82 2,50\n" + bytes(range(256)) + b"\x1dV\x42\x00"


@asynccontextmanager
async def gateway(folder: Path, **changes: Any) -> AsyncIterator[tuple[Gateway, App]]:
    settings = Settings(
        data=folder / "data", listeners=(Listener("127.0.0.1", 0),), discovery=Discovery(cups=False), drain_s=1
    )
    async with Gateway(replace(settings, **changes)) as running, App(running.urls[0]) as app:
        yield running, app


@pytest.fixture
async def house(tmp_path: Path, cups: Cupsd, sink: Sink) -> AsyncIterator[tuple[App, Sink, Sink, Path]]:
    """An app before a gateway with three ways to paper."""
    paper = tmp_path / "paper"
    async with Sink() as direct:
        printers = (
            PrinterSetting("by cups", cups.uri("raw1")),
            PrinterSetting("by socket", f"socket://127.0.0.1:{direct.port}"),
            PrinterSetting("by file", f"file:{paper}"),
        )
        async with gateway(tmp_path, printers=printers) as (_, app):
            yield app, sink, direct, paper


@pytest.mark.parametrize("printer", ["by cups", "by socket", "by file"])
async def test_every_kind_of_job_arrives_byte_for_byte(house: tuple[App, Sink, Sink, Path], printer: str) -> None:
    app, behind_cups, direct, paper = house
    async with app.page() as page:
        assert set(await page.find()) >= {"by cups", "by socket", "by file"}
        first, last = await page.print(printer, *README_LINES)
        assert (first["status"], first["status_code"]) == (f"Printing job started on {printer}", 1)
        assert (last["status"], last["message"], last["status_code"]) == ("success", f"Printed on {printer}", 0)
        assert last["evidence"] == "delivered"
    jobs = [last["job_id"]]
    for document in (ZPL, RECEIPT):
        job = await app.print(printer, document, wait="delivered")
        assert (job["state"], job["evidence"]) == ("completed", "delivered"), job
        jobs.append(job["id"])
    if printer == "by file":
        came_out = [next(paper.glob(f"{job}-*")).read_bytes() for job in jobs]
    else:
        came_out = await (behind_cups if printer == "by cups" else direct).ended(3)
    assert came_out == [TSPL, ZPL, RECEIPT]


async def test_queues_of_cups_are_printers_without_configuration_and_come_and_go(tmp_path: Path, cups: Cupsd) -> None:
    found = Discovery(cups_server=cups.server, interval_s=0.2)
    async with gateway(tmp_path, discovery=found) as (_, app):
        assert await _eventually(app, "raw1", "up or unknown")
        await cups.add_queue("late", "socket://127.0.0.1:9/?contimeout=1")
        assert await _eventually(app, "late", "up or unknown")
        await cups.admin("lpadmin", "-x", "late")
        gone = await _eventually(app, "late", "down")
        status, job = await app.call("POST", "/v1/jobs", json={"printer": "late", "text": "^XA^XZ"})
        assert (status, job["state"]) == (201, "pending")
        await cups.add_queue("late", "file:/dev/null")
        back = await _eventually(app, "late", "up or unknown")
        assert back["id"] == gone["id"] == job["printer"]
        assert (await _finished(app, job["id"]))["state"] == "completed"


async def test_a_stalled_job_is_canceled_in_cups_too(house: tuple[App, Sink, Sink, Path], cups: Cupsd) -> None:
    app, behind_cups, _, _ = house
    behind_cups.hold()
    job = await app.print("by cups", ZPL * 200_000, wait="sent")
    await behind_cups.arrived(1)
    status, canceled = await app.call("POST", f"/v1/jobs/{job['id']}/cancel")
    assert (status, canceled["state"]) == (200, "canceled"), canceled
    assert "not-completed" not in await cups.admin("lpstat", "-W", "not-completed", "-o")
    behind_cups.release()
    after = await app.print("by cups", RECEIPT, wait="delivered")
    assert after["state"] == "completed"


async def test_two_gateways_on_one_single_client_printer_both_get_their_jobs_out(tmp_path: Path) -> None:
    async with SocketPrinter(SingleClient()) as printer:
        shared = (PrinterSetting("till", printer.uri),)
        one, two = tmp_path / "one", tmp_path / "two"
        async with gateway(one, printers=shared) as (_, first), gateway(two, printers=shared) as (_, second):
            jobs = [
                app.print("till", b"^XA^FD%d-%d^FS^XZ" % (n, side), wait="delivered")
                for n in range(15)
                for side, app in enumerate((first, second))
            ]
            states = {job["state"] for job in await asyncio.gather(*jobs)}
            assert states == {"completed"}
        assert len(printer.paper) == len(set(printer.paper)) == 30


async def _eventually(app: App, name: str, reachable: str) -> Any:
    async with asyncio.timeout(20):
        while True:
            _, listed = await app.call("GET", "/v1/printers")
            for printer in listed["printers"]:
                if printer["name"] == name and printer["reachable"] in reachable:
                    return printer
            await asyncio.sleep(0.05)


async def _finished(app: App, job_id: str) -> Any:
    status, job = await app.call("GET", f"/v1/jobs/{job_id}")
    async with app.web.ws_connect(app.url + "/v1/ws", protocols=("fanfold.v1",)) as socket:
        await socket.send_json({"id": 1, "call": "jobs.follow", "params": {"job": job_id, "until": "printed"}})
        answer = await socket.receive_json(timeout=20)
    assert status == 200, job
    return answer["result"]
