"""`fanfold doctor` beside a real gateway and a real CUPS: what a shop sends to its supporter, and what stays there."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.peers.app import App
from tests.peers.cupsd import Cupsd
from tests.peers.processes import answers, end, free_port, until
from tests.peers.sink import Sink

TOKEN = "token-4wzPq8vT0nJx"
SECRETS = {
    "the token": TOKEN,
    "a printer's password": "pass-9kLm2Qe7",
    "a printer's escaped password": "pass%2D9kLm2Qe7",
    "a webhook's secret": "YS13ZWJob29rLXNlY3JldC1vZi0zMi1ieXRlcy14eXo=",
    "a webhook's path": "T0B1-hookpath-77Yq",
    "a webhook's query": "sig-55RtUiOp",
    "a webhook's password": "hookpass-31Bv",
    "a printers' secret": "weblink-secret-abcdef0123456789",
    "a user's password": "userpass-66Gh",
    "a title": "Invoice-of-Mrs-Miller",
    "a document": "Dear-Mrs-Miller",
    "a key": "idempotency-5512",
    "the environment's token": "envtoken-aa71bb",
}


@dataclass
class Shop:
    """A gateway with secrets everywhere."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def doctor(self, *arguments: str, token: str = TOKEN) -> tuple[int, str]:
        """Run the doctor; return its exit code and all that it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "fanfold", "doctor", "--config", str(self.folder / "fanfold.toml"), *arguments,
            env={**os.environ, "FANFOLD_TOKEN": token}, cwd=self.folder,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    async def findings(self, *arguments: str, token: str = TOKEN) -> dict[str, dict[str, Any]]:
        """Run it for its JSON; return the findings by code."""
        _, said = await self.doctor("--json", *arguments, token=token)
        return {one["code"]: one for one in json.loads(said)["findings"]}


def furnish(folder: Path, port: int, cups: str, sink: int) -> None:
    files = {
        "token": TOKEN,
        "hook.secret": "whsec_" + SECRETS["a webhook's secret"],
        "weblink.secret": SECRETS["a printers' secret"],
        "users": "till:" + SECRETS["a user's password"],
    }
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    (folder / "fanfold.toml").write_text(f"""\
data = "data"
drain_s = 0.1
[discovery]
cups_server = "{cups}"
mdns = false
[access]
token_file = "token"
origins = ["https://shop.example", "http://old.example"]
[[listeners]]
address = "127.0.0.1"
port = {port}
[[listeners]]
address = "127.0.0.1"
port = {free_port()}
doors = ["weblink"]
proof = ["path"]
secret_file = "weblink.secret"
[[listeners]]
address = "127.0.0.1"
port = {free_port()}
doors = ["weblink"]
proof = ["digest"]
users_file = "users"
[[printers]]
name = "office"
uri = "ipp://127.0.0.1:1/ipp/print"
[[printers]]
name = "till"
uri = "socket://127.0.0.1:{sink}"
[[webhooks]]
name = "erp"
url = "http://erp:hookpass-31Bv@127.0.0.1:1/services/T0B1-hookpath-77Yq?sig=sig-55RtUiOp"
secret_file = "hook.secret"
""")


@asynccontextmanager
async def gateway(shop: Shop) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fanfold", "serve", "--config", str(shop.folder / "fanfold.toml"), cwd=shop.folder,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await until(lambda: answers(shop.port), "the gateway")
        yield
    finally:
        await end(process, kindly=True)


@pytest.fixture
async def shop(tmp_path: Path, cups: Cupsd, sink: Sink) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path, free_port())
    furnish(tmp_path, shop.port, cups.server, sink.port)
    async with gateway(shop):
        yield shop


async def held_and_done(shop: Shop, sink: Sink) -> None:
    """One job that came out, and one that waits for ever, both with words of their own."""
    async with App(shop.url) as app:
        words = {"title": SECRETS["a title"], "key": SECRETS["a key"]}
        await app.print("till", SECRETS["a document"].encode(), **words)
        await sink.ended(1)
        await app.print("office", SECRETS["a document"].encode(), title=SECRETS["a title"])
        await until(lambda: is_away(app, "office"), "the printer that is away")


async def is_away(app: App, printer: str) -> bool:
    _, shown = await app.call("GET", f"/v1/printers/{printer}")
    return bool(shown["reachable"] == "down")


async def test_no_secret_no_title_and_no_document_leaves_the_shop(shop: Shop, sink: Sink) -> None:
    await held_and_done(shop, sink)
    for arguments in (("--json",), ("--all",), ()):
        _, said = await shop.doctor(*arguments)
        assert "webhook" in said, "it was not let in, so that nothing was tried"
        for what, secret in SECRETS.items():
            assert secret not in said, f"{what} leaves by {arguments}"
    _, said = await shop.doctor("--json", token=SECRETS["the environment's token"])
    assert SECRETS["the environment's token"] not in said


async def test_no_secret_leaves_by_settings_that_a_gateway_refuses(tmp_path: Path) -> None:
    shop = Shop(tmp_path, free_port())
    furnish(tmp_path, shop.port, "127.0.0.1:1", 1)
    settings = tmp_path / "fanfold.toml"
    office = "ipp://anna:" + SECRETS["a printer's escaped password"] + "@127.0.0.1:1/ipp/print"
    settings.write_text(settings.read_text().replace("ipp://127.0.0.1:1/ipp/print", office))
    code, said = await shop.doctor("--all")
    assert "'office' cannot be used" in said
    assert code == 6
    told = [said]
    for wrong in ('data = "d"\ndrain_s = "SECRET"', 'log_level = "SECRET"', '[[printers]]\nname = "x"\nuri = "SECRET"'):
        settings.write_text(wrong.replace("SECRET", SECRETS["a printer's password"]))
        _, said = await shop.doctor("--all")
        assert "would not start" in said
        told.append(said)
    for what, secret in SECRETS.items():
        assert not any(secret in one for one in told), what


async def test_a_gateway_that_runs_is_seen_with_all_that_it_stands_on(shop: Shop, sink: Sink) -> None:
    await held_and_done(shop, sink)
    code, said = await shop.doctor("--json")
    found = {one["code"]: one for one in json.loads(said)["findings"]}
    assert found["healthy"]["facts"]["url"] == shop.url
    assert found["port-ours"]["severity"] == "ok"
    assert found["store"]["facts"]["jobs"]["completed"] == 1
    assert found["store"]["facts"]["in_use"] is True
    assert found["intact"]["severity"] == "ok"
    assert found["spooler"]["facts"]["queues"] == ["raw1"]
    assert "CUPS" in found["cups-version"]["facts"]["version"]
    assert found["printer-away"]["says"].startswith("The printer 'office'")
    assert {one["severity"] for one in found.values() if one["area"] in ("store", "settings")} == {"ok"}
    assert code == 0


async def test_a_queue_that_is_stopped_or_rejects_is_named(shop: Shop, cups: Cupsd) -> None:
    await cups.admin("cupsdisable", "raw1")
    await cups.admin("cupsreject", "raw1")
    found = await shop.findings()
    assert found["queue-stopped"]["facts"] == found["queue-rejects"]["facts"] == {"queue": "raw1"}


async def test_a_cups_that_hangs_is_a_finding_and_the_rest_is_there(shop: Shop, cups: Cupsd) -> None:
    cups.freeze()
    found = await shop.findings()
    assert {one["code"] for one in found.values() if one["area"] == "spoolers"} & {"spooler-away", "check-hangs"}
    assert found["healthy"]["area"] == "gateway"


async def test_a_token_that_is_not_the_gateways_is_told_of_as_such(shop: Shop) -> None:
    found = await shop.findings(token="a-wrong-one-that-is-long")
    assert found["wrong-token"]["severity"] == "warning"
