"""The engine: commands in, replies out. It decides, alone, and stores before it answers. Knows no protocol."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import assert_never

from fanfold import __version__, clock
from fanfold import messages as m
from fanfold.config import Settings
from fanfold.engine.adoption import AdoptionDesk
from fanfold.engine.arrivals import Arrivals
from fanfold.engine.asking import AskingDesk
from fanfold.engine.background import Background
from fanfold.engine.bus import Bus
from fanfold.engine.clients import Clients
from fanfold.engine.counts import Counts
from fanfold.engine.devices import Devices
from fanfold.engine.follow import Follow
from fanfold.engine.identify import IdentifyingDesk
from fanfold.engine.jobs import JobDesk
from fanfold.engine.lane import Desk
from fanfold.engine.lookout import Lookout
from fanfold.engine.origins import OriginList
from fanfold.engine.printers import PrinterDesk
from fanfold.engine.relay import Relay
from fanfold.engine.roster import Roster
from fanfold.engine.tongues import Tongues
from fanfold.engine.upkeep import Upkeep
from fanfold.errors import CannotStart, Refused, StoreFailed
from fanfold.languages.base import Language
from fanfold.logbook import Logbook
from fanfold.model import JobState
from fanfold.store.base import Store
from fanfold.transports.base import Scouts, Transport
from fanfold.wire import Document

log = logging.getLogger(__name__)

READ_AT_START = (
    "data", "log_level", "listeners", "limits.message_bytes", "weblink",
    "discovery.cups_server", "discovery.mdns", "discovery.usb", "discovery.interfaces",
)  # fmt: skip
"""Settings that only a restart brings; who changes them and says `reload` is told so."""

TestPage = Callable[[str, str], Document]
"""Makes a test page for a language's name and a printer's name."""


class Engine:
    """One gateway's engine. `start` it, `do` commands, read `events`, `stop` it; the store is closed by its maker."""

    def __init__(
        self,
        store: Store,
        transports: Mapping[str, Transport],
        languages: tuple[Language, ...],
        *,
        logbook: Logbook,
        test_page: TestPage,
        read_settings: Callable[[], Settings],
        scouts: Sequence[Scouts] = (),
        relay: Relay | None = None,
        on_settings: Callable[[Settings], Sequence[str]] = lambda settings: (),
    ) -> None:
        self.clients = Clients()
        self.closing = False
        self.settings = Settings()
        self._store, self._logbook = store, logbook
        self._transports = dict(transports)
        self._test_page, self._read_settings, self._on_settings = test_page, read_settings, on_settings
        self._background = Background()
        self._follow = Follow(store)
        tongues = Tongues.of(languages)
        desk = Desk(store, self._follow, self._background, tongues)
        self._roster = Roster(transports, desk)
        self._upkeep = Upkeep(store, self._follow, self._roster, self._background)
        self._jobs = JobDesk(desk, self._roster, self._upkeep, languages)
        self._printers = PrinterDesk(desk, self._roster, self._jobs.verbs)
        devices = Devices(transports, self._roster)
        self._arrivals = Arrivals(store, self._roster, self._background)
        self._adoption = AdoptionDesk(self._roster, self._arrivals, devices, self._printers)
        self._lookout = Lookout(scouts, self._roster, self._printers, self._background)
        self._asking = AskingDesk(self._roster, devices)
        self._identifying = IdentifyingDesk(self._roster, tongues, self._printers.view)
        self._relay = relay
        self._origins = OriginList(store)
        self._bus = Bus(store)
        self._counts = Counts(store)
        self._started_s = clock.uptime_s()

    # life

    async def start(self, settings: Settings) -> None:
        """Bring back what is kept, settle what was left in flight, begin to print."""
        self._take(settings)
        await self._origins.start()
        await self._arrivals.start()
        terms = self._relay.prepare(settings.webhooks) if self._relay else ()
        await self._upkeep.end_old_pulses()
        try:
            await self._roster.start(settings.printers, await self._store.unsettled())
        except Refused as refusal:
            raise CannotStart(refusal.says) from refusal
        if self._relay is not None:
            await self._relay.start(terms, self._roster.known, self._background)
        self._upkeep.start_discovery(self._spoolers(settings))
        self._upkeep.start()

    async def stop(self) -> None:
        """Refuse new work, let what is being sent end within `drain_s`, hold the rest in doubt. Idempotent."""
        self.closing = True
        self._lookout.stop()
        await asyncio.gather(*(lane.stop(self.settings.drain_s) for lane in self._roster))
        self._arrivals.close()
        self._bus.close()
        if self._relay is not None:
            await self._relay.close()
        await self._background.close()

    # what the server asks

    @property
    def incoming(self) -> Path:
        """Folder in which bodies are written while they arrive."""
        return self._store.incoming

    @property
    def document_limit_bytes(self) -> int:
        """The largest document that is taken."""
        return self.settings.limits.document_bytes

    @property
    def entered(self) -> Mapping[JobState, int]:
        """How many jobs came into each state since the start."""
        return self._counts.entered

    def allows_origin(self, origin: str) -> bool:
        """Tell whether pages of this web origin are let in."""
        return self._origins.allows(origin)

    def events(self, after: int | None) -> AsyncIterator[m.Event]:
        """Yield events whose ids are above `after` (None: only new ones) until the engine stops."""
        return self._bus.read(after)

    async def do(self, command: m.Command, caller: m.Caller) -> m.Reply:
        """Do a command; what cannot be done is a Refusal, never an exception."""
        try:
            return await self._do(command, caller)
        except Refused as refusal:
            return m.Refusal(refusal.code, refusal.says, refusal.status)
        except StoreFailed as failure:
            return m.Refusal(failure.code, f"Nothing was changed: {failure.says}", 503)

    async def _do(self, command: m.Command, caller: m.Caller) -> m.Reply:  # noqa: C901  one line a command
        match command:
            case m.Submit():
                self._check_open()
                accepted = await self._jobs.submit(command, caller)
                if accepted.fresh:
                    self.clients.count_job(caller.client)
                return accepted
            case m.Follow():
                return await self._jobs.follow(command)
            case m.ListPrinters():
                return self._printers.list()
            case m.ShowPrinter(printer):
                return self._printers.show(printer)
            case m.AddPrinter():
                return await self._printers.add(command)
            case m.ChangePrinter():
                return await self._printers.change(command)
            case m.RemovePrinter(printer):
                return await self._printers.remove(printer)
            case m.PausePrinter(printer):
                return await self._printers.pause(printer)
            case m.ResumePrinter(printer):
                return await self._printers.resume(printer)
            case m.PrintTestPage(printer):
                self._check_open()
                return await self._jobs.submit(self._test_job(printer), caller)
            case m.ListJobs():
                return await self._jobs.list(command)
            case m.ShowJob(job):
                return await self._jobs.show(job)
            case m.FetchDocument(job):
                return await self._jobs.document(job, caller)
            case m.CancelJob(job):
                return await self._jobs.cancel(job)
            case m.ReleaseJob(job):
                return await self._jobs.release(job)
            case m.AssumePrinted(job):
                return await self._jobs.assume_printed(job)
            case m.ReprintJob(job):
                self._check_open()
                return await self._jobs.reprint(job, caller)
            case m.ListClients():
                return m.Clients(self.clients.list())
            case m.DisconnectClient(client):
                return self._disconnect(client)
            case m.ListOrigins():
                return self._origins.list()
            case m.AllowOrigin(origin):
                return await self._origins.allow(origin)
            case m.RevokeOrigin(origin):
                origins = await self._origins.revoke(origin)
                self.clients.disconnect_origin(origin, "this origin is no longer allowed")
                return origins
            case m.ReadLog(after):
                return self._logbook.read(after)
            case m.AskHealth():
                return self._health()
            case m.ListUnadopted():
                return self._adoption.list()
            case m.AdoptPrinters():
                return await self._adoption.adopt(command)
            case m.RejectPrinter(device):
                return await self._adoption.reject(device)
            case m.AskPrinter():
                return await self._asking.ask(command)
            case m.IdentifyPrinter():
                return await self._identifying.identify(command)
            case m.ReopenChannel():
                return await self._asking.reopen(command)
            case m.TracePrinter():
                return self._asking.trace(command)
            case m.ListDiscovered(wait_s):
                return await self._lookout.seen(wait_s)
            case m.AddDiscovered():
                return await self._lookout.add(command)
            case m.ListWebhooks():
                return await self._relay.list() if self._relay else m.Webhooks(())
            case m.ListDeadLetters(webhook, limit):
                return await self._webhooks().dead(webhook, limit)
            case m.RetryDeadLetters(webhook):
                return await self._webhooks().retry(webhook)
            case m.Reload():
                return await self.reload()
            case _:
                assert_never(command)

    async def reload(self) -> m.Done:
        """Read the configuration again; no job is dropped, and no client that may still come in.

        Raises Refused `bad-config` 422.
        """
        try:
            settings = self._read_settings()
            self._roster.check(settings.printers)
            terms = self._relay.prepare(settings.webhooks) if self._relay else ()
            notes = _restart_needed(self.settings, settings)
            notes += self._take(settings)
        except (CannotStart, Refused) as error:
            raise Refused(f"Nothing was reloaded. {error.says}", code="bad-config", status=422) from error
        notes += await self._roster.configure(settings.printers)
        if self._relay is not None:
            notes += await self._relay.configure(terms)
        log.info("configuration read again: %s", "; ".join(notes) or "no printer changed")
        return m.Done(tuple(notes))

    # within

    def _spoolers(self, settings: Settings) -> dict[str, Transport]:
        """The transports whose printers are to show themselves."""
        wanted = {"cups": settings.discovery.cups, "winspool": settings.discovery.windows}
        return {scheme: one for scheme, one in self._transports.items() if wanted.get(scheme, True)}

    def _take(self, settings: Settings) -> Sequence[str]:
        notes = self._on_settings(settings)  # first what may refuse: then nothing else was taken either
        self._origins.configure(settings.access.origins)
        self.settings = settings
        self._jobs.limits = settings.limits
        self._upkeep.settings = settings
        return notes

    def _check_open(self) -> None:
        if self.closing:
            raise Refused(
                "The gateway is shutting down; send it again when it is back.", code="shutting-down", status=503
            )

    def _test_job(self, said: str) -> m.Submit:
        lane = self._roster.find(said)
        printer = lane.printer
        document = self._test_page(lane.language, printer.name)
        return m.Submit(printer.id, document, title="Fanfold test page")

    def _webhooks(self) -> Relay:
        if self._relay is None:
            says = "This gateway has no webhooks. Name them under [[webhooks]] in its configuration."
            raise Refused(says, code="no-webhooks", status=404)
        return self._relay

    def _disconnect(self, client: str) -> m.Done:
        if not self.clients.disconnect(client, "disconnected by a person"):
            says = f"There is no client {client[:40]!r}; it may have gone by itself."
            raise Refused(says, code="unknown-client", status=404)
        return m.Done((f"client {client} disconnected",))

    def _health(self) -> m.Health:
        problems = list(self._background.failures)
        if self._store.trouble:
            problems.append(self._store.trouble)
        if self.closing:
            problems.append("shutting down")
        return m.Health(not problems, __version__, clock.uptime_s() - self._started_s, tuple(problems))


def _restart_needed(before: Settings, after: Settings) -> list[str]:
    """What changed that only a restart brings, in words."""
    changed = [name for name in READ_AT_START if attrgetter(name)(before) != attrgetter(name)(after)]
    return [f"{name}: changed, but only a restart brings it" for name in changed]
