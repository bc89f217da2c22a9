"""Has a printer say what it is, by a person's command only, and keeps what it says. Knows no protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from fanfold.engine.asking import ask_between_jobs, conversing
from fanfold.engine.lane import Lane
from fanfold.engine.names import address
from fanfold.engine.roster import Roster
from fanfold.engine.tongues import Tongues
from fanfold.engine.traits import learned
from fanfold.errors import NotReached, Refused
from fanfold.languages.base import Identifies
from fanfold.messages import IdentifyPrinter, PrinterShown, PrinterView
from fanfold.model import Printer, Traits
from fanfold.transports.base import Converses

MORE_WITHIN_S = 1.0
"""How long a printer that has answered once may take for each further answer: some keep silent on what they lack."""

SHOWN_BYTES = 60
"""How much of an answer that is none is quoted."""


class IdentifyingDesk:
    """The engine's hand for printers that are asked what they are. Methods raise Refused."""

    def __init__(self, roster: Roster, tongues: Tongues, view: Callable[[Lane], PrinterView]) -> None:
        self._roster, self._tongues, self._view = roster, tongues, view

    async def identify(self, ask: IdentifyPrinter) -> PrinterShown:
        """Ask a printer in its language what it is; what it says are its traits from now on."""
        lane = self._roster.find(ask.printer)
        transport = conversing(lane)
        language = self._language(lane, ask.language)
        printer, speaker = lane.printer, self._tongues.questions[language]
        talk = _Talk(printer, transport, speaker, language)
        told = await ask_between_jobs(lane, talk.go, ask.within_s)
        return PrinterShown(self._view(await self._roster.edit(lane, lambda now: _known_as(now, printer, told))))

    def _language(self, lane: Lane, said: str) -> str:
        """The language to ask in: in another one than the printer's a question is a text to print."""
        name, known = lane.printer.name, " or ".join(sorted(self._tongues.questions)) or "none yet"
        language = said.strip().lower() or lane.language
        if not language:
            says = (
                f"It is not known which language {name} speaks, and a question in a wrong one comes out on paper. "
                f"Say it, by `--as` or `language` ({known}), or settle it in the printer's options."
            )
            raise Refused(says, code="language-unknown", status=422)
        if language not in self._tongues.questions:
            says = f"There is no question in {language[:40]!r} that asks {name} what it is; there is in {known}."
            raise Refused(says, code="cannot-ask", status=422)
        return language


class _Talk:
    """The questions and answers with one printer."""

    def __init__(self, printer: Printer, transport: Converses, speaker: Identifies, language: str) -> None:
        self._printer, self._transport = printer, transport
        self._speaker, self._language = speaker, language

    async def go(self, within_s: float) -> Traits:
        """Ask all there is to ask; only the first question must be answered."""
        until_s = asyncio.get_running_loop().time() + within_s
        first, *more = self._speaker.questions
        answers = [await self._transport.ask(self._printer, first, within_s=within_s)]
        told = self._told(answers)
        for question in more:
            answers.append(await self._more(question, until_s))
            told = self._told(answers)
        return told

    async def _more(self, question: bytes, until_s: float) -> bytes:
        """The answer; empty where there is none, or no second connection so soon: what it said before holds."""
        within_s = min(MORE_WITHIN_S, until_s - asyncio.get_running_loop().time())
        with suppress(TimeoutError, NotReached):
            return await self._transport.ask(self._printer, question, within_s=max(0.0, within_s))
        return b""

    def _told(self, answers: list[bytes]) -> Traits:
        told = self._speaker.identity(answers)
        if told is None:
            raise self._garbage(answers[0])
        return told

    def _garbage(self, answer: bytes) -> Refused:
        shown = ascii(answer[:SHOWN_BYTES])[1:] + ("…" if len(answer) > SHOWN_BYTES else "")
        says = (
            f"{self._printer.name} answered {shown}, which says nothing in {self._language}. "
            "See that this is its language; nothing was kept of it."
        )
        return Refused(says, code="bad-answer", status=502)


def _known_as(now: Printer, asked: Printer, told: Traits) -> Printer:
    if address(now.uri) != address(asked.uri):
        says = f"{now.name} was given another address while it was asked. Ask again."
        raise Refused(says, code="printer-away", status=503)
    return replace(now, traits=learned(now.traits, told))
