"""What printers were found to be, kept: all of it comes back, and nothing that stands there keeps a start back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.model import Printer, PrinterId, PrinterOptions, Traits
from fanfold.store.opening import DATABASE
from fanfold.store.rows import traits_of
from fanfold.store.sqlite import SqliteStore
from tests.contract.stores import KINDS, open_store

ZEBRA = Traits("Zebra", "ZD420-203dpi", "50J1", ("zpl", "epl"), 203, 104.0, "utf-8", ("printer", "usb"))
DOCK = Printer(PrinterId("dock"), "Dock", "socket://192.0.2.7", traits=ZEBRA)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@pytest.mark.parametrize("kind", KINDS)
async def test_traits_are_kept_and_changed(kind: str, tmp_path: Path) -> None:
    store = await open_store(kind, tmp_path)
    plain = Printer(PrinterId("plain"), "Plain", "file:out")
    changed = replace(DOCK, traits=Traits(model="other"))
    for printer in (DOCK, plain, changed):
        await store.save_printer(printer)
    assert [kept.printer for kept in await store.printers()] == [changed, plain]
    await store.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_options_that_nobody_settled_are_kept_as_such(kind: str, tmp_path: Path) -> None:
    store = await open_store(kind, tmp_path)
    settled = replace(DOCK, options=PrinterOptions(encoding="cp858", dpi=300, width_mm=57.5))
    for printer in (DOCK, replace(settled, id=PrinterId("other"))):
        await store.save_printer(printer)
    options = [kept.printer.options for kept in await store.printers()]
    assert options == [PrinterOptions(encoding=None, dpi=None, width_mm=None), settled.options]
    await store.close()


async def edited(folder: Path, column: str, text: str) -> Printer:
    """The printer that a store gives whose column was written by somebody else."""
    store = await SqliteStore.open(folder)
    await store.save_printer(DOCK)
    await store.close()
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        db.execute(f"UPDATE printers SET {column} = ?", (text,))
        db.commit()
    store = await SqliteStore.open(folder)
    (kept,) = await store.printers()
    await store.close()
    return kept.printer


async def test_an_encoding_that_an_older_gateway_wrote_stays_its_owners_word(tmp_path: Path) -> None:
    older = asdict(PrinterOptions(encoding="utf-8"))
    for younger in ("dpi", "width_mm"):
        del older[younger]
    printer = await edited(tmp_path, "options", json.dumps(older))
    assert printer.options == PrinterOptions(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "traits"),
    [
        ("", Traits()),
        ("{", Traits()),
        ("[" * 100_000, Traits()),
        ("[1]", Traits()),
        (json.dumps(asdict(ZEBRA) | {"wheels": 4}), ZEBRA),
        ('{"make": 5, "model": "M", "dpi": true, "width_mm": "wide", "languages": "zpl"}', Traits(model="M")),
        (f'{{"dpi": 1{"0" * 400}, "width_mm": 1{"0" * 400}, "told_by": ["usb", 5]}}', Traits(told_by=("usb",))),
        ('{"dpi": -1, "width_mm": Infinity, "make": null}', Traits()),
    ],
)
async def test_what_cannot_be_read_is_not_known_and_the_gateway_starts(
    tmp_path: Path, text: str, traits: Traits
) -> None:
    assert await edited(tmp_path, "traits", text) == replace(DOCK, traits=traits)


@given(st.dictionaries(st.sampled_from([*asdict(ZEBRA), "wheels"]), JSON))
def test_whatever_stands_there_traits_are_what_they_promise_to_be(told: dict[str, object]) -> None:
    read = traits_of(json.dumps(told))
    assert traits_of(json.dumps(asdict(read))) == read
    assert all(isinstance(word, str) for word in (*read.languages, *read.told_by, read.make, read.encoding))
