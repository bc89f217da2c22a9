"""One raw or config channel of a printer: frames out in turn, what it says back in. Knows no job and no setting."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable

from fanfold.door import Heard, Hung, Line, Pong, Said
from fanfold.transports.weblink_proof import COUNTED, COUNTER
from fanfold.transports.weblink_sgd import Expecting

FRAME_BYTES = 4096
"""Firmware went over raw in unfragmented frames of this size; nobody has shown that larger ones are taken."""

QUIET_S = 0.5
"""After this silence an answer without a mark for its end is taken as whole."""
SILENCE_S = 2.0
"""After this one that has not begun: perhaps none is due, as for a setvar."""

COUNT_S = 10.0
"""A printer that has not said its counter after this long is not asked again on this channel."""

_HEARD_BYTES = 4096
_tokens = itertools.count(1)


class Lost(ConnectionError):
    """The channel is over; says how."""


class Channel:
    """An open channel. `turn` is held by whoever sends: a job, or a question with its answer."""

    __slots__ = ("_counts", "_ear", "_ended", "_heard", "_pongs", "busy", "kind", "line", "pinged_s", "turn")

    def __init__(self, kind: str, line: Line) -> None:
        self.kind, self.line = kind, line
        self.turn = asyncio.Lock()
        self.busy = False
        """A job's bytes are under way: no answer to a ping is a stall then, not its death."""
        self.pinged_s = 0.0
        self._pongs: dict[bytes, asyncio.Future[None]] = {}
        self._counts: deque[tuple[float, asyncio.Future[int | None]]] | None = None
        self._heard = b""
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
                elif self._counts:
                    self._count_in(data)
            case Pong(payload):
                if (pong := self._pongs.pop(payload, None)) and not pong.done():
                    pong.set_result(None)
            case Hung():
                self._end(heard)

    def _count_in(self, data: bytes) -> None:
        self._heard = (self._heard + data)[-_HEARD_BYTES:]
        while self._counts and (found := COUNTED.search(self._heard)):
            self._heard = self._heard[found.end() :]
            _, count = self._counts.popleft()
            if not count.done():
                count.set_result(None if found[1] == b"?" else int(found[1]))

    def _end(self, hung: Hung) -> None:
        self._ended = hung
        waiting: list[asyncio.Future[None] | asyncio.Future[int | None]] = list(self._pongs.values())
        waiting += [count for _, count in self._counts or ()]
        for one in waiting:
            if not one.done():
                one.set_exception(lost(self.kind, hung))
                one.exception()  # whoever waits gets it; that nobody does is no fault
        self._pongs.clear()
        self._counts = None
        if self._ear is not None:
            self._ear(b"")

    # what goes

    async def send(self, frame: bytes) -> None:
        """Send a frame. Raises Lost."""
        if self._ended is not None:
            raise lost(self.kind, self._ended)
        try:
            await self.line.send(frame)
        except ConnectionError as error:
            raise lost(self.kind, self._ended) from error

    async def acknowledged(self) -> asyncio.Future[None]:
        """Ping behind all frames sent so far; the future is done when the printer has read up to there. Raises Lost."""
        if self._ended is not None:
            raise lost(self.kind, self._ended)
        token = b"fanfold %d" % next(_tokens)
        pong: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pongs[token] = pong
        pong.add_done_callback(lambda _: self._pongs.pop(token, None))
        try:
            await self.line.ping(token)
        except ConnectionError as error:
            pong.cancel()
            raise lost(self.kind, self._ended) from error
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

    # questions; the caller holds `turn`

    async def count(self) -> asyncio.Future[int | None]:
        """Ask for the label counter, in turn with what is sent; None where the printer does not know it. Raises Lost.

        The answer may come late: the printer's parser reads what was sent before first.
        """
        loop = asyncio.get_running_loop()
        count: asyncio.Future[int | None] = loop.create_future()
        if self._counts is None:
            self._counts = deque()
        if self._counts and loop.time() - self._counts[0][0] > COUNT_S:
            count.set_result(None)  # answers could not be told apart any more
            return count
        self._counts.append((loop.time(), count))
        await self.send(COUNTER)
        return count

    async def converse(self, question: bytes, within_s: float) -> bytes:
        """Send a question and return its answer as it came.

        Raises:
            Lost: the channel ended before the answer.
            TimeoutError: no answer, or not the whole of it, came in time.
            ValueError: the answer is too long, or none that fits the question; in words.
        """
        answer = _Answer(Expecting.of(question))
        self._ear = answer.hear
        try:
            for start in range(0, len(question), FRAME_BYTES):
                await self.send(question[start : start + FRAME_BYTES])
            return await self._whole(answer, within_s)
        finally:
            self._ear = None
            self._heard = b""

    async def _whole(self, answer: _Answer, within_s: float) -> bytes:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        while answer.whole is None:
            if answer.fault is not None:
                raise answer.fault
            if self._ended is not None:
                raise lost(self.kind, self._ended)
            left_s = until_s - loop.time()
            ends_by_silence = answer.expecting.is_quiet_end
            silence_s = QUIET_S if answer.expecting.so_far else SILENCE_S
            try:
                async with asyncio.timeout(min(silence_s, left_s) if ends_by_silence else left_s):
                    await answer.more()
            except TimeoutError:
                if not ends_by_silence:
                    raise
                return answer.expecting.so_far
        return answer.whole


class _Answer:
    """One answer while it comes in."""

    def __init__(self, expecting: Expecting) -> None:
        self.expecting = expecting
        self.whole: bytes | None = None
        self.fault: ValueError | None = None
        self._news = asyncio.Event()

    async def more(self) -> None:
        """Wait until something came."""
        await self._news.wait()
        self._news.clear()

    def hear(self, data: bytes) -> None:
        """Take what came."""
        try:
            if data and self.whole is None and self.fault is None:
                self.whole = self.expecting.feed(data)
        except ValueError as error:
            self.fault = error
        self._news.set()


def lost(kind: str, hung: Hung | None) -> Lost:
    """Word that a channel is over."""
    how = f" ({hung.reason or 'close code'} {hung.code})" if hung else ""
    return Lost(f"its {kind} channel was lost{how}")
