"""The service as systems start it: its unit before the real systemd's eyes, its command run with what systemd gives."""

from __future__ import annotations

import asyncio
import getpass
import os
import shlex
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path, PurePath

import pytest

from fanfold.cli.service import plan
from fanfold.cli.service.files import prepare
from fanfold.cli.service.plan import Plan
from fanfold.cli.service.systemd import unit
from tests.peers.app import App
from tests.peers.processes import free_port, need, run, until

READY_S = 30


def plan_in(folder: Path, *, is_machines: bool, log: bool = False) -> Plan:
    """A plan with all its places below a folder with a space in its name."""
    own = folder / "fan fold"
    return Plan(
        is_machines, plan.this_python(), own / "fanfold.toml", own / "data",
        own / "logs" / "fanfold.log" if log else None, own / "token" if is_machines else None, getpass.getuser(),
    )  # fmt: skip


def ready_to_run(made: Plan) -> int:
    """Make what the service finds; return its port."""
    prepare(made, [])
    Path(made.data).mkdir(exist_ok=True)
    port = free_port()
    append(made.config, f'\n[[listeners]]\naddress = "127.0.0.1"\nport = {port}\n')
    text = Path(made.config).read_text()
    Path(made.config).write_text(f"drain_s = 0.2\n{text}\n[discovery]\ncups = false\n")
    return port


def append(file: PurePath, text: str) -> None:
    with Path(file).open("a") as settings:
        settings.write(text)


def text_of(file: PurePath | None) -> str:
    return Path(file).read_text() if file and Path(file).exists() else ""


@asynccontextmanager
async def started(command: Sequence[str], env: dict[str, str], cwd: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(*command, env=env, cwd=cwd, stderr=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("is_machines", [True, False])
async def test_systemd_finds_no_fault_with_the_unit(tmp_path: Path, is_machines: bool) -> None:
    need("systemd-analyze")
    file = tmp_path / "fanfold.service"
    file.write_text(unit(plan_in(tmp_path, is_machines=is_machines), ("lp",)))
    scope = "--system" if is_machines else "--user"
    assert await run("systemd-analyze", "verify", scope, str(file), env={"XDG_RUNTIME_DIR": str(tmp_path)}) == ""


async def test_systemd_would_tell_of_a_fault_in_the_unit(tmp_path: Path) -> None:
    need("systemd-analyze")
    file = tmp_path / "fanfold.service"
    file.write_text(unit(plan_in(tmp_path, is_machines=True)).replace("ExecStart=", "ExecStart=/no/such"))
    with pytest.raises(RuntimeError, match="/no/such"):
        await run("systemd-analyze", "verify", "--system", str(file))


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")
async def test_the_units_command_says_that_it_is_ready_reloads_and_stops_as_systemd_asks(tmp_path: Path) -> None:
    made = plan_in(tmp_path, is_machines=False)
    port = ready_to_run(made)
    (line,) = [line for line in unit(made).splitlines() if line.startswith("ExecStart=")]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "STATE_DIRECTORY": str(made.data), "PATH": os.defpath}
        command = shlex.split(line.removeprefix("ExecStart="))
        async with started(command, env, Path("/")) as process, App(f"http://127.0.0.1:{port}") as app:
            async with asyncio.timeout(READY_S):
                assert await asyncio.get_running_loop().sock_recv(systemd, 100) == b"READY=1"
            status, health = await app.call("GET", "/v1/health")
            assert (status, health["ok"]) == (200, True)
            append(made.config, f'\n[[printers]]\nname = "late"\nuri = "file:{tmp_path}/paper"\n')
            process.send_signal(signal.SIGHUP)

            async def has_late() -> bool:
                _, listed = await app.call("GET", "/v1/printers")
                return [one["name"] for one in listed["printers"]] == ["late"]

            await until(has_late, "the printer of the reloaded settings")
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 15) == 0


async def test_a_service_that_keeps_its_own_log_writes_it_and_stops_cleanly(tmp_path: Path) -> None:
    made = plan_in(tmp_path, is_machines=True, log=True)
    port = ready_to_run(made)
    async with started(made.command, {"PATH": os.defpath}, Path(made.data)) as process:

        async def is_up() -> bool:
            return f"Fanfold answers at http://127.0.0.1:{port}" in text_of(made.log)

        await until(is_up, "the gateway", within_s=READY_S)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0
    assert "stopping: no new work" in text_of(made.log)


async def test_a_service_that_cannot_start_says_why_in_its_log(tmp_path: Path) -> None:
    made = plan_in(tmp_path, is_machines=True, log=True)
    ready_to_run(made)
    append(made.config, "\n[nonsense]\n")
    async with started(made.command, {"PATH": os.defpath}, Path(made.data)) as process:
        assert await asyncio.wait_for(process.wait(), READY_S) == 5
    assert "nonsense" in text_of(made.log)


async def test_a_second_gateway_is_told_which_one_answers_at_its_port(tmp_path: Path) -> None:
    made = plan_in(tmp_path, is_machines=False)
    port = ready_to_run(made)
    async with started(made.command, {"PATH": os.defpath}, Path("/")), App(f"http://127.0.0.1:{port}") as app:

        async def is_up() -> bool:
            try:
                return (await app.call("GET", "/v1/health"))[0] == 200
            except OSError:
                return False

        await until(is_up, "the first gateway", within_s=READY_S)
        second = [*plan.this_python(), "serve", "--data", str(tmp_path / "second"), "--listen", f"127.0.0.1:{port}"]
        async with started(second, {"PATH": os.defpath, "FANFOLD_DISCOVERY_CUPS": "false"}, tmp_path) as process:
            assert process.stderr is not None
            said = (await asyncio.wait_for(process.stderr.read(), READY_S)).decode()
            assert await process.wait() == 5
    assert f"A gateway answers there already: http://127.0.0.1:{port} (Fanfold " in said
