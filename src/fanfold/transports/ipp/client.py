"""One IPP server over HTTP, on TCP, TLS or a local socket: asks and sends. Knows no printer's state and no CUPS."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any

from fanfold.transports.ipp import codec as ipp
from fanfold.transports.ipp.codec import Attributes, BadIpp, Group, Message, Value
from fanfold.transports.ipp.server import Server, user_name
from fanfold.wire import Document

if TYPE_CHECKING:
    import aiohttp

CONNECT_S = 5
ASK_S = 10
REPLY_BYTES = 16 * 1024 * 1024
"""All jobs of a CUPS that keeps 10,000 are 3 MB."""
DECODE_ASIDE_BYTES = 128 * 1024
"""Longer replies are decoded in a thread: 1 MB takes 60 ms, too long for the loop."""
ASKING, SENDING = 4, 4
"""Connections to one server: cupsd holds back all clients over 100, and a pool of 100 made 200 jobs take 15 s."""
_NO_NAME = re.compile(r"[\x00-\x20\x7f\"#%&'()*,/:;<=>?@\[\\\]^`{|}]")
"""What stands in no name: RFC 3986 §3.2.2 would want it encoded, and no resolver takes it."""
_KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6))
"""A peer that lost its power is found out after 90 s; one that lives may take as long as it likes."""


class Away(Exception):
    """Nobody could be asked, or no whole answer came; for a document: nothing of it left us.

    `is_unreached`: nobody is there, or he does not answer; his words cannot tell what to do.
    """

    def __init__(self, says: str, *, is_unreached: bool = False) -> None:
        super().__init__(says)
        self.is_unreached = is_unreached


class Refusal(Exception):
    """The server said no. `status` is IPP's, or `HTTP` + the HTTP status."""

    HTTP = 0x10000

    def __init__(self, status: int, says: str) -> None:
        super().__init__(says)
        self.status = status

    @property
    def is_trouble(self) -> bool:
        """Whether the server said that it is not well, which says nothing about what was asked."""
        return self.status in range(0x0500, 0x0600) or self.status >= self.HTTP + 500


class Lost(Exception):
    """The way to the server broke after the document had begun to leave. `whole`: every byte of it had left us."""

    def __init__(self, says: str, *, whole: bool) -> None:
        super().__init__(says)
        self.whole = whole


class Unreadable(Exception):
    """Our own document could not be read to its end. `begun`: some of its own bytes had left us."""

    def __init__(self, says: str, *, begun: bool) -> None:
        super().__init__(says)
        self.begun = begun


class IppClient:
    """The sessions to one server, made at the first use; any number of tasks may use it at once."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.breaks = 0
        """How often a question found no answer or a connection that was gone: the server may have started anew."""
        self._questions = 0
        self._had_connection = False
        self._asking: aiohttp.ClientSession | None = None
        self._sending: aiohttp.ClientSession | None = None
        self._ids = itertools.count(1)
        self._user = user_name()

    async def ask(self, operation: int, path: str, extra: Attributes | None = None) -> Message:
        """Ask what changes nothing when it is asked twice, in at most ASK_S. Raises Away, Refusal."""
        import aiohttp

        if self._asking is None:
            self._asking = _session(self.server, ASKING, self._connected)
        prelude = self._prelude(operation, path, extra or {}, {})
        self._questions += 1
        try:
            async with asyncio.timeout(ASK_S):
                try:
                    return await self._exchange(self._asking, path, prelude)
                except (aiohttp.ServerDisconnectedError, ConnectionResetError):
                    self.breaks += 1
                    return await self._exchange(self._asking, path, prelude)  # a kept connection that had gone stale
        except TimeoutError as error:
            self.breaks += 1
            raise Away(f"{self.server} did not answer within {ASK_S} s", is_unreached=True) from error
        except (aiohttp.ClientError, BadIpp, OSError) as error:
            self.breaks += 1
            raise _away(self.server, error) from error
        finally:
            self._questions -= 1

    async def _connected(self, *_: object) -> None:
        """Note a new connection. A question that is alone would have gone over the last one, were that still there."""
        if self._had_connection and self._questions == 1:
            self.breaks += 1
        self._had_connection = True

    async def send(
        self,
        operation: int,
        path: str,
        groups: tuple[Attributes, Attributes],
        document: Document,
        moved: Callable[[int], None],
    ) -> Message:
        """Send a request with its document, at the server's pace, and return the answer. Safe to cancel.

        `groups` are more operation attributes, and job attributes. `moved` is told how many bytes of the
        document left us. Each document goes by a connection of its own: one that had gone stale would be a doubt.

        Raises: Away (nothing left us), Refusal, Lost, Unreadable.
        """
        import aiohttp

        if self._sending is None:
            self._sending = _session(self.server, SENDING)
        body = _Body(self._prelude(operation, path, *groups), document, moved)
        try:
            return await self._exchange(self._sending, path, body.pieces(), body.size_bytes)
        except (aiohttp.ClientError, OSError, BadIpp) as error:
            if body.fault is not None:
                raise Unreadable(
                    f"the kept document cannot be read: {body.fault}", begun=body.sent_bytes > 0
                ) from error
            if not body.begun:
                raise _away(self.server, error) from error
            raise Lost(_words(self.server, error), whole=body.whole) from error
        except Refusal as refusal:
            if refusal.status >= Refusal.HTTP + 500 and refusal.status != Refusal.HTTP + 503:
                raise Lost(str(refusal), whole=body.whole) from refusal
            raise

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        sessions, self._asking, self._sending = (self._asking, self._sending), None, None
        for session in sessions:
            if session is not None:
                await session.close()

    def _prelude(self, operation: int, path: str, extra: Attributes, job: Attributes) -> bytes:
        head = {
            "attributes-charset": (Value(ipp.CHARSET, "utf-8"),),
            "attributes-natural-language": (Value(ipp.LANGUAGE, "en"),),
            "printer-uri": (Value(ipp.URI, self.server.uri(path)),),
            "requesting-user-name": (Value(ipp.NAME, self._user),),
        }
        groups = (Group(ipp.OPERATION, {**head, **extra}), Group(ipp.JOB, job))
        return ipp.encode(Message(operation, next(self._ids), groups if job else groups[:1]))

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        path: str,
        body: bytes | AsyncIterator[bytes],
        size_bytes: int | None = None,
    ) -> Message:
        headers = {"Content-Type": "application/ipp"}
        if size_bytes is not None:
            headers["Content-Length"] = str(size_bytes)  # older printers take no chunked bodies
        if self.server.socket_path:
            headers["Authorization"] = f"PeerCred {self._user}"  # cupsd checks it with the kernel
        url = self.server.url(path)
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            if response.status != 200:
                raise Refusal(Refusal.HTTP + response.status, _http_words(self.server, response.status))
            return _checked(self.server, await _decoded(await _read(response)))


class _Body:
    """A request's bytes, with the memory of how far they went."""

    def __init__(self, prelude: bytes, document: Document, moved: Callable[[int], None]) -> None:
        self._prelude, self._document, self._moved = prelude, document, moved
        self.size_bytes = len(prelude) + document.size_bytes
        self.begun = self.whole = False
        self.sent_bytes = 0
        """Of the document alone."""
        self.fault: OSError | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        self.begun = True
        self.whole = self._document.size_bytes == 0
        yield self._prelude
        try:
            async with aclosing(self._document.chunks()) as chunks:
                async for chunk in chunks:
                    self.sent_bytes += len(chunk)
                    self.whole = self.sent_bytes == self._document.size_bytes
                    if chunk:
                        yield chunk
                    self._moved(self.sent_bytes)
            self._check_length()
        except OSError as error:
            self.fault = error
            raise

    def _check_length(self) -> None:
        if self.sent_bytes != self._document.size_bytes:
            raise OSError(f"it has {self.sent_bytes} bytes where {self._document.size_bytes} were kept")


def _session(
    server: Server, limit: int, connected: Callable[..., Awaitable[None]] | None = None
) -> aiohttp.ClientSession:
    """Return a session that keeps its connections, and tells of new ones, if `connected` is given."""
    import aiohttp

    keep, traces = connected is not None, []
    if connected is not None:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(connected)
        traces.append(trace)

    connector: aiohttp.BaseConnector
    if server.socket_path:
        connector = aiohttp.UnixConnector(server.socket_path, limit=limit, force_close=not keep)
    else:
        connector = aiohttp.TCPConnector(
            limit=limit, force_close=not keep, ssl=server.verify, socket_factory=_lively_socket
        )
    return aiohttp.ClientSession(
        connector=connector,
        trace_configs=traces,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=CONNECT_S),
    )


def _lively_socket(address: Any) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if (option := getattr(socket, name, None)) is not None:
            with contextlib.suppress(OSError):
                made.setsockopt(socket.IPPROTO_TCP, option, value)
    return made


async def _read(response: aiohttp.ClientResponse) -> bytes:
    reply = bytearray()
    async for piece in response.content.iter_any():
        reply += piece
        if len(reply) > REPLY_BYTES:
            raise BadIpp(f"the answer is longer than {REPLY_BYTES} bytes")
    return bytes(reply)


async def _decoded(reply: bytes) -> Message:
    if len(reply) > DECODE_ASIDE_BYTES:
        return (await asyncio.to_thread(ipp.decode, reply))[0]
    return ipp.decode(reply)[0]


def checked_host(host: str) -> str:
    """Return the host as it is. Raises ValueError for what can be neither an address nor a name."""
    if ":" in host:
        IPv6Address(host)
        return host
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise ValueError(f"{host[:80]!r} cannot be a host's name ({error})") from error
    if _NO_NAME.search(host):
        raise ValueError(f"{host[:80]!r} cannot be a host's name")
    return host


def _checked(server: Server, reply: Message) -> Message:
    if reply.code < 0x0400:
        return reply
    said = reply.first(ipp.OPERATION).text("status-message")
    raise Refusal(reply.code, f"{server} says: {said or 'no, without a word'} (0x{reply.code:04x})")


def _http_words(server: Server, status: int) -> str:
    match status:
        case 401:
            return f"{server} wants a password for this (HTTP 401); allow this machine there"
        case 403:
            return f"{server} forbids it (HTTP 403); allow this machine there"
        case 426:
            return f"{server} wants TLS for this (HTTP 426)"
        case _:
            return f"{server} answered with HTTP status {status} instead of IPP"


def _away(server: Server, error: Exception) -> Away:
    import aiohttp

    is_unreached = isinstance(error, (aiohttp.ClientConnectorError, TimeoutError))
    is_untrusted = isinstance(error, aiohttp.ClientConnectorCertificateError)
    return Away(_words(server, error), is_unreached=is_unreached and not is_untrusted)


def _words(server: Server, error: Exception) -> str:
    import aiohttp

    match error:
        case aiohttp.ClientConnectorCertificateError():
            return (
                f"the certificate of {server} is not trusted: {error.certificate_error}; "
                "install its CA, or add ?verify=no to the printer's URI"
            )
        case aiohttp.ClientConnectorDNSError():
            return f"{server} cannot be reached: its name is not known here ({error.os_error.strerror})"
        case aiohttp.ClientConnectorError():
            return f"{server} cannot be reached: {os.strerror(error.errno) if error.errno else error}"
        case TimeoutError():
            return f"{server} did not take the connection within {CONNECT_S} s"
        case BadIpp():
            return f"{server} did not answer in IPP: {error}"
        case _:
            return f"the connection to {server} broke: {str(error) or type(error).__name__}"
