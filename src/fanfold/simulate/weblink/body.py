"""A simulated Zebra printer as one stands before it: faults, labels, alerts, its log. Knows no settings, no bytes."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from datetime import datetime

from fanfold.simulate.weblink.alerts import (
    CONDITIONS,
    Alert,
    State,
    addressed,
    entries,
    goes_to,
    removes,
    subject,
    written,
)
from fanfold.simulate.weblink.discovery import Discovery
from fanfold.simulate.weblink.press import Press
from fanfold.simulate.weblink.switches import Switches

_LOG_LINES = 100
_SLOTS = (1, 2)
_COLD_START = "COLD START,SNMP,Y,N,255.255.255.255,162,N,"
"""The one entry that a new printer has."""


class Body(ABC):
    """Faults, labels, alerts and the log.

    `printed` has the formats whose labels are all out, `alerts` what it said on main, `log` its last lines, `usual` the
    switches that it was made with.
    """

    def __init__(self, discovery: Discovery, switches: Switches, say: Callable[[str], None] | None) -> None:
        self.discovery = discovery
        self.switches = self.usual = switches
        self.press = Press(lambda: self.switches, self._format_done, self._moved)
        self.printed: list[bytes] = []
        self.printed_formats = 0
        self.received_bytes = 0
        self.received = bytearray()
        self.alerts: list[dict[str, str]] = []
        self.log: deque[str] = deque(maxlen=_LOG_LINES)
        self.powered = False
        self._say = say
        self._entries = [_COLD_START]
        self._news: asyncio.Event | None = None

    @property
    def serial(self) -> str:
        """Its unique id."""
        return self.discovery.serial

    @property
    def labels(self) -> int:
        """How many labels came out for formats that it was sent."""
        return self.press.labels

    @property
    def odometer(self) -> int:
        """How many labels came out in its life, from wherever they were sent."""
        return self.press.odometer

    # waiting for it

    async def until(self, so: Callable[[], bool]) -> None:
        """Wait until something is so; looked at whenever anything happens in the printer."""
        while not so():
            self._news = self._news or asyncio.Event()
            await self._news.wait()

    async def labels_out(self, count: int = 1) -> list[bytes]:
        """Wait until so many labels came out; return the formats that are done."""
        await self.until(lambda: self.labels >= count)
        return list(self.printed)

    async def formats_out(self, count: int = 1) -> list[bytes]:
        """Wait until so many formats are done; return them."""
        await self.until(lambda: self.printed_formats >= count)
        return list(self.printed)

    async def bytes_in(self, size_bytes: int) -> bytes:
        """Wait until so many bytes came on raw; return all that did."""
        await self.until(lambda: self.received_bytes >= size_bytes)
        return bytes(self.received)

    async def alerted(self, count: int = 1) -> list[dict[str, str]]:
        """Wait until it said so many alerts; return them."""
        await self.until(lambda: len(self.alerts) >= count)
        return list(self.alerts)

    def _tell(self) -> None:
        if self._news is not None:
            self._news.set()
            self._news = None

    # what happens to it

    def fault(self, condition: str) -> None:
        """Let a condition of the alerts' table stand, such as `PAPER OUT`. An open head also pauses."""
        for one in (condition, "PRINTER PAUSED") if condition == "HEAD OPEN" else (condition,):
            if one not in self.press.conditions:
                self.press.conditions.add(one)
                self.alert(one)
        self._tell()

    def mend(self, condition: str) -> None:
        """Clear a condition; what waits prints again if nothing else is in the way."""
        for one in (condition, "PRINTER PAUSED") if condition == "HEAD OPEN" else (condition,):
            if one in self.press.conditions:
                self.press.conditions.discard(one)
                self.alert(one, "CLEAR")
        self.press.turn()
        self._moved()

    def cancel_all(self) -> None:
        """Forget what has not come out."""
        self.press.forget()
        self._moved()

    def scan(self, data: str) -> None:
        """Let a scanner at the printer read something: an `SGD SET` alert, if one was asked for."""
        self.alert("SGD SET", name="capture.channel1.data.raw", value=data.replace("\0", "\\000"))

    def print_elsewhere(self, labels: int = 1) -> None:
        """Let labels come out that were sent through USB: the odometer moves, and one alert comes."""
        self.press.odometer += labels
        self.alert("PQ JOB COMPLETED")
        self._tell()

    def note(self, line: str) -> None:
        """Write a line into the log, and tell it to whoever watches."""
        stamp = datetime.now()  # noqa: DTZ005 - the same clock as its alerts
        self.log.append(f"[{stamp:%m-%d-%Y %H:%M:%S}.{stamp.microsecond // 1000:03d}] {line}")
        if self._say is not None:
            self._say(f"{self.serial}: {line}")

    def _format_done(self, data: bytes) -> None:
        self.printed_formats += 1
        if self.switches.keeps_bytes:
            self.printed.append(data)
        self.note(f"printed: {len(data)} bytes, {self.labels} labels so far")
        if self.switches.alert_lag_s:
            asyncio.get_running_loop().call_later(self.switches.alert_lag_s, self.alert, "PQ JOB COMPLETED")
        else:
            self.alert("PQ JOB COMPLETED")

    # alerts

    def alert(self, condition: str, state: State = "SET", name: str = "", value: str = "") -> None:
        """Say an alert on each main whose server asked for it. Raises ValueError for a condition that there is not."""
        if condition not in CONDITIONS:
            raise ValueError(f"no condition {condition!r}; there are {', '.join(CONDITIONS)}")
        told = Alert(condition, state, name, value)
        for slot in _SLOTS if self.powered else ():
            if told.wanted(one for one in self._entries if goes_to(one, slot)):
                self._say_alert(told, slot)

    def _say_alert(self, told: Alert, slot: int) -> None:
        now = datetime.now()  # noqa: DTZ005 - a printer stamps its own local time
        said = told.text(self.serial, now, self.switches.error_type, self.switches.localised)
        if self._say_on_main(written(said), slot):
            self.alerts.append(said)
            self.note(
                f"alert sent: {told.condition} {told.state}" + (f" {told.name}={told.value}" if told.name else "")
            )
            self._tell()

    @property
    def alert_entries(self) -> str:
        """Who is told of what, as `alerts.configured` has it."""
        return "|".join(self._entries)

    def configure_alerts(self, text: str, slot: int) -> None:
        """Take entries that `|` separates; one that wants neither set nor clear takes its like away."""
        self.note(f"alerts asked for: {text}")
        for entry in entries(text):
            self.add_alert(addressed(entry, slot))
        self._tell()

    def add_alert(self, entry: str) -> None:
        """Put an entry in the place of its like, or take that away."""
        self._entries = [one for one in self._entries if subject(one) != subject(entry)]
        if not removes(entry):
            self._entries.append(entry)

    def replace_alerts(self, text: str = _COLD_START) -> None:
        """Forget all entries for these, or for what a new printer has."""
        self._entries = [one for one in entries(text) if not removes(one)]

    # what it is part of

    @abstractmethod
    def _say_on_main(self, data: bytes, slot: int) -> bool:
        """Send on a slot's main; tell whether there is one."""

    @abstractmethod
    def _moved(self) -> None:
        """Learn that labels came out, or may come out again."""
