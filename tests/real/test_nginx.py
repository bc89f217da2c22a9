"""Printers that dial in through a real nginx with TLS: what they are sent arrives, and their lines stay up.

`TRUE_TIMES=1` lets it run with nginx's true time-outs too, 60 s and 120 s, which takes six minutes more.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fanfold.app import Gateway
from fanfold.config import Discovery, Door, Listener, PrinterSetting, Proof, Settings, Weblink
from fanfold.simulate.weblink import Account, Switches, WeblinkPrinter
from tests.peers.app import App
from tests.peers.nginx import Nginx, private_nginx

SERIAL = "XXZKJ181100170"
SECRET = "a-secret-of-this-test-only"
LINES = ("^XA^CI28", "^FX UUID: #4711", "^FO50,50^A0N,40,40^FDGrüße^FS", "^PQ2", "^XZ")
ZPL = "\r\n".join(LINES).encode()
IMAGE = b"^XA^FO0,0^GFB,512,512,16," + bytes(range(256)) * 2 + b"^FS^XZ"

TIMES = [(2.0, 0.7)]
TRUE_TIMES = [(60.0, 20.0), (120.0, 20.0)]
"""nginx's `proxy_read_timeout` (its default; what users of zebra_ws_print raised it to), and our `ping_s`'s default."""


@dataclass(frozen=True)
class House:
    """A gateway, nginx before the door that printers knock at, and an app."""

    app: App
    old_app: App
    """One that speaks zebra_ws_print."""
    nginx: Nginx

    @asynccontextmanager
    async def printer(self, **switches: Any) -> AsyncIterator[WeblinkPrinter]:
        """A printer that is there, and whose every word goes through nginx."""
        account = Account(self.nginx.certificate.trust())
        told = Switches(**{"retry_s": 0.2, "ping_s": 0, **switches})
        async with WeblinkPrinter(f"{self.nginx.url}/weblink/{SECRET}", SERIAL, told, account=account) as printer:
            await printer.opened("raw")
            yield printer

    async def submit(self, document: bytes) -> str:
        """Return the id of a new job."""
        return str((await self.app.print("Packing", document))["id"])

    async def known(self, job: str, until: str) -> Any:
        """Return the job when so much is known of it, or when that will not be known."""
        async with self.app.web.ws_connect(self.app.url + "/v1/ws", protocols=("fanfold.v1",)) as socket:
            await socket.send_json({"id": 1, "call": "jobs.follow", "params": {"job": job, "until": until}})
            return (await socket.receive_json(timeout=25))["result"]


@asynccontextmanager
async def house(folder: Path, *, read_timeout_s: float = 60, ping_s: float = 20) -> AsyncIterator[House]:
    secret = folder / "secret"
    secret.write_text(SECRET)
    settings = Settings(
        data=folder / "data",
        listeners=(
            Listener("127.0.0.1", 0),
            Listener("127.0.0.1", 0, doors=(Door.WEBLINK,), proof=(Proof.PATH,), secret_file=secret),
            Listener("127.0.0.1", 0, doors=(Door.ZEBRA_WS_PRINT,)),
        ),
        printers=(PrinterSetting("Packing", f"weblink:{SERIAL}", aliases=(SERIAL,)),),
        discovery=Discovery(cups=False),
        weblink=Weblink(ping_s=ping_s, dead_after_s=3 * ping_s + 10),
        drain_s=1,
    )
    async with Gateway(settings) as running:
        urls = running.urls
        port = int(urls[1].rstrip("/").rpartition(":")[2])
        async with (
            private_nginx(folder, port, read_timeout_s=read_timeout_s) as nginx,
            App(urls[0]) as app,
            App(urls[2]) as old_app,
        ):
            yield House(app, old_app, nginx)


async def test_a_page_and_an_app_print_byte_for_byte_and_it_is_known_to_be_printed(tmp_path: Path) -> None:
    async with house(tmp_path) as here, here.printer() as printer:
        async with here.app.page() as page:
            first, last = await page.print("Packing", *LINES)
        assert (first["status_code"], last["status"]) == (1, "success"), last
        jobs = [await here.known(job, "printed") for job in (last["job_id"], await here.submit(IMAGE))]
        assert [(job["state"], job["evidence"]) for job in jobs] == [("completed", "printed")] * 2, jobs
        assert printer.labels == 3
        assert ZPL in printer.received
        assert IMAGE in printer.received
        assert printer.printed == [ZPL, IMAGE]
        assert here.nginx.cut() == 0


async def test_an_app_of_zebra_ws_print_prints_asks_and_sees_its_printer(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        label = "\n".join(LINES)
        body = json.dumps({"sn": SERIAL, "data": label}, ensure_ascii=False).replace("\\n", "\n")
        assert (await _say(here.old_app, "GET", "/list_printers")) == (200, "")
        assert (await _say(here.old_app, "POST", "/print_ng", body))[0] == 503
        async with here.printer() as printer:
            assert (await _say(here.old_app, "POST", "/print_ng", body)) == (200, ".")
            await printer.labels_out(2)
            assert printer.printed == [label.encode()]
            listed = f"\n[{SERIAL}] - main\n[{SERIAL}] - raw\n"
            assert (await _say(here.old_app, "GET", "/list_printers")) == (200, listed)
            ask = json.dumps({"printer_id": SERIAL, "sgd_command": '{}{"device.unique_id":null}'})
            status, said = await _say(here.old_app, "POST", "/sgd", ask)
            assert (status, SERIAL in said) == (200, True), said
        _, listed_jobs = await here.app.call("GET", "/v1/jobs")
        assert [job["external_id"] for job in listed_jobs["jobs"]] == ["4711"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("read_timeout_s", "ping_s"), TIMES + (TRUE_TIMES if os.environ.get("TRUE_TIMES") else []))
async def test_our_pings_keep_an_idle_line_up_beyond_nginx_s_time_out(
    tmp_path: Path, read_timeout_s: float, ping_s: float
) -> None:
    async with house(tmp_path, read_timeout_s=read_timeout_s, ping_s=ping_s) as here, here.printer() as printer:
        lines = printer.channels()
        for _ in range(2):
            await here.nginx.patience_ends()
        assert (here.nginx.cut(), printer.dials) == (0, 2)
        assert printer.channels() == lines
        job = await here.known(await here.submit(ZPL), "printed")
        assert (job["evidence"], printer.printed) == ("printed", [ZPL])


async def test_without_our_pings_nginx_cuts_it_and_still_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    async with house(tmp_path, read_timeout_s=1, ping_s=600) as here, here.printer(retry_s=0.4) as printer:
        documents = [b"^XA^FO50,50^FDLabel %d^FS^XZ" % number for number in range(3)]
        for document in documents:
            await printer.alone()
            job = await here.submit(document)  # while it is away
            await printer.formats_out(1 + documents.index(document))
            assert (await here.known(job, "delivered"))["state"] == "completed"
        assert printer.printed == documents
        assert here.nginx.cut() >= len(documents)


async def test_a_killed_nginx_takes_every_line_down_and_each_job_prints_once_when_it_is_back(tmp_path: Path) -> None:
    async with house(tmp_path) as here, here.printer() as printer:
        await here.nginx.kill()
        await printer.alone()
        jobs = [await here.submit(ZPL), await here.submit(IMAGE)]
        await here.nginx.start()
        ended = await asyncio.gather(*(here.known(job, "printed") for job in jobs))
        assert [(job["state"], job["evidence"]) for job in ended] == [("completed", "printed")] * 2, ended
        assert printer.printed == [ZPL, IMAGE]


async def test_who_does_not_know_the_secret_gets_no_line_through_nginx_either(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        account = Account(here.nginx.certificate.trust())
        url = f"{here.nginx.url}/weblink/another-secret-of-nobody"
        async with WeblinkPrinter(url, SERIAL, Switches(retry_s=0.1), account=account) as stranger:
            await stranger.until(lambda: stranger.dials > 1)
            assert not stranger.channels("main")
            assert "403" in stranger.log[-1]


async def _say(app: App, method: str, path: str, body: str = "") -> tuple[int, str]:
    async with app.web.request(method, app.url + path, data=body.encode() or None) as answer:
        return answer.status, await answer.text()
