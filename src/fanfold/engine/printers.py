"""Commands on printers: list, show, add, change, remove, pause, resume. Knows no protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from fanfold.config.words import spelled
from fanfold.engine.lane import Desk, Lane
from fanfold.engine.names import address
from fanfold.engine.options import checked_name, options_from
from fanfold.engine.roster import Roster, moved
from fanfold.engine.verbs import Verbs
from fanfold.errors import Refused
from fanfold.messages import AddPrinter, ChangePrinter, Done, ListJobs, Printers, PrinterShown, PrinterView
from fanfold.model import JobState, Printer, PrinterOptions, Source, Traits


class PrinterDesk:
    """The engine's hand for printers. Methods raise Refused."""

    def __init__(self, desk: Desk, roster: Roster, verbs: Verbs) -> None:
        self._store, self._roster, self._verbs = desk.store, roster, verbs
        self._tongues = desk.tongues

    def list(self) -> Printers:
        """List all printers with what is known of them."""
        return Printers(tuple(self.view(lane) for lane in self._roster))

    def show(self, said: str) -> PrinterShown:
        """Show one printer."""
        return PrinterShown(self.view(self._roster.find(said)))

    async def add(self, ask: AddPrinter) -> PrinterShown:
        """Add a printer and keep it."""
        return await self.add_as(lambda: ask)

    async def add_as(
        self, told: Callable[[], AddPrinter], traits: Traits | None = None, info: str = ""
    ) -> PrinterShown:
        """Add a printer and keep it, with what was found out about it.

        What it shall be is told, or refused, when no other can come in between.
        """
        async with self._roster.turn:
            ask = told()
            uri = spelled(ask.uri)
            self._roster.transport(uri)
            self._check_uri(uri, None)
            printer = replace(
                self._roster.draft().new(ask.name, uri, Source.ADDED),
                aliases=self._free_aliases(ask.aliases),
                options=self._options(ask.options, PrinterOptions(), ask.name),
                traits=traits or Traits(),
                info=info,
            )
            return PrinterShown(self.view(await self._roster.put(self._roster.as_said(printer))))

    def view(self, lane: Lane) -> PrinterView:
        """Return a printer with what is known of it now."""
        printer, receiver = lane.printer, self._roster.receiver(lane.printer.uri)
        return PrinterView(
            printer,
            lane.standing.status,
            self._store.waiting(printer.id),
            self._store.held(printer.id),
            tuple(receiver.channels(address(printer.uri))) if receiver else (),
            lane.language,
            lane.encoding,
        )

    async def change(self, ask: ChangePrinter) -> PrinterShown:
        """Change an added or discovered printer; what the configuration says is changed there."""
        async with self._roster.turn:
            lane = self._changeable(ask.printer, "changed")
            return PrinterShown(self.view(await self._roster.edit(lane, lambda now: self._changed(ask, lane, now))))

    def _changed(self, ask: ChangePrinter, lane: Lane, before: Printer) -> Printer:
        printer = before
        if ask.name is not None:
            printer = replace(printer, name=self._free_name(ask.name, lane))
        if ask.uri is not None:
            uri = spelled(ask.uri)
            self._check_uri(uri, lane)
            printer = moved(printer, uri)
        if ask.aliases is not None:
            printer = replace(printer, aliases=self._free_aliases(ask.aliases, lane))
        if ask.options is not None:
            printer = replace(printer, options=self._options(ask.options, printer.options, printer.name))
        if printer.source is Source.DISCOVERED:
            printer = replace(printer, source=Source.ADDED)  # a person's word on it outlasts its spooler's list
        return self._roster.as_said(printer, before)

    async def remove(self, said: str) -> Done:
        """Forget an added printer; its jobs that are not finished are canceled, also the held ones."""
        lane = self._changeable(said, "removed")
        canceled = await self._cancel(lane, JobState.PROCESSING, JobState.PENDING)
        await self._roster.take_away(lane)
        canceled += await self._cancel(lane, JobState.PENDING, JobState.HELD)  # nobody could ever release them
        return Done((f"printer {lane.printer.name} removed, {canceled} of its jobs canceled",))

    async def _cancel(self, lane: Lane, *states: JobState) -> int:
        """Cancel its jobs in these states, each tried once; return how many were."""
        canceled, cursor = 0, None
        while True:
            page = await self._store.jobs(ListJobs(states, printer=lane.printer.id, cursor=cursor, limit=1000))
            for job in page.jobs:
                with suppress(Refused):  # it ended or was held meanwhile
                    await self._verbs.cancel(job.id)
                    canceled += 1
            cursor = page.next
            if cursor is None:
                return canceled

    async def pause(self, said: str) -> PrinterShown:
        """Let jobs wait."""
        return await self._turn(said, paused=True)

    async def resume(self, said: str) -> PrinterShown:
        """Let jobs go again."""
        return await self._turn(said, paused=False)

    async def _turn(self, said: str, *, paused: bool) -> PrinterShown:
        async with self._roster.turn:
            lane = self._roster.find(said)
            edited = await self._roster.edit(lane, lambda now: replace(now, paused=paused, paused_because=""))
            return PrinterShown(self.view(edited))

    def _changeable(self, said: str, what: str) -> Lane:
        lane = self._roster.find(said)
        if lane.printer.source is Source.CONFIGURED:
            says = f"{lane.printer.name} is named in the configuration, so it must be {what} there; then reload."
            raise Refused(says, code="printer-configured", status=409)
        return lane

    def _options(self, given: Mapping[str, Any], base: PrinterOptions, name: str) -> PrinterOptions:
        """The options with what is given changed; a language that nobody here speaks is refused."""
        options = options_from(given, base)
        if options.language is not None and options.language != base.language:
            self._tongues.check(options.language, f"the printer {name}")
        return options

    def _check_uri(self, uri: str, lane: Lane | None) -> None:
        """A printer that dials in is one printer: two would send their jobs into each other's."""
        other = self._roster.at(uri) if self._roster.receiver(uri) else None
        if other is not None and other is not lane:
            says = f"{uri[:80]} is a printer already: {other.printer.name}. Change that one, or remove it first."
            raise Refused(says, code="uri-taken", status=409)

    def _free_name(self, name: str, lane: Lane | None) -> str:
        """Return the name as it is kept; one that another printer answers to is refused."""
        name = checked_name(name)
        other = self._roster.get(name)
        if other is not None and other is not lane:
            says = f"A printer answers to {name!r} already: {other.printer.name}. Choose another name."
            raise Refused(says, code="name-taken", status=409)
        return name

    def _free_aliases(self, given: tuple[str, ...], lane: Lane | None = None) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._free_name(alias, lane) for alias in given))
