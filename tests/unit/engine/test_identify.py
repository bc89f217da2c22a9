"""Printers that are asked what they are: by a command only, in their language only, and what they say is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from fanfold.errors import NotReached
from fanfold.messages import (
    Accepted,
    AddPrinter,
    ChangePrinter,
    IdentifyPrinter,
    PrinterShown,
    PrinterView,
    ShowPrinter,
    Submit,
)
from fanfold.model import Printer, PrinterId, Source, Traits
from fanfold.registry import LANGUAGES
from fanfold.store.base import Store
from fanfold.store.memory import MemoryStore
from fanfold.transports.base import Discovered
from tests.peers.processes import until
from tests.unit.engine.toy import House, Toy, house

HI = b"\x02ZD420-203dpi,V84.20.10Z,8,8176KB\x03\r\n"
ZEBRA = Traits(model="ZD420-203dpi", languages=("zpl",), dpi=203, told_by=("printer",))
EPSON = {b"\x1dI\x01": b"\x20", b"\x1dIC": b"_TM-T88V\0", b"\x1dIB": b"_EPSON\0", b"\x1dID": b"_J5U\0"}


@dataclass
class Answering(Toy):
    """Answers each question of three bytes by itself; silent on what it does not know."""

    takes: tuple[str, ...] = ("raw",)
    knows: dict[bytes, bytes] = field(default_factory=lambda: {b"~HI": HI})
    asked: list[tuple[bytes, float]] = field(default_factory=list)
    gone_after: int = 99

    async def ask(self, printer: Printer, question: bytes, *, channel: str = "", within_s: float) -> bytes:
        if len(self.asked) >= self.gone_after:
            raise NotReached("it is away")
        self.asked.append((question, within_s))
        answer = b"".join(self.knows.get(question[at : at + 3], b"") for at in range(0, len(question), 3))
        if not answer:
            raise TimeoutError
        return answer

    @property
    def questions(self) -> list[bytes]:
        return [question for question, _ in self.asked]


def shop(folder: Path, toy: Toy | None = None, store: Store | None = None, **options: Any) -> Any:
    return house(folder, toy or Answering(), store, languages=LANGUAGES, **options)


async def identified(h: House, language: str = "", within_s: float = 5) -> PrinterView:
    reply = await h.do(IdentifyPrinter("till", language, within_s))
    assert isinstance(reply, PrinterShown), reply
    return reply.view


async def shown(h: House, printer: str = "till") -> PrinterView:
    reply = await h.do(ShowPrinter(printer))
    assert isinstance(reply, PrinterShown)
    return reply.view


async def test_a_printer_says_what_it_is_and_that_outlasts_a_restart(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    async with shop(tmp_path, store=store, language="zpl") as h:
        view = await identified(h)
        assert view.printer.traits == ZEBRA
        assert (view.printer.dpi, view.language, view.encoding) == (203, "zpl", "utf-8")
        assert await shown(h) == view
    async with shop(tmp_path, store=store, language="zpl") as h:
        assert (await shown(h)).printer.traits == ZEBRA
    await store.close()


async def test_nobody_is_asked_whose_language_is_not_known(tmp_path: Path) -> None:
    async with shop(tmp_path, toy := Answering()) as h:
        refusal = await h.refused(IdentifyPrinter("till"))
        assert (refusal.code, refusal.status) == ("language-unknown", 422)
        assert "on paper" in refusal.says
        assert "zpl" in refusal.says
        assert toy.asked == []


async def test_a_person_may_say_the_language_and_what_answers_in_it_speaks_it(tmp_path: Path) -> None:
    async with shop(tmp_path) as h:
        assert (await identified(h, "ZPL ")).language == "zpl"
        assert (await shown(h)).printer.options.language is None
        assert (await identified(h)).printer.traits == ZEBRA, "it is known now"


async def test_what_an_owner_settled_wins_over_what_the_printer_says(tmp_path: Path) -> None:
    async with shop(tmp_path, language="tspl", dpi=300, width_mm=57.5, encoding="cp858") as h:
        view = await identified(h, "zpl")
        assert view.printer.traits == ZEBRA
        assert (view.language, view.printer.dpi, view.printer.width_mm, view.encoding) == ("tspl", 300, 57.5, "cp858")


@pytest.mark.parametrize("language", ["epl", "pdf"])
async def test_a_language_without_a_question_is_refused_in_words(tmp_path: Path, language: str) -> None:
    async with shop(tmp_path, toy := Answering(), language=language) as h:
        refusal = await h.refused(IdentifyPrinter("till"))
        assert (refusal.code, refusal.status) == ("cannot-ask", 422)
        assert "escpos or tspl or zpl" in refusal.says
        assert toy.asked == []


async def test_a_printer_without_a_way_back_is_not_asked(tmp_path: Path) -> None:
    async with shop(tmp_path, Toy(), language="zpl") as h:
        assert (await h.refused(IdentifyPrinter("till"))).code == "cannot-ask"


@pytest.mark.parametrize("within_s", [0, -1, 301, float("nan")])
async def test_a_senseless_time_is_refused(tmp_path: Path, within_s: float) -> None:
    async with shop(tmp_path, language="zpl") as h:
        assert (await h.refused(IdentifyPrinter("till", within_s=within_s))).code == "bad-request"


async def test_silence_garbage_and_absence_are_told_and_nothing_is_kept(tmp_path: Path) -> None:
    async with shop(tmp_path, toy := Answering(knows={}), language="zpl") as h:
        silent = await h.refused(IdentifyPrinter("till", within_s=2))
        assert (silent.code, silent.status) == ("no-answer", 504)
        assert "within 2 s" in silent.says
        toy.knows[b"~HI"] = b"\x1b[2Jgarbage" + bytes(500)
        garbage = await h.refused(IdentifyPrinter("till"))
        assert (garbage.code, garbage.status) == ("bad-answer", 502)
        assert r"\x1b[2Jgarbage" in garbage.says
        assert garbage.says.isprintable()
        assert len(garbage.says) < 500
        toy.gone_after = 0
        assert (await h.refused(IdentifyPrinter("till"))).code == "printer-away"
        assert (await shown(h)).printer.traits == Traits()


async def test_a_receipt_printer_is_asked_more_once_it_has_answered(tmp_path: Path) -> None:
    async with shop(tmp_path, toy := Answering(knows=EPSON), language="escpos") as h:
        told = Traits("EPSON", "TM-T88V", "J5U", ("escpos",), told_by=("printer",))
        assert (await identified(h)).printer.traits == told
        assert [len(one) for one in toy.questions] == [3, 21]
        assert all(within_s <= 5 for _, within_s in toy.asked)


async def test_a_receipt_printer_that_does_not_answer_is_asked_no_more(tmp_path: Path) -> None:
    async with shop(tmp_path, toy := Answering(knows={b"\x1dIC": b"_TM\0"}), language="escpos") as h:
        assert (await h.refused(IdentifyPrinter("till"))).code == "no-answer"
        assert toy.questions == [b"\x1dI\x01"]
        toy.knows[b"\x1dI\x01"] = b"I don't know"
        assert (await h.refused(IdentifyPrinter("till"))).code == "bad-answer"
        assert toy.questions == [b"\x1dI\x01"] * 2


@pytest.mark.parametrize("gone_after", [1, 99], ids=["it takes no second visitor", "it is silent"])
async def test_what_it_said_first_holds_where_nothing_more_comes(tmp_path: Path, gone_after: int) -> None:
    toy = Answering(knows={b"\x1dI\x01": b"\x20"}, gone_after=gone_after)
    async with shop(tmp_path, toy, language="escpos") as h:
        assert (await identified(h)).printer.traits == Traits(languages=("escpos",), told_by=("printer",))


async def test_at_another_address_is_another_printer(tmp_path: Path) -> None:
    async with shop(tmp_path) as h:
        await h.do(AddPrinter("new", "toy:3", options={"language": "zpl", "dpi": 300}))
        reply = await h.do(IdentifyPrinter("new"))
        assert isinstance(reply, PrinterShown)
        await h.do(ChangePrinter("new", name="newer"))
        assert (await shown(h, "newer")).printer.traits == ZEBRA
        await h.do(ChangePrinter("newer", uri="toy:4"))
        moved = (await shown(h, "newer")).printer
        assert (moved.traits, moved.dpi) == (Traits(), 300)


async def test_an_answer_from_an_address_that_is_not_the_printers_any_more_is_not_kept(tmp_path: Path) -> None:
    class Moving(Answering):
        async def ask(self, printer: Printer, question: bytes, *, channel: str = "", within_s: float) -> bytes:
            await h.do(ChangePrinter("new", uri="toy:4"))
            return HI

    async with shop(tmp_path, Moving()) as h:
        await h.do(AddPrinter("new", "toy:3", options={"language": "zpl"}))
        refusal = await h.refused(IdentifyPrinter("new"))
        assert refusal.code == "printer-away"
        assert (await shown(h, "new")).printer.traits == Traits()


# what is known of printers decides how texts go to them

PLAIN, ARROW = "Crème brûlée ½ £5\r\n", "Crème → 5\n"


async def printed(h: House, text: str) -> bytes:
    reply = await h.do(Submit("till", text))
    assert isinstance(reply, Accepted)
    await h.end(reply.job)
    return h.toy.paper[-1][1]


@pytest.mark.parametrize(
    ("options", "text", "encoding"),
    [
        ({"language": "escpos"}, PLAIN, "cp437"),
        ({"language": "escpos"}, ARROW, "utf-8"),
        ({"language": "escpos"}, "\x1b@\x1bt\x10" + PLAIN, "utf-8"),
        ({"language": "escpos", "encoding": "utf-8"}, PLAIN, "utf-8"),
        ({"language": "escpos", "encoding": "cp858"}, PLAIN, "cp858"),
        ({"language": "zpl"}, PLAIN, "utf-8"),
        ({}, PLAIN, "utf-8"),
    ],
)
async def test_plain_text_goes_in_the_encoding_that_the_printer_begins_with(
    tmp_path: Path, options: dict[str, Any], text: str, encoding: str
) -> None:
    async with shop(tmp_path, **options) as h:
        assert await printed(h, text) == text.encode(encoding)


async def test_a_text_goes_otherwise_once_the_printer_has_said_what_it_is(tmp_path: Path) -> None:
    async with shop(tmp_path, Answering(knows=EPSON)) as h:
        assert await printed(h, PLAIN) == PLAIN.encode()
        assert (await identified(h, "escpos")).encoding == "cp437"
        assert await printed(h, PLAIN) == PLAIN.encode("cp437")


async def test_what_is_supposed_makes_no_document_refused(tmp_path: Path) -> None:
    kept = Printer(
        PrinterId("extra"), "extra", "toy:3", source=Source.ADDED, kinds=("application/pdf",),
        traits=Traits(languages=("zpl",), encoding="nonsense", told_by=("usb",)),
    )  # fmt: skip
    store = MemoryStore(tmp_path)
    await store.save_printer(kept)
    await store.save_printer(replace(kept, id=PrinterId("raw"), name="raw", kinds=("raw",)))
    async with shop(tmp_path, store=store) as h:
        for printer, language in (("extra", ""), ("raw", "zpl")):
            assert (await shown(h, printer)).language == language
            reply = await h.do(Submit(printer, "Bonjour é\n"))
            assert isinstance(reply, Accepted)
            assert reply.job.language == language
            await h.end(reply.job)
    assert [paper for _, paper in h.toy.paper] == ["Bonjour é\n".encode()] * 2
    await store.close()


@dataclass
class Listing(Answering):
    """A spooler with one queue, of which it says something."""

    says: Traits = field(default_factory=Traits)

    async def discover(self) -> Sequence[Discovered]:
        return (Discovered("labels", "toy:/labels", ("raw",), traits=self.says),)

    def listed_as(self, uri: str) -> str:
        return uri


async def test_what_a_spooler_says_of_its_queue_is_kept_but_the_printers_own_word_wins(tmp_path: Path) -> None:
    cups = Traits("Zebra", "ZD420", "S1", ("zpl",), 300, told_by=("cups",))
    store = MemoryStore(tmp_path)
    async with shop(tmp_path, Listing(says=cups), store=store) as h:

        async def is_there() -> bool:
            return isinstance(await h.do(ShowPrinter("labels")), PrinterShown)

        await until(is_there, "a lane for the queue")
        labels = await shown(h, "labels")
        assert labels.printer.traits == cups
        assert labels.language == "zpl"
        reply = await h.do(IdentifyPrinter("labels"))
        assert isinstance(reply, PrinterShown)
        assert reply.view.printer.traits == replace(cups, model="ZD420-203dpi", dpi=203, told_by=("printer", "cups"))
    await store.close()
