"""Measure the whole gateway and print one table: `python -m bench [--quick] [CHAPTER]…`. Asserts nothing.

The floor of a speed is the same load on an aiohttp server that only echoes; of a probe, the same probe in peace.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench import machine
from bench.discovery import discovery_rows
from bench.memory import start_rows
from bench.plan import Plan
from bench.probes import large_rows, stalled_rows
from bench.serial import serial_rows
from bench.speed import speed_rows
from bench.table import Row, show
from bench.usb import usb_rows
from bench.weblink import weblink_rows
from bench.windows import windows_rows

RESULTS = Path(__file__).with_name("results")
CHAPTERS: Mapping[str, Callable[[Plan], list[Row]]] = {
    "speed": speed_rows,
    "start": start_rows,
    "large": large_rows,
    "stalled": stalled_rows,
    "weblink": weblink_rows,
    "windows": windows_rows,
    "serial": serial_rows,
    "discovery": discovery_rows,
    "usb": usb_rows,
}
STORE = "store"
QUICK = {"jobs": 300, "seconds": 1, "rounds": 1, "starts": 2, "history": 50_000, "idle_clients": 500, "dialling": 200}


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "chapters", nargs="*", metavar="CHAPTER", help=f"{', '.join((*CHAPTERS, STORE))}; all unless said"
    )
    parser.add_argument("--quick", action="store_true", help="a short run to see that it works; its figures say little")
    parser.add_argument("--directory", type=Path, help="where to make the stores; default: the temporary directory")
    said = parser.parse_args()
    if unknown := {*said.chapters} - {*CHAPTERS, STORE}:
        parser.error(f"there is no chapter {', '.join(unknown)}")
    said.chapters = said.chapters or [*CHAPTERS, STORE]
    return said


def rows(plan: Plan, names: Sequence[str]) -> Iterator[Row]:
    for name in names:
        if name in CHAPTERS:
            print(f"measuring: {name} …", file=sys.stderr, flush=True)
            yield from CHAPTERS[name](plan)


def main() -> None:
    said = asked()
    with tempfile.TemporaryDirectory(dir=said.directory, prefix="fanfold-bench-") as place:
        plan = Plan(Path(place), **(QUICK if said.quick else {}))
        p50, p99 = machine.sync_ms(plan.folder)
        facts = machine.facts() | {"append and sync 4 KiB": f"p50 {p50:.2f} ms, p99 {p99:.2f} ms"}
        measured = list(rows(plan, said.chapters))
    console = Console(highlight=False)
    for name, value in facts.items():
        console.print(f"{name:22} {value}")
    show(measured)
    if not said.quick:
        console.print(f"\nkept as {keep(facts, measured)}")
    if STORE in said.chapters:
        console.print("\n[bold]The store alone[/bold]")
        subprocess.run([sys.executable, "-m", "bench.store", "--history", str(plan.history)], check=True)


def keep(facts: Mapping[str, str], measured: Sequence[Row]) -> Path:
    """Keep a run's figures for comparing; returns where."""
    now = datetime.now(UTC)
    path = RESULTS / f"{now:%Y-%m-%dT%H%M%SZ}.json"
    RESULTS.mkdir(exist_ok=True)
    figures = [asdict(row) | {"met": row.met} for row in measured]
    path.write_text(
        json.dumps({"at": now.isoformat(), "machine": facts, "rows": figures}, indent=1, ensure_ascii=False)
    )
    return path


if __name__ == "__main__":
    main()
