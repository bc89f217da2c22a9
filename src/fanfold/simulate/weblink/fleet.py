"""Many simulated Weblink printers in one process, and a small HTTP port to change their moods. Knows no options."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from fanfold.simulate.weblink import WeblinkPrinter
from fanfold.simulate.weblink.moods import mood

_HEAD_S = 5.0
_BODY_BYTES = 64 * 1024


def serials(first: str, count: int) -> list[str]:
    """Return so many serials: the first, and those that follow when its last digits count on. Raises ValueError."""
    found = re.fullmatch(r"(.*?)(\d*)", first)
    stem, digits = (found[1], found[2]) if found else (first, "")
    width = len(digits)
    numbers = [f"{int(digits or 0) + step:0{width}d}" for step in range(count)] if count > 1 else [digits]
    if any(len(number) > width for number in numbers):
        raise ValueError(f"{first!r} ends in too few digits to count {count} printers from it")
    return [stem + number for number in numbers]


@asynccontextmanager
async def switched_on(printers: Sequence[WeblinkPrinter], ramp_s: float = 0) -> AsyncIterator[None]:
    """Switch printers on one after the other, evenly over so long; off again at the end."""
    async with AsyncExitStack() as stack:
        for printer in printers:
            await stack.enter_async_context(printer)
            if ramp_s:
                await asyncio.sleep(ramp_s / len(printers))
        yield


class Control:
    """`GET /printers` tells of them; `POST /mood`, its body lines like `paper-out`, changes all of them.

    `POST /mood/SERIAL` changes one. Web pages are refused, as browsers let any of them knock here.
    """

    def __init__(self, printers: Iterable[WeblinkPrinter]) -> None:
        self._printers = {printer.serial: printer for printer in printers}

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[int]:
        """Listen on loopback; yields the port. Raises OSError."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        async with server:
            yield int(server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HEAD_S):
                status, said = await self._answered(reader)
        except (TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            status, said = "400 Bad Request", {"error": str(error) or "no request in time"}
        except ConnectionError:
            writer.close()
            return
        body = json.dumps(said).encode() + b"\n"
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        writer.close()

    async def _answered(self, reader: asyncio.StreamReader) -> tuple[str, object]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "origin" in headers:
            return "403 Forbidden", {"error": "not for web pages"}
        body = await reader.readexactly(min(int(headers.get("content-length", "0")), _BODY_BYTES))
        return self._done(first.split(" ")[:2], body.decode("utf-8", "replace"))

    def _done(self, request: list[str], body: str) -> tuple[str, object]:
        match [request[0], *request[-1].strip("/").split("/")]:
            case ["GET", "printers"]:
                return "200 OK", [_told(printer) for printer in self._printers.values()]
            case ["POST", "mood"]:
                chosen = list(self._printers.values())
            case ["POST", "mood", serial] if serial in self._printers:
                chosen = [self._printers[serial]]
            case _:
                return "404 Not Found", {"error": "there are GET /printers, POST /mood and POST /mood/SERIAL"}
        for words in filter(None, map(str.strip, body.splitlines())):
            for printer in chosen:
                mood(printer, words)
        return "200 OK", [_told(printer) for printer in chosen]


def _told(printer: WeblinkPrinter) -> dict[str, object]:
    return {
        "serial": printer.serial,
        "powered": printer.powered,
        "mains": len(printer.channels("main")),
        "raws": len(printer.channels("raw")),
        "received_bytes": printer.received_bytes,
        "labels": printer.labels,
        "odometer": printer.odometer,
        "formats_waiting": len(printer.press.waiting),
        "conditions": sorted(printer.press.conditions),
    }
