"""How quick it is: one client alone, many together, and the same with a long history behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.measured import cores
from bench.plan import Plan, Site, site
from bench.processes import Server, Sinks, echo, measure
from bench.store import fill
from bench.table import Row
from fanfold.store.opening import DATABASE
from fanfold.store.sqlite import SqliteStore

ALONE = "One client, back to back, 1 KiB of ZPL"
TOGETHER = "64 clients on 16 network printers, each waiting for its answer"
HISTORY = "The same with {:,} finished jobs in the store: how much more, or less"

ACCEPTED_MS = 2.0
DELIVERED_MS = 2.0
JOBS_PER_S = 2500.0
WORSE = 20.0
"""By how many per cent a long history may worsen a figure."""

TIMES = (
    ("accepted: native WebSocket", "native, kept", "first", ACCEPTED_MS),
    ("accepted: REST", "REST", "first", ACCEPTED_MS),
    ("accepted: PrinterWebSocket", "PrinterWebSocket", "first", ACCEPTED_MS),
    ("all at the printer: native WebSocket", "native", "sunk", DELIVERED_MS),
    ("told delivered: native WebSocket", "native", "last", DELIVERED_MS),
    ("all at the printer: PrinterWebSocket", "PrinterWebSocket", "sunk", DELIVERED_MS),
    ("told delivered: PrinterWebSocket", "PrinterWebSocket", "last", DELIVERED_MS),
)
"""What is timed: in words, by which door, until what, and the most that its median may take."""

ALONE_DOORS = tuple(dict.fromkeys(door for _, door, _, _ in TIMES))
TOGETHER_DOORS = ("PrinterWebSocket", "native")
FLOORS = {"REST": "POST"}


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured at each door."""

    alone: dict[str, Any] = field(default_factory=dict)
    together: dict[str, Any] = field(default_factory=dict)


def speed_rows(plan: Plan) -> list[Row]:
    """Measure an empty gateway and one with a history in turns, so that what disturbs one disturbs the other."""
    data = plan.folder / "history"
    asyncio.run(_make_store(data))
    fill(data / DATABASE, plan.history)
    floor = _floor(plan)
    with site(plan.folder / "new") as empty, site(data) as full:
        new, old = _in_turns(plan, (empty, full))
    return [*_alone(new, floor), *_together(new, floor), *_history(HISTORY.format(plan.history), new, old)]


async def _make_store(data: Path) -> None:
    await (await SqliteStore.open(data)).close()


def _in_turns(plan: Plan, sites: Sequence[Site]) -> list[Speed]:
    speeds = [Speed() for _ in sites]
    for door in ALONE_DOORS:
        for speed, at in zip(speeds, sites, strict=True):
            one: dict[str, Any] = {"count": plan.jobs, "printer": at.names[0]}
            speed.alone[door] = measure("alone", at.server, at.sinks[:1], door=door, **one)
    for door in TOGETHER_DOORS:
        rounds = [[_crowd(plan, at.server, door, at.names, at.sinks) for at in sites] for _ in range(plan.rounds)]
        for speed, its in zip(speeds, zip(*rounds, strict=True), strict=True):
            speed.together[door] = _middle(its)
    return speeds


def _floor(plan: Plan) -> Speed:
    with echo() as server:
        alone = {door: measure("alone", server, door=door, count=plan.jobs, printer="") for door in ("echo", "POST")}
        rounds = [_crowd(plan, server, "echo", ["none"], []) for _ in range(plan.rounds)]
        return Speed(alone, {"echo": _middle(rounds)})


def _crowd(plan: Plan, server: Server, door: str, names: Sequence[str], sinks: Sinks) -> Any:
    many = {"clients": plan.clients, "seconds": plan.seconds}
    return measure("together", server, sinks, door=door, printers=names, **many)


def _middle(rounds: Sequence[Any]) -> Any:
    return sorted(rounds, key=lambda one: float(one["rate"]))[len(rounds) // 2]


def _alone(new: Speed, floor: Speed) -> list[Row]:
    rows = []
    for what, door, until, target_ms in TIMES:
        at, floor_at = new.alone[door], floor.alone[FLOORS.get(door, "echo")]["first"]
        took = at[until]
        rows.append(Row(ALONE, f"{what}, p50", took["p50"], "ms", target_ms, floor=floor_at["p50"], note=_cores(at)))
        rows.append(Row(ALONE, f"{what}, p99", took["p99"], "ms", floor=floor_at["p99"]))
    return rows


def _together(new: Speed, floor: Speed) -> list[Row]:
    rows, floor_at = [], floor.together["echo"]
    for door in TOGETHER_DOORS:
        at = new.together[door]
        rate = Row(TOGETHER, f"{door}: jobs delivered", at["rate"], "/s", JOBS_PER_S, at_least=True, note=_cores(at))
        rows.append(rate.over(floor_at["rate"]))
        for point in ("p50", "p99"):
            told = Row(TOGETHER, f"{door}: told delivered, {point}", at["told"][point], "ms")
            rows.append(told.over(floor_at["told"][point]))
    return rows


def _history(chapter: str, new: Speed, old: Speed) -> list[Row]:
    rows = []
    for what, door, until, _ in TIMES:
        before, after = new.alone[door][until]["p50"], old.alone[door][until]["p50"]
        rows.append(Row(chapter, f"{what}, p50", (after / before - 1) * 100, "%", WORSE, note=f"{after:.2f} ms"))
    for door in TOGETHER_DOORS:
        before, at = new.together[door]["rate"], old.together[door]
        change = (at["rate"] / before - 1) * 100
        note = f"{at['rate']:,.0f} /s; {_cores(at)}"
        rows.append(Row(chapter, f"{door}: jobs delivered", change, "%", -WORSE, at_least=True, note=note))
    return rows


def _cores(at: Mapping[str, Any]) -> str:
    a_job_us = at["gateway_cores"] * at["seconds"] / at["jobs"] * 1e6
    return f"{a_job_us:.0f} µs of gateway a job; {cores(at)}"
