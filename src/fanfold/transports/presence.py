"""Who may be which printer, among those that dial in: identities, newcomers, claims. Knows no protocol and no line.

A printer is let in when a person adopted its serial, and from then on only by what it proved at that time: a second
peer that claims the serial without the proof is refused and reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fanfold.reception import Newcomer, Reception, Suspicious

CLAIMS_PER_SERIAL = 8
"""Newcomers that claim one serial with different proofs; a person shall see that there are several, no more."""
LINES_PER_CLAIM = 16
"""Of one newcomer: some printers dial again and again though they are connected."""


@dataclass(frozen=True, slots=True)
class LetIn:
    """It is that printer."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Nobody has let it in yet."""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """It is not, and why, in words that tell a stranger nothing of ours."""

    because: str


Verdict = LetIn | Waits | TurnedAway


@dataclass(slots=True)
class Presence:
    """The rule, with those who wait. `limit` is how many may."""

    reception: Reception
    limit: int
    _waiting: dict[tuple[str, str], tuple[Newcomer, int]] = field(default_factory=dict)
    """By URI and identity: who waits, over how many lines."""
    _claims: Counter[str] = field(default_factory=Counter)
    """By URI: how many different proofs claim it."""

    async def judge(self, uri: str, identities: Sequence[str], peer: str) -> Verdict:
        """Say whether who proved these identities is the printer of this URI. Raises StoreFailed."""
        known = self.reception.known(uri)
        if known is None:
            return Waits()
        if known.printer is None:
            return TurnedAway("this printer was rejected; adopt it on the gateway if that was a mistake")
        if known.identity in identities:
            return LetIn()
        if not known.identity and identities and await self.reception.bind(uri, identities[0]):
            return LetIn()
        self.reception.tell(uri, Suspicious(_claim(peer, identities)))
        return TurnedAway("this serial is bound to another proof")

    def wait(self, newcomer: Newcomer) -> bool:
        """Let one wait; False: there is no room. Each `wait` that was granted is ended by one `leave`."""
        key = newcomer.uri, newcomer.identity
        before, lines = self._waiting.get(key, (newcomer, 0))
        if lines >= LINES_PER_CLAIM or (not lines and not self._has_room(newcomer.uri)):
            return False
        self._claims[newcomer.uri] += not lines
        self._waiting[key] = replace(newcomer, since=before.since), lines + 1
        return True

    def leave(self, uri: str, identity: str) -> None:
        """Note that one line of a newcomer is over, or that it was let in."""
        newcomer, lines = self._waiting.pop((uri, identity))
        if lines > 1:
            self._waiting[uri, identity] = newcomer, lines - 1
        elif self._claims[uri] > 1:
            self._claims[uri] -= 1
        else:
            del self._claims[uri]

    @property
    def newcomers(self) -> Sequence[Newcomer]:
        """Who waits, the longest waiting first."""
        return sorted((newcomer for newcomer, _ in self._waiting.values()), key=lambda one: one.since)

    def _has_room(self, uri: str) -> bool:
        return len(self._waiting) < self.limit and self._claims[uri] < CLAIMS_PER_SERIAL


def _claim(peer: str, identities: Sequence[str]) -> str:
    proved = ", ".join(identities) or "nothing"
    return (
        f"somebody at {peer or 'an unknown address'} claims to be this printer, but proved {proved}; it was refused. "
        "If it is the printer: fanfold printers adopt SERIAL --identity " + (identities[0] if identities else "none")
    )
