"""Letting printers in that dial in, and keeping others out: one by one, or thousands at once. Knows no protocol."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from fanfold.engine.arrivals import INFO_LENGTH, Arrivals
from fanfold.engine.devices import Devices
from fanfold.engine.lane import Lane
from fanfold.engine.names import Draft
from fanfold.engine.options import NAME_LENGTH, new_id, with_kinds
from fanfold.engine.printers import PrinterDesk
from fanfold.engine.roster import Roster
from fanfold.errors import Refused
from fanfold.messages import Adopted, Adoption, AdoptPrinters, Done, Unadopted
from fanfold.model import Printer, PrinterId, Source
from fanfold.reception import Newcomer

MOST = 10_000
"""Adoptions in one command: a warehouse; more come in several."""

_IDENTITY = re.compile(r"none|(?:certificate|user|secret):\S.*")
"""As `door.Visit.identities` has them."""
_LIKE_A_SERIAL = re.compile(r"(?=.*[0-9])[a-z0-9]{9,16}")
"""A word that may be the serial of a printer which nobody has seen here yet."""


@dataclass(slots=True)
class _Plan:
    """What a command comes to, before anything is changed."""

    uris: list[str] = field(default_factory=list)
    """Of each adoption, in the order asked for."""
    new: dict[str, Printer] = field(default_factory=dict)
    known: list[Lane] = field(default_factory=list)
    bound: list[tuple[Lane, str]] = field(default_factory=list)
    """Printers that are there already, with the identity that is theirs from now on."""
    fresh: list[bool] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class AdoptionDesk:
    """The engine's hand for printers that ask to be let in. Methods raise Refused."""

    def __init__(self, roster: Roster, arrivals: Arrivals, devices: Devices, printers: PrinterDesk) -> None:
        self._roster, self._arrivals, self._devices, self._printers = roster, arrivals, devices, printers

    def list(self) -> Unadopted:
        """List who waits to be let in, and who never is."""
        return Unadopted(self._devices.newcomers(), tuple(self._arrivals.rejected))

    async def adopt(self, ask: AdoptPrinters) -> Adopted:
        """Let printers in: all of them, or none. One that is a printer already stays as it is, but for its identity."""
        if not 1 <= len(ask.adoptions) <= MOST:
            says = f"{len(ask.adoptions)} printers are named; let in 1 to {MOST} at once."
            raise Refused(says, code="bad-request", status=422)
        async with self._roster.turn:
            plan = self._plan(ask.adoptions)
            for uri in plan.uris:
                await self._arrivals.unreject(uri)
            await self._roster.put_all(list(plan.new.values()))
            for lane in plan.known:
                self._arrivals.calm(lane.printer.id)
            for lane, identity in plan.bound:
                await self._roster.edit(lane, lambda now, identity=identity: replace(now, identity=identity))  # type: ignore[misc]
        return self._adopted(plan)

    async def reject(self, device: str) -> Done:
        """Let a newcomer in never; it need not be there."""
        async with self._roster.turn:
            uri = self._devices.uri(device, self._devices.newcomers())
            if lane := self._roster.at(uri):
                says = (
                    f"{uri} is let in already, as printer {lane.printer.name}: remove that one first, then reject it."
                )
                raise Refused(says, code="printer-known", status=409)
            await self._arrivals.reject(uri)
            self._devices.transport(uri).turned_out(uri, "it was rejected by the gateway's owner")
        return Done((f"{uri} is rejected",))

    # within

    def _plan(self, ask_for: Sequence[Adoption]) -> _Plan:
        newcomers = self._devices.newcomers()
        claims = _by_uri(newcomers)
        by_serial = _by_serial(newcomers)
        serials = self._serials(ask_for, newcomers)
        plan, draft = _Plan(), self._roster.draft()
        for one in map(_checked, ask_for):
            uri = self._devices.uri(one.device, by_serial.get(one.device.strip(), ()))
            claimants = claims.get(uri, ())
            plan.uris.append(uri)
            lane = self._roster.at(uri)
            if note := _nobody_yet(uri, one.identity, claimants, lane):
                plan.notes.append(note)
            plan.fresh.append(lane is None and uri not in plan.new)
            if lane is not None:
                self._plan_known(plan, lane, one, claimants)
            elif uri not in plan.new:
                plan.new[uri] = self._drafted(uri, one, claimants, draft, serials)
        return plan

    def _plan_known(self, plan: _Plan, lane: Lane, one: Adoption, claimants: Sequence[Newcomer]) -> None:
        plan.known.append(lane)
        identity = one.identity or lane.printer.identity or _claimed(lane.printer.uri, claimants)
        if identity != lane.printer.identity:
            plan.bound.append((lane, identity))

    def _drafted(
        self, uri: str, one: Adoption, claimants: Sequence[Newcomer], draft: Draft, serials: AbstractSet[str]
    ) -> Printer:
        identity = one.identity or _claimed(uri, claimants)
        visitor = next((who for who in claimants if who.identity == identity), None)
        serial = visitor.serial if visitor else _serial_in(uri)
        if holder := draft.holder(serial):
            raise self._serial_taken(uri, serial, holder)
        name = one.name.strip() or self._own_name(visitor, draft, serials) or serial
        alias = (serial,) if name.casefold() != serial.casefold() else ()
        printer = draft.new(name, uri, Source.ADDED, alias)
        info = visitor.info[:INFO_LENGTH] if visitor else ""
        return with_kinds(replace(printer, identity=identity, info=info), self._roster.transport(uri))

    def _own_name(self, visitor: Newcomer | None, draft: Draft, serials: AbstractSet[str]) -> str:
        """What a newcomer calls itself, where people can say it and it is no word for anybody else."""
        name = visitor.name.strip() if visitor else ""
        if visitor is None or not name.isprintable() or len(name) > NAME_LENGTH or draft.holder(name):
            return ""
        words = {name.casefold(), new_id(name, ())} - {visitor.serial.casefold()}
        is_anothers = any(word in serials or _LIKE_A_SERIAL.fullmatch(word) for word in words)
        return "" if is_anothers or self._roster.receiver(name) else name

    def _serials(self, ask_for: Iterable[Adoption], newcomers: Iterable[Newcomer]) -> AbstractSet[str]:
        """Every serial that is known, of those that are let in, that wait and that are named; in lower case."""
        let_in = (_serial_in(lane.printer.uri) for lane in self._roster if self._roster.receiver(lane.printer.uri))
        named = (one.device.strip() for one in ask_for)
        return {word.casefold() for word in (*let_in, *named, *(one.serial for one in newcomers))}

    def _serial_taken(self, uri: str, serial: str, holder: PrinterId) -> Refused:
        says = (
            f"{uri} must answer to its serial, but {self._roster.name_of(holder)} answers to {serial[:40]!r}. "
            "Call that one otherwise or remove it first. Nobody was let in."
        )
        return Refused(says, code="name-taken", status=409)

    def _adopted(self, plan: _Plan) -> Adopted:
        views = []
        for uri in plan.uris:
            lane = self._roster.at(uri)
            if lane is None:
                raise Refused(f"{uri} was removed again meanwhile.", code="unknown-printer", status=404)
            views.append(self._printers.view(lane))
        return Adopted(tuple(views), tuple(plan.fresh), tuple(plan.notes))


def _by_uri(newcomers: Sequence[Newcomer]) -> Mapping[str, Sequence[Newcomer]]:
    found: dict[str, list[Newcomer]] = defaultdict(list)
    for one in newcomers:
        found[one.uri].append(one)
    return found


def _by_serial(newcomers: Sequence[Newcomer]) -> Mapping[str, Sequence[Newcomer]]:
    found: dict[str, list[Newcomer]] = defaultdict(list)
    for one in newcomers:
        found[one.serial].append(one)
    return found


def _checked(one: Adoption) -> Adoption:
    """Return it with its identity trimmed. Raises Refused `bad-identity` 422 where nobody can ever prove that."""
    identity = one.identity.strip()
    if identity and not (identity.isprintable() and _IDENTITY.fullmatch(identity)):
        says = (
            f"Nobody can ever prove {identity[:80]!r}. Write it as `printers unadopted` shows it: certificate:NAME, "
            "user:NAME, secret:NAME, or none. Nobody was let in."
        )
        raise Refused(says, code="bad-identity", status=422)
    return replace(one, identity=identity)


def _nobody_yet(uri: str, identity: str, claimants: Sequence[Newcomer], lane: Lane | None) -> str:
    """Say of a named identity that nobody has come with it, where one might think so; else nothing."""
    proved = dict.fromkeys(one.identity for one in claimants)
    is_news = lane is None or identity != lane.printer.identity
    if not identity or identity in proved or not is_news or (lane is None and not proved):
        return ""
    who = f": who waits proved {', '.join(proved)}" if proved else ""
    return f"Nobody has come as {uri} yet who proved {identity}{who}. Whoever proves it is let in."


def _claimed(uri: str, claimants: Sequence[Newcomer]) -> str:
    """The identity of who is there under that URI; empty: nobody is. Raises Refused `identity-needed` 409."""
    identities = dict.fromkeys(one.identity for one in claimants)
    if len(identities) > 1:
        who = "; ".join(f"{one.identity} from {one.peer} ({one.info[:60]})" for one in claimants)
        says = f"Several claim to be {uri}: {who}. Say which of these identities is meant. Nobody was let in."
        raise Refused(says, code="identity-needed", status=409)
    return next(iter(identities), "")


def _serial_in(uri: str) -> str:
    return unquote(uri.partition(":")[2])
