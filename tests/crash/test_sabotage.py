"""The proof of the judge: gateways that break one promise each, on purpose, and the checker catches every one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest

from fanfold.simulate.moods import Away, Ready, ResetsAfter
from tests.crash.clients import Talk
from tests.crash.load import bad_day, shop
from tests.crash.paper import Label
from tests.crash.scene import KINDS, PRINTER, scene

LABEL, LARGE = Label("small"), Label("large", 700 * 1024)


def says(complaints: Sequence[str], words: str) -> bool:
    return any(words in complaint for complaint in complaints)


@pytest.mark.parametrize("kind", KINDS)
async def test_printing_again_after_a_crash_is_caught(tmp_path: Path, kind: str) -> None:
    async with scene(tmp_path, kind) as stage:
        await stage.gateway.run("--die", "about to settle")
        await stage.offer(LABEL)
        await stage.gateway.died()
        await stage.gateway.run("--sabotage", "prints_again_after_a_crash")
        assert says(stage.complaints(await stage.ends()), "small: on paper twice (whole and whole)")


async def test_acknowledging_before_the_commit_is_caught(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await stage.gateway.run("--sabotage", "acknowledges_before_the_commit")
        await stage.offer(LABEL)
        await stage.gateway.kill()
        await stage.gateway.run()
        assert says(stage.complaints(await stage.ends()), "but the store has lost it")


async def test_completing_without_printing_is_caught(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await stage.gateway.run("--sabotage", "completes_without_printing")
        await stage.offer(LABEL)
        assert says(stage.complaints(await stage.ends()), "small: completed, but not whole on paper")


async def test_printing_again_in_doubt_is_caught(tmp_path: Path) -> None:
    async with scene(tmp_path, mood=ResetsAfter(2000)) as stage:
        await stage.gateway.run("--sabotage", "prints_again_in_doubt")
        await stage.offer(LARGE)
        await stage.printer.broken()
        await stage.printer.become(Ready())
        assert says(stage.complaints(await stage.ends()), "large: on paper twice (whole and in part)")


async def test_forgetting_keys_is_caught(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await stage.gateway.run("--sabotage", "forgets_keys")
        await stage.offer(LABEL)
        await stage.offer(LABEL)
        found = stage.complaints(await stage.ends())
        assert says(found, "small: kept twice")
        assert says(found, "small: on paper twice")
        assert says(found, "small: acknowledged as job")


async def test_printing_what_a_page_was_told_is_canceled_is_caught(tmp_path: Path) -> None:
    async with scene(tmp_path, mood=Away(), page_start_within_s=0.2) as stage:
        await stage.gateway.run("--sabotage", "prints_what_it_called_off")
        stage.ledger.paper.offer(LABEL)
        async with aiohttp.ClientSession() as web, web.ws_connect(stage.gateway.url) as socket:
            talk = Talk(socket, stage.ledger)
            await talk.print(LABEL, PRINTER)
            await talk.leave()
            await talk.listen()
        await stage.printer.become(Ready())
        assert stage.complaints(await stage.ends()) == ["small: its page was told error, but it is completed"]


async def test_a_bad_day_finds_it_by_itself(tmp_path: Path) -> None:
    async with shop(tmp_path, seed=1) as one:
        found = one.complaints(await bad_day(one, 8, "--sabotage", "prints_again_after_a_crash"))
        assert says(found, "on paper twice")
