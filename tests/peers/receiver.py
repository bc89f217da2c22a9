"""An app that webhooks post to, with moods. Checks signatures by itself: knows the wire and nothing of the gateway."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@dataclass(frozen=True)
class Heard:
    """One post. `way` is the port that its connection came from."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    way: int

    @property
    def said(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return self.headers["webhook-id"]

    def is_signed_by(self, secret: str) -> bool:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.message}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return f"v1,{expected}" in self.headers["webhook-signature"].split(" ")


Mood = Callable[["Receiver", web.Request, Heard], Awaitable[web.StreamResponse]]


class Receiver:
    """`async with Receiver() as app:`; `app.mood` may change at any time."""

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.port = port
        self.mood: Mood = takes
        self.heard: list[Heard] = []
        self.taken: list[Heard] = []
        self.ended = asyncio.Event()
        self._tls = tls
        self._news = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/hook"

    async def __aenter__(self) -> Self:
        await self.come()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def come(self) -> None:
        """Listen, on the same port as before."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self.ended.clear()
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]

    async def leave(self) -> None:
        """Be away: nobody listens. Idempotent."""
        self.ended.set()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def until_taken(self, count: int) -> list[Heard]:
        """Wait until so many posts were answered by 2xx, ever."""
        return await self._until(self.taken, count)

    async def until_heard(self, count: int) -> list[Heard]:
        """Wait until so many posts came, ever."""
        return await self._until(self.heard, count)

    async def until_told(self, *types: str) -> list[Heard]:
        """Wait until these kinds of events were taken."""
        async with self._news:
            await self._news.wait_for(lambda: set(types) <= {one.said.get("type") for one in self.taken})
        return self.taken

    async def _until(self, posts: list[Heard], count: int) -> list[Heard]:
        async with self._news:
            await self._news.wait_for(lambda: len(posts) >= count)
        return posts

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        assert request.method == "POST"
        assert request.transport is not None
        way = request.transport.get_extra_info("peername")[1]
        heard = Heard(request.path_qs, request.headers.copy(), body, way)
        self.heard.append(heard)
        await self._tell()
        answer = await self.mood(self, request, heard)
        if 200 <= answer.status < 300:
            self.taken.append(heard)
        await self._tell()
        return answer

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


async def takes(receiver: Receiver, request: web.Request, heard: Heard) -> web.StreamResponse:
    """A mood: all is well."""
    return web.Response(status=204)


def answers(status: int, **headers: str) -> Mood:
    """A mood: this status, with headers in which `_` stands for `-`."""

    async def mood(receiver: Receiver, request: web.Request, heard: Heard) -> web.StreamResponse:
        return web.Response(status=status, headers={name.replace("_", "-"): text for name, text in headers.items()})

    return mood


async def hangs(receiver: Receiver, request: web.Request, heard: Heard) -> web.StreamResponse:
    """A mood: no answer, until it leaves."""
    await receiver.ended.wait()
    return web.Response(status=500)


async def hangs_up(receiver: Receiver, request: web.Request, heard: Heard) -> web.StreamResponse:
    """A mood: the connection is cut instead of an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response(status=500)


async def goes_on_and_on(receiver: Receiver, request: web.Request, heard: Heard) -> web.StreamResponse:
    """A mood: an answer that has no end."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    try:
        while not receiver.ended.is_set():
            await answer.write(b"x" * 65536)
    except ConnectionError:
        return answer
    return answer


async def mumbles(receiver: Receiver, request: web.Request, heard: Heard) -> web.StreamResponse:
    """A mood: a status, and then a body that never comes."""
    answer = web.StreamResponse(headers={"Content-Length": "10"})
    await answer.prepare(request)
    await receiver.ended.wait()
    return answer


def one_after_another(*moods: Mood) -> Mood:
    """A mood for each post, the last for all that follow."""
    left = list(moods)

    async def mood(receiver: Receiver, request: web.Request, heard: Heard) -> web.StreamResponse:
        now = left.pop(0) if len(left) > 1 else left[0]
        return await now(receiver, request, heard)

    return mood
