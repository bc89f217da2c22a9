"""Has letters posted, each by a task of its own, and brings back what came of it. Knows no outbox and no event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fanfold import clock
from fanfold.config import WebhookSetting
from fanfold.engine import signing
from fanfold.engine.background import Background
from fanfold.engine.relay_pace import Failed, Verdict, verdict
from fanfold.engine.relay_post import Postman, Wording
from fanfold.store.base import Letter

POST_S = 30.0
"""How long a receiver may take to answer; Standard Webhooks says 15 to 30 s."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the configuration says of one webhook."""

    setting: WebhookSetting
    wording: Wording
    secrets: tuple[bytes, ...]

    def same_as(self, other: Terms) -> bool:
        """Tell whether both come to the same."""
        return (self.setting, self.secrets) == (other.setting, other.secrets)


class Courier:
    """Letters that are on their way to one receiver. `on_landed` is called when one of them is through."""

    def __init__(self, postman: Postman, background: Background, on_landed: Callable[[], None]) -> None:
        self._postman, self._background, self._on_landed = postman, background, on_landed
        self._flights: dict[asyncio.Task[Verdict], Letter] = {}

    def __len__(self) -> int:
        return len(self._flights)

    @property
    def busy(self) -> frozenset[str]:
        """The subjects of the letters on their way."""
        return frozenset(letter.subject for letter in self._flights.values())

    def send(self, letter: Letter, url: str, terms: Terms) -> None:
        """Have a letter posted, signed anew."""
        work = self._post(letter, url, terms)
        flight = asyncio.create_task(work, name=f"webhook {terms.setting.name}: event {letter.event}")
        flight.add_done_callback(lambda _: self._on_landed())
        self._flights[flight] = letter

    def landed(self) -> Iterator[tuple[Letter, Verdict]]:
        """Hand over the letters that are through, with what came of each."""
        for flight in [flight for flight in self._flights if flight.done()]:
            yield self._flights.pop(flight), flight.result()

    async def wait(self, grace_s: float) -> None:
        """Give those on their way a moment."""
        if self._flights:
            await asyncio.wait(self._flights, timeout=grace_s)

    async def call_off(self) -> None:
        """Drop all that is on its way: nobody will know what came of it."""
        flights, self._flights = self._flights, {}
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def _post(self, letter: Letter, url: str, terms: Terms) -> Verdict:
        headers = {"Content-Type": "application/json"}
        if terms.secrets:
            message = signing.message_id(terms.setting.name, letter.event, letter.subject, letter.first_at)
            headers |= signing.headers(terms.secrets, message, clock.now(), letter.body)
        try:
            answer = await self._postman.post(url, headers, letter.body, POST_S)
        except OSError as error:
            return Failed(str(error), is_away=True)
        except Exception as fault:  # noqa: BLE001  # told; the letter is tried again
            self._background.fault(f"webhook {terms.setting.name}: post", fault)
            return Failed(f"it could not be posted ({type(fault).__name__}); the log says more")
        return verdict(answer, heeds_status=terms.wording.heeds_status)
