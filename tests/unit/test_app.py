"""The gateway put together: what only shows when all the rooms are there."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError

from fanfold import app
from fanfold.app import Gateway, allow_files
from fanfold.config import (
    Access,
    Dialects,
    Discovery,
    Door,
    Listener,
    PrinterSetting,
    PrinterWebSocket,
    Proof,
    Settings,
    StatusCodes,
    Weblink,
)
from fanfold.errors import CannotStart
from fanfold.simulate.moods import Answers, Stalled
from fanfold.simulate.socket import SocketPrinter
from fanfold.simulate.weblink import Switches, WeblinkPrinter
from tests.peers.app import App

FOREIGN = "https://shop.example.com"
ZPL = b"^XA^FDhello^FS^XZ"


def settings_in(folder: Path, **changes: Any) -> Settings:
    plain = Settings(
        data=folder / "data",
        drain_s=0.2,
        listeners=(Listener("127.0.0.1", 0),),
        discovery=Discovery(cups=False),
        printers=(PrinterSetting("till", f"file:{folder / 'paper'}", ("receipt",)),),
    )
    return replace(plain, **changes)


@asynccontextmanager
async def gateway(settings: Settings) -> AsyncIterator[tuple[Gateway, App, list[Settings]]]:
    """A gateway, an app before it, and the settings that it reads again (the last of the list)."""
    shelf = [settings]
    async with Gateway(settings, lambda: shelf[-1]) as running, App(running.urls[0]) as app:
        yield running, app, shelf


async def test_a_reload_remaps_status_codes_and_aliases_and_drops_nobody(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with gateway(settings) as (_, app, shelf), app.page() as page:
        first, last = await page.print("receipt", "^XA^XZ")
        assert (first["status_code"], last["status_code"]) == (1, 0)
        codes = StatusCodes(IDLE=10, PRINTING=14, ERROR=13)
        shelf.append(
            replace(
                settings,
                dialects=Dialects(PrinterWebSocket(status_codes=codes)),
                printers=(replace(settings.printers[0], aliases=("bon",)),),
            )
        )
        status, done = await app.call("POST", "/v1/reload")
        assert (status, done["notes"]) == (200, ["printer till: changed"])
        first, last = await page.print("bon", "^XA^XZ")
        assert (first["status_code"], last["status_code"]) == (14, 10)
        _, refused = await page.print("receipt", "^XA^XZ")
        assert (refused["status"], refused["status_code"]) == ("error", 13)


async def test_a_bad_configuration_is_refused_by_a_reload_and_the_old_one_stays(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with gateway(settings) as (_, app, shelf):
        moved = replace(settings.printers[0], uri=f"file:{tmp_path / 'elsewhere'}")
        shelf.append(replace(settings, printers=(moved, PrinterSetting("x", "nonsense:1"))))
        status, problem = await app.call("POST", "/v1/reload")
        assert (status, problem["code"]) == (422, "bad-config")
        without_token = replace(settings.access, origins=(FOREIGN,), token_file=tmp_path / "no such file")
        shelf.append(replace(settings, access=without_token, printers=(moved,)))
        status, problem = await app.call("POST", "/v1/reload")
        assert (status, problem["code"]) == (422, "bad-config")
        _, origins = await app.call("GET", "/v1/access/origins")
        assert origins["configured"] == []
        _, printer = await app.call("GET", "/v1/printers/till")
        assert printer["uri"] == settings.printers[0].uri
        assert (await app.print("till", ZPL, wait="delivered"))["state"] == "completed"


async def test_a_reload_reads_what_printers_must_prove_again_or_takes_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "weblink.secret"
    secret.write_text("s3cret-of-sixteen")
    doors = Listener("127.0.0.1", 0, doors=(Door.WEBLINK,), proof=(Proof.PATH,), secret_file=secret)
    settings = settings_in(tmp_path, listeners=(Listener("127.0.0.1", 0), doors))

    async def comes_in(running: Gateway, last: str) -> bool:
        async with ClientSession() as client:
            try:
                url = f"{running.urls[1]}/weblink/{last}"
                async with client.ws_connect(url, protocols=("v1.weblink.zebra.com",)):
                    return True
            except WSServerHandshakeError:
                return False

    async with gateway(settings) as (running, app, shelf):
        assert await comes_in(running, "s3cret-of-sixteen")
        secret.write_text("an0ther-of-sixteen")
        status, done = await app.call("POST", "/v1/reload")
        assert (status, done["notes"]) == (200, ["listener 127.0.0.1:0: secret read again"])
        assert not await comes_in(running, "s3cret-of-sixteen")
        secret.write_text("short")
        shelf.append(replace(settings, access=Access(origins=(FOREIGN,))))
        status, problem = await app.call("POST", "/v1/reload")
        assert (status, problem["code"]) == (422, "bad-config")
        assert "at least 16" in problem["detail"]
        _, origins = await app.call("GET", "/v1/access/origins")
        assert origins["configured"] == []
        assert await comes_in(running, "an0ther-of-sixteen")


async def test_what_is_set_for_printers_that_dial_in_holds_for_their_lines(tmp_path: Path) -> None:
    serial, scanner = "50J164800001", "capture.channel2.data.raw"
    settings = settings_in(
        tmp_path,
        listeners=(Listener("127.0.0.1", 0, doors=(Door.WEBLINK,), proof=(Proof.NONE,)),),
        printers=(PrinterSetting("dock", f"weblink:{serial}"),),
        weblink=Weblink(scans=(scanner,), message_bytes=4096),
    )
    quick = Switches(retry_s=0.05)
    async with Gateway(settings) as running, WeblinkPrinter(running.urls[0], serial, quick) as printer:
        await printer.until(lambda: scanner in printer.alert_entries)
        await printer.opened("raw")
        (main,) = printer.channels("main")
        main.send(b'{"alert": {"x": "%s"}}' % (b"x" * 4096))
        await printer.until(lambda: main not in printer.channels())


async def test_a_reload_ends_the_connections_that_it_would_not_let_in(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("the-first-token-of-it")
    settings = settings_in(tmp_path, access=Access(origins=(FOREIGN,), token_file=token))
    async with gateway(settings) as (_, app, shelf), ClientSession() as web:
        page = await web.ws_connect(app.url, origin=FOREIGN)
        holder = await web.ws_connect(app.url, headers={"Authorization": "Bearer the-first-token-of-it"})
        local = await web.ws_connect(app.url)
        token.write_text("another-token-than-it")
        shelf.append(replace(settings, access=replace(settings.access, origins=())))
        assert (await app.call("POST", "/v1/reload"))[0] == 200
        for ended in (page, holder):
            over = await ended.receive()
            assert (over.type, over.data) == (WSMsgType.CLOSE, 1008)
        _, clients = await app.call("GET", "/v1/clients")
        assert len(clients["clients"]) == 1, "who needs neither origin nor token stays"
        assert not local.closed


async def test_a_page_is_let_in_by_a_persons_word_and_put_out_by_it(tmp_path: Path) -> None:
    async with gateway(settings_in(tmp_path)) as (_, app, _):
        with pytest.raises(WSServerHandshakeError, match="403"):
            async with app.page(origin=FOREIGN):
                pass
        status, origins = await app.call("POST", "/v1/access/origins", json={"origin": FOREIGN})
        assert (status, origins["allowed"]) == (200, [FOREIGN])
        async with app.page(origin=FOREIGN) as page:
            assert await page.find() == ["till"]
            await app.call("DELETE", "/v1/access/origins", params={"origin": FOREIGN})
            closing = await page.socket.receive(timeout=10)
            assert closing.type.name in {"CLOSE", "CLOSED", "CLOSING"}


async def test_an_allowed_origin_lasts_over_a_restart(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with gateway(settings) as (_, app, _):
        await app.call("POST", "/v1/access/origins", json={"origin": FOREIGN})
    async with gateway(settings) as (_, app, _), app.page(origin=FOREIGN) as page:
        assert await page.find() == ["till"]


async def test_a_second_gateway_on_the_same_data_is_refused_in_words(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with gateway(settings):
        with pytest.raises(CannotStart, match="Another gateway"):
            await Gateway(settings).__aenter__()


async def test_a_printer_with_an_unknown_scheme_keeps_the_gateway_from_starting_in_words(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, printers=(PrinterSetting("x", "carrier-pigeon:1"),))
    with pytest.raises(CannotStart, match="carrier-pigeon"):
        await Gateway(settings).__aenter__()
    async with gateway(settings_in(tmp_path)):
        pass  # the data was let go


async def test_a_listener_for_others_asks_for_the_token(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-secret-of-this-shop\n")
    wide = settings_in(tmp_path, listeners=(Listener("0.0.0.0", 0),), access=Access(token_file=token))
    async with Gateway(wide) as running, App(running.urls[0].replace("0.0.0.0", "127.0.0.1")) as app:
        assert (await app.call("GET", "/v1/printers"))[0] == 401
        key = {"Authorization": "Bearer a-secret-of-this-shop"}
        assert (await app.call("GET", "/v1/printers", headers=key))[0] == 200


async def test_a_pdf_for_a_raw_label_printer_is_refused_with_words(tmp_path: Path) -> None:
    async with SocketPrinter() as printer:
        settings = settings_in(tmp_path, printers=(PrinterSetting("label", printer.uri),))
        async with gateway(settings) as (_, app, _):
            body, kind = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", {"Content-Type": "application/pdf"}
            status, problem = await app.call("POST", "/v1/jobs?printer=label", data=body, headers=kind)
            assert (status, problem["code"]) == (415, "kind-not-accepted")
            assert "garbage" in problem["detail"]
            assert printer.visits == 0


async def test_a_drawer_pulse_is_canceled_when_its_printer_is_away_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.engine.upkeep.PULSE_WAIT_S", 0.3)
    away = settings_in(tmp_path, printers=(PrinterSetting("drawer", "socket://127.0.0.1:9"),))
    async with gateway(away) as (_, app, _):
        job = await app.print("drawer", b"\x1b@\x1bp\x00\x19\xfa", wait="delivered")
        assert (job["state"], job["pulse_only"], job["reasons"]) == ("canceled", True, ["too-late"])


async def test_printed_by_a_printer_that_answers_is_delivered_and_never_more(tmp_path: Path) -> None:
    async with SocketPrinter(Answers(b"OK", closes=False)) as printer:
        settings = settings_in(tmp_path, printers=(PrinterSetting("label", printer.uri),))
        async with gateway(settings) as (_, app, _):
            assert (await app.print("label", ZPL, wait="delivered"))["evidence"] == "delivered"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
async def test_a_stop_by_signal_drains_holds_the_rest_and_exits_with_0(tmp_path: Path) -> None:
    async with SocketPrinter(Stalled(), buffer_bytes=4096) as printer:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "fanfold", "serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0",
            "--printer", f"label={printer.uri}",
            env={"FANFOLD_DRAIN_S": "0.2", "FANFOLD_DISCOVERY_CUPS": "false", "PATH": ""},
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with App(await _url(process)) as app:
                job = await app.print("label", ZPL * 500_000)
                await printer.visited()
                process.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(process.wait(), 15) == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        async with gateway(settings_in(tmp_path)) as (_, app, _):
            held = await app.job(job["id"])
            assert held["state"] == "held"
            assert {"delivery-uncertain", "gateway-shutdown"} <= set(held["reasons"])


async def _url(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(15):
        async for line in process.stderr:
            _, found, url = line.decode().partition("Fanfold answers at ")
            if found:
                return url.strip()
    raise AssertionError("the gateway did not say where it answers")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_run_makes_room_for_thousands_of_printers_before_the_first_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []

    async def serve(*_: object) -> None:
        done.append("serves")

    monkeypatch.setattr(app, "spare_memory", lambda: done.append("memory"))
    monkeypatch.setattr(app, "allow_files", done.append)
    monkeypatch.setattr(app, "_serve", serve)
    for module, name in ((gc, "set_threshold"), (sys, "setswitchinterval"), (signal, "signal")):
        monkeypatch.setattr(module, name, lambda *_: None)
    settings = settings_in(tmp_path)
    assert app.run(settings, lambda: settings) == 0
    assert done == ["memory", app.OPEN_FILES, "serves"]


def test_as_many_files_as_the_system_lets_may_be_open() -> None:
    import resource

    before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        allow_files(300)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (300, hard)
        allow_files(100)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (300, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))


EARLY_HANGUP = """
import os, signal
from fanfold import app
from fanfold.config import Settings

async def serve(*given):
    os.kill(os.getpid(), signal.SIGHUP)

app._serve = serve
app.run(Settings(), Settings)
print("alive")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
async def test_a_reload_asked_for_before_the_gateway_is_up_does_not_end_it() -> None:
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", EARLY_HANGUP, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, _ = await run.communicate()
    assert (run.returncode, said) == (0, b"alive\n")


STOPPED_FROM_OUTSIDE = """
import sys, threading
from dataclasses import replace
from pathlib import Path
from fanfold import app
from fanfold.config import Discovery, Listener, Settings

settings = Settings(data=Path(sys.argv[1]), listeners=(Listener("127.0.0.1", 0),), discovery=Discovery(cups=False))
ready, stops = threading.Event(), []

def on_ready(stop):
    stops.append(stop)
    ready.set()

gateway = threading.Thread(target=app.run, args=(settings, lambda: settings, on_ready))
gateway.start()
assert ready.wait(15)
stops[0]()
gateway.join(15)
assert not gateway.is_alive()
stops[0]()
print("stopped")
"""


async def test_a_gateway_in_another_thread_is_stopped_from_outside_as_often_as_one_likes(tmp_path: Path) -> None:
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STOPPED_FROM_OUTSIDE, str(tmp_path / "data"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, complained = await asyncio.wait_for(run.communicate(), 19)
    assert said.strip() == b"stopped", complained.decode()
    assert b"stopping: no new work" in complained
