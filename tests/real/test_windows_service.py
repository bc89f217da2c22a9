"""Fanfold as a service of Windows, and Windows' users, as far as Wine shows them: its service manager is a real one."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.peers.app import App
from tests.peers.processes import answers, free_port
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


PREPARE = """
import os, pathlib, sys, winreg
path = r"Software\\Python\\PythonCore\\%d.%d\\PythonPath\\Fanfold" % sys.version_info[:2]
with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, path) as key:  # a service does not see this program's environment
    winreg.SetValueEx(key, "", 0, winreg.REG_SZ, os.environ["PYTHONPATH"])
own = pathlib.Path(os.environ["PROGRAMDATA"], "Fanfold")
own.mkdir()
(own / "fanfold.toml").write_text(sys.argv[1])
print(own)
"""
MALLORYS = 4711
SETTINGS = """\
drain_s = 0.5
[discovery]
windows = false
[[listeners]]
address = "127.0.0.1"
port = {port}
[[printers]]
name = "till"
uri = "file:{paper}"
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


async def test_the_gateway_is_a_service_of_windows_from_install_to_remove(wine: Windows, tmp_path: Path) -> None:
    port = free_port()
    paper = quote(wine.path(tmp_path / "paper").replace("\\", "/"), safe="/:")
    own = (await wine.does("-c", PREPARE, SETTINGS.format(port=port, paper=paper))).strip()

    async def service(*words: str) -> tuple[int, str]:
        code, said, complained = await wine.run("-P", "-m", "fanfold", "service", *words)
        return code, (said + complained).decode()

    code, said = await service("install")
    assert code == 0, said
    assert f"It answers at http://127.0.0.1:{port}" in said
    assert 'token_file = "token"' in said
    code, said = await service("status", "--json")
    told = json.loads(said)
    assert (code, told["installed"], told["running"], told["runs_as"]) == (0, True, True, "LocalSystem")
    assert (told["data"], told["log"]) == (f"{own}\\data", f"{own}\\logs\\fanfold.log")
    async with App(f"http://127.0.0.1:{port}") as app:
        job = await app.print("till", b"^XA^XZ", wait="delivered")
        assert job["state"] == "completed"
    assert await printed(tmp_path / "paper") == [b"^XA^XZ"]

    code, said = await service("install")
    assert (code, "is up to date" in said) == (0, True), said
    code, said = await wine_serve(wine)
    assert (code, "runs as a service already" in said) == (5, True), said

    code, said = await service("remove")
    assert (code, f"{own}\\data" in said) == (0, True), said
    assert not await answers(port)
    log = await wine.does("-c", f"print(open({told['log']!r}).read())")
    assert "stopping: no new work" in log, log
    assert "ERROR" not in log, log
    code, said = await service("status", "--json")
    assert (code, json.loads(said)["installed"]) == (3, False)

    await wine.does("-c", f"open({told['settings']!r}, 'a').write('[nonsense]')")
    code, said = await service("install")
    assert (code, "but it is stopped" in said) == (1, True), said
    log = await wine.does("-c", f"print(open({told['log']!r}).read())")
    assert "nonsense" in log, log


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give files away")
async def test_what_somebody_else_put_into_the_services_folder_is_not_done_as_localsystem(wine: Windows) -> None:
    own = (await wine.does("-c", PREPARE, "[access]\nusers = ['mallory']\n")).strip()
    folder = wine._prefix / "drive_c" / own.removeprefix("C:\\").replace("\\", "/")
    for planted in (folder / "fanfold.toml", folder):
        os.chown(planted, MALLORYS, MALLORYS)
        code, _, complained = await wine.run("-P", "-m", "fanfold", "service", "install")
        assert (code, f"{own} was made by" in complained.decode()) == (1, planted == folder), complained
        assert planted.name in complained.decode()
        assert "takeown" in complained.decode()
        assert not (folder / "token").exists()
        os.chown(planted, 0, 0)


async def wine_serve(wine: Windows) -> tuple[int, str]:
    code, said, complained = await wine.run("-m", "fanfold", "serve")
    return code, (said + complained).decode()


async def printed(paper: Path) -> list[bytes]:
    return await asyncio.to_thread(lambda: [sheet.read_bytes() for sheet in sorted(paper.glob("[!.]*"))])
