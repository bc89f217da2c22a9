"""From one gateway to another: the setup's commands, obeyed by a simulated printer that then dials in there as well."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from fanfold.app import Gateway
from fanfold.cli import main
from fanfold.cli.exits import Exit
from fanfold.config import Discovery, Listener, Settings, words
from fanfold.simulate.weblink import WeblinkPrinter

SERIAL = "50J172400001"
API = Listener("127.0.0.1", 0)


@asynccontextmanager
async def gateway(data: Path, door: Listener) -> AsyncIterator[tuple[str, str]]:
    """Run a gateway; return the URLs of its API and of its printers' door."""
    settings = Settings(data, listeners=(API, door), discovery=Discovery(cups=False))
    async with Gateway(settings) as running:
        api, printers = running.urls
        yield api, printers


def door(**proof: object) -> Listener:
    return Listener("127.0.0.1", 0, doors=(words.Door.WEBLINK,), **proof)  # type: ignore[arg-type]


async def fanfold(url: str, *args: str) -> Result:
    env = {"FANFOLD_URL": url}
    return await asyncio.to_thread(lambda: CliRunner().invoke(main, args, env=env))


async def test_a_printer_is_brought_to_a_second_gateway_while_the_first_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("dock:s3cret-s3cret\n")
    (tmp_path / "password").write_text("s3cret-s3cret\n")
    (tmp_path / "label").write_bytes(b"^XA^FDhello^FS^XZ")
    guarded = door(proof=(words.Proof.BASIC,), users_file=tmp_path / "users")
    async with (
        gateway(tmp_path / "old", door(proof=(words.Proof.NONE,))) as (old, old_door),
        gateway(tmp_path / "new", guarded) as (new, new_door),
        WeblinkPrinter(old_door.rstrip("/") + "/weblink", SERIAL) as printer,
    ):
        for url in (old, new):
            adopted = await fanfold(url, "printers", "adopt", SERIAL, "--name", "Dock")
            assert adopted.exit_code == Exit.DONE, adopted.output
        await printer.opened("raw")
        where = ["--url", new_door.rstrip("/") + "/weblink", "--conn", "2", "--connections", "3", "--retry", "1"]
        who = ["--user", "dock", "--password-file", str(tmp_path / "password")]
        sent = await fanfold(old, "weblink", "setup", SERIAL, *where, *who, "--send", "Dock")
        assert sent.exit_code == Exit.DONE, sent.output
        printed = await fanfold(new, "print", "Dock", str(tmp_path / "label"), "--wait")
        assert printed.exit_code == Exit.DONE, printed.output
        assert await printer.labels_out() == [b"^XA^FDhello^FS^XZ"]
        shown = await fanfold(new, "printers", "show", "Dock")
        assert "user:dock" in shown.output
        await printer.until(lambda: printer.connections(1) > 0 and printer.connections(2) > 0)
        assert "s3cret-s3cret" not in sent.output


async def test_a_shell_waits_until_the_printer_has_proved_its_label(tmp_path: Path) -> None:
    (tmp_path / "label").write_bytes(b"^XA^FDhello^FS^XZ")
    async with (
        gateway(tmp_path / "data", door(proof=(words.Proof.NONE,))) as (url, printers),
        WeblinkPrinter(printers.rstrip("/") + "/weblink", SERIAL) as printer,
    ):
        await fanfold(url, "printers", "adopt", SERIAL, "--name", "Dock")
        await printer.opened("raw")
        printed = await fanfold(url, "print", "Dock", str(tmp_path / "label"), "--wait-for", "printed", "--json")
        assert printed.exit_code == Exit.DONE, printed.output
        assert json.loads(printed.stdout)["evidence"] == "printed"
