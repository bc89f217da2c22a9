"""The inside of a simulated Zebra printer: what it does with bytes, and what is wrong with it. Dials nobody."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from fanfold.simulate.weblink_alerts import CONDITIONS, Alert, State, entries, removes, subject, written
from fanfold.simulate.weblink_channel import Channel
from fanfold.simulate.weblink_discovery import Discovery
from fanfold.simulate.weblink_intake import Intake
from fanfold.simulate.weblink_press import Press
from fanfold.simulate.weblink_switches import Switches
from fanfold.simulate.weblink_zpl import Command, Format, Stored

_LOG_LINES = 100


class Machine(ABC):
    """All of a printer but its way to the server.

    `received` has all bytes that came on raw, `printed` the formats whose labels are all out, `labels` how many labels
    those were, `alerts` what it said on main, `files` and `formats` what was stored in it, `log` its last lines.
    """

    def __init__(self, discovery: Discovery, switches: Switches, say: Callable[[str], None] | None) -> None:
        self.discovery = discovery
        self.switches = switches
        self.received = bytearray()
        self.received_bytes = 0
        self.printed: list[bytes] = []
        self.printed_formats = 0
        self.alerts: list[dict[str, str]] = []
        self.files: dict[str, bytes] = {}
        self.formats: dict[str, Format] = {}
        self.log: deque[str] = deque(maxlen=_LOG_LINES)
        self.press = Press(lambda: self.switches, self._format_done, self._moved)
        self.powered = False
        self._say = say
        self._intakes: list[Intake] = []
        self._entries: list[str] = []
        self._news: asyncio.Event | None = None
        self._dies_in: int | None = switches.dies_at
        self._firmware_left = switches.firmware_bytes

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
        self._go_on()

    def alert(self, condition: str, state: State = "SET", name: str = "", value: str = "") -> None:
        """Say an alert on main, if it was asked for. Raises ValueError for a condition that no printer has."""
        if condition not in CONDITIONS:
            raise ValueError(f"no condition {condition!r}; there are {', '.join(CONDITIONS)}")
        told = Alert(condition, state, name, value)
        if not self.powered or not told.wanted(self._entries):
            return
        said = told.text(self.serial, datetime.now(), self.switches.error_type, self.switches.localised)  # noqa: DTZ005 - its own local clock, as a printer stamps
        if self._say_on_main(written(said)):
            self.alerts.append(said)
            self.note(f"alert sent: {condition} {state}" + (f" {name}={value}" if name else ""))
            self._tell()

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
        self.log.append(line)
        if self._say is not None:
            self._say(f"{self.serial}: {line}")

    # bytes

    def _take_raw(self, intake: Intake, data: bytes) -> None:
        dies = self._dies_in is not None and len(data) >= self._dies_in
        if self._dies_in is not None:
            data = data[: self._dies_in]
            self._dies_in -= len(data)
        self.received_bytes += len(data)
        if self.switches.keeps_bytes:
            self.received += data
        intake.take(data)
        self._parse(intake)
        if dies and self.powered:
            self.power_off()
        self._tell()

    def _take_config(self, intake: Intake, data: bytes) -> None:
        intake.take(data)
        for command in intake.commands():
            self._obey(command, intake.channel)

    def _parse(self, intake: Intake) -> None:
        while intake.waiting_bytes and self.powered and not self.switches.deaf and not self._full:
            if self._firmware_left is not None:
                self._burn(intake.gulp())
                continue
            for command in intake.commands():
                self._obey(command, intake.channel)
                if self._off():  # by that command
                    return
        intake.channel.pause(self._full or intake.waiting_bytes >= self.switches.buffer_bytes)

    def _off(self) -> bool:
        return not self.powered

    @property
    def _full(self) -> bool:
        return self.press.waiting_bytes >= self.switches.buffer_bytes

    def _go_on(self) -> None:
        """Parse what was held, as far as there is room now."""
        for intake in list(self._intakes):
            self._parse(intake)
        self._intakes = [one for one in self._intakes if one.channel.up or one.waiting_bytes]
        self._tell()

    def _burn(self, data: bytes) -> None:
        self._firmware_left = (self._firmware_left or 0) - len(data)
        if self._firmware_left <= 0:
            self._firmware_left = None
            self.note("firmware taken")
            self.reset()

    def _obey(self, command: Command, channel: Channel) -> None:
        match command:
            case Format():
                self._keep_or_print(command)
            case Stored(name, data):
                self.files[name] = data
                self.note(f"file stored: {name}, {len(data)} bytes")

    def _keep_or_print(self, form: Format) -> None:
        if form.stores:
            self.formats[form.stores] = form
        if not form.prints:
            return
        recalled = self.formats.get(form.recalls)
        if form.recalls and recalled is None:
            self.note(f"no format {form.recalls}")
            return
        self.press.print(form.data, form.quantity or (recalled.quantity if recalled else None) or 1)

    def _format_done(self, data: bytes) -> None:
        self.printed_formats += 1
        if self.switches.keeps_bytes:
            self.printed.append(data)
        self.note(f"printed: {len(data)} bytes, {self.labels} labels so far")
        if self.switches.alert_lag_s:
            asyncio.get_running_loop().call_later(self.switches.alert_lag_s, self.alert, "PQ JOB COMPLETED")
        else:
            self.alert("PQ JOB COMPLETED")

    def _moved(self) -> None:
        self._tell()
        if self._intakes:
            asyncio.get_running_loop().call_soon(self._go_on)

    # alerts

    def _configure_alerts(self, text: str) -> None:
        """Take entries that `|` separates; one that wants neither set nor clear takes its like away."""
        for entry in entries(text):
            self._entries = [one for one in self._entries if subject(one) != subject(entry)]
            if not removes(entry):
                self._entries.append(entry)

    # its way to the server

    @abstractmethod
    def _say_on_main(self, data: bytes) -> bool:
        """Send on main; tell whether there is one."""

    @abstractmethod
    def reset(self) -> None:
        """Drop all connections, and come back a little later."""

    @abstractmethod
    def power_off(self) -> None:
        """Be without power, at once."""

    def _lose_memory(self) -> None:
        """Forget what only power keeps: formats that did not come out, bytes that were not parsed."""
        if lost := self.press.forget():
            self.note(f"{lost} labels in the buffer are lost")
        self.press.conditions.discard("PRINTER PAUSED")
        self._intakes.clear()
        self._dies_in = None

    def _introduction(self) -> Discovery:
        """Return what it says of itself now."""
        return replace(self.discovery, odometer=self.odometer, labels_queued=sum(b.left for b in self.press.waiting))
