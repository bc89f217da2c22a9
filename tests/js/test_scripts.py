"""Runs the browser's scripts in Node: their own tests, then whole pages over real sockets against the dialect."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from fanfold.dialects.printerwebsocket import PrinterWebSocket, PrinterWebSocketSettings
from fanfold.model import Evidence, JobState
from tests.transcripts.scripted import Conversation, ScriptedEngine

HERE = Path(__file__).parent
PAGE = HERE.parent / "peers" / "page.mjs"
pytestmark = pytest.mark.real


@pytest.fixture
def node() -> str:
    found = shutil.which("node")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("node is missing; install Node.js 20 or newer")
    if found is None:
        pytest.skip("node is missing; install Node.js 20 or newer to test the browser's scripts")
    return found


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    return output


async def test_the_scripts_pass_their_own_tests(node: str) -> None:
    output = await run(node, "--test", *map(str, sorted(HERE.glob("*.test.mjs"))))
    assert "# fail 0" in output


@asynccontextmanager
async def gateway(engine: ScriptedEngine) -> AsyncIterator[str]:
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


async def page(node: str, which: str, engine: ScriptedEngine) -> dict[str, Any]:
    async with gateway(engine) as url:
        saw: dict[str, Any] = json.loads(await run(node, str(PAGE), which, url, "P1"))
    return saw


async def test_a_page_of_the_original_client_works_unchanged(node: str) -> None:
    engine = ScriptedEngine()
    engine.add_printer("P1")
    saw = await page(node, "original", engine)
    assert saw["printers"] == ["P1"]
    assert saw["again"] == [1] * 30
    assert saw["dropdown"] == []
    assert saw["statusAfterPrint"] == "idle"
    assert (saw["jobs"], saw["statuses"]) == (33, ["success"])


async def test_a_page_with_our_script_learns_what_became_of_its_jobs(node: str) -> None:
    engine = ScriptedEngine()
    engine.add_printer("P1")
    saw = await page(node, "fanfold", engine)
    assert saw["printers"] == ["P1"]
    assert [(one["job_id"], one["evidence"]) for one in saw["done"]] == [("job-1", "delivered"), ("job-2", "delivered")]
    assert saw["refused"]["code"] == "unknown-printer"
    assert [submit.document for submit in engine.submitted] == ["A\né", "SIZE 1 mm\r\nPRINT 1,1"]
    assert saw["events"] == ["completed", "completed"]
