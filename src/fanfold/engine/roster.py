"""All printers and their lanes: configured, added and discovered, found by what people say. Knows no job."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial

from fanfold.config import Discovery, PrinterSetting
from fanfold.engine.lane import Desk, Lane
from fanfold.engine.names import Draft, Names, address
from fanfold.engine.options import with_kinds
from fanfold.engine.traits import learned
from fanfold.errors import NotReached, Refused, StoreFailed
from fanfold.model import Job, Printer, PrinterId, Source, Traits
from fanfold.store.base import KeptPrinter
from fanfold.transports.base import Discovered, Discovers, Receives, Transport

log = logging.getLogger(__name__)

AT_ONCE = 200
"""So many lanes are made before other work has its turn: about 10 ms."""

_RANK = {Source.CONFIGURED: 0, Source.ADDED: 1, Source.DISCOVERED: 2}


class Roster:
    """Lanes by printer id. Printers that nobody names any more keep their id in the store, for when they return."""

    def __init__(self, transports: Mapping[str, Transport], desk: Desk) -> None:
        self._transports, self._desk = transports, desk
        self._lanes: dict[PrinterId, Lane] = {}
        self._kept: dict[PrinterId, KeptPrinter] = {}
        self._names = Names()
        self._receivers = {scheme: one for scheme, one in transports.items() if isinstance(one, Receives)}
        self._leftovers: dict[PrinterId, list[Job]] = {}
        self.listed: dict[str, Sequence[Discovered]] = {}
        """What spoolers listed when they were last asked, by scheme, as far as it is shown."""
        self.turn = asyncio.Lock()
        """Held from a look at the printers until they are changed: else two could be given one name."""

    def __iter__(self) -> Iterator[Lane]:
        """Yield the lanes: configured printers first, then added, then discovered ones, by name."""
        return iter(sorted(self._lanes.values(), key=lambda lane: (_RANK[lane.printer.source], lane.printer.name)))

    def find(self, said: str) -> Lane:
        """Return the lane of the printer with that id, name, alias or own URI. Raises Refused `unknown-printer` 404."""
        lane = self.get(said)
        if lane is None:
            raise Refused(self._unknown(said), code="unknown-printer", status=404)
        return lane

    def _unknown(self, said: str) -> str:
        waiting = (one for receiver in self._receivers.values() for one in receiver.newcomers())
        if any(said in (one.serial, one.uri) for one in waiting):
            return f"Printer {said[:80]!r} dialled in, but was not let in yet: `fanfold printers adopt` does it."
        known = ", ".join(one.printer.name for one in self) or "none yet"
        return f"There is no printer {said[:80]!r}. Known are: {known[:400]}."

    def get(self, said: str) -> Lane | None:
        """Return that lane, or None. The URI of one that dials in means just that one, whatever others are called."""
        found = (self._names.at(said) if self.receiver(said) else None) or self._names.find(said)
        return self._lanes.get(found) if found else None

    def meant(self, said: str) -> Lane | None:
        """Return the lane to print on: as `get`, but what the configuration calls a printer wins over all else."""
        found = self._names.meant(said)
        return self._lanes.get(found) if found else self.get(said)

    def at(self, uri: str) -> Lane | None:
        """Return the lane of the printer with that URI; of several, the one that the configuration names."""
        found = self._names.at(uri)
        return self._lanes.get(found) if found else None

    def by_id(self, printer: PrinterId) -> Lane | None:
        """Return the lane of the printer with that id."""
        return self._lanes.get(printer)

    def known(self, printer: PrinterId) -> Printer | None:
        """Return that printer, also one that is gone and may return."""
        if lane := self._lanes.get(printer):
            return lane.printer
        kept = self._kept.get(printer)
        return kept.printer if kept else None

    def name_of(self, printer: PrinterId) -> str:
        """Return what people call that printer, also when it is gone."""
        known = self.known(printer)
        return known.name if known else printer

    def transport(self, uri: str) -> Transport:
        """Return the transport for that URI, which it finds well formed. Raises Refused `bad-uri` 422."""
        scheme = uri.partition(":")[0].lower()
        transport = self._transports.get(scheme)
        if transport is None:
            known = ", ".join(f"{one}:" for one in sorted(self._transports))
            says = f"The URI {uri[:80]!r} has no scheme that is known here. Known are {known}."
            raise Refused(says, code="bad-uri", status=422)
        transport.check(uri)
        return transport

    def listed_as(self, uri: str) -> str:
        """Return the URI under which a spooler lists the printer of this URI, else the URI as it is compared."""
        finder: object = self._transports.get(uri.partition(":")[0].lower())
        with suppress(NotReached):
            return finder.listed_as(uri) if isinstance(finder, Discovers) else address(uri)
        return address(uri)

    def as_said(self, printer: Printer, before: Printer | None = None) -> Printer:
        """Return the printer with what it takes, and all that its spooler said when that last had a word on it.

        `before` is what it was until now: at the same URI its spooler's word on it holds until there is another one.
        """
        transport, listed_as = self.transport(printer.uri), self.listed_as(printer.uri)
        listed = self.listed.get(printer.uri.partition(":")[0].lower(), ())
        if (one := next((one for one in listed if one.uri == listed_as), None)) is not None:
            return self._as_listed(one, printer)
        was_told = before and isinstance(transport, Discovers) and before.options.accepts is None
        if before and was_told and address(before.uri) == address(printer.uri):
            return with_kinds(printer, transport, before.kinds)
        return with_kinds(printer, transport)

    @property
    def receivers(self) -> Mapping[str, Receives]:
        """The transports through which printers reach us, by scheme."""
        return self._receivers

    def receiver(self, uri: str) -> Receives | None:
        """Return the transport through which the printer with that URI reaches us, if it does."""
        return self._receivers.get(uri.partition(":")[0].lower())

    # changes

    async def start(self, configured: Sequence[PrinterSetting], unsettled: Sequence[Job]) -> None:
        """Bring back what the store keeps, then what the configuration names. Raises Refused as `check`."""
        self.check(configured)
        self._kept = {kept.printer.id: kept for kept in await self._desk.store.printers()}
        for job in unsettled:
            self._leftovers.setdefault(job.printer, []).append(job)
        kept_open = [
            kept.printer
            for kept in self._kept.values()
            if kept.printer.source is Source.ADDED or self._has_jobs(kept.printer.id)
        ]
        for lane in await self._open_all(kept_open):
            if lane.printer.source is Source.DISCOVERED:
                lane.vanished(gone=True)
        await self.configure(configured)

    async def configure(self, configured: Iterable[PrinterSetting]) -> list[str]:
        """Make the configured printers those of the configuration; return what changed, in words."""
        async with self.turn:
            return await self._configure(configured)

    def check(self, configured: Iterable[PrinterSetting]) -> None:
        """See that all could be printers, before any is made one. Raises Refused `bad-uri`, `bad-option` 422."""
        dialling: dict[str, str] = {}
        for setting in configured:
            self.transport(setting.uri)
            if setting.options.language is not None:
                self._desk.tongues.check(setting.options.language, f"the printer {setting.name}")
            if self.receiver(setting.uri) is None:
                continue
            if other := dialling.get(address(setting.uri)):
                says = f"{other} and {setting.name} have one URI, {setting.uri}: what dials in is one printer."
                raise Refused(says, code="bad-uri", status=422)
            dialling[address(setting.uri)] = setting.name

    async def _configure(self, configured: Iterable[PrinterSetting]) -> list[str]:
        notes, named, fresh = [], set(), []
        known, draft = self._known(), self.draft()
        for setting in configured:
            base = known.get(setting.name) or self._dialling_in(setting.uri)
            base = base or Printer(draft.new_id(setting.name), setting.name, setting.uri)
            printer = self._configured(setting, base)
            named.add(printer.id)
            lane = self._lanes.get(printer.id)
            if lane is None:
                notes.append(f"printer {printer.name}: new")
                fresh.append(printer)
            elif lane.printer != printer:
                notes.append(f"printer {printer.name}: changed")
                await self.edit(lane, partial(self._configured, setting))
        await self.put_all(fresh)
        for lane in list(self):
            if lane.printer.source is Source.CONFIGURED and lane.printer.id not in named:
                notes.append(f"printer {lane.printer.name}: no longer configured")
                await self._unname(lane)
        return notes

    async def put(self, printer: Printer) -> Lane:
        """Keep a printer that is not there yet, and give it a lane."""
        (lane,) = await self.put_all([printer])
        return lane

    async def put_all(self, printers: Sequence[Printer]) -> list[Lane]:
        """Keep printers that are not there yet, and give them lanes: all or, where the disk does not take one, none."""
        new = [one for one in printers if one.id not in self._kept or self._kept[one.id].printer != one]
        store = self._desk.store
        saved = await asyncio.gather(*(store.save_printer(one) for one in new), return_exceptions=True)
        if failure := next((one for one in saved if one is not None), None):
            added = [one.id for one in new if one.id not in self._kept]
            await asyncio.gather(*(store.drop_printer(one) for one in added), return_exceptions=True)
            raise failure
        return await self._open_all(printers)

    async def edit(self, lane: Lane, edit: Callable[[Printer], Printer]) -> Lane:
        """Change a printer; anew where it stopped itself while that was written. Raises Refused when it is gone."""
        async with lane.turn:
            while True:
                before = lane.printer
                if (after := edit(before)) != before:
                    await self._desk.store.save_printer(after)
                if self._lanes.get(before.id) is not lane:
                    raise _removed(lane)
                if lane.printer is before:
                    return self._open(after)

    async def take_away(self, lane: Lane) -> None:
        """Forget a printer; nobody finds it from now on, its lane ends, and then its id may be given again."""
        if self._lanes.get(lane.printer.id) is not lane:
            raise _removed(lane)
        self._close(lane)
        try:
            await lane.stop(0)
            await self._desk.store.drop_printer(lane.printer.id)
        except StoreFailed:
            self._open(lane.printer)
            raise
        self._kept.pop(lane.printer.id, None)

    def draft(self) -> Draft:
        """Return where new printers get names and ids that are free now; within one `turn`."""
        return Draft(self._names, dict.fromkeys(self._kept))

    async def discovered(self, scheme: str, found: Sequence[Discovered], rule: Discovery) -> None:
        """Take what a spooler lists now: new queues get a lane, those gone are offline until they return."""
        async with self.turn:
            await self._discover(scheme, found, rule)

    async def _discover(self, scheme: str, found: Sequence[Discovered], rule: Discovery) -> None:
        shown = self.listed[scheme] = [one for one in found if _is_shown(one, rule)]
        hidden = {one.uri for one in found} - {one.uri for one in shown}
        named = self._named(scheme)
        present = set()
        for one in shown:
            if lane := named.get(one.uri):
                hidden.add(one.uri)  # it has a better name already
                await self._learn(lane, one)
            else:
                present.add((await self._discovered(one)).printer.id)
        for lane in self:
            mine = lane.printer.source is Source.DISCOVERED and lane.printer.uri.partition(":")[0] == scheme
            if mine and lane.printer.uri in hidden and not self._has_jobs(lane.printer.id) and not lane.busy:
                await self._hide(lane)
            elif mine:
                lane.vanished(gone=lane.printer.id not in present)

    # within

    def _named(self, scheme: str) -> dict[str, Lane]:
        """Lanes of printers that people named, by the URI under which their spooler lists them."""
        finder: object = self._transports.get(scheme)
        of_scheme = [lane for lane in self if lane.printer.uri.partition(":")[0].lower() == scheme]
        named = [lane for lane in of_scheme if lane.printer.source is not Source.DISCOVERED]
        return {finder.listed_as(one.printer.uri): one for one in named} if isinstance(finder, Discovers) else {}

    def _configured(self, setting: PrinterSetting, base: Printer) -> Printer:
        """The printer as the configuration has it; what it proved holds as long as it is the same one."""
        printer = replace(
            moved(base, setting.uri), name=setting.name, aliases=setting.aliases,
            source=Source.CONFIGURED, options=setting.options,
        )  # fmt: skip
        return self.as_said(printer, base)

    def _known(self) -> dict[str, Printer]:
        """The printers by their names, also earlier ones, so that each keeps its id and its jobs."""
        known: dict[str, Printer] = {}
        for printer in (*(lane.printer for lane in self), *(kept.printer for kept in self._kept.values())):
            lane = self._lanes.get(printer.id)
            known.setdefault(printer.name, lane.printer if lane else printer)
        return known

    def _dialling_in(self, uri: str) -> Printer | None:
        """The printer that was let in with this URI: configured under another name it is still the same."""
        lane = self.at(uri) if self.receiver(uri) else None
        return lane.printer if lane and lane.printer.source is Source.ADDED else None

    async def _discovered(self, one: Discovered) -> Lane:
        known = next(
            (p for p in (k.printer for k in self._kept.values()) if p.uri == one.uri and p.source is Source.DISCOVERED),
            None,
        )
        live = self._lanes.get(known.id) if known else None
        if live is not None:
            return await self._learn(live, one)
        printer = self._as_listed(one, known or self._newly_discovered(one))
        log.info("printer %s is there: %s", printer.name, printer.uri)
        return await self.put(printer)

    async def _hide(self, lane: Lane) -> None:
        """Show it no more; it keeps its id in the store."""
        self._close(lane)
        await lane.stop(0)

    def _newly_discovered(self, one: Discovered) -> Printer:
        name = one.name if one.name not in self._names.said else f"{one.name} ({one.uri.partition(':')[0]})"
        return Printer(self.draft().new_id(name), name, one.uri, source=Source.DISCOVERED)

    async def _learn(self, lane: Lane, one: Discovered) -> Lane:
        if self._as_listed(one, lane.printer) == lane.printer:
            return lane
        return await self.edit(lane, partial(self._as_listed, one))

    def _as_listed(self, one: Discovered, printer: Printer) -> Printer:
        """The printer with what its spooler says of it."""
        traits = learned(printer.traits, one.traits)
        printer = replace(printer, info=one.info, is_default=one.is_default, traits=traits)
        return with_kinds(printer, self.transport(printer.uri), one.kinds)

    async def _unname(self, lane: Lane) -> None:
        if self._has_jobs(lane.printer.id) or lane.busy:
            await self.edit(lane, lambda now: replace(now, source=Source.ADDED))  # its jobs go on; remove it when empty
        else:
            await self.take_away(lane)

    def _open(self, printer: Printer) -> Lane:
        """Give a printer its lane, or the lane the printer's new facts; tell who receives it."""
        lane = self._lanes.get(printer.id)
        before = lane.printer if lane else None
        lane = self._seat(printer)
        if before is None or _known_by(before) != _known_by(printer):
            self._rename()
        if before is None or before.uri != printer.uri:
            self._turn_out(before.uri if before else "", "its printer has another URI now")
            self._let_in(printer.uri)
        elif before.identity and before.identity != printer.identity:
            self._judge_anew(lane)
        return lane

    async def _open_all(self, printers: Sequence[Printer]) -> list[Lane]:
        """As `_open`, for thousands that are new: named together, and other work is done in between."""
        lanes = []
        for number, printer in enumerate(printers, 1):
            lanes.append(self._seat(printer))
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        self._rename()
        for number, printer in enumerate(printers, 1):
            self._let_in(printer.uri)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        return lanes

    def _seat(self, printer: Printer) -> Lane:
        transport = self.transport(printer.uri)
        lane = self._lanes.get(printer.id)
        kept = self._kept.get(printer.id)
        self._kept[printer.id] = replace(kept, printer=printer) if kept else KeptPrinter(printer)
        if lane is not None:
            lane.change(printer, transport)
            return lane
        leftovers = self._leftovers.pop(printer.id, [])
        lane = self._lanes[printer.id] = Lane(self._kept[printer.id], transport, self._desk, leftovers)
        lane.start()
        return lane

    def _close(self, lane: Lane) -> None:
        """Before anything is waited for: what is accepted for it after this is canceled by who accepts it."""
        printer = lane.printer
        self._lanes.pop(printer.id, None)
        self._kept[printer.id] = KeptPrinter(printer, lane.patience.blocked_s)
        self._rename()
        self._turn_out(printer.uri, f"the printer {printer.name} was removed from this gateway")

    def _let_in(self, uri: str) -> None:
        if receiver := self.receiver(uri):
            receiver.adopted(address(uri))

    def _turn_out(self, uri: str, because: str) -> None:
        receiver = self.receiver(uri)
        if receiver is not None and self.at(uri) is None:
            receiver.turned_out(address(uri), because)

    def _judge_anew(self, lane: Lane) -> None:
        """Send off who proved something else than what counts now: whoever is the printer comes again by itself."""
        uri, because = address(lane.printer.uri), "this serial is bound to another proof now"
        if receiver := self.receiver(uri):
            if receiver.channels(uri):
                lane.standing.went(lane.scheme, f"{because}; it may come again with that")
            receiver.turned_out(uri, because)
            receiver.adopted(uri)

    def _has_jobs(self, printer: PrinterId) -> bool:
        store = self._desk.store
        return bool(store.waiting(printer) or store.held(printer) or self._leftovers.get(printer))

    def _rename(self) -> None:
        self._names = Names([lane.printer for lane in self])


def moved(printer: Printer, uri: str) -> Printer:
    """Return the printer at that URI; another one there has proved nothing yet, and nobody knows what it is."""
    if address(uri) == address(printer.uri):
        return replace(printer, uri=uri)
    return replace(printer, uri=uri, identity="", info="", is_default=False, traits=Traits())


def _known_by(printer: Printer) -> tuple[object, ...]:
    return printer.name, printer.aliases, printer.uri, printer.source


def _removed(lane: Lane) -> Refused:
    return Refused(f"The printer {lane.printer.name} was removed meanwhile.", code="unknown-printer", status=404)


def _is_shown(one: Discovered, rule: Discovery) -> bool:
    if any(fnmatchcase(one.name, glob) for glob in rule.exclude):
        return False
    if rule.include:
        return any(fnmatchcase(one.name, glob) for glob in rule.include)
    return not one.is_temporary
