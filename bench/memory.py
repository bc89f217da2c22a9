"""How soon a gateway answers, and how much memory it holds: idle, and for each client that only stays connected."""

from __future__ import annotations

import statistics
import time

from bench import machine
from bench.plan import Plan
from bench.processes import Server, echo, gateway, load
from bench.table import Row

CHAPTER = "Start and memory"
START_S = 0.7
IDLE_MB = 60.0
CLIENT_KB = 25.0
SETTLE_S = 2.0
"""How long a gateway is let alone before its memory is read."""


def start_rows(plan: Plan) -> list[Row]:
    """A gateway as it is installed: no printers of its own, no jobs."""
    took_s, clients = [], {}
    for number in range(plan.starts):
        with gateway(plan.folder / f"start-{number}", {}) as server:
            took_s.append(server.started_s)
    for door in ("PrinterWebSocket", "native"):  # each in a new process: what clients leave behind is used again
        with gateway(plan.folder / f"idle-{door}", {}) as server:
            time.sleep(SETTLE_S)
            idle_bytes = machine.resident_bytes(server.pid)
            clients[door] = _per_client(plan, server, door)
    with echo() as floor:
        floor_bytes, floor_client = machine.resident_bytes(floor.pid), _per_client(plan, floor, "echo")
    floor_kb, many = floor_client / 1e3, f"{plan.idle_clients:,} of them"
    health = "exec to the first answered /v1/health"
    return [
        Row(CHAPTER, f"{health}, median", statistics.median(took_s), "s", START_S, floor=floor.started_s),
        Row(CHAPTER, f"{health}, longest", max(took_s), "s"),
        Row(CHAPTER, "resident, idle", idle_bytes / 1e6, "MB", IDLE_MB, floor=floor_bytes / 1e6),
        *(
            Row(
                CHAPTER, f"resident per idle client: {door}", a_client / 1e3, "kB", CLIENT_KB, floor=floor_kb, note=many
            )
            for door, a_client in clients.items()
        ),
    ]


def _per_client(plan: Plan, server: Server, door: str) -> float:
    before = machine.resident_bytes(server.pid)
    with load("idle", server, door=door, clients=plan.idle_clients) as running:
        running.first()
        time.sleep(SETTLE_S)
        after = machine.resident_bytes(server.pid)
        running.result()
    return (after - before) / plan.idle_clients
