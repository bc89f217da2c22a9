"""Webhooks, whole: a gateway prints and tells a real receiver of it, over real HTTP, also when either of them dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, web

from fanfold.app import Gateway
from fanfold.config import (
    Discovery,
    Door,
    Listener,
    PrinterSetting,
    Proof,
    Settings,
    WebhookFormat,
    WebhookSetting,
)
from fanfold.config.words import EventKind
from fanfold.errors import CannotStart
from fanfold.simulate.weblink import WeblinkPrinter
from tests.crash.gateway import gateway as process
from tests.peers.app import App
from tests.peers.receiver import (
    SECRET,
    Heard,
    Receiver,
    answers,
    hangs,
    hangs_up,
    one_after_another,
    takes,
)

ZPL = b"^XA^FX UUID: #81^FS^FO50,50^A0N,40,40^FDHello^FS^XZ"
SERIAL = "XXZKJ181100170"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


def hook(folder: Path, receiver: Receiver, name: str = "shop", **changes: Any) -> WebhookSetting:
    file = folder / "secret"
    file.write_text(SECRET)
    return replace(WebhookSetting(name, receiver.url, secret_file=file), **changes)


@asynccontextmanager
async def gateway(folder: Path, *webhooks: WebhookSetting) -> AsyncIterator[tuple[App, list[Settings]]]:
    """An app before a gateway, and the settings that it reads again (the last of the list)."""
    shelf = [
        Settings(
            data=folder / "data",
            listeners=(Listener("127.0.0.1", 0),),
            discovery=Discovery(cups=False),
            printers=(PrinterSetting("Kitchen", f"file:{folder / 'paper'}"),),
            webhooks=webhooks,
            drain_s=1,
        )
    ]
    async with Gateway(shelf[0], lambda: shelf[-1]) as running, App(running.urls[0]) as app:
        yield app, shelf


def of_job(posts: list[Heard], job: str) -> list[str]:
    return [one.said["data"]["state"] for one in posts if one.said["data"].get("job") == job]


def told_once(posts: list[Heard]) -> list[Heard]:
    """As a receiver sees them that throws doubles away."""
    return list({one.message: one for one in reversed(posts)}.values())[::-1]


async def test_every_step_of_a_job_is_told_in_order_and_signed(tmp_path: Path, receiver: Receiver) -> None:
    async with gateway(tmp_path, hook(tmp_path, receiver)) as (app, _):
        job = await app.print("Kitchen", ZPL, wait="delivered", external_id="4711", title="Order 17")
        while of_job(receiver.taken, job["id"]) != ["pending", "processing", "completed"]:
            await receiver.until_taken(len(receiver.taken) + 1)
        assert all(one.is_signed_by(SECRET) for one in receiver.taken)
        last = next(one.said for one in receiver.taken if one.said["data"].get("state") == "completed")
        assert last["type"] == "job.changed"
        assert last["timestamp"] == last["data"]["at"]
        assert (last["data"]["external_id"], last["data"]["evidence"]) == ("4711", "delivered")
        assert last["data"]["printer_name"] == "Kitchen"


async def test_a_receiver_that_fails_in_every_way_gets_all_in_the_end(tmp_path: Path, receiver: Receiver) -> None:
    receiver.mood = one_after_another(
        hangs_up, answers(500), answers(429, Retry_After="1"), answers(404), answers(302, Location="/x"), takes
    )
    async with gateway(tmp_path, hook(tmp_path, receiver)) as (app, _):
        jobs = [(await app.print("Kitchen", ZPL, wait="delivered"))["id"] for _ in range(5)]
        for job in jobs:
            while of_job(receiver.taken, job) != ["pending", "processing", "completed"]:
                await receiver.until_taken(len(receiver.taken) + 1)
        assert receiver.heard[0].message in {one.message for one in receiver.taken}


async def test_a_receiver_that_hangs_or_is_away_delays_no_print_and_no_stop(tmp_path: Path, receiver: Receiver) -> None:
    receiver.mood = hangs
    async with Receiver() as other:
        both = (hook(tmp_path, receiver), hook(tmp_path, other, "office"))
        async with gateway(tmp_path, *both) as (app, _):
            await other.leave()
            for _ in range(20):
                assert (await app.print("Kitchen", ZPL, wait="delivered"))["state"] == "completed"
            status, listed = await app.call("GET", "/v1/webhooks")
            assert status == 200
            assert all(one["behind"] >= 20 for one in listed["webhooks"]), listed
        receiver.mood = takes
        await receiver.leave()
        await receiver.come()
        await other.come()
        async with gateway(tmp_path, *both):
            for one in (receiver, other):
                while len({heard.message for heard in one.taken}) < 60:
                    await one.until_taken(len(one.taken) + 1)


async def test_a_gateway_that_is_killed_between_post_and_cursor_tells_it_again_by_the_same_id(tmp_path: Path) -> None:
    async with Receiver() as receiver, process(tmp_path, {"Kitchen": f"file:{tmp_path / 'paper'}"}, 120) as running:
        setting = hook(tmp_path, receiver)
        table = f'\n[[webhooks]]\nname = "shop"\nurl = "{setting.url}"\nsecret_file = "{setting.secret_file}"\n'
        running._config.write_text(running._config.read_text() + table)

        killed = asyncio.Event()

        async def kills(receiver: Receiver, request: web.Request, heard: Heard) -> web.StreamResponse:
            await running.kill()
            killed.set()
            receiver.taken.append(heard)
            return web.Response(status=204)

        await running.run()
        jobs = []
        for posts_before in range(3):
            receiver.mood = one_after_another(*[takes] * posts_before, kills, takes)
            order = {"key": f"order {posts_before}"}
            async with App(running.url) as app:
                with suppress(ClientError):  # it may be killed before it answers
                    await app.print("Kitchen", ZPL, **order)
                await killed.wait()
                killed.clear()
                await running.run()
                jobs.append((await app.print("Kitchen", ZPL, **order))["id"])
        for job in jobs:
            while of_job(told_once(receiver.taken), job)[-1:] not in (["completed"], ["held"]):
                await receiver.until_taken(len(receiver.taken) + 1)
            assert of_job(told_once(receiver.taken), job)[:2] == ["pending", "processing"]
        events: dict[int, set[str]] = {}
        for heard in receiver.heard:
            events.setdefault(heard.said["data"]["id"], set()).add(heard.message)
        assert all(len(messages) == 1 for messages in events.values())
        assert len(receiver.heard) > len(events), "something was told again"
        await running.stop()


async def test_a_reload_adds_changes_and_takes_out_webhooks_and_refuses_bad_secrets(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with gateway(tmp_path) as (app, shelf):
        assert await app.call("GET", "/v1/webhooks") == (200, {"webhooks": []})
        own = hook(tmp_path, receiver)
        shelf.append(replace(shelf[0], webhooks=(own,)))
        assert await app.call("POST", "/v1/reload") == (200, {"notes": ["webhook shop: new"]})
        await app.print("Kitchen", ZPL, wait="delivered")
        await receiver.until_told("job.changed")
        bad = tmp_path / "bad"
        bad.write_text("whsec_tooshort")
        shelf.append(replace(shelf[0], webhooks=(replace(own, secret_file=bad),)))
        status, problem = await app.call("POST", "/v1/reload")
        assert (status, problem["code"]) == (422, "bad-config")
        assert "openssl rand" in problem["detail"]
        shelf.append(replace(shelf[0], webhooks=(replace(own, url=receiver.url + "/other"),)))
        assert await app.call("POST", "/v1/reload") == (200, {"notes": ["webhook shop: changed"]})
        await app.print("Kitchen", ZPL, wait="delivered")
        while "/hook/other" not in {one.path for one in receiver.taken}:
            await receiver.until_taken(len(receiver.taken) + 1)
        shelf.append(shelf[0])
        status, done = await app.call("POST", "/v1/reload")
        assert (status, done["notes"][0].partition(";")[0]) == (200, "webhook shop: taken out")
        status, problem = await app.call("POST", "/v1/webhooks/shop/retry")
        assert (status, problem["code"]) == (404, "unknown-webhook")


async def test_a_gateway_with_a_bad_secret_does_not_start(tmp_path: Path, receiver: Receiver) -> None:
    bad = tmp_path / "bad"
    bad.write_text("password")
    with pytest.raises(CannotStart, match="bad: line 1 does not begin with `whsec_`"):
        async with gateway(tmp_path, hook(tmp_path, receiver, secret_file=bad)):
            pass


async def test_a_receiver_that_is_gone_is_shown_and_posted_to_again_when_a_person_says_so(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.mood = answers(410)
    async with gateway(tmp_path, hook(tmp_path, receiver)) as (app, _):
        await app.print("Kitchen", ZPL, wait="delivered")
        await receiver.until_heard(1)
        while "410" not in (listed := (await app.call("GET", "/v1/webhooks"))[1]["webhooks"][0])["trouble"]:
            pass
        assert listed["behind"] >= 1
        receiver.mood = takes
        status, _ = await app.call("POST", "/v1/webhooks/shop/retry")
        assert status == 200
        await receiver.until_taken(3)


async def test_an_app_of_zebra_ws_print_is_called_back_as_it_always_was(tmp_path: Path, receiver: Receiver) -> None:
    receiver.mood = answers(500)  # the original did not look at answers
    setting = WebhookSetting(
        "warehouse",
        receiver.url + "/done?sn=",
        format=WebhookFormat.ZEBRA_WS_PRINT,
        scan_data_url=receiver.url + "/scans?sn=",
    )
    settings = Settings(
        data=tmp_path / "data",
        listeners=(
            Listener("127.0.0.1", 0),
            Listener("127.0.0.1", 0, doors=(Door.WEBLINK,), proof=(Proof.NONE,)),
        ),
        printers=(
            PrinterSetting("Packing", f"weblink:{SERIAL}"),
            PrinterSetting("Kitchen", f"file:{tmp_path / 'paper'}"),
        ),
        discovery=Discovery(cups=False),
        webhooks=(setting,),
        drain_s=1,
    )
    async with Gateway(settings) as running, App(running.urls[0]) as app:
        async with WeblinkPrinter(running.urls[1] + "/weblink", SERIAL) as printer:
            await printer.opened("raw")
            await app.print("Kitchen", ZPL, wait="delivered")
            await app.print("Packing", ZPL, wait="printed", external_id="81")
            await app.print("Packing", ZPL, wait="printed")
            printer.scan("4006381333931")
            while not any(one.path.startswith("/hook/scans") for one in receiver.heard):
                await receiver.until_heard(len(receiver.heard) + 1)
        said = f'{{"sn": "{SERIAL}", "job_id": "%s", "channel": "%s"}}'
        expected = [
            ("/hook/done?sn=", said % ("connected", "RAW")),
            ("/hook/done?sn=", said % ("81", "RAW")),
            ("/hook/done?sn=", said % ("custom", "RAW")),
            ("/hook/scans?sn=", f'{{"data": "4006381333931", "sn": "{SERIAL}"}}'),
            ("/hook/done?sn=", said % ("disconnected", "RAW")),
            ("/hook/done?sn=", said % ("disconnected", "MAIN")),
        ]
        while len(receiver.heard) < len(expected):
            await receiver.until_heard(len(receiver.heard) + 1)
        assert sorted((one.path, one.body.decode()) for one in receiver.heard) == sorted(expected)
        assert not any("webhook-signature" in one.headers for one in receiver.heard)


async def test_only_the_events_that_were_asked_for_are_told(tmp_path: Path, receiver: Receiver) -> None:
    few = hook(tmp_path, receiver, events=(EventKind.PRINTER_CHANGED,))
    async with gateway(tmp_path, few) as (app, _):
        await app.print("Kitchen", ZPL, wait="delivered")
        await app.call("POST", "/v1/printers/kitchen/pause")
        await receiver.until_told("printer.changed")
        assert {one.said["type"] for one in receiver.heard} == {"printer.changed"}
