"""Every route of the built server goes through the one access check: each is walked up to and knocked at."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from fanfold.config import DOORS, Settings
from fanfold.dialects.native_http import NativeHttp
from fanfold.dialects.native_routes import ROUTES
from fanfold.registry import HTTP_DIALECTS, HTTP_ROUTES
from fanfold.server.access import Access
from fanfold.server.base import AppDoor, Doors
from fanfold.server.http import Server
from tests.unit.server.stage import TOKEN, At, FakeEngine, ToyDialect, files

KNOCKS: dict[str, tuple[dict[str, str], int]] = {
    "a rebound name": ({"Host": "evil.example"}, 421),
    "a strange page": ({"Origin": "https://evil.example"}, 403),
    "a page without origin": ({"Origin": "null"}, 403),
    "a caller without the token": ({}, 401),
}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    engine = FakeEngine(tmp_path)
    apps = {name: AppDoor(make(Settings), HTTP_ROUTES[name]) for name, make in HTTP_DIALECTS.items()}
    doors = Doors(NativeHttp(), ROUTES, ToyDialect, ToyDialect, apps=apps)
    access = Access(engine.allows_origin, (), TOKEN)
    at = At("0.0.0.0", doors=(*DOORS, *apps))
    async with Server(engine, doors, [at], access, message_bytes=1024, assets=files(tmp_path)) as made:
        yield made
    assert engine.done == [], "a refused request reached the engine"


def routes(server: Server) -> list[tuple[str, str]]:
    """All routes as method and a path that they match."""
    found = set()
    for route in server.application().router.routes():
        assert route.resource is not None
        path = re.sub(r"\{[^}:]+(:[^}]*\)[^}]*)?\}", "x", route.resource.canonical)
        found.add((route.method, path))
    found |= {(row.method, row.path) for rows in HTTP_ROUTES.values() for row in rows}
    return sorted(found)


@pytest.mark.parametrize("knock", KNOCKS)
async def test_every_route_asks_access(server: Server, knock: str) -> None:
    headers, status = KNOCKS[knock]
    url = server.urls[0].replace("0.0.0.0", "127.0.0.1")
    public = status == web.HTTPUnauthorized.status_code
    walked = 0
    async with ClientSession() as client:
        for method, path in routes(server):
            if public and path in ("/", "/x"):
                continue  # the page's files hold nothing worth guarding: see access.is_public
            for upgrade in ({}, {"Upgrade": "websocket", "Connection": "Upgrade"}):
                async with client.request(method, url + path, headers={**headers, **upgrade}) as answer:
                    assert answer.status == status, (method, path)
                walked += 1
    assert walked > 2 * (len(ROUTES) + sum(map(len, HTTP_ROUTES.values())) - 1)


def test_the_table_of_the_native_api_is_what_the_router_has(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path)
    doors = Doors(NativeHttp(), ROUTES, ToyDialect, ToyDialect)
    server = Server(engine, doors, [At()], Access(engine.allows_origin), message_bytes=1024)
    built = set()
    for route in server.application().router.routes():
        assert route.resource is not None
        if route.method != "HEAD" and route.resource.canonical.startswith("/v1/"):
            built.add((route.method, route.resource.canonical))
    assert built == {(row.method, row.path) for row in ROUTES} | {("GET", "/v1/ws")}
