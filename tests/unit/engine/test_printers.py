from __future__ import annotations

from pathlib import Path

import pytest

from fanfold.messages import AddPrinter, ChangePrinter, PrinterShown
from tests.unit.engine.toy import house

TAKEN = ["till", "receipt", "Receipt ", "bar"]
"""A name, an alias, the same alias as people write it, and another printer's name."""


@pytest.mark.parametrize("said", TAKEN)
async def test_a_new_printer_gets_no_name_and_no_alias_of_another(tmp_path: Path, said: str) -> None:
    async with house(tmp_path) as h:
        for ask in (AddPrinter(said, "toy:3"), AddPrinter("new", "toy:3", (said,))):
            refusal = await h.refused(ask)
            assert (refusal.code, refusal.status) == ("name-taken", 409)


@pytest.mark.parametrize("said", TAKEN)
async def test_a_changed_printer_gets_no_name_and_no_alias_of_another(tmp_path: Path, said: str) -> None:
    async with house(tmp_path) as h:
        await h.do(AddPrinter("new", "toy:3", ("label",)))
        for ask in (ChangePrinter("new", name=said), ChangePrinter("new", aliases=("label", said))):
            assert (await h.refused(ask)).code == "name-taken"


async def test_a_printer_keeps_its_own_names(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.do(AddPrinter("new", "toy:3", ("label",)))
        shown = await h.do(ChangePrinter("new", name="New", aliases=("label", "new")))
        assert isinstance(shown, PrinterShown)
        assert (shown.view.printer.name, shown.view.printer.aliases) == ("New", ("label", "new"))


async def test_the_file_of_a_usb_printer_is_taken_for_its_uri(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.do(AddPrinter("new", "toy:3"))
        for ask in (AddPrinter("usb", "/dev/usb/lp0"), ChangePrinter("new", uri="/dev/usb/lp0")):
            refusal = await h.refused(ask)
            assert "'usb:/dev/usb/lp0' has no scheme that is known here" in refusal.says  # a toy house has no USB
