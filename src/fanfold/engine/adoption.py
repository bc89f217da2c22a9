"""Letting printers in that dial in, and keeping others out: one by one, or thousands at once. Knows no protocol."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from fanfold.engine.arrivals import INFO_LENGTH, Arrivals
from fanfold.engine.devices import Devices
from fanfold.engine.lane import Lane
from fanfold.engine.names import Draft
from fanfold.engine.options import NAME_LENGTH, with_kinds
from fanfold.engine.printers import PrinterDesk
from fanfold.engine.roster import Roster
from fanfold.errors import Refused
from fanfold.messages import Adopted, Adoption, AdoptPrinters, Done, Unadopted
from fanfold.model import Printer, Source
from fanfold.reception import Newcomer

MOST = 10_000
"""Adoptions in one command: a warehouse; more come in several."""


@dataclass(slots=True)
class _Plan:
    """What a command comes to, before anything is changed."""

    uris: list[str] = field(default_factory=list)
    """Of each adoption, in the order asked for."""
    new: dict[str, Printer] = field(default_factory=dict)
    bound: list[tuple[Lane, str]] = field(default_factory=list)
    """Printers that are there already, with the identity that is theirs from now on."""
    fresh: list[bool] = field(default_factory=list)


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

    def _plan(self, adoptions: Iterable[Adoption]) -> _Plan:
        newcomers = self._devices.newcomers()
        claims = _by_uri(newcomers)
        by_serial = _by_serial(newcomers)
        plan, draft = _Plan(), self._roster.draft()
        for one in adoptions:
            uri = self._devices.uri(one.device, by_serial.get(one.device.strip(), ()))
            claimants = claims.get(uri, ())
            plan.uris.append(uri)
            lane = self._roster.at(uri)
            plan.fresh.append(lane is None and uri not in plan.new)
            if lane is not None:
                self._plan_known(plan, lane, one, claimants)
            elif uri not in plan.new:
                plan.new[uri] = self._drafted(uri, one, claimants, draft)
        return plan

    def _plan_known(self, plan: _Plan, lane: Lane, one: Adoption, claimants: Sequence[Newcomer]) -> None:
        identity = one.identity or lane.printer.identity or _claimed(lane.printer.uri, claimants)
        if identity != lane.printer.identity:
            plan.bound.append((lane, identity))

    def _drafted(self, uri: str, one: Adoption, claimants: Sequence[Newcomer], draft: Draft) -> Printer:
        identity = one.identity or _claimed(uri, claimants)
        visitor = next((who for who in claimants if who.identity == identity), None)
        serial = visitor.serial if visitor else unquote(uri.partition(":")[2])
        name = one.name.strip() or _own_name(visitor, draft) or serial
        alias = (serial,) if name.casefold() != serial.casefold() and draft.is_free(serial) else ()
        printer = draft.new(name, uri, Source.ADDED, alias)
        info = visitor.info[:INFO_LENGTH] if visitor else ""
        return with_kinds(replace(printer, identity=identity, info=info), self._roster.transport(uri))

    def _adopted(self, plan: _Plan) -> Adopted:
        views = []
        for uri in plan.uris:
            lane = self._roster.at(uri)
            if lane is None:
                raise Refused(f"{uri} was removed again meanwhile.", code="unknown-printer", status=404)
            views.append(self._printers.view(lane))
        return Adopted(tuple(views), tuple(plan.fresh))


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


def _claimed(uri: str, claimants: Sequence[Newcomer]) -> str:
    """The identity of who is there under that URI; empty: nobody is. Raises Refused `identity-needed` 409."""
    identities = dict.fromkeys(one.identity for one in claimants)
    if len(identities) > 1:
        who = "; ".join(f"{one.identity} from {one.peer} ({one.info[:60]})" for one in claimants)
        says = f"Several claim to be {uri}: {who}. Say which of these identities is meant. Nobody was let in."
        raise Refused(says, code="identity-needed", status=409)
    return next(iter(identities), "")


def _own_name(visitor: Newcomer | None, draft: Draft) -> str:
    """What a newcomer calls itself, where people can say it and nobody else answers to it."""
    name = visitor.name.strip() if visitor else ""
    return name if name.isprintable() and len(name) <= NAME_LENGTH and draft.is_free(name) else ""
