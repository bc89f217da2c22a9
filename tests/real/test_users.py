"""Several users of one machine before one gateway: real users, real sockets, a gateway of root's or of a user's own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.peers.app import App
from tests.peers.neighbour import Neighbour, as_user, neighbour
from tests.peers.processes import free_port, run

GATEWAYS, ANNAS, BERTAS = 4710, 4711, 4712
SHOP = "https://shop.example"
TOKEN = "a-token-that-is-long-enough"

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="users are Linux's here"),
    pytest.mark.skipif(sys.platform == "linux" and os.geteuid() != 0, reason="only root can be several users"),
]


@dataclass
class Machine:
    """A gateway, and who uses it: root, its own user (which may be root), and two others."""

    url: str
    root: App
    own: Neighbour
    anna: Neighbour
    berta: Neighbour


@asynccontextmanager
async def machine(folder: Path, uid: int) -> AsyncIterator[Machine]:
    """Run a gateway as that user."""
    port = free_port()
    (folder / "token").write_text(TOKEN)
    settings = folder / "fanfold.toml"
    settings.write_text(
        f'[access]\ntoken_file = "token"\norigins = ["{SHOP}"]\n[discovery]\ncups = false\n'
        f'[[printers]]\nname = "till"\nuri = "file:{folder}/paper"\n'
    )
    for path in (folder, settings, folder / "token"):
        os.chown(path, uid, uid)
    where = ("--config", str(settings), "--data", str(folder / "data"), "--listen", f"127.0.0.1:{port}")
    gateway = await asyncio.create_subprocess_exec(
        *as_user(uid), sys.executable, "-m", "fanfold", "serve", *where, stderr=asyncio.subprocess.PIPE
    )
    try:
        assert gateway.stderr is not None
        said = b""
        async with asyncio.timeout(30):
            while b"Fanfold answers at " not in said:
                line = await gateway.stderr.readline()
                assert line, f"the gateway did not start: {said.decode()}"
                said += line
        url = f"http://127.0.0.1:{port}"
        people = (neighbour(who, port) for who in (uid, ANNAS, BERTAS))
        async with App(url) as root, next(people) as own, next(people) as anna, next(people) as berta:
            yield Machine(url, root, own, anna, berta)
    finally:
        if gateway.returncode is None:
            gateway.terminate()
        await gateway.communicate()


TALK = """
import aiohttp, asyncio, json, sys

async def talk(url, frames):
    async with aiohttp.ClientSession() as web, web.ws_connect(url, protocols=("fanfold.v1",)) as line:
        for frame in frames:
            await line.send_json(frame)
            print(json.dumps(await line.receive_json(timeout=10)))

asyncio.run(talk(*json.loads(sys.argv[1])))
"""


async def talks(uid: int, url: str, *frames: dict[str, Any]) -> list[Any]:
    """Send frames of the native API by a WebSocket of that user's; return the answers."""
    asked = json.dumps([f"{url}/v1/ws", frames])
    said = await run(*as_user(uid), sys.executable, "-c", TALK, asked)
    return [json.loads(line) for line in said.splitlines()]


both = pytest.mark.parametrize("here", [0, GATEWAYS], ids=["of root", "of a user"], indirect=True)


async def document(who: Neighbour, job: Any, **headers: str) -> tuple[int, str]:
    status, said = await who.call("GET", f"/v1/jobs/{job['id']}/document", None, **headers)
    return status, said if isinstance(said, str) else said.get("code", "")


async def reprint(who: Neighbour, job: Any, **headers: str) -> tuple[int, str]:
    status, said = await who.call("POST", f"/v1/jobs/{job['id']}/reprint", b"", **headers)
    return status, said.get("code", "")


@pytest.fixture
async def here(request: pytest.FixtureRequest) -> AsyncIterator[Machine]:
    """A gateway of a user's, unless a test asks for root's too."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is closed to other users, again whenever one starts
        os.chmod(folder, 0o755)  # noqa: PTH101  # nothing else to do meanwhile
        async with machine(Path(folder), getattr(request, "param", GATEWAYS)) as running:
            yield running


@both
async def test_each_user_has_his_own_documents(here: Machine) -> None:
    job = await here.anna.print("till", b"annas secret")
    assert job["owner"] == f"local:#{ANNAS}"
    assert await document(here.anna, job) == (200, "annas secret")
    assert (await reprint(here.anna, job))[0] == 201
    assert await document(here.berta, job) == (403, "another-users")
    assert await reprint(here.berta, job) == (403, "another-users")
    assert await document(here.own, job) == (200, "annas secret")
    async with here.root.web.get(f"{here.url}/v1/jobs/{job['id']}/document") as answer:
        assert (answer.status, await answer.read()) == (200, b"annas secret")
    own = await here.own.print("till", b"the gateway's own")
    assert own["owner"] == "local"
    assert await document(here.anna, own) == (403, "another-users")


async def test_the_token_opens_every_document_and_a_wrong_one_none(here: Machine) -> None:
    job = await here.anna.print("till", b"annas secret")
    assert await document(here.berta, job, Authorization=f"Bearer {TOKEN}") == (200, "annas secret")
    assert await document(here.berta, job, Authorization="Bearer wrong") == (401, "wrong-token")
    assert (await reprint(here.berta, job, Authorization=f"Bearer {TOKEN}"))[0] == 201


async def test_what_a_page_sends_belongs_to_the_user_whose_browser_it_is(here: Machine) -> None:
    job = await here.anna.print("till", b"annas secret", Origin=SHOP)
    assert job["owner"] == SHOP
    assert await document(here.anna, job) == (200, "annas secret")
    assert await document(here.anna, job, Origin=SHOP) == (200, "annas secret")
    for headers in ({}, {"Origin": SHOP}, {"Origin": "http://localhost:3000"}, {"Origin": here.url}):
        assert await document(here.berta, job, **headers) == (403, "another-users")
        assert await reprint(here.berta, job, **headers) == (403, "another-users")


async def test_on_a_websocket_each_user_has_his_own_documents_too(here: Machine) -> None:
    params = {"printer": "till", "text": "annas secret", "wait": "delivered"}
    (sent,) = await talks(ANNAS, here.url, {"id": 1, "call": "jobs.submit", "params": params})
    job = {"job": sent["result"]["id"]}
    fetch, again = ({"id": 2, "call": f"jobs.{verb}", "params": job} for verb in ("document", "reprint"))
    add = {"id": 3, "call": "printers.add", "params": {"name": "mine", "uri": "file:/tmp/mine"}}
    for uid, fetched, reprinted, added in (
        (ANNAS, None, None, "not-trusted"),
        (BERTAS, "another-users", "another-users", "not-trusted"),
    ):
        answers = await talks(uid, here.url, fetch, again, add)
        assert [one.get("error", {}).get("code") for one in answers] == [fetched, reprinted, added], answers
    assert await document(here.anna, {"id": job["job"]}) == (200, "annas secret")
    assert await document(here.berta, {"id": job["job"]}) == (403, "another-users")


async def test_others_see_the_queue_and_change_nothing_that_is_the_houses(here: Machine) -> None:
    job = await here.anna.print("till", b"x")
    status, listed = await here.berta.call("GET", "/v1/jobs")
    assert (status, [one["id"] for one in listed["jobs"]]) == (200, [job["id"]])
    asked = b'{"name": "mine", "uri": "file:/tmp/mine"}'
    for headers in ({}, {"Origin": here.url}):
        status, said = await here.berta.call("POST", "/v1/printers", asked, Content_Type="application/json", **headers)
        assert (status, said["code"]) == (403, "not-trusted")
    status, _ = await here.own.call("POST", "/v1/reload", b"")
    assert status == 200


@both
@pytest.mark.parametrize("how", ["close", "reset"])
async def test_who_is_gone_before_anybody_looks_is_not_taken_for_root(here: Machine, how: str) -> None:
    job = await here.anna.print("till", b"annas secret")
    for _ in range(30):
        await here.berta.knock_and_run("POST", f"/v1/jobs/{job['id']}/reprint", how)
    last = await here.berta.print("till", b"last")
    status, listed = await here.root.call("GET", "/v1/jobs")
    assert (status, {one["id"] for one in listed["jobs"]}) == (200, {job["id"], last["id"]})


async def test_the_command_of_another_user_is_told_what_to_do(here: Machine) -> None:
    job = await here.anna.print("till", b"annas secret")
    command = [*as_user(BERTAS), sys.executable, "-m", "fanfold", "job", "reprint", job["id"]]
    with pytest.raises(RuntimeError, match="--token-file FILE"):
        await run(*command, env={"FANFOLD_URL": here.url})
    await run(*command, env={"FANFOLD_URL": here.url, "FANFOLD_TOKEN": TOKEN})


async def test_a_page_on_a_websocket_is_asked_once_and_known_for_as_long_as_it_stays(here: Machine) -> None:
    async with here.root.page(origin=SHOP) as page:
        _, last = await page.print("till", "^XA^XZ")
    job = await here.root.job(last["job_id"])
    assert await document(here.berta, job) == (403, "another-users")
    async with aiohttp.ClientSession() as web, web.get(f"{here.url}/v1/jobs/{job['id']}/document") as answer:
        assert answer.status == 200
