"""The whole gateway as it runs on Windows: under Wine, whose queues come from a private CUPS.

Wine's queues say nothing of themselves and of their jobs, so what a status, a list of jobs or a cancel comes to is
tested against a double (`tests/unit/transports`); the last tests here watch that this is still so.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.js import nodes
from tests.peers.app import App
from tests.peers.cupsd import Cupsd, private_cupsd
from tests.peers.nginx import Certificate, certificate
from tests.peers.processes import free_port, until
from tests.peers.sink import Sink
from tests.peers.wine import Program, Windows, windows

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
"""The first test on a machine waits for a Windows Python to be fetched and laid out."""

PAGE = Path(__file__).parents[1] / "peers" / "page.mjs"
README_LINES = ("SIZE 100 mm, 150 mm", "GAP 3 mm, 0", 'TEXT 100,100,"TSS24.BF2",0,1,1,"Hello World"', "PRINT 1,1")
TSPL = "\r\n".join(README_LINES).encode()
BINARY = bytes(1000) + random.Random(7).randbytes(1024 * 1024 - 2000) + bytes(1000)
FOREIGN = "Küche-厨房"
"""No code page of Windows has all its letters."""
SETTINGS = """\
drain_s = 1
[[listeners]]
address = "127.0.0.1"
port = {port}
[[listeners]]
address = "127.0.0.1"
port = {tls_port}
tls_cert = '{chain}'
tls_key = '{key}'
[discovery]
cups = false
mdns = false
usb = false
interval_s = 0.2
[[printers]]
name = "bytes"
uri = "winspool:raw2"
encoding = "latin-1"
[[printers]]
name = "by socket"
uri = "socket://127.0.0.1:{socket}"
[[printers]]
name = "by file"
uri = 'file:{paper}'
"""


@dataclass
class Shop:
    """A gateway on Windows. Its queues `raw1` and `raw2` print into `sink`, through `cups`."""

    windows: Windows
    cups: Cupsd
    sink: Sink
    direct: Sink
    folder: Path
    app: App
    gateway: Program
    tls_port: int
    certificate: Certificate

    async def arrives(self, data: bytes) -> None:
        """Wait until CUPS has brought exactly that to its printer, once."""

        async def came() -> bool:
            return data in self.sink.printed

        await until(came, f"{len(data)} bytes at the sink behind CUPS")
        assert self.sink.printed.count(data) == 1

    async def fanfold(self, *arguments: str, data: bytes = b"") -> tuple[int, str, str]:
        """Run the command in Windows; return its exit code, and what it said and complained."""
        self.windows.environment["FANFOLD_URL"] = self.app.url
        code, said, complained = await self.windows.run("-m", "fanfold", *arguments, data=data)
        return code, said.decode(), complained.decode()

    async def printer(self, name: str, **facts: Any) -> Any:
        """Wait until the gateway shows the printer so, and return all that it shows of it."""
        found: list[Any] = []

        async def shows() -> bool:
            _, listed = await self.app.call("GET", "/v1/printers")
            found[:] = [one for one in listed["printers"] if one["name"] == name and facts.items() <= one.items()]
            return bool(found)

        await until(shows, f"{name} with {facts}")
        return found[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    folder = tmp_path_factory.mktemp("windows")
    made, port, tls_port = await certificate(folder), free_port(), free_port()
    async with Sink() as sink, Sink() as direct:
        device = f"socket://127.0.0.1:{sink.port}/"
        async with (
            private_cupsd(folder, {"raw1": device, "raw2": device, FOREIGN: device}) as cups,
            windows({"CUPS_SERVER": cups.server}) as here,
        ):
            await cups.admin("lpadmin", "-d", "raw1")
            (folder / "fanfold.toml").write_text(
                SETTINGS.format(
                    port=port, tls_port=tls_port, chain=here.path(made.chain), key=here.path(made.key),
                    socket=direct.port, paper=here.path(folder / "paper"),
                )
            )  # fmt: skip
            gateway = await serve(here, folder)
            async with App(f"http://127.0.0.1:{port}") as app:
                await until(lambda: answers(app, gateway), "the gateway under Wine", within_s=30)
                opened = Shop(here, cups, sink, direct, folder, app, gateway, tls_port, made)
                await opened.printer("raw1")
                yield opened
            gateway.kill()
            await gateway.ended()


async def serve(here: Windows, folder: Path) -> Program:
    config, data = here.path(folder / "fanfold.toml"), here.path(folder / "data")
    return await here.start("-m", "fanfold", "serve", "--config", config, "--data", data, log=folder / "gateway.log")


async def answers(app: App, gateway: Program) -> bool:
    assert gateway.returncode is None, gateway.log.read_text()
    try:
        status, health = await app.call("GET", "/v1/health")
    except OSError:
        return False
    return status == 200 and bool(health["ok"])


class TestQueues:
    async def test_all_are_printers_by_themselves_and_the_default_is_known(self, shop: Shop) -> None:
        default = await shop.printer("raw1", is_default=True)
        assert (default["uri"], default["kinds"], default["source"]) == ("winspool:raw1", ["raw"], "discovered")
        other = await shop.printer(FOREIGN, is_default=False)
        assert other["uri"].startswith("winspool:")

    async def test_one_that_goes_keeps_its_jobs_until_it_is_back(self, shop: Shop) -> None:
        await shop.cups.add_queue("late", f"socket://127.0.0.1:{shop.sink.port}/")
        await shop.windows.add_queue("late", "raw1")
        late = await shop.printer("late")
        await shop.windows.delete_queue("late")
        await shop.printer("late", reachable="down")
        status, job = await shop.app.call("POST", "/v1/jobs", json={"printer": "late", "text": "kept for later"})
        assert (status, job["state"], job["printer"]) == (201, "pending", late["id"])
        await shop.windows.add_queue("late", "raw1")
        await shop.arrives(b"kept for later")
        assert (await ended(shop.app, job["id"]))["state"] == "completed"


class TestJobs:
    async def test_a_page_prints_tspl(self, shop: Shop) -> None:
        async with shop.app.page() as page:
            assert {"raw1", FOREIGN, "bytes", "by socket", "by file"} <= set(await page.find())
            first, last = await page.print("raw1", *README_LINES)
        assert (first["status"], last["status"]) == ("Printing job started on raw1", "success")
        assert last["evidence"] == "sent", "Wine does not tell what becomes of a job"
        await shop.arrives(TSPL)

    async def test_both_scripts_for_browsers_print(self, shop: Shop) -> None:
        url = shop.app.url.replace("http", "ws")
        saw = json.loads(await nodes.run(str(PAGE), "original", url, "raw1"))
        assert (saw["jobs"], saw["statuses"]) == (33, ["success"])
        saw = json.loads(await nodes.run(str(PAGE), "fanfold", url, "raw1"))
        assert [one["evidence"] for one in saw["done"]] == ["sent", "sent"]
        for number in range(30):
            await shop.arrives(b"in the round %d\n" % number)
        await shop.arrives("A\né".encode())

    async def test_a_megabyte_with_zeros_arrives_from_a_page(self, shop: Shop) -> None:
        async with shop.app.page() as page:
            _, last = await page.print("bytes", BINARY.decode("latin-1"))
        assert last["status"] == "success", last
        await shop.arrives(BINARY)

    async def test_a_megabyte_with_zeros_arrives_from_a_program(self, shop: Shop) -> None:
        data = BINARY[::-1]
        job = await shop.app.print(FOREIGN, data, wait="delivered")
        assert (job["state"], job["sent_bytes"]) == ("completed", len(data)), job
        await shop.arrives(data)

    async def test_copies_are_one_job(self, shop: Shop) -> None:
        job = await shop.app.print("raw1", b"thrice\n", wait="delivered", copies=3)
        assert job["state"] == "completed"
        await shop.arrives(b"thrice\n" * 3)

    @pytest.mark.parametrize("printer", ["by socket", "by file"])
    async def test_printers_in_the_network_and_in_a_folder_print_too(self, shop: Shop, printer: str) -> None:
        data = BINARY + printer.encode()
        job = await shop.app.print(printer, data, wait="delivered")
        assert (job["state"], job["evidence"]) == ("completed", "delivered"), job
        if printer == "by file":
            assert next((shop.folder / "paper").glob(f"{job['id']}-*")).read_bytes() == data
        else:
            assert data in await shop.direct.ended(1)

    async def test_a_printer_that_reads_nothing_stalls_and_its_job_is_canceled(self, shop: Shop) -> None:
        shop.direct.hold()
        arrived = len(shop.direct.papers)
        job = await shop.app.print("by socket", BINARY * 20)
        await shop.direct.arrived(arrived + 1)
        status, canceled = await shop.app.call("POST", f"/v1/jobs/{job['id']}/cancel")
        shop.direct.release()
        assert (status, canceled["state"]) == (200, "canceled"), canceled
        after = await shop.app.print("by socket", b"after", wait="delivered")
        assert after["state"] == "completed"


class TestCommands:
    async def test_printers_are_listed_whatever_their_names(self, shop: Shop) -> None:
        code, said, complained = await shop.fanfold("printers")
        assert code == 0, complained
        assert "raw1" in said
        assert FOREIGN in said

    async def test_a_job_is_shown_with_its_history(self, shop: Shop) -> None:
        job = await shop.app.print("by file", BINARY, wait="delivered", title="5 × Größe")
        assert (shop.folder / "data" / "documents" / job["id"]).stat().st_size == len(BINARY), "too large for a row"
        code, said, complained = await shop.fanfold("job", "show", job["id"])
        assert code == 0, complained
        assert "5 × Größe" in said
        assert "processing" in said

    async def test_a_file_is_printed_and_waited_for(self, shop: Shop, tmp_path: Path) -> None:
        label = tmp_path / "label.zpl"
        label.write_bytes(b"^XA^FDfrom a file\r\n\x1a\x00^FS^XZ\n")
        code, said, complained = await shop.fanfold("print", "raw1", shop.windows.path(label), "--wait")
        assert code == 0, complained + said
        await shop.arrives(label.read_bytes())

    async def test_what_comes_in_is_printed_without_changing_its_line_ends(self, shop: Shop) -> None:
        data = b"^XA^FDfrom a pipe\r\n\n\x1a\x00^FS^XZ\n"
        code, said, complained = await shop.fanfold("print", FOREIGN, "-", "--wait", data=data)
        assert code == 0, complained + said
        await shop.arrives(data)

    async def test_the_settings_are_read_again_on_command(self, shop: Shop) -> None:
        code, said, complained = await shop.fanfold("reload")
        assert code == 0, complained + said


class TestGateway:
    async def test_it_speaks_tls(self, shop: Shop) -> None:
        context = ssl.create_default_context(cafile=shop.certificate.ca)
        async with App(f"https://localhost:{shop.tls_port}") as app:
            status, job = await app.call(
                "POST", "/v1/jobs", json={"printer": "raw1", "text": "over TLS"}, ssl=context
            )  # fmt: skip
        assert status == 201, job
        await shop.arrives(b"over TLS")

    async def test_who_is_its_own_user_reads_documents_and_who_is_nobody_it_knows_does_not(self, shop: Shop) -> None:
        """Windows tells whose a connection is; of programs beside Wine, Wine knows no user."""
        job = await shop.app.print("raw1", b"for the house only", wait="delivered")
        url = f"{shop.app.url}/v1/jobs/{job['id']}/document"
        read = "import sys, urllib.request as web; print(web.urlopen(sys.argv[1]).read())"
        assert "for the house only" in await shop.windows.does("-c", read, url)
        async with shop.app.web.get(url) as answer:
            assert answer.status in {401, 403}, await answer.text()

    async def test_a_second_one_on_the_same_data_is_refused_in_words(self, shop: Shop) -> None:
        data, port = shop.windows.path(shop.folder / "data"), free_port()
        code, _, complained = await shop.fanfold("serve", "--data", data, "--listen", f"127.0.0.1:{port}")
        assert code == 5
        assert "Another gateway (process " in complained

    async def test_a_second_one_on_the_same_port_is_refused_in_words(self, shop: Shop, tmp_path: Path) -> None:
        data, port = shop.windows.path(tmp_path / "data"), shop.app.url.rpartition(":")[2]
        code, _, complained = await shop.fanfold("serve", "--data", data, "--listen", f"127.0.0.1:{port}")
        assert code == 5
        assert "A gateway answers there already" in complained

    async def test_a_port_that_another_program_has_is_refused_in_words(self, shop: Shop, tmp_path: Path) -> None:
        data = shop.windows.path(tmp_path / "data")
        async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as other:
            port = other.sockets[0].getsockname()[1]
            code, _, complained = await shop.fanfold("serve", "--data", data, "--listen", f"127.0.0.1:{port}")
        assert code == 5
        assert "another program does" in complained


async def ended(app: App, job_id: str) -> Any:
    """Wait for the end of a job."""
    shown: dict[str, Any] = {}

    async def is_over() -> bool:
        shown.update(await app.job(job_id))
        return shown["state"] not in {"pending", "processing"}

    await until(is_over, f"the end of job {job_id}")
    return shown
