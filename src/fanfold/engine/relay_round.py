"""One webhook's round: reads events, has them posted, keeps what was not taken, moves the cursor. Knows no HTTP.

One task does all of it turn by turn, so that nothing happens between a look at the outbox and what follows from it;
only the posts are tasks of their own. It reads what printing wrote and is waited for by nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from random import random

from fanfold import clock
from fanfold.engine.background import Background
from fanfold.engine.relay_box import Box
from fanfold.engine.relay_courier import Courier, Terms
from fanfold.engine.relay_letters import Line, kind_of, subject_of
from fanfold.engine.relay_pace import GIVE_UP_S, Chance, Failed, Gone, Pace, Taken, Verdict, letter_wait_s
from fanfold.engine.relay_post import Postman
from fanfold.engine.relay_trail import Stretch, Trail
from fanfold.errors import StoreFailed
from fanfold.messages import Event
from fanfold.model import Printer, PrinterId
from fanfold.store.base import Letter, Outbox, Store

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Posts to one receiver at a time, each on another subject."""
WINDOW = 1000
"""Events in memory at a time: so many are told again at most after a crash."""
BATCH_S = 1.0
"""How long letters are gathered for the outbox: until then history has them, and writing competes with printing."""
LAZY_S = 5.0
"""How long the cursor may lag behind events of which the receiver is not told anyway."""
GATHER_S = 0.1
"""How long events are gathered while the receiver is down: they can wait, and what prints needs the processor."""
LONGEST_REST_S = 60.0
"""Looks at the clock so often while something waits: the loop's own does not count suspend."""
ASLEEP_S = 300.0
"""So long between two turns while something waits: the machine slept."""
AWAKE_S = 3600.0
"""Nothing is given up sooner after a start or a sleep: the receiver may get up later than we."""
STORE_PAUSE_S = 2.0
GRACE_S = 2.0
"""How long a stop waits for posts that are under way."""


@dataclass(frozen=True, slots=True)
class Office:
    """What all rounds share."""

    store: Store
    outbox: Outbox
    postman: Postman
    printer: Callable[[PrinterId], Printer | None]
    background: Background
    chance: Chance = random


class Round:
    """One webhook, from its cursor on. `run` it as a task; `stop` ends that."""

    def __init__(self, terms: Terms, office: Office) -> None:
        self.terms = terms
        self.last_success_at: datetime | None = None
        self._office, self._store, self._outbox = office, office.store, office.outbox
        self._name = terms.setting.name
        self._trail: Trail | None = None
        self._line, self._pace = Line(), Pace(office.chance)
        self._box = Box(self._outbox, self._name)
        self._courier = Courier(office.postman, office.background, self.wake)
        self._written_s = self._turned_s = self._awake_s = 0.0
        self._store_says = ""
        self._news = asyncio.Event()
        self._stopped = False

    @property
    def trouble(self) -> str:
        """Why it does not get on, in words; empty when it does."""
        if self._store_says:
            return self._store_says
        if self._pace.is_stopped:
            return (
                f"{self._pace.says}: it wants nothing more. Events are kept for it; take the webhook out of the "
                "configuration, or change it or retry its dead letters to post again"
            )
        if self._pace.is_down:
            return f"its receiver is down: {self._pace.says}; it is tried again from time to time"
        waiting = next((letter for letter in self._box.letters if letter.error), None)
        return f"some events are not taken: {waiting.error}" if waiting else ""

    @property
    def unread(self) -> int:
        """How many events it has in hand or before it, which are not in the outbox."""
        if self._trail is None:
            return 0
        return self._trail.untaken + max(0, self._store.last_event_id() - self._trail.read_to)

    def wake(self) -> None:
        """Look for what there is to do."""
        self._news.set()

    def take(self, terms: Terms) -> None:
        """Go on by these terms; what waits is tried at once."""
        self.terms = terms
        self.start_afresh()

    def start_afresh(self) -> None:
        """Think that the receiver is up, and try at once all that waits."""
        self._pace.start_afresh()
        self._box.try_all()
        self.wake()

    async def open(self) -> Trail:
        """Find the cursor; a new webhook begins with the next event. Raises StoreFailed."""
        cursor = (await self._outbox.postbox(self._name)).cursor
        if cursor is None:
            cursor = self._store.last_event_id()
            await self._outbox.post(self._name, cursor)
        self._trail = Trail(cursor)
        return self._trail

    async def run(self) -> None:
        """Go round until `stop`; no fault ends it."""
        while not self._stopped:
            try:
                rest_s = await self._turn()
            except StoreFailed as failure:
                if not self._store_says:
                    log.warning("webhook %s waits for the store: %s", self._name, failure.says)
                self._store_says, rest_s = failure.says, STORE_PAUSE_S
            except Exception as fault:  # noqa: BLE001  # told; the next turn begins with what is on disk
                self._office.background.fault(f"webhook {self._name}", fault)
                await self._start_over()
                rest_s = STORE_PAUSE_S
            await self._rest(rest_s)

    def stop(self) -> None:
        """End `run` after its turn."""
        self._stopped = True
        self.wake()

    async def finish(self, grace_s: float = GRACE_S) -> None:
        """Wait a moment for what is under way, and note what came of it. Only after the end of `run`."""
        await self._courier.wait(grace_s)
        with suppress(StoreFailed):  # then it is told again at the next start, under the same id
            if self._trail is not None:
                self._land(self._trail)
                await self._write(self._trail, lazily=False)
        await self._courier.call_off()

    async def _start_over(self) -> None:
        """Forget what is in hand: it is on disk."""
        await self._courier.call_off()
        self._trail, self._line, self._box = None, Line(), Box(self._outbox, self._name)

    # one turn

    async def _turn(self) -> float:
        """Do what can be done now; return how long to rest, unless woken."""
        trail = self._trail or await self.open()
        self._notice_sleep()
        self._land(trail)
        await self._write(trail, lazily=True)
        if self._box.is_stale and (self._is_probe_due() or self._ready() is None):
            await self._box.look()
        await self._read(trail)
        self._send(trail)
        self._store_says = ""
        return self._rest_s(trail)

    def _notice_sleep(self) -> None:
        now_s = self._outbox.age_s
        if not self._turned_s or now_s - self._turned_s > ASLEEP_S:
            self._awake_s = now_s
        self._turned_s = now_s

    def _land(self, trail: Trail) -> None:
        """Take in what came of the posts that ended."""
        for letter, verdict in self._courier.landed():
            self._landed(trail, letter, verdict)
        if self._pace.is_down:
            for letter in self._line.clear():
                trail.keep(letter)
            self._expire()

    def _landed(self, trail: Trail, letter: Letter, verdict: Verdict) -> None:
        if isinstance(verdict, Taken):
            self.last_success_at = clock.now()
            if self._pace.went_well():
                log.info("webhook %s: its receiver takes events again", self._name)
                self._box.try_all()
            self._forget(trail, letter)
        else:
            self._failed(trail, letter, verdict)

    def _forget(self, trail: Trail, letter: Letter) -> None:
        if letter.id:
            self._box.taken(letter)
        else:
            trail.taken(letter.event)

    def _failed(self, trail: Trail, letter: Letter, verdict: Failed | Gone) -> None:
        now_s, was_down = self._outbox.age_s, self._pace.is_down
        self._pace.failed(letter.event, now_s, verdict)
        if self._pace.is_down and not was_down:
            log.warning("webhook %s: %s; events wait for it", self._name, verdict.says)
        tries = letter.tries + 1
        next_s = now_s + letter_wait_s(tries, verdict, self._office.chance)
        tried = replace(letter, tries=tries, last_at=clock.now(), next_s=next_s, error=verdict.says)
        self._box.tried(tried)
        if not letter.id:
            trail.keep(tried)
            for behind in self._line.leave(letter.subject):
                trail.keep(behind)
        elif now_s >= self._give_up_s(letter):
            self._give_up(tried)
        else:
            self._box.put_off(tried)

    def _give_up_s(self, letter: Letter) -> float:
        return max(letter.since_s + GIVE_UP_S, self._awake_s + AWAKE_S)

    def _give_up(self, letter: Letter) -> None:
        log.warning("webhook %s: event %s is given up: %s", self._name, letter.event, letter.error)
        self._box.give_up(letter)

    def _expire(self) -> None:
        """Give up what waited so long for a receiver that was down all the while."""
        now_s, busy = self._outbox.age_s, self._courier.busy
        for letter in self._box.letters:
            if now_s >= self._give_up_s(letter) and letter.subject not in busy:
                says = letter.error or f"its receiver was down all the while; at last {self._pace.says}"
                self._give_up(replace(letter, error=says, last_at=letter.last_at or clock.now()))

    async def _write(self, trail: Trail, *, lazily: bool) -> None:
        stretch = trail.stretch()
        if stretch.events and (not lazily or self._outbox.age_s >= self._write_s(stretch)):
            await self._box.keep(stretch)
            trail.moved(stretch)
            self._written_s = self._outbox.age_s
        await self._box.write()

    async def _read(self, trail: Trail) -> None:
        room = WINDOW - len(trail)
        last = self._store.last_event_id()
        if room <= 0 or last <= trail.read_to:
            return
        events = await self._store.events(trail.read_to, room)
        if not events:
            trail.read_to = last  # there are none: whoever asks on would ask for ever
        for event in events:
            letter = self._letter(event)
            if letter is None:
                trail.pass_over(event.id)
                continue
            trail.begin(event.id)
            if self._pace.is_down or self._box.holds(letter.subject) or trail.holds(letter.subject):
                trail.keep(letter)
            else:
                self._line.add(letter)

    def _letter(self, event: Event) -> Letter | None:
        kind = kind_of(event)
        if kind not in self.terms.setting.events:
            return None
        try:
            post = self.terms.wording.word(event, self._office.printer(event.printer))
        except Exception as fault:  # noqa: BLE001  # told; one event that cannot be worded must not keep back all others
            self._office.background.fault(f"webhook {self._name}: wording of event {event.id}", fault)
            return None
        if post is None:
            return None
        now_s = self._outbox.age_s
        return Letter(event.id, kind.value, subject_of(event), post.url, post.body, event.at, now_s, now_s)

    def _send(self, trail: Trail) -> None:
        """Post what may go now."""
        while self._may_post() and (letter := self._ready() or self._line.next(self._courier.busy)):
            url = self.terms.wording.address(letter.kind)
            if url is None:
                self._forget(trail, letter)
                self.wake()
            else:
                self._courier.send(letter, url, self.terms)

    def _may_post(self) -> bool:
        if self._pace.is_down:
            return not len(self._courier) and self._outbox.age_s >= self._pace.probe_s
        return len(self._courier) < AT_ONCE and not self._stopped

    def _is_probe_due(self) -> bool:
        return self._pace.is_down and self._may_post()

    def _ready(self) -> Letter | None:
        """Return the letter of the outbox that may go next."""
        busy = self._courier.busy
        return self._box.probe(busy) if self._pace.is_down else self._box.ready(self._outbox.age_s, busy)

    # rests

    def _rest_s(self, trail: Trail) -> float:
        if self._store.last_event_id() > trail.read_to and len(trail) < WINDOW:
            return 0.0
        now_s = self._outbox.age_s
        return max(0.0, min((at_s - now_s for at_s in self._appointments(trail)), default=inf))

    def _appointments(self, trail: Trail) -> Iterator[float]:
        """Ages of the store at which there is something to do by itself."""
        if (stretch := trail.stretch()).events:
            yield self._write_s(stretch)
        busy, is_full = self._courier.busy, bool(len(self._courier)) and not self._may_post()
        for letter in self._box.letters:
            if letter.subject in busy:
                continue
            if self._pace.is_down:
                yield self._give_up_s(letter)
            if not is_full:
                yield self._pace.probe_s if self._pace.is_down else self._box.due_s(letter)

    def _write_s(self, stretch: Stretch) -> float:
        """Return the age at which the cursor has to move on disk."""
        if stretch.told or stretch.events >= WINDOW // 2:
            return 0.0  # what was told would be told again after a crash
        return self._written_s + (BATCH_S if stretch.letters else LAZY_S)

    async def _rest(self, rest_s: float) -> None:
        if rest_s:
            with suppress(TimeoutError):
                async with asyncio.timeout(None if rest_s == inf else min(rest_s, LONGEST_REST_S)):
                    await self._news.wait()
        else:
            await asyncio.sleep(0)
        if self._pace.is_down and not self._stopped:
            await asyncio.sleep(GATHER_S)
        self._news.clear()
