"""One raw or config channel of a printer: frames out in turn, what it says back in. Knows no job and no setting."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from fanfold.door import Heard, Hung, Line, Pong, Said
from fanfold.transports.weblink.counts import Counts
from fanfold.transports.weblink.pace import Pace
from fanfold.transports.weblink.sgd import REPLY_BYTES, Expecting

FRAME_BYTES = 4096
"""Firmware went over raw in unfragmented frames of this size; nobody has shown that larger ones are taken."""
_tokens = itertools.count(1)


class Lost(ConnectionError):
    """The channel is over; says how. `code` is its close code."""

    def __init__(self, kind: str, hung: Hung | None) -> None:
        how = f" ({hung.reason or 'close code'} {hung.code})" if hung else ""
        super().__init__(f"its {kind} channel was lost{how}")
        self.code = hung.code if hung else 0


class Channel:
    """An open channel. `turn` is held by whoever sends: a job, or a question with its answer."""

    __slots__ = (
        "_counts", "_ear", "_ended", "_pace", "_pongs", "busy", "has_answered", "kind", "line", "opened_s", "pinged_s",
        "turn",
    )  # fmt: skip

    def __init__(self, kind: str, line: Line, serial: str, pace: Pace) -> None:
        self.kind, self.line, self._pace = kind, line, pace
        self.turn = asyncio.Lock()
        self.busy = False
        """A job's bytes are under way: no answer to a ping is a stall then, not its death."""
        self.has_answered = False
        """It has answered a question."""
        self.opened_s = asyncio.get_running_loop().time()
        self.pinged_s = 0.0
        self._pongs: dict[bytes, asyncio.Future[None]] = {}
        self._counts = Counts(serial)
        self._ear: Callable[[bytes], None] | None = None
        self._ended: Hung | None = None

    @property
    def is_live(self) -> bool:
        """Whether frames may get through, as far as is known."""
        return self._ended is None and self.line.is_open

    # what comes

    def hear(self, heard: Heard) -> None:
        """Take what its line brings."""
        match heard:
            case Said(data):
                if self._ear is not None:
                    self._ear(data)
                else:
                    self._counts.hear(data)
            case Pong(payload):
                if (pong := self._pongs.pop(payload, None)) and not pong.done():
                    pong.set_result(None)
            case Hung():
                self._end(heard)

    def _end(self, hung: Hung) -> None:
        self._ended = hung
        for pong in tuple(self._pongs.values()):
            if not pong.done():
                pong.set_exception(Lost(self.kind, hung))
                pong.exception()  # whoever waits gets it; that nobody does is no fault
        self._pongs.clear()
        self._counts.fail(Lost(self.kind, hung))
        if self._ear is not None:
            self._ear(b"")

    # what goes

    async def send(self, frame: bytes) -> None:
        """Send a frame. Raises Lost."""
        self._check()
        try:
            await self.line.send(frame)
        except ConnectionError as error:
            raise Lost(self.kind, self._ended) from error

    async def acknowledged(self) -> asyncio.Future[None]:
        """Ping behind all frames sent so far; the future is done when the printer has read up to there. Raises Lost."""
        self._check()
        token = b"fanfold %d" % next(_tokens)
        pong: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pongs[token] = pong
        pong.add_done_callback(lambda _: self._pongs.pop(token, None))
        try:
            await self.line.ping(token)
        except ConnectionError as error:
            pong.cancel()
            raise Lost(self.kind, self._ended) from error
        return pong

    async def stands(self, within_s: float) -> bool:
        """Tell whether the printer answers a ping in time. Raises Lost."""
        pong = await self.acknowledged()
        try:
            async with asyncio.timeout(within_s):
                await pong
        except TimeoutError:
            return False
        return True

    def _check(self) -> None:
        if self._ended is not None:
            raise Lost(self.kind, self._ended)

    # questions; the caller holds `turn`

    async def count(self) -> asyncio.Future[int | None]:
        """Ask for the label counter, in turn with what is sent; None where the printer does not know it. Raises Lost.

        The answer may come late, since the printer's parser reads what was sent before first; None when it is too late.
        """
        self._check()
        question, count = self._counts.ask()
        if question:
            timer = asyncio.get_running_loop().call_later(self._pace.count_s, _give_up, count)
            count.add_done_callback(lambda _: timer.cancel())
            await self.send(question)
        return count

    async def converse(self, question: bytes, within_s: float, limit_bytes: int = REPLY_BYTES) -> bytes:
        """Send a question and return its answer as it came.

        Raises:
            Lost: the channel ended before the answer.
            TimeoutError: no answer, or not the whole of it, came in time.
            ValueError: the answer is too long; in words.
        """
        until_s = asyncio.get_running_loop().time() + within_s
        await self._hear_out(within_s)
        answer = _Answer(Expecting.of(question, limit_bytes), self._pace)
        self._ear = answer.hear
        try:
            async with asyncio.timeout_at(until_s):
                for start in range(0, len(question), FRAME_BYTES):
                    await self.send(question[start : start + FRAME_BYTES])
            whole = await answer.until(until_s, self._check)
        except BaseException:
            self._missed()
            raise
        finally:
            self._ear = None
        self.has_answered = True
        return whole

    async def _hear_out(self, within_s: float) -> None:
        """Return when nothing asked earlier can be taken for the answer to a question. Raises Lost, TimeoutError."""
        if self._counts.owes:
            async with asyncio.timeout(within_s):
                await (await self.count())
            if self._counts.owes:
                raise TimeoutError
        elif awaited := self._counts.awaited:
            await asyncio.wait(awaited, timeout=within_s / 2)
        self._check()

    def _missed(self) -> None:
        if self.kind == "config":
            self.line.abort()  # nothing but questions goes over it: opening it anew is the surest
        else:
            self._counts.missed()


class _Answer:
    """One answer while it comes in."""

    def __init__(self, expecting: Expecting, pace: Pace) -> None:
        self._expecting, self._pace = expecting, pace
        self._whole: bytes | None = None
        self._fault: ValueError | None = None
        self._news = asyncio.Event()

    def hear(self, data: bytes) -> None:
        """Take what came."""
        try:
            if data and self._whole is None and self._fault is None:
                self._whole = self._expecting.feed(data)
        except ValueError as error:
            self._fault = error
        self._news.set()

    async def until(self, until_s: float, check: Callable[[], None]) -> bytes:
        """Return the answer; `check` raises when none can come. Raises TimeoutError, ValueError."""
        while self._whole is None:
            if self._fault is not None:
                raise self._fault
            check()
            left_s = until_s - asyncio.get_running_loop().time()
            ends_by_silence = self._expecting.is_quiet_end
            silence_s = self._pace.quiet_s if self._expecting.so_far else self._pace.silence_s
            try:
                async with asyncio.timeout(min(silence_s, left_s) if ends_by_silence else left_s):
                    await self._news.wait()
            except TimeoutError:
                if not ends_by_silence:
                    raise
                return self._expecting.so_far
            self._news.clear()
        return self._whole


def _give_up(count: asyncio.Future[int | None]) -> None:
    if not count.done():
        count.set_result(None)
