"""The inside of a simulated Zebra printer: what it does with the bytes that come to it. Dials nobody."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, assert_never

from fanfold.simulate.weblink.channel import Channel
from fanfold.simulate.weblink.configured import Configured
from fanfold.simulate.weblink.discovery import Discovery
from fanfold.simulate.weblink.intake import Intake
from fanfold.simulate.weblink.status import answer, configuration
from fanfold.simulate.weblink.switches import Switches
from fanfold.simulate.weblink.talk import answered, text
from fanfold.simulate.weblink.zpl import Command, Format, Immediate, Json, Sgd, Stored


class Machine(Configured):
    """All of a printer but its way to the server. `received` has all bytes that came on raw."""

    def __init__(
        self, discovery: Discovery, switches: Switches, settings: Mapping[str, str], say: Callable[[str], None] | None
    ) -> None:
        super().__init__(discovery, switches, settings, say)
        self._intakes: list[Intake] = []
        self._dies_in = switches.dies_at
        self._firmware_left = switches.firmware_bytes

    def switch(self, **changes: Any) -> None:
        """Change switches while it runs. Raises TypeError for one that there is not."""
        before, self.switches = self.switches, replace(self.switches, **changes)
        if "dies_at" in changes:
            self._dies_in = self.switches.dies_at
        if "firmware_bytes" in changes:
            self._firmware_left = self.switches.firmware_bytes
        self._switched(before)
        self._go_on()

    def take(self, channel: Channel, data: bytes) -> None:
        """Take bytes of a raw or config channel."""
        intake = self._intake(channel)
        if channel.role == "raw":
            self._take_raw(intake, data)
            return
        intake.take(data)
        self._obey_all(intake)
        self._tell()

    def _intake(self, channel: Channel) -> Intake:
        for one in self._intakes:
            if one.channel is channel:
                return one
        self._intakes.append(Intake(channel))
        return self._intakes[-1]

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

    def _parse(self, intake: Intake) -> None:
        while intake.waiting_bytes and self.powered and not self.switches.deaf and not self.full:
            if self._firmware_left is not None:
                self._burn(intake.gulp())
            else:
                self._obey_all(intake)
        intake.channel.pause(self.full or intake.waiting_bytes >= self.switches.buffer_bytes)

    def _obey_all(self, intake: Intake) -> None:
        for command in intake.commands():
            self._obey(command, intake)
            if not self.powered:
                return

    @property
    def full(self) -> bool:
        """Whether its buffer is full."""
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

    def _obey(self, command: Command, intake: Intake) -> None:
        if intake.channel.role == "config" and not isinstance(command, Json):
            return
        match command:
            case Format():
                self._keep_or_print(command)
                if command.asks_config:
                    self._reply(intake, configuration(self.look()))
                if command.lists:
                    self._reply(intake, self.listing(command.lists).encode())
            case Immediate(name):
                if name != "HS" or not self.silenced:
                    self._reply(intake, answer(name, self.look(intake.stream.partial)))
                self._do_at_once(name)
            case Sgd():
                self._reply(intake, text(command, self.settings, self))
            case Json(asked):
                self._answer_json(asked, intake)
            case Stored(name, data):
                self.files[name] = data
                self.note(f"file stored: {name}, {len(data)} bytes")
            case _:
                assert_never(command)

    def _answer_json(self, asked: dict[str, object], intake: Intake) -> None:
        said, acts = answered(asked, self.settings, self)
        self._reply(intake, said)
        if intake.channel.role == "config" and not self.switches.config_stays:
            intake.channel.close()
        for act in acts:
            act()

    def _reply(self, intake: Intake, data: bytes) -> None:
        step = max(1, self.switches.split_bytes)
        for start in range(0, len(data), step):
            intake.channel.send(data[start : start + step])

    def _do_at_once(self, name: str) -> None:
        match name:
            case "JA":
                self.cancel_all()
            case "PP":
                self.fault("PRINTER PAUSED")
            case "PS":
                self.mend("PRINTER PAUSED")
            case "JR":
                self.reset()

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

    def _moved(self) -> None:
        self._tell()
        if self._intakes:
            asyncio.get_running_loop().call_soon(self._go_on)

    def _settle(self) -> None:
        """Take up what needed a reset."""
        self.reset_required = False

    def _channel_gone(self, channel: Channel, main_left: bool) -> None:
        if channel.role == "main" and not main_left and not self.switches.keeps_alerts:
            self.replace_alerts()
        self._go_on()

    def _forget_channels(self) -> None:
        self._intakes = [one for one in self._intakes if one.waiting_bytes]

    @abstractmethod
    def power_off(self) -> None:
        """Be without power, at once."""

    @abstractmethod
    def _switched(self, before: Switches) -> None:
        """Take up new switches."""

    def _lose_memory(self) -> None:
        """Forget what only power keeps: formats that did not come out, bytes that were not parsed."""
        if lost := self.press.forget():
            self.note(f"{lost} labels in the buffer are lost")
        self.press.conditions.discard("PRINTER PAUSED")
        self._intakes.clear()
        if self._dies_in is not None and self._dies_in <= 0:
            self._dies_in = None
            self.switches = replace(self.switches, dies_at=None)
