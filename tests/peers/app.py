"""Apps as users write them: a page that speaks PrinterWebSocket and a program that speaks the native API.

Written from the protocols' texts; knows the wire only.
"""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

ANSWER_S = 30


@dataclass
class Page:
    """A web page with its one WebSocket."""

    socket: aiohttp.ClientWebSocketResponse

    async def ask(self, **request: Any) -> None:
        await self.socket.send_str(json.dumps(request))

    async def hear(self) -> dict[str, Any]:
        frame = await self.socket.receive(timeout=ANSWER_S)
        assert frame.type is aiohttp.WSMsgType.TEXT, frame
        heard = json.loads(frame.data)
        assert isinstance(heard, dict)
        return heard

    async def find(self) -> list[str]:
        await self.ask(call="printers.find", uid="u1")
        names = (await self.hear())["result"]
        assert isinstance(names, list)
        return names

    async def print(self, printer: str, *data: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the first frame and the last."""
        await self.ask(call="print", uid="u1", params={"printer": {"name": printer}, "data": list(data)})
        return await self.hear(), await self.hear()


class App:
    """A program, or with an origin the script of a page."""

    def __init__(self, url: str, origin: str | None = None) -> None:
        self.url, self._origin = url, origin
        headers = {"Origin": origin} if origin else {}
        self.web = aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(ANSWER_S))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.web.close()

    @asynccontextmanager
    async def page(self, path: str = "/", origin: str = "http://localhost:3000") -> AsyncIterator[Page]:
        async with self.web.ws_connect(self.url + path, origin=origin) as socket:
            yield Page(socket)

    async def call(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        """Return the status and the answer, read as JSON."""
        async with self.web.request(method, self.url + path, **more) as answer:
            return answer.status, await answer.json(content_type=None)

    async def print(self, printer: str, data: bytes, media_type: str = "application/octet-stream", **query: Any) -> Any:
        """Print by the raw-body route and return the job."""
        status, job = await self.call(
            "POST",
            "/v1/jobs",
            params={"printer": printer, **query},
            data=io.BytesIO(data),
            headers={"Content-Type": media_type},
        )
        assert status == 201, job
        return job

    async def job(self, job_id: str) -> Any:
        status, job = await self.call("GET", f"/v1/jobs/{job_id}")
        assert status == 200, job
        return job
