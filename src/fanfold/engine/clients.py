"""Who is connected now: the engine's list of clients, filled by the server. Knows no sockets, only how to end one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

from fanfold import clock
from fanfold.messages import Caller, Client


@dataclass(slots=True)
class _Seat:
    client: Client
    end: Callable[[str], None]
    jobs: int = 0


class Clients:
    """Open connections by id. `end` closes one, with words for it."""

    def __init__(self) -> None:
        self._seats: dict[str, _Seat] = {}
        self._ids = itertools.count(1)

    def arrive(self, caller: Caller, origin: str, end: Callable[[str], None]) -> Caller:
        """Note a new connection; return its caller with the id that the client now has."""
        client_id = f"c{next(self._ids)}"
        client = Client(client_id, caller.address, origin, caller.dialect, clock.now())
        self._seats[client_id] = _Seat(client, end)
        return replace(caller, client=client_id)

    def leave(self, client_id: str) -> None:
        """Note that a connection is gone. Idempotent."""
        self._seats.pop(client_id, None)

    def count_job(self, client_id: str) -> None:
        """Note that a client submitted a job; ids of connections that are gone are passed over."""
        if seat := self._seats.get(client_id):
            seat.jobs += 1

    def list(self) -> tuple[Client, ...]:
        """Return who is connected, oldest first."""
        return tuple(replace(seat.client, jobs=seat.jobs) for seat in self._seats.values())

    def disconnect(self, client_id: str, because: str) -> bool:
        """End a connection; False when there is none of that id."""
        seat = self._seats.get(client_id)
        if seat is None:
            return False
        seat.end(because)
        return True

    def disconnect_origin(self, origin: str, because: str) -> None:
        """End all connections of a web origin."""
        for seat in list(self._seats.values()):
            if seat.client.origin == origin:
                seat.end(because)
