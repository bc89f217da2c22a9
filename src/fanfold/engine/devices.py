"""Printers that dial in, by what people say, and who of them waits to be let in. Knows no protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fanfold.engine.names import address
from fanfold.engine.roster import Roster
from fanfold.errors import Refused
from fanfold.reception import Newcomer
from fanfold.transports.base import Receives, Transport


class Devices:
    """The transports through which printers reach us, asked as one."""

    def __init__(self, transports: Mapping[str, Transport], roster: Roster) -> None:
        self._transports, self._roster = transports, roster

    def newcomers(self) -> tuple[Newcomer, ...]:
        """List who is there and not let in, the longest waiting first."""
        receivers = {id(one): one for one in self._roster.receivers.values()}.values()
        return tuple(sorted((one for each in receivers for one in each.newcomers()), key=lambda one: one.since))

    def uri(self, device: str, newcomers: Sequence[Newcomer] = ()) -> str:
        """Return the URI of the printer with that serial or URI, as it is compared.

        A word without a colon is a serial, whatever it says; it means the newcomer that has it, else the first kind of
        printers that dial in.

        Raises:
            Refused: `bad-uri` 422, `ambiguous-device` 409.
        """
        device = device.strip()
        scheme, colon, _ = device.lower().partition(":")
        if not colon or scheme not in self._transports:
            device = self._uri_of_serial(device, newcomers)
        elif scheme not in self._roster.receivers:
            says = f"{device[:80]!r} is no printer that dials in. Say its serial, or a URI such as {self._example()}."
            raise Refused(says, code="bad-uri", status=422)
        self._roster.transport(device)
        return address(device)

    def transport(self, uri: str) -> Receives:
        """Return who receives the printer with that URI. Raises Refused `bad-uri` 422."""
        receiver = self._roster.receiver(uri)
        if receiver is None:
            raise Refused(f"{uri[:80]!r} is no printer that dials in.", code="bad-uri", status=422)
        return receiver

    def _uri_of_serial(self, serial: str, newcomers: Sequence[Newcomer]) -> str:
        found = sorted({one.uri for one in newcomers if one.serial == serial})
        if len(found) > 1:
            says = f"Several printers have the serial {serial!r}: say which of {', '.join(found)} is meant."
            raise Refused(says, code="ambiguous-device", status=409)
        return found[0] if found else f"{self._first_scheme()}:{serial}"

    def _first_scheme(self) -> str:
        for scheme in self._roster.receivers:
            return scheme
        says = "This gateway has no transport through which printers dial in."
        raise Refused(says, code="bad-uri", status=422)

    def _example(self) -> str:
        return f"{self._first_scheme()}:SERIAL"
