"""One TCP connection that may carry TLS and may misbehave: drain slowly, freeze half-open. Knows no WebSocket."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import cast

PIECE_BYTES = 16 * 1024
"""A TLS record's size: what passes through the memory of a TLS connection at once, so that it stays small."""
_BEAT_S = 0.02
"""How often a slow reader takes its share."""


def trusting(ca: str | None = None, cert: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Return how to meet a server whose certificate this CA (PEM text) vouches for; without one, any public CA.

    Share one among printers: it is large. `cert` and `key` are the printer's own. Raises OSError.
    """
    tls = ssl.create_default_context(cadata=ca)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert is not None:
        tls.load_cert_chain(cert, key)
    return tls


class Wire(asyncio.Protocol):
    """Bytes from and to one peer. `take` gets what came, `ended` why it is over, once.

    TLS runs over memory here and not in asyncio, whose own holds 256 KiB for each connection, and closes politely.
    """

    __slots__ = (
        "_frozen",
        "_incoming",
        "_open",
        "_outgoing",
        "_secure",
        "_timer",
        "_tls",
        "_transport",
        "_unread",
        "bytes_per_s",
        "ended",
        "paused",
        "take",
    )

    def __init__(
        self, take: Callable[[bytes], None], ended: Callable[[str], None], tls: ssl.SSLContext | None, host: str
    ) -> None:
        """Make one that is not connected yet; `host` is whose certificate is wanted."""
        self.take, self.ended = take, ended
        self.bytes_per_s: int | None = None
        self.paused = False
        self._transport: asyncio.Transport | None = None
        self._secure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tls: ssl.SSLObject | None = None
        if tls is not None:
            self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self._tls = tls.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._open = False
        self._frozen = False
        self._unread = bytearray()
        self._timer: asyncio.TimerHandle | None = None

    async def connected(self, host: str, port: int) -> None:
        """Connect, and agree on TLS. Raises OSError (`ssl.SSLError` is one)."""
        await asyncio.get_running_loop().create_connection(lambda: self, host, port)
        try:
            await self._secure
        except BaseException:
            self.abort()
            raise

    @property
    def alive(self) -> bool:
        """Whether bytes may still pass."""
        return self._open and not self._frozen

    @property
    def behind(self) -> bool:
        """Whether it reads later than bytes come, so that it cannot know what waits."""
        return self.paused or bool(self._unread)

    def send(self, data: bytes) -> None:
        """Send, unless frozen or over."""
        if self._transport is None or not self.alive:
            return
        if self._tls is None:
            self._transport.write(data)
            return
        view = memoryview(data)
        while view:
            view = view[self._tls.write(view[:PIECE_BYTES]) :]
            self._flush()

    def close(self) -> None:
        """Send what waits, then close."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Drop the connection at once, and say no more of it; the peer sees a reset or an end."""
        self.ended = _nobody
        if self._transport is not None:
            self._transport.abort()

    def freeze(self) -> None:
        """Read and write nothing more, and keep the socket: the peer is told nothing."""
        self._frozen = True
        self._attend()

    def pause(self, paused: bool) -> None:
        """Read no further, or again."""
        self.paused = paused
        self._attend()
        self._drain()

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, with TLS where it is wanted."""
        self._transport = cast("asyncio.Transport", transport)
        self._open = True
        if self._tls is None:
            self._secure.set_result(None)
        else:
            self._shake_hands(self._tls)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless this wire reads slowly or not at all."""
        if self._frozen:
            return
        if self._unread or self.paused or self.bytes_per_s is not None:
            self._unread += data
            self._drain()
        else:
            self._decrypt(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Say once that it is over."""
        self._open = False
        self._stop_timer()
        self._end("closed by the other side" if error is None else str(error))

    # reading at a pace

    def _drain(self) -> None:
        """Take what waits: all of it, or a beat's share and the rest at the next beat."""
        if self._frozen or self._timer is not None:
            return
        while self._unread and not self.paused and not self._frozen:
            pace = self.bytes_per_s
            share = len(self._unread) if pace is None else max(1, int(pace * _BEAT_S))
            data = bytes(self._unread[: min(share, PIECE_BYTES)])
            del self._unread[: len(data)]
            self._decrypt(data)
            if pace is not None:
                self._timer = asyncio.get_running_loop().call_later(_BEAT_S, self._beat)
                break
        self._attend()

    def _beat(self) -> None:
        self._timer = None
        self._drain()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _attend(self) -> None:
        """Read the socket only while nothing waits unread."""
        if self._transport is None or self._transport.is_closing():
            return
        wanted = not (self._frozen or self.paused or self._unread)
        if wanted and not self._transport.is_reading():
            self._transport.resume_reading()
        elif not wanted and self._transport.is_reading():
            self._transport.pause_reading()

    # TLS over memory

    def _decrypt(self, data: bytes) -> None:
        if self._tls is None:
            self.take(data)
            return
        for start in range(0, len(data), PIECE_BYTES):
            self._incoming.write(data[start : start + PIECE_BYTES])
            if not self._secure.done():
                self._shake_hands(self._tls)
            if self._secure.done():
                self._read_all(self._tls)

    def _read_all(self, tls: ssl.SSLObject) -> None:
        try:
            while plain := tls.read(PIECE_BYTES):
                self.take(plain)
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLZeroReturnError:
            pass
        except ssl.SSLError as error:
            self._fail(error)
            return
        self.close()

    def _shake_hands(self, tls: ssl.SSLObject) -> None:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLError as error:
            self._fail(error)
            return
        self._flush()
        self._secure.set_result(None)

    def _fail(self, error: ssl.SSLError) -> None:
        self._flush()
        self._give_up(error)
        self._end(f"SSL certificate problem: {error.reason or error}")
        self.close()

    def _flush(self) -> None:
        if self._transport is not None and (waiting := self._outgoing.read()):
            self._transport.write(waiting)

    def _end(self, why: str) -> None:
        self._give_up(ConnectionResetError(why))
        ended, self.ended = self.ended, _nobody
        ended(why)

    def _give_up(self, error: OSError) -> None:
        if not self._secure.done():
            self._secure.set_exception(error)
            self._secure.exception()  # whoever waits gets it; that it ended before anybody did is no fault


def _nobody(_: str) -> None:
    """Hear what was told already."""
