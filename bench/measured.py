"""What a load measured, as plain values that travel as JSON: quantiles, shares of the cores, paper."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bench import machine
from bench.sinks import open_sinks

Measured = dict[str, Any]


def quantiles(took_ms: Sequence[float]) -> Measured:
    if len(took_ms) < 2:
        return {}
    p99 = statistics.quantiles(took_ms, n=100)[98]
    return {"p50": statistics.median(took_ms), "p99": p99, "longest": max(took_ms), "count": len(took_ms)}


class Shares:
    """How many cores the gateway, this load and the rest of the machine took since this was made."""

    def __init__(self, gateway: int) -> None:
        self._gateway = gateway
        self._began = self._now()

    def measured(self) -> Measured:
        wall_s, gateway_s, load_s, busy_s = (now - then for now, then in zip(self._now(), self._began, strict=True))
        return {
            "seconds": wall_s,
            "gateway_cores": gateway_s / wall_s,
            "load_cores": load_s / wall_s,
            "other_cores": max(0.0, busy_s - gateway_s - load_s) / wall_s,
        }

    def _now(self) -> tuple[float, float, float, float]:
        return time.perf_counter(), machine.cpu_s(self._gateway), time.process_time(), machine.busy_s()


def cores(shares: Mapping[str, Any]) -> str:
    """How busy the cores were, in words; a figure with much taken elsewhere is a disturbed one."""
    gateway, load, other = (shares[f"{who}_cores"] for who in ("gateway", "load", "other"))
    return f"cores: gateway {gateway:.2f}, load {load:.2f}, else {other:.2f}"


class Paper:
    """What came out of the sinks, in order."""

    def __init__(self) -> None:
        self.bytes = 0
        self.moments: list[float] = []
        self._wanted = 0
        self._enough = asyncio.Event()

    @classmethod
    async def of(cls, sinks: Sequence[int]) -> Paper:
        paper = cls()
        await open_sinks(sinks, paper.whole)
        return paper

    def whole(self, size_bytes: int, at_s: float) -> None:
        self.bytes += size_bytes
        self.moments.append(at_s)
        if len(self.moments) >= self._wanted:
            self._enough.set()

    async def reaches(self, count: int) -> None:
        """Wait until so many documents came out, all told."""
        self._wanted = count
        self._enough.clear()
        if len(self.moments) < count:
            await self._enough.wait()
