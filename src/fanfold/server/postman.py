"""Posts to webhooks' receivers, over one HTTP client. Knows no event and no webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from fanfold import __version__, clock
from fanfold.engine.relay_post import Answer

CONNECT_S = 10.0
LISTEN_S, LISTEN_BYTES = 1.0, 16 * 1024
"""Only the status is wanted; but an answer that is read to its end lets its connection be used again."""
ANSWER_BYTES = 64 * 1024
"""The most that is taken of one answer, with its headers and what comes before its status: some never come to that."""
WORDS = 200
"""How many signs of a failure's words are kept."""
NO_URL = "its URL is none that can be posted to"
IDLE_S = 15.0
"""How long a connection is kept for the next post: shorter than receivers usually wait before they close it."""


class Postman:
    """Goes where it is sent and nowhere else: follows no redirect, asks no proxy, keeps no cookie."""

    def __init__(self, connect_s: float = CONNECT_S) -> None:
        self._connect_s = connect_s
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        """Post once and return what was answered. Raises OSError when no answer came, in words."""
        session = self._session = self._session or _session()
        limits = aiohttp.ClientTimeout(total=timeout_s, sock_connect=self._connect_s)
        try:
            async with session.post(url, data=body, headers=headers, timeout=limits, allow_redirects=False) as answer:
                await _listen(answer)
                return Answer(answer.status, _retry_after_s(answer.headers.get("Retry-After", "")))
        except TimeoutError as error:
            raise TimeoutError(_late(error, self._connect_s, timeout_s)) from error
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise ConnectionError(NO_URL) from error  # their words quote it, and passwords may stand in it
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionError(f"no answer: {_why(error)}") from error
        except ValueError as error:
            raise ConnectionError(NO_URL) from error

    async def close(self) -> None:
        """Let go of all connections. Idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


class _Answers(ResponseHandler):
    """The framework's end of a connection, which by itself takes in what is no status yet (100 Continue) without end.

    It is put in where the framework has no place for it: nothing that it offers is asked before all that is read.
    """

    _room_bytes = ANSWER_BYTES

    def set_response_params(self, **params: Any) -> None:
        """Begin with an answer."""
        self._room_bytes = ANSWER_BYTES
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Take as much as there is room for, and hang up on one who says more."""
        room_bytes, self._room_bytes = self._room_bytes, self._room_bytes - len(data)
        if room_bytes >= 0:
            super().data_received(data[:room_bytes])
        if self._room_bytes < 0 and self.transport is not None:
            self.transport.abort()


def _session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_S)
    connector._factory = partial(_Answers, loop=asyncio.get_running_loop())  # type: ignore[assignment]  # noqa: SLF001
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"Fanfold/{__version__}"},
        trust_env=False,
        auto_decompress=False,
    )


async def _listen(answer: aiohttp.ClientResponse) -> None:
    with suppress(aiohttp.ClientError, OSError):  # the status has come: that is the answer
        async with asyncio.timeout(LISTEN_S):
            heard_bytes = 0
            while heard_bytes < LISTEN_BYTES and (chunk := await answer.content.readany()):
                heard_bytes += len(chunk)


def _retry_after_s(said: str) -> float | None:
    """Read Retry-After (RFC 9110 §10.2.3): seconds or a date; None where it says neither."""
    if said.isascii() and said.isdigit():
        return float(said[:9])
    with suppress(ValueError, TypeError, OverflowError):
        date = parsedate_to_datetime(said)
        return max(0.0, ((date if date.tzinfo else date.replace(tzinfo=UTC)) - clock.now()).total_seconds())
    return None


def _why(error: Exception) -> str:
    """Say what failed, in no words of the receiver's and none of its URL, which may hold what nobody else must know."""
    match error:
        case aiohttp.ClientConnectorError() | aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            words = str(error)  # host, port, and what the system or TLS says
        case aiohttp.ClientResponseError():
            words = "what came is not HTTP"
        case aiohttp.ServerDisconnectedError():
            words = "the connection ended, or too much was said, before its status"
        case OSError():
            words = error.strerror or type(error).__name__
        case _:
            words = type(error).__name__
    return "".join(sign if sign.isprintable() else " " for sign in words[:WORDS])


def _late(error: TimeoutError, connect_s: float, timeout_s: float) -> str:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"no connection within {connect_s:g} s"
    return f"no answer within {timeout_s:g} s"
