"""A simulated Zebra printer's settings at work: what they tell of it, and what writing them does. Hears no channel."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace

from fanfold.simulate.weblink.alerts import CONDITIONS
from fanfold.simulate.weblink.body import Body
from fanfold.simulate.weblink.discovery import Discovery
from fanfold.simulate.weblink.settings import Settings
from fanfold.simulate.weblink.status import (
    SILENCING,
    Look,
    host_identification,
    host_status,
    system_error,
    system_status,
)
from fanfold.simulate.weblink.switches import Switches
from fanfold.simulate.weblink.zpl import Format

_RESETS = re.compile(r"weblink\.ip\.conn\d\.(location|proxy|maximum|retry|authentication)")
"""Settings that hold after a reset only."""
_LOGIN = re.compile(r"weblink\.ip\.conn(\d)\.authentication\.(add|remove)")


class Configured(Body):
    """A printer with its tree of settings.

    `files` and `formats` are what was stored in it, `logins` what it was told to say to a 401, by slot and server.
    """

    def __init__(
        self, discovery: Discovery, switches: Switches, settings: Mapping[str, str], say: Callable[[str], None] | None
    ) -> None:
        super().__init__(discovery, switches, say)
        names = {"device.friendly_name": discovery.name, "device.location": discovery.location}
        self.settings = Settings(self._live, {**names, **settings})
        self.files: dict[str, bytes] = {}
        self.formats: dict[str, Format] = {}
        self.logins: dict[tuple[int, str], tuple[str, str]] = {}
        self.reset_required = False

    @property
    def silenced(self) -> bool:
        """Whether a fault keeps it from telling its host status."""
        return self.switches.silent_in_fault and not self.press.conditions.isdisjoint(SILENCING)

    def look(self, partial: bool = False) -> Look:
        """Return it as it is at this moment."""
        press = self.press
        conditions = frozenset(press.conditions)
        return Look(self.discovery, conditions, len(press.waiting), press.left, self.full, partial, press.odometer)

    def introduction(self) -> str:
        """Return what it says of itself now, as text."""
        look = self.look()
        return replace(
            self.discovery,
            name=self.settings.get("device.friendly_name"),
            location=self.settings.get("device.location"),
            errors=_or(self.discovery.errors, look.error_words),
            warnings=_or(self.discovery.warnings, look.warning_words),
            odometer=look.odometer,
            labels_queued=look.left,
        ).text(self.switches.crc)

    def listing(self, of: str) -> str:
        """Return its files and stored formats."""
        drive = of[:1].upper() or "E"
        stored = {name: len(data) for name, data in self.files.items()}
        stored |= {name: len(form.data) for name, form in self.formats.items()}
        lines = [f"{name:<24}{size:>10}" for name, size in sorted(stored.items()) if name.startswith(f"{drive}:")]
        return "\r\n".join([f"DIR {drive}:", *lines, f"- {8 << 20} bytes free {drive}: FLASH", ""])

    def act(self, name: str, value: str) -> None:
        """Do what a setting that was just written asks for."""
        self.reset_required = self.reset_required or _RESETS.match(name) is not None
        if found := _LOGIN.fullmatch(name):
            self._learn_login(int(found[1]), found[2], value.split(" "))
        if name in ACTS:
            ACTS[name](self, value)

    def tell_conditions(self) -> None:
        """Say once more what stands."""
        for condition in sorted(self.press.conditions):
            self.alert(condition)

    def _learn_login(self, slot: int, verb: str, words: list[str]) -> None:
        match verb, words:
            case "add", [server, user, password]:
                self.logins[slot, server] = user, password
            case "remove", [server, *_]:
                self.logins.pop((slot, server), None)

    def _live(self, name: str) -> str | None:
        return LIVE[name](self) if name in LIVE else None

    # what it is part of

    @abstractmethod
    def connections(self, slot: int) -> int:
        """Return how many a slot has or dials."""

    @abstractmethod
    def reset(self) -> None:
        """Drop all connections, and come back a little later."""

    @property
    @abstractmethod
    def full(self) -> bool:
        """Whether its buffer is full."""


def _or(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[int, int, int]:
    return one[0] | other[0], one[1] | other[1], one[2] | other[2]


def _weblink_log(printer: Configured) -> str:
    kept = int(printer.settings.get("weblink.logging.max_entries"))
    lines = [line for line in printer.log if "] [conn" in line]
    return "\r\n".join(lines[-kept:]) if kept else ""


def _servers(printer: Configured, slot: int) -> str:
    return "\r\n".join(server for one, server in printer.logins if one == slot)


def _restore(weblink: bool) -> Callable[[Configured, str], None]:
    return lambda printer, _: printer.settings.restore(lambda name: name.startswith("weblink.") is weblink)


ACTS: dict[str, Callable[[Configured, str], object]] = {
    "device.reset": lambda printer, _: printer.reset(),
    "device.pause": lambda printer, _: printer.fault("PRINTER PAUSED"),
    "device.unpause": lambda printer, _: printer.mend("PRINTER PAUSED"),
    "device.jobs.cancel_all": lambda printer, _: printer.cancel_all(),
    "device.restore_defaults": _restore(weblink=False),
    "weblink.restore_defaults": _restore(weblink=True),
    "weblink.logging.clear": lambda printer, _: printer.log.clear(),
    "alerts.add": lambda printer, value: printer.add_alert(value),
    "alerts.configured": lambda printer, value: printer.replace_alerts(value),
    "alerts.send_current_status_alerts": lambda printer, _: printer.tell_conditions(),
    "file.delete": lambda printer, value: printer.files.pop(value.upper(), None),
}
"""Settings that do something when they are written."""
LIVE: dict[str, Callable[[Configured], str]] = {
    "device.unique_id": lambda printer: printer.serial,
    "device.product_name": lambda printer: printer.discovery.product,
    "device.host_status": lambda printer: "\r\n".join(host_status(printer.look())),
    "device.host_identification": lambda printer: host_identification(printer.discovery),
    "appl.name": lambda printer: printer.discovery.firmware,
    "appl.link_os_version": lambda printer: ".".join(str(part) for part in printer.discovery.link_os),
    "zpl.system_status": lambda printer: system_status(printer.look()),
    "zpl.system_error": lambda printer: system_error(printer.look()),
    "odometer.total_label_count": lambda printer: str(printer.odometer),
    "odometer.total_print_length": lambda printer: (
        f"{printer.look().inches} INCHES, {round(printer.look().inches * 2.54)} CENTIMETERS"
    ),
    "head.latch": lambda printer: "open" if "HEAD OPEN" in printer.press.conditions else "ok",
    "media.status": lambda printer: "out" if "PAPER OUT" in printer.press.conditions else "ok",
    "alerts.configured": lambda printer: printer.alert_entries,
    "alerts.conditions": lambda _: ",".join(CONDITIONS),
    "weblink.printer_reset_required": lambda printer: "yes" if printer.reset_required else "no",
    "weblink.logging.entries": _weblink_log,
    "weblink.ip.conn1.num_connections": lambda printer: str(printer.connections(1)),
    "weblink.ip.conn2.num_connections": lambda printer: str(printer.connections(2)),
    "weblink.ip.conn1.authentication.entries": lambda printer: _servers(printer, 1),
    "weblink.ip.conn2.authentication.entries": lambda printer: _servers(printer, 2),
}
"""Settings that change by themselves."""
