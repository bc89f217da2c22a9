"""Fanfold as a service of Windows, and Windows' users, as far as Wine shows them: its service manager is a real one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from tests.peers.wine import Windows, windows

pytestmark = pytest.mark.timeout(180)

USERS = """
import asyncio, json, os, socket
from fanfold.server import peer_windows as told
from fanfold.server.arrival import Neighbour

system = told.Windows()
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as peer:
    ours, _ = server.accept()
    ends = ours.getpeername(), ours.getsockname()
    real = asyncio.run(system.user(*ends))
    table = system._calls.table(socket.AF_INET)
    found = told.row_in(table, *ends) is not None
    rows = {True: told.Row(told.ESTABLISHED, os.getpid()), False: None}
    told.row_in = lambda table, peer, ours: rows[True]
    mine = asyncio.run(system.user(*ends))
    rows[True] = told.Row(told.ESTABLISHED, 0x7FFFFFF0)
    gone = asyncio.run(system.user(*ends))
    ours.close()
calls = system._calls
print(json.dumps({
    "sid": system._own, "name": calls.name_of(system._own), "nobody": calls.name_of("S-1-5-21-1-2-3-4"),
    "system": calls.name_of("S-1-5-18"), "table": found,
    "real": real == Neighbour(is_told=False), "mine": mine == Neighbour(is_house=True), "gone": gone == Neighbour(),
}))
"""


@pytest.fixture
async def wine() -> AsyncIterator[Windows]:
    async with windows() as wine:
        yield wine


async def test_windows_says_of_a_process_whose_it_is(wine: Windows) -> None:
    told = json.loads(await wine.does("-c", USERS))
    assert told["sid"].startswith("S-1-5-21-")
    assert told["name"].partition("\\")[2]
    assert told["nobody"] == "S-1-5-21-1-2-3-4"
    assert told["system"].partition("\\")[2] == "SYSTEM"
    assert told["table"]
    assert (told["mine"], told["gone"]) == (True, True)
    assert told["real"], "this Wine knows the processes of connections: test with those, and say so in docs/service.md"
