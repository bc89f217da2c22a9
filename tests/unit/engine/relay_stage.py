"""A relay on a store in memory, a receiver in memory, and a clock that jumps: a day passes in a moment."""

from __future__ import annotations

import asyncio
import json
import selectors
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fanfold import clock
from fanfold.config import WebhookSetting
from fanfold.dialects.webhook import FanfoldEvents
from fanfold.engine import signing
from fanfold.engine.background import Background
from fanfold.engine.relay import Relay
from fanfold.engine.relay_post import Answer, Wording
from fanfold.messages import WebhookView
from fanfold.model import Printer, PrinterId
from fanfold.store.memory import MemoryStore

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="
MORNING = datetime(2026, 5, 4, 6, tzinfo=UTC)
HOUR_S = 3600.0


class _Jumper(selectors.DefaultSelector):
    now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "nothing will ever happen any more"
        self.now_s += timeout
        return super().select(0)


class JumpLoop(asyncio.SelectorEventLoop):
    """Where nothing is to do now, it is the time of what is next."""

    def __init__(self) -> None:
        self._jumper = _Jumper()
        super().__init__(self._jumper)

    def time(self) -> float:
        return self._jumper.now_s


def live(story: Coroutine[Any, Any, None]) -> None:
    """Run a story on jumping time."""
    with asyncio.Runner(loop_factory=JumpLoop) as runner:
        runner.run(story)


def jump(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the house's clocks be the loop's."""
    monkeypatch.setattr(clock, "uptime_s", lambda: asyncio.get_running_loop().time())
    monkeypatch.setattr(clock, "now", lambda: MORNING + timedelta(seconds=asyncio.get_running_loop().time()))


@dataclass(frozen=True)
class Posted:
    at_s: float
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)

    @property
    def subject(self) -> str:
        data = self.said["data"]
        return str(data.get("job") or data["printer"])

    @property
    def event(self) -> int:
        return int(self.said["data"]["id"])

    @property
    def message(self) -> str:
        return self.headers["webhook-id"]


Mood = Callable[[Posted], int | Answer | Exception]


@dataclass
class Shop:
    """A receiver. `mood` says what it answers; it takes a moment for each."""

    mood: Mood = lambda posted: 204
    answers_after_s: float = 0.01
    slow_s: dict[str, float] = field(default_factory=dict)
    """Subjects for which it takes longer."""
    tries: list[Posted] = field(default_factory=list)
    taken: list[Posted] = field(default_factory=list)
    now: int = 0
    most_at_once: int = 0
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        posted = Posted(asyncio.get_running_loop().time(), url, headers, body)
        self.tries.append(posted)
        self.now += 1
        self.most_at_once = max(self.most_at_once, self.now)
        try:
            answer = self.mood(posted)
            await asyncio.sleep(self.slow_s.get(posted.subject, self.answers_after_s))
        finally:
            self.now -= 1
            async with self.news:
                self.news.notify_all()
        if isinstance(answer, Exception):
            raise answer
        answer = answer if isinstance(answer, Answer) else Answer(answer)
        if answer.status // 100 == 2:
            self.taken.append(posted)
        return answer

    async def until_taken(self, count: int) -> list[Posted]:
        """Wait until so many were taken, ever."""
        async with self.news:
            await self.news.wait_for(lambda: len(self.taken) >= count)
        return self.taken

    async def until_tried(self, count: int) -> list[Posted]:
        async with self.news:
            await self.news.wait_for(lambda: len(self.tries) >= count)
        return self.tries


@dataclass
class House:
    store: MemoryStore
    shop: Shop
    relay: Relay
    background: Background
    settings: tuple[WebhookSetting, ...]
    calls_it: str = "the"

    async def start(self) -> None:
        await self.relay.start(self.relay.prepare(self.settings), self.printer, self.background)

    def printer(self, name: PrinterId) -> Printer:
        return Printer(name, f"{self.calls_it} {name}", f"socket://user:secret@192.0.2.7/{name}")

    async def configure(self, *settings: WebhookSetting) -> Sequence[str]:
        self.settings = settings
        return await self.relay.configure(self.relay.prepare(settings))

    async def tell(self, *subjects: str) -> None:
        """Record an event on each of these printers, in turn."""
        for subject in subjects:
            await self.store.record(PrinterId(subject), "idle", (), "")

    async def view(self) -> WebhookView:
        return (await self.relay.list()).webhooks[0]

    async def killed(self) -> House:
        """The same gateway after a SIGKILL: only what the store keeps is left. All printers were renamed meanwhile."""
        for one, task in self.relay._rounds.values():
            await _cut(task)
            for flight in list(one._courier._flights):
                await _cut(flight)
        self.relay._rounds.clear()
        return replace(self, relay=make_relay(self.store, self.shop), calls_it=self.calls_it + " new")


async def _cut(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def wording(setting: WebhookSetting) -> Wording:
    return FanfoldEvents(setting.url)


def make_relay(store: MemoryStore, shop: Shop) -> Relay:
    return Relay(store, store, shop, wording)


def hook(folder: Path, name: str = "shop", **changes: Any) -> WebhookSetting:
    file = folder / "secret"
    file.write_text(SECRET + "\n")
    return replace(WebhookSetting(name, "https://shop.example/hook", secret_file=file), **changes)


async def opened(folder: Path, *settings: WebhookSetting) -> House:
    store, shop = MemoryStore(folder), Shop()
    house = House(store, shop, make_relay(store, shop), Background(), settings or (hook(folder),))
    await house.start()
    return house


def is_signed(posted: Posted) -> bool:
    """Check as a receiver would."""
    at = datetime.fromtimestamp(int(posted.headers["webhook-timestamp"]), UTC)
    expected = signing.headers((signing._secret(Path(), 1, SECRET),), posted.message, at, posted.body)
    return posted.headers["webhook-signature"] == expected["webhook-signature"]


def by_subject(posts: Sequence[Posted]) -> dict[str, list[int]]:
    events: dict[str, list[int]] = {}
    for posted in posts:
        events.setdefault(posted.subject, []).append(posted.event)
    return events
