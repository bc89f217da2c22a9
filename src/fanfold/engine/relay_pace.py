"""When a webhook's receiver is tried again, and what its answers mean. Pure: answers and ages in, ages out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from math import inf

from fanfold.engine.relay_post import Answer

FIRST_S, LONGEST_S = 1.0, 3600.0
"""Between two tries of a letter that was refused; it doubles."""
LONGEST_PROBE_S = 60.0
"""Between two tries where nobody answered: one post a minute costs nobody anything, and it may be back any time."""
GIVE_UP_S = 24 * 3600.0
"""So long after its first try a letter is given up."""
JITTER = 0.2
"""Many gateways that lost one receiver together shall not come back together."""
DOWN_AFTER = 3
"""So many different letters failed and none was taken: it is the receiver, not the letter."""
AWAY = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
"""What a proxy answers when the receiver behind it is not there."""

Chance = Callable[[], float]
"""Returns a number from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The receiver does not have it, or nobody knows. `hold_s` is how long it asks to be left alone."""

    says: str
    hold_s: float | None = None
    is_away: bool = False
    """Whether nobody answered, or a proxy for nobody."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The receiver wants nothing more, ever."""

    says: str


Verdict = Taken | Failed | Gone


def verdict(answer: Answer, *, heeds_status: bool) -> Verdict:
    """Return what an answer means, as Standard Webhooks has it: whatever is no 2xx is to be tried again."""
    if answer.status // 100 == 2 or not heeds_status:
        return Taken()
    says = f"it answered {answer.status}{_phrase(answer.status)}"
    if answer.status == HTTPStatus.GONE:
        return Gone(says)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS and answer.retry_after_s is None:
        return Failed(says, FIRST_S)
    return Failed(says, answer.retry_after_s, is_away=answer.status in AWAY)


def letter_wait_s(tries: int, verdict: Failed | Gone, chance: Chance) -> float:
    """Return how long a letter waits after so many tries, of which the last failed so."""
    if isinstance(verdict, Gone):
        return wait_s(tries, chance, LONGEST_S)
    longest_s = LONGEST_PROBE_S if verdict.is_away else LONGEST_S
    return max(wait_s(tries, chance, longest_s), min(verdict.hold_s or 0, LONGEST_S))


def wait_s(tries: int, chance: Chance, longest_s: float) -> float:
    """Return how long to wait after so many failed tries."""
    base_s = min(FIRST_S * 2.0 ** min(tries - 1, 30), longest_s)
    return base_s * (1 + JITTER * (2 * chance() - 1))


class Pace:
    """Whether a receiver is thought to be up. While it is down, one letter at a time is a probe."""

    def __init__(self, chance: Chance) -> None:
        self.says = ""
        """What it last said when it did not take a letter."""
        self._chance = chance
        self._failing: set[int] = set()
        self._probe_s: float | None = None
        self._probes = 0
        self._stopped = False

    @property
    def is_down(self) -> bool:
        """Whether letters go into the outbox without a try."""
        return self._probe_s is not None

    @property
    def is_stopped(self) -> bool:
        """Whether the receiver wants nothing more."""
        return self._stopped

    @property
    def probe_s(self) -> float:
        """The age from which on something may be posted."""
        return 0.0 if self._probe_s is None else self._probe_s

    def went_well(self) -> bool:
        """Note that a letter was taken; return whether the receiver was down until now."""
        was_down = self.is_down
        if not self._stopped:  # one that was under way may still be taken
            self.start_afresh()
        return was_down and not self._stopped

    def start_afresh(self) -> None:
        """Think it is up: it took something, or a person changed something."""
        self._failing.clear()
        self._probe_s, self._probes, self._stopped, self.says = None, 0, False, ""

    def failed(self, event: int, now_s: float, verdict: Failed | Gone) -> None:
        """Note that the letter on this event was not taken."""
        if self._stopped:
            return
        self.says = verdict.says
        self._failing.add(event)
        if isinstance(verdict, Gone):
            self._stopped, self._probe_s = True, inf
        elif verdict.hold_s is not None or self.is_down or len(self._failing) >= DOWN_AFTER:
            self._put_off(now_s, verdict.hold_s or 0)

    def _put_off(self, now_s: float, hold_s: float) -> None:
        # what was under way when it was found to be down fails too, and says nothing new
        if self._probe_s is None or now_s >= self._probe_s or hold_s:
            self._probes += 1
            probe_s = now_s + max(wait_s(self._probes, self._chance, LONGEST_PROBE_S), min(hold_s, LONGEST_S))
            self._probe_s = max(probe_s, self._probe_s or 0)


def _phrase(status: int) -> str:
    try:
        return f" ({HTTPStatus(status).phrase})"
    except ValueError:
        return ""
