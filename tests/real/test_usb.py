"""Printers at USB ports and serial lines, for real: how each scenario ended in a guest that has such ports.

The scenarios are in `tests/real/guest`; the transports' contract is run there too. One guest runs all of them, and each
is told here as it ends. What no guest can show, because its printers are made by the kernel and not by a factory: what
real printers tell of their paper and when, printers that lose power under their bytes, hubs and cables that fail, and
USB of Windows and macOS.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.usbguest.host import ROOT, RUNS_FOR_S, Guest, booted

SCENARIOS = sorted((Path(__file__).parent / "guest").glob("*_scenarios.py"), key=lambda path: "gateway" in path.name)
"""The gateway's last: it starts meanwhile."""
CONTRACT = ROOT / "tests" / "contract" / "test_transport.py"
PYTEST = (
    "-m", "pytest", "-q", "-p", "tests.peers.usbguest.results", "-p", "no:cacheprovider",
    "-p", "no:hypothesispytest", "-o", "timeout=60", "--tb=short",
    "--assert=plain",  # to rewrite the tests takes an emulated processor 5 s
)  # fmt: skip
RIG = {"FANFOLD_USB_RIG": "tests.peers.usbguest.rig:usb_rig"}

pytestmark = pytest.mark.timeout(RUNS_FOR_S + 30)


def names(path: Path, taking: str = "") -> list[str]:
    """Return the names of a file's tests (which take that fixture), read from its text: it runs in the guest only."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    body = ast.parse(path.read_text("utf-8")).body
    tests = [node for node in body if isinstance(node, functions) and node.name.startswith("test_")]
    return [test.name for test in tests if not taking or taking in {argument.arg for argument in test.args.args}]


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    files = [str(path.relative_to(ROOT)) for path in (CONTRACT, *SCENARIOS)]
    contract = ("-k", "usb or not test_transport")
    with booted(tmp_path_factory.mktemp("guest"), *PYTEST, *contract, *files, env=RIG) as guest:
        yield guest


async def ended_well(guest: Guest, function: str) -> None:
    for result in await guest.results(function):
        assert result["outcome"] == "passed", f"{result['test']}\n{result['says']}"


@pytest.mark.parametrize("scenario", [test for path in SCENARIOS for test in names(path)])
async def test_a_scenario_ends_well(guest: Guest, scenario: str) -> None:
    await ended_well(guest, scenario)


@pytest.mark.parametrize("promise", names(CONTRACT, taking="rig"))
async def test_the_contract_holds(guest: Guest, promise: str) -> None:
    await ended_well(guest, promise)
