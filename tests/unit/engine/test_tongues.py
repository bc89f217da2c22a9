"""An owner's word for a language names one that is known here: else it would be taken, and mean nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from fanfold.errors import CannotStart
from fanfold.languages.zpl import Zpl
from fanfold.messages import AddPrinter, ChangePrinter, PrinterShown, ShowPrinter
from fanfold.model import Printer, PrinterId, PrinterOptions
from fanfold.registry import LANGUAGES
from fanfold.store.memory import MemoryStore
from tests.unit.engine.toy import House, house

KNOWN = ("cpcl", "epl", "escpos", "tspl", "zpl", "pdf")


@dataclass
class Dpl(Zpl):
    """A third party's."""

    name: str = "dpl"


async def shown(h: House) -> Printer:
    reply = await h.do(ShowPrinter("new"))
    assert isinstance(reply, PrinterShown), reply
    return reply.view.printer


async def test_a_language_that_is_not_known_is_refused_with_those_that_are(tmp_path: Path) -> None:
    async with house(tmp_path, languages=LANGUAGES) as h:
        refusal = await h.refused(AddPrinter("new", "toy:3", options={"language": "xpl"}))
        assert (refusal.code, refusal.status) == ("bad-option", 422)
        assert all(one in refusal.says for one in ("'xpl'", "new", *KNOWN)), refusal.says
        await h.do(AddPrinter("new", "toy:3", options={"language": "zpl"}))
        assert (await h.refused(ChangePrinter("new", options={"language": "xpl"}))).code == "bad-option"
        assert (await shown(h)).options.language == "zpl"


async def test_a_configured_one_keeps_the_gateway_from_starting_in_words(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"'xpl' of the printer till.*tspl, zpl"):
        async with house(tmp_path, languages=LANGUAGES, language="xpl"):
            pass


async def test_a_language_that_a_third_party_added_is_known(tmp_path: Path) -> None:
    async with house(tmp_path, languages=(*LANGUAGES, Dpl()), language="dpl") as h:
        await h.do(AddPrinter("new", "toy:3", options={"language": "dpl"}))
        assert (await shown(h)).options.language == "dpl"


async def test_a_printer_that_was_kept_with_one_stays_and_can_be_changed(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    await store.save_printer(Printer(PrinterId("new"), "new", "toy:3", options=PrinterOptions(language="xpl")))
    async with house(tmp_path, store=store, languages=LANGUAGES) as h:
        await h.do(ChangePrinter("new", options={"language": "xpl", "dpi": 300}))
        assert (await shown(h)).options == PrinterOptions(language="xpl", dpi=300)
        await h.do(ChangePrinter("new", options={"language": None}))
        assert (await shown(h)).options.language is None
