"""A gateway with a virtual printer, and a label printed through the WebSocket door as a web page would print it.

Knows the wire only: what it shows is what any page could see.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from fanfold.app import Gateway
from fanfold.config import Discovery, Listener, PrinterSetting, Settings
from fanfold.errors import CannotStart, FanfoldError

HOST = "127.0.0.1"
PORT = 8765
PORTS_TRIED = 50
ORIGIN = "http://localhost"
PRINTER = "Demo label printer"
ALIASES = ("demo", "receipt")
"""The second is what the README's examples print on."""
LABEL = """\
SIZE 60 mm,40 mm
GAP 2 mm,0 mm
CLS
TEXT 40,40,"3",0,1,1,"Printed by a web page"
BARCODE 40,100,"128",80,1,0,2,2,"FANFOLD-0001"
PRINT 1,1
""".replace("\n", "\r\n")
ANSWER_WITHIN_S = 30
"""Nothing here takes a second; without a limit a fault would look like patience."""

Say = Callable[[str], object]


def _nothing(_: object) -> None:
    """Say nothing."""


class DemoFailed(FanfoldError):
    """The demonstration did not go as it should."""

    code = "demo-failed"


def run(data: Path | None, *, once: bool, say: Say, sum_up: Callable[[dict[str, Any]], object] = _nothing) -> None:
    """Show it, and serve until told to stop (with `once`, not at all). `sum_up` is given url, job, sheet and label.

    Raises:
        DemoFailed: the label did not come out as it was sent.
        CannotStart: the gateway cannot run here.
    """
    with _folder(data) as folder, suppress(KeyboardInterrupt):
        asyncio.run(_demonstrate(folder, once=once, say=say, sum_up=sum_up))


async def _demonstrate(folder: Path, *, once: bool, say: Say, sum_up: Callable[[dict[str, Any]], object]) -> None:
    stop = _stop_signal()
    paper = folder / "paper"
    async with Gateway(_settings(folder, paper, _free_port(say))) as gateway:
        url = gateway.urls[0].rstrip("/")
        say(f"The gateway answers at {url}; its virtual printer writes to {paper}.")
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ANSWER_WITHIN_S)) as web:
            sum_up({"url": f"{url}/", **await _show(web, url, paper, say)})
        say(f"\nThe page with printers, jobs and clients is at {url}/ while the gateway serves.")
        if not once:
            say("Serving until Ctrl-C.")
            await stop.wait()


async def _show(web: aiohttp.ClientSession, url: str, paper: Path, say: Say) -> dict[str, Any]:
    before = _sheets(paper)
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            job_id = await _print_as_a_page(web, url, say)
            job = await _job(web, url, job_id)
    except (TimeoutError, aiohttp.ClientError) as error:
        raise DemoFailed(
            f"the gateway at {url} did not answer as it should: {str(error) or 'it took too long'}."
        ) from error
    _show_job(job, say)
    sheet = _show_paper(_sheets(paper) - before, say)
    return {"job": job, "sheet": str(sheet), "label": LABEL}


async def _print_as_a_page(web: aiohttp.ClientSession, url: str, say: Say) -> str:
    """Speak PrinterWebSocket from a page of this machine; return the job's id."""
    say(f"\nA web page of {ORIGIN} opens a WebSocket and asks (> it says, < the gateway says):")
    async with web.ws_connect(url, origin=ORIGIN) as page:
        found = await _ask(page, {"call": "printers.find", "uid": "page-1"}, say)
        if PRINTER not in found.get("result", ()):
            raise DemoFailed(f"the gateway does not list {PRINTER!r}.")
        params = {"printer": {"name": PRINTER}, "data": [LABEL]}
        started = await _ask(page, {"call": "print", "uid": "page-1", "params": params}, say)
        ended = started if started.get("status") == "error" else await _hear(page, say)
    if ended.get("status") != "success":
        raise DemoFailed(f"the label did not print: {ended.get('message')}")
    return str(ended["job_id"])


async def _ask(page: aiohttp.ClientWebSocketResponse, asked: dict[str, Any], say: Say) -> dict[str, Any]:
    frame = json.dumps(asked)
    say(f"> {frame}")
    await page.send_str(frame)
    return await _hear(page, say)


async def _hear(page: aiohttp.ClientWebSocketResponse, say: Say) -> dict[str, Any]:
    message = await page.receive()
    if message.type is not aiohttp.WSMsgType.TEXT:
        raise DemoFailed(f"the gateway ended the connection: {message.extra or message.data}.")
    say(f"< {message.data}")
    heard: dict[str, Any] = json.loads(message.data)
    return heard


async def _job(web: aiohttp.ClientSession, url: str, job_id: str) -> dict[str, Any]:
    async with web.get(f"{url}/v1/jobs/{job_id}", raise_for_status=True) as response:
        job: dict[str, Any] = await response.json()
        return job


def _show_job(job: dict[str, Any], say: Say) -> None:
    say(f"\nJob {job['id']} is {job['state']}. Evidence {job['evidence']}: {job['evidence_means']}.")
    for step in job["timeline"]:
        say(f"  {step['at']}  {step['state']:<10}  {step['evidence']:<9}  {', '.join(step['reasons'])}")


def _show_paper(sheets: set[Path], say: Say) -> Path:
    if len(sheets) != 1:
        raise DemoFailed(f"{len(sheets)} sheets came out where there should be one.")
    (sheet,) = sheets
    printed = sheet.read_bytes()
    say(f"\nWhat came out ({len(printed)} bytes in {sheet}):")
    say(printed.decode(errors="replace").replace("\r\n", "\n").rstrip())
    if printed != LABEL.encode():
        raise DemoFailed("what came out is not what the page sent.")
    return sheet


def _settings(folder: Path, paper: Path, port: int) -> Settings:
    return Settings(
        data=folder,
        listeners=(Listener(HOST, port),),
        printers=(PrinterSetting(PRINTER, f"file:{quote(paper.as_posix(), safe='/:')}", aliases=ALIASES),),
        discovery=Discovery(cups=False, windows=False, mdns=False, usb=False),
    )


def _sheets(paper: Path) -> set[Path]:
    return set(paper.glob("[!.]*"))


def _free_port(say: Say) -> int:
    for port in range(PORT, PORT + PORTS_TRIED):
        if _is_free(port):
            if port != PORT:
                say(f"Port {PORT} is taken, perhaps by a gateway that runs already; this one takes {port}.")
            return port
    raise CannotStart(f"The ports {PORT} to {PORT + PORTS_TRIED - 1} of {HOST} are all taken; end a program there.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        if hasattr(signal, "SIGHUP"):  # elsewhere the option means that two may share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
        return True
    return False


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    with suppress(NotImplementedError):  # Windows: there Ctrl-C comes as KeyboardInterrupt
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="fanfold-demo-") as folder:
        yield Path(folder)
