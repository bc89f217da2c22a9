"""Runs the browser's scripts in Node: their own tests, whole pages over real sockets, and a whole gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from fanfold.app import Gateway
from fanfold.config import Discovery, Listener, PrinterSetting, Settings, words
from fanfold.dialects.printerwebsocket import PrinterWebSocket, PrinterWebSocketSettings
from fanfold.model import Evidence, JobState
from fanfold.scouts import mdns_names
from fanfold.simulate.moods import Ready, ResetsAfter
from fanfold.simulate.socket import SocketPrinter
from fanfold.simulate.weblink import Discovery as Packet
from fanfold.simulate.weblink import Switches, WeblinkPrinter
from tests.js import nodes
from tests.peers.announcer import announcer, token
from tests.peers.app import App
from tests.transcripts.scripted import Conversation, ScriptedEngine

HERE = Path(__file__).parent
PAGE = HERE.parent / "peers" / "page.mjs"
pytestmark = pytest.mark.real


async def test_the_scripts_pass_their_own_tests() -> None:
    output = await nodes.run("--test", "--test-reporter=tap", *map(str, sorted(HERE.glob("*.test.mjs"))))
    assert "# fail 0" in output


# --- at the dialect alone


@asynccontextmanager
async def scripted(engine: ScriptedEngine) -> AsyncIterator[str]:
    """Serve the dialect with an engine that answers a little later, and prints each job as soon as it is followed."""

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        talk = Conversation(PrinterWebSocket(PrinterWebSocketSettings, request.path_qs), engine)
        async with asyncio.TaskGroup() as later:
            async for message in socket:
                assert message.type is WSMsgType.TEXT
                talk.slow = True
                talk.receive(message.data)
                later.create_task(answer(talk, socket))
        return socket

    async def answer(talk: Conversation, socket: web.WebSocketResponse) -> None:
        talk.answer_all()
        for wait in list(engine.waits):
            done = {"state": JobState.COMPLETED, "evidence": Evidence.DELIVERED}
            talk.replies(engine.change_job(wait.follow.job, **done))
        talk.tell_events()
        while talk.sent:
            await socket.send_str(talk.sent.pop(0))

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def page(which: str, url: str) -> dict[str, Any]:
    saw: dict[str, Any] = json.loads(await nodes.run(str(PAGE), which, url, "P1"))
    return saw


def works_as_ever(saw: dict[str, Any]) -> None:
    assert saw["printers"] == ["P1"]
    assert saw["again"] == [1] * 30
    assert saw["dropdown"] == []
    assert saw["statusAfterPrint"] == "idle"
    assert (saw["jobs"], saw["statuses"]) == (33, ["success"])


async def test_a_page_of_the_original_client_works_unchanged() -> None:
    engine = ScriptedEngine()
    engine.add_printer("P1")
    async with scripted(engine) as url:
        works_as_ever(await page("original", url))


async def test_a_page_with_our_script_learns_what_became_of_its_jobs() -> None:
    engine = ScriptedEngine()
    engine.add_printer("P1")
    async with scripted(engine) as url:
        saw = await page("fanfold", url)
    assert saw["printers"] == ["P1"]
    assert [(one["job_id"], one["evidence"]) for one in saw["done"]] == [("job-1", "delivered"), ("job-2", "delivered")]
    assert saw["refused"]["code"] == "unknown-printer"
    assert [submit.document for submit in engine.submitted] == ["A\né", "SIZE 1 mm\r\nPRINT 1,1"]
    assert saw["events"] == ["completed", "completed"]


# --- at a whole gateway


@asynccontextmanager
async def gateway(folder: Path, *printers: PrinterSetting) -> AsyncIterator[str]:
    listeners = (Listener("127.0.0.1", 0),)
    settings = Settings(folder / "data", listeners=listeners, printers=printers, discovery=Discovery(cups=False))
    async with Gateway(settings) as running:
        yield running.urls[0].rstrip("/")


async def test_both_scripts_print_at_a_whole_gateway(tmp_path: Path) -> None:
    paper = tmp_path / "paper"
    async with gateway(tmp_path, PrinterSetting("P1", f"file:{paper}")) as url:
        works_as_ever(await page("original", url.replace("http", "ws")))
        saw = await page("fanfold", url.replace("http", "ws"))
    assert [one["evidence"] for one in saw["done"]] == ["delivered", "delivered"]
    assert len(list(paper.iterdir())) == 35
    sheets = [next(paper.glob(f"{one['job_id']}*")).read_bytes() for one in saw["done"]]
    assert sheets == [b"A\n\xc3\xa9", b"SIZE 1 mm\r\nPRINT 1,1"]


async def test_the_page_shows_a_doubt_and_takes_the_decision(tmp_path: Path) -> None:
    async with (
        SocketPrinter(ResetsAfter(8)) as printer,
        gateway(tmp_path, PrinterSetting("Kitchen", printer.uri)) as url,
        App(url) as app,
    ):
        job = await app.print("Kitchen", b"^XA^FDhello^FS^XZ" * 1000, wait="delivered", title="Receipt 1")
        assert job["state"] == "held"
        await printer.become(Ready())
        saw = json.loads(await nodes.run(str(HERE / "dashboard.mjs"), url))
        assert len(await printer.printed()) == 1
    assert saw["connection"] == "Live"
    assert "may have printed; decide" in saw["held"]
    assert "native" in saw["clients"]
    assert "taken for printed; nothing proves it" in saw["decided"]
    assert saw["notice"] == ""


async def test_printers_that_dial_in_are_let_in_and_rejected_by_the_pages_buttons(tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    door = Listener("127.0.0.1", 0, doors=(words.Door.WEBLINK,), proof=(words.Proof.NONE,))
    listeners = (Listener("127.0.0.1", 0), door)
    settings = Settings(tmp_path / "data", listeners=listeners, discovery=Discovery(cups=False))
    async with Gateway(settings) as running:
        url, dialled = (one.rstrip("/") for one in running.urls)
        packet, soon = Packet(name=hostile, product=hostile), Switches(retry_s=0.1)
        async with (
            WeblinkPrinter(f"{dialled}/weblink", "50J1", soon, discovery=packet),
            WeblinkPrinter(f"{dialled}/weblink", "50J2", soon, discovery=packet),
        ):
            saw = json.loads(await nodes.run(str(HERE / "newcomers.mjs"), url, "50J1", "50J2"))
    assert hostile in saw["asks"]
    assert "Dock <b>1</b>" in saw["card"]
    assert hostile in saw["card"]
    assert saw["images"] == 0
    assert saw["newcomersHidden"]
    assert saw["notice"] == ""


async def test_a_printer_in_the_network_is_found_and_added_by_the_pages_buttons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mdns_names, "addresses_of", lambda _: frozenset())
    word = token()
    hostile = f"<img src=x onerror=alert(1)> {word}"
    discovery = Discovery(cups=False, usb=False, interfaces=("127.0.0.1",))
    settings = Settings(tmp_path / "data", listeners=(Listener("127.0.0.1", 0),), discovery=discovery)
    async with Gateway(settings) as running, announcer(f"page-{word}") as host:
        await host.announce((hostile, "_pdl-datastream._tcp", 9107, {"ty": "Zebra ZD420", "usb_CMD": "ZPL"}))
        saw = json.loads(await nodes.run(str(HERE / "found.mjs"), running.urls[0].rstrip("/"), word))
    assert saw["before"] == "", "nothing is looked for before a person asks"
    assert hostile in saw["found"]
    assert "Zebra ZD420 · zpl" in saw["found"]
    assert saw["images"] == 0
    assert "socket://127.0.0.1:9107" in saw["printers"]
    assert saw["lookHidden"]
    assert saw["notice"] == ""
