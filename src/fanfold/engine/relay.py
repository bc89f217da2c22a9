"""The relay: events to the webhooks of the configuration, one round each. Knows no HTTP and delays no printing."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterable, Sequence

from fanfold.config import WebhookSetting
from fanfold.engine import signing
from fanfold.engine.background import Background
from fanfold.engine.relay_courier import Terms
from fanfold.engine.relay_post import Postman, Wording
from fanfold.engine.relay_round import Office, Round
from fanfold.errors import Refused, StoreFailed
from fanfold.messages import DeadLetter, DeadLetters, Done, Event, Webhooks, WebhookView
from fanfold.model import Printer, PrinterId
from fanfold.store.base import Outbox, Store

log = logging.getLogger(__name__)

_USERINFO = re.compile(r"//[^/?#]*@")
_QUERY = re.compile(r"\?.+", re.DOTALL)


class Relay:
    """All webhooks. `start` it, `configure` it anew, `close` it before its store and its postman."""

    def __init__(
        self, store: Store, outbox: Outbox, postman: Postman, wording: Callable[[WebhookSetting], Wording]
    ) -> None:
        """Read events from the store, keep letters in the outbox; `wording` makes a webhook's own."""
        self._store, self._outbox, self._postman, self._wording = store, outbox, postman, wording
        self._office: Office | None = None
        self._rounds: dict[str, tuple[Round, asyncio.Task[None]]] = {}
        self._turn = asyncio.Lock()
        self._closed = False
        store.watch(self._wake)

    def prepare(self, webhooks: Iterable[WebhookSetting]) -> Sequence[Terms]:
        """Read what webhooks need, and change nothing. Raises CannotStart for a secret that is none."""
        return tuple(
            Terms(one, self._wording(one), signing.read_secrets(one.secret_file) if one.secret_file else ())
            for one in webhooks
        )

    async def start(
        self, terms: Sequence[Terms], printer: Callable[[PrinterId], Printer | None], background: Background
    ) -> None:
        """Begin; each goes on from its cursor, a new one with the next event. `printer` finds one by its id."""
        self._office = Office(self._store, self._outbox, self._postman, printer, background)
        for note in await self.configure(terms):
            log.info("%s", note)

    async def configure(self, terms: Sequence[Terms]) -> Sequence[str]:
        """Make the webhooks those of the configuration; return what changed, in words. Only after `start`."""
        async with self._turn:
            return () if self._closed else await self._configure(terms)

    async def close(self) -> None:
        """Let what is being posted end within a moment, and note it. Idempotent."""
        async with self._turn:
            self._closed = True
            rounds, self._rounds = list(self._rounds.values()), {}
            for one, _ in rounds:
                one.stop()
            await asyncio.gather(*(task for _, task in rounds))
            await asyncio.gather(*(one.finish() for one, _ in rounds))

    # what people ask

    async def list(self) -> Webhooks:
        """Return how each webhook stands. Raises StoreFailed."""
        return Webhooks(tuple([await self._view(one) for one, _ in list(self._rounds.values())]))

    async def dead(self, name: str, limit: int) -> DeadLetters:
        """Return what a webhook's receiver never took, newest first. Raises Refused, StoreFailed."""
        self._find(name)
        letters = await self._outbox.dead_letters(name, limit)
        return DeadLetters(
            tuple(
                DeadLetter(
                    letter.event,
                    letter.kind,
                    letter.subject,
                    letter.tries,
                    letter.first_at,
                    letter.last_at or letter.first_at,
                    letter.error,
                )
                for letter in letters
            )
        )

    async def retry(self, name: str) -> Done:
        """Try a webhook's dead letters again, and its receiver at once. Raises Refused, StoreFailed."""
        one = self._find(name)
        count = await self._outbox.revive(name, self._outbox.age_s)
        one.start_afresh()
        return Done((f"webhook {name}: {count} dead letters are tried again, and what waits at once",))

    # within

    async def _configure(self, terms: Sequence[Terms]) -> Sequence[str]:
        notes = [await self._remove(name) for name in await self._unnamed({one.setting.name for one in terms})]
        for one in terms:
            name = one.setting.name
            if name not in self._rounds:
                await self._add(one)
                notes.append(f"webhook {name}: new")
            elif not (there := self._rounds[name][0]).terms.same_as(one):
                there.take(one)
                notes.append(f"webhook {name}: changed")
        return notes

    def _wake(self, events: Sequence[Event]) -> None:
        for one, _ in self._rounds.values():
            one.wake()

    def _find(self, name: str) -> Round:
        if name not in self._rounds:
            known = ", ".join(self._rounds) or "none"
            says = f"There is no webhook {name[:80]!r} in the configuration. Known are: {known[:400]}."
            raise Refused(says, code="unknown-webhook", status=404)
        return self._rounds[name][0]

    async def _unnamed(self, named: set[str]) -> Sequence[str]:
        """Webhooks that run, or that left letters, and are in the configuration no more."""
        try:
            kept = await self._outbox.webhooks()
        except StoreFailed as failure:
            log.warning("webhooks that were taken out are cleared at the next start: %s", failure.says)
            kept = ()
        return [name for name in dict.fromkeys((*self._rounds, *kept)) if name not in named]

    async def _add(self, terms: Terms) -> None:
        if self._office is None:
            raise RuntimeError("start comes before configure")
        one = Round(terms, self._office)
        try:
            await one.open()
        except StoreFailed as failure:
            log.warning("webhook %s waits for the store: %s", terms.setting.name, failure.says)
        self._rounds[terms.setting.name] = one, asyncio.create_task(one.run(), name=f"webhook {terms.setting.name}")

    async def _remove(self, name: str) -> str:
        if name in self._rounds:
            one, task = self._rounds.pop(name)
            one.stop()
            await task
            await one.finish(grace_s=0)
        try:
            waiting = (await self._outbox.postbox(name)).waiting
            await self._outbox.drop_webhook(name)
        except StoreFailed as failure:
            return f"webhook {name}: taken out; what waited for it is dropped at the next start: {failure.says}"
        return f"webhook {name}: taken out; {waiting} events that waited in its outbox are dropped with it"

    async def _view(self, one: Round) -> WebhookView:
        setting = one.terms.setting
        postbox = await self._outbox.postbox(setting.name)
        behind = postbox.waiting + one.unread
        return WebhookView(setting.name, _shown(setting.url), behind, postbox.dead, one.last_success_at, one.trouble)


def _shown(url: str) -> str:
    """Return a URL without what may be secret in it: user, password, query."""
    return _QUERY.sub("?…", _USERINFO.sub("//***@", url))
