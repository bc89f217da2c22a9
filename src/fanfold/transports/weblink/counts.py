"""Questions for the label counter on one raw channel, and their answers picked out of what it says. Knows no line."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from fanfold.transports.weblink.proof import COUNTED, COUNTER

MOST = 8
"""Unanswered questions on one channel; after them a printer that never says its counter is not asked any more."""
_HEARD_BYTES = 4096
_WHO = b'! U1 getvar "device.unique_id"\r\n'


@dataclass(slots=True)
class _Asked:
    answer: asyncio.Future[int | None]
    debt: int
    """With which debt of the printer's it was asked; 0: it owed nothing, and the answer has no mark."""


class Counts:
    """Answers come in the order of the questions, which is all that tells them apart.

    Once a question went unanswered that is not enough: its answer may still come. From then on the counter is asked
    for with a mark before it, the printer's own serial, until an answer with the mark shows that it is in step.
    """

    __slots__ = ("_asked", "_debt", "_heard", "_paid", "_serial")

    def __init__(self, serial: str) -> None:
        self._serial = serial
        self._asked: list[_Asked] = []
        self._heard = b""
        self._debt = self._paid = 0

    @property
    def owes(self) -> bool:
        """Whether the printer may still answer something that nobody waits for any more."""
        return self._debt != self._paid

    @property
    def awaited(self) -> list[asyncio.Future[int | None]]:
        """The answers that are still waited for."""
        return [asked.answer for asked in self._asked if not asked.answer.done()]

    def ask(self) -> tuple[bytes, asyncio.Future[int | None]]:
        """Return what to send and what will have the answer; None where the printer does not know its counter.

        Nothing is to be sent where too much is unanswered.
        """
        answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        if len(self._asked) >= MOST:
            answer.set_result(None)
            return b"", answer
        debt = self._debt if self.owes else 0
        self._asked.append(_Asked(answer, debt))
        return (_WHO if debt else b"") + COUNTER, answer

    def hear(self, data: bytes) -> None:
        """Take what the printer says while nobody converses with it."""
        if not self._asked:
            return
        self._heard = (self._heard + data)[-_HEARD_BYTES:]
        while self._asked and (found := self._form().search(self._heard)):
            self._heard = self._heard[found.end() :]
            asked = self._asked.pop(0)
            self._paid = asked.debt or self._paid
            _set(asked.answer, None if found[1] == b"?" else int(found[1]))

    def missed(self) -> None:
        """Note that a question went unanswered: what was asked without a mark cannot be told apart any more."""
        self._debt += 1
        self._heard = b""
        for asked in self._asked:
            if not asked.debt:
                _set(asked.answer, None)
        self._asked = [asked for asked in self._asked if asked.debt]

    def fail(self, error: Exception) -> None:
        """Note that no answer will come."""
        for asked in self._asked:
            if not asked.answer.done():
                asked.answer.set_exception(error)
                asked.answer.exception()  # whoever waits gets it; that nobody does is no fault
        self._asked.clear()

    def _form(self) -> re.Pattern[bytes]:
        if not self._asked[0].debt:
            return COUNTED
        return re.compile(b'"%s"\\s*%s' % (re.escape(self._serial.encode()), COUNTED.pattern))


def _set(answer: asyncio.Future[int | None], value: int | None) -> None:
    if not answer.done():
        answer.set_result(value)
