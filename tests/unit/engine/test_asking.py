"""Questions to printers, channels opened anew, conversations written down; and webhooks where there are none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fanfold.config import PrinterSetting
from fanfold.errors import NotReached, Refused
from fanfold.messages import (
    AskPrinter,
    Done,
    ListDeadLetters,
    ListWebhooks,
    PrinterSaid,
    ReopenChannel,
    RetryDeadLetters,
    Traced,
    TracePrinter,
    Webhooks,
)
from fanfold.model import JobState
from fanfold.transports.base import Report
from fanfold.wire import Work
from tests.unit.engine.gate import warehouse
from tests.unit.engine.toy import ToyLink

QUESTION = b'! U1 getvar "device.friendly_name"\r\n'


async def test_a_printer_is_asked_and_its_answer_comes_as_it_is(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        assert await h.do(AskPrinter("1", QUESTION, channel="config")) == PrinterSaid(b'"3.2"')
        assert h.gate.asked == [(QUESTION, "config")]


@pytest.mark.parametrize(
    ("answer", "code", "status"),
    [
        (NotReached("it has not dialled in since the start"), "printer-away", 503),
        (TimeoutError(), "no-answer", 504),
        (Refused("There is no channel x.", code="unknown-channel", status=422), "unknown-channel", 422),
        (Refused("It is too large.", code="answer-too-large", status=502), "answer-too-large", 502),
    ],
)
async def test_why_there_is_no_answer_is_said(tmp_path: Path, answer: Exception, code: str, status: int) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.answer = answer
        refusal = await h.refused(AskPrinter("1", QUESTION))
        assert (refusal.code, refusal.status) == (code, status)
        assert str(answer) in refusal.says


async def test_a_printer_that_cannot_answer_is_not_asked(tmp_path: Path) -> None:
    async with warehouse(tmp_path, PrinterSetting("till", "toy:1")) as h:
        refusal = await h.refused(AskPrinter("till", QUESTION))
        assert (refusal.code, refusal.status) == ("cannot-ask", 422)
        assert (await h.refused(AskPrinter("nobody", QUESTION))).code == "unknown-printer"


@pytest.mark.parametrize(("question", "within_s"), [(b"", 1), (QUESTION, 0), (QUESTION, 301), (QUESTION, float("nan"))])
async def test_an_empty_question_and_a_senseless_time_are_refused(
    tmp_path: Path, question: bytes, within_s: float
) -> None:
    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        assert (await h.refused(AskPrinter("1", question, within_s=within_s))).code == "bad-request"


async def test_a_channel_is_opened_anew_where_there_are_channels(tmp_path: Path) -> None:
    async with warehouse(tmp_path, PrinterSetting("till", "toy:1")) as h:
        await h.adopt("1")
        away = await h.refused(ReopenChannel("1", "raw"))
        assert (away.code, away.status) == ("printer-away", 503)
        h.gate.dial("1")
        assert isinstance(await h.do(ReopenChannel("1", "raw")), Done)
        assert h.gate.reopened == [("dial:1", "raw")]
        assert (await h.refused(ReopenChannel("till", "raw"))).code == "unknown-channel"


async def test_a_conversation_is_written_down_by_name_serial_or_uri_of_anybody(tmp_path: Path) -> None:
    async with warehouse(tmp_path, PrinterSetting("dock", "dial:1")) as h:
        for device in ("dock", "1", "DIAL:1"):
            assert await h.do(TracePrinter(device, 5)) == Traced(("dial:1 main: GET /",))
        assert h.gate.traces == {"dial:1": 5}
        await h.do(TracePrinter("never-seen", 7))
        assert h.gate.traces["dial:never-seen"] == 7
        assert await h.do(TracePrinter("dock")) == Traced(("dial:1 main: GET /",))
        assert await h.do(TracePrinter("dock", 0)) == Traced(())


async def test_who_cannot_be_traced_is_told_so(tmp_path: Path) -> None:
    async with warehouse(tmp_path, PrinterSetting("till", "toy:1")) as h:
        assert (await h.refused(TracePrinter("till", 5))).code == "cannot-trace"
        assert (await h.refused(TracePrinter("1", -1))).code == "bad-request"


async def test_a_gateway_without_webhooks_lists_none_and_refuses_their_letters(tmp_path: Path) -> None:
    async with warehouse(tmp_path) as h:
        assert await h.do(ListWebhooks()) == Webhooks(())
        for ask in (ListDeadLetters("app"), RetryDeadLetters("app")):
            refusal = await h.refused(ask)
            assert (refusal.code, refusal.status) == ("no-webhooks", 404)


async def test_a_printer_that_dials_in_is_asked_while_it_prints(tmp_path: Path) -> None:
    begun, until = asyncio.Event(), asyncio.Event()

    async def held(link: ToyLink, work: Work, report: Report) -> None:
        begun.set()
        await until.wait()

    async with warehouse(tmp_path) as h:
        await h.adopt("1")
        h.gate.dial("1")
        h.gate.deeds.append(held)
        job = await h.submit(printer="dial:1")
        await begun.wait()
        reply = await h.do(AskPrinter("dial:1", QUESTION, channel="config", within_s=1))
        assert isinstance(reply, PrinterSaid), reply
        until.set()
        assert (await h.end(job)).state is JobState.COMPLETED
