"""TLS of listeners: made from their files, or refused in words. Knows no HTTP."""

from __future__ import annotations

import asyncio.sslproto
import ctypes
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fanfold.config import PRINTERS_DOORS, Proof
from fanfold.errors import CannotStart
from fanfold.server.base import Listener

RECORD_BYTES = 16 * 1024
"""The most that one TLS record can hold."""
READ_BYTES = 4 * 1024
"""What asyncio reads at once. With 16 KiB a document of 50 MiB takes 0.27 s of processor time and not 0.37, but each
of two thousand printers 25 kB more."""
MAP_BYTES = 128 * 1024
_M_MMAP_THRESHOLD = -3
"""From `malloc.h` of glibc."""


def spare_memory() -> None:
    """Have TLS connections take little memory while nothing is said, for the whole process and for either loop.

    Both loops keep 256 KiB to read into for as long as a connection lives. asyncio fills them at once, half a gigabyte
    for a thousand printers, so it is told to read less. uvloop leaves them untouched, which costs nothing while each
    is mapped by itself; but once such a block was freed, glibc takes the next from its heap, among used pages, unless
    it is told where to begin to map. Seen with 500 printers: 64 kB each instead of 107.
    """
    asyncio.sslproto.SSLProtocol.max_size = READ_BYTES
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library than glibc
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, MAP_BYTES)


def open_tls(listener: Listener, note_failure: Callable[[str], None]) -> ssl.SSLContext | None:
    """Return the TLS of a listener as its files are now; None: it has none. Told of each handshake that fails.

    Raises:
        CannotStart: the certificate, its key or the clients' authorities cannot be used.
    """
    if listener.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslobject_class = _connections(note_failure)
    _load_certificate(context, listener)
    if Proof.CERTIFICATE in listener.proof:
        _load_authorities(context, listener)
    return context


def _load_certificate(context: ssl.SSLContext, listener: Listener) -> None:
    assert listener.tls_cert is not None  # noqa: S101  # whoever calls has asked
    try:
        context.load_cert_chain(listener.tls_cert, listener.tls_key, password=_no_password)
    except OSError as error:  # ssl.SSLError is one
        files = f"certificate {listener.tls_cert} and key {listener.tls_key or listener.tls_cert}"
        advice = "Both must be readable PEM files that belong together, the key without a password."
        raise _unusable(listener, files, error, advice) from error


def _load_authorities(context: ssl.SSLContext, listener: Listener) -> None:
    try:
        context.load_verify_locations(listener.tls_client_ca)
    except OSError as error:
        advice = "It must be a readable PEM file with at least one certificate."
        raise _unusable(listener, f"the authorities in {listener.tls_client_ca}", error, advice) from error
    # Where there are other doors too, their callers have no certificate; the printers' door asks for it then.
    only_printers = set(listener.doors) <= PRINTERS_DOORS
    context.verify_mode = ssl.CERT_REQUIRED if only_printers else ssl.CERT_OPTIONAL


def _unusable(listener: Listener, files: str, error: OSError, advice: str) -> CannotStart:
    why = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return CannotStart(
        f"Cannot listen with TLS at {listener.address} port {listener.port}: {files} cannot be used "
        f"({why or type(error).__name__}). {advice}"
    )


def _no_password() -> str:
    """Answer instead of OpenSSL, which would ask at the terminal."""
    return ""


def _connections(note_failure: Callable[[str], None]) -> type[ssl.SSLObject]:
    """Return the class of connections that tell of their handshake when it fails: event loops only drop them."""

    class Connection(ssl.SSLObject):
        def read(self, len: int = 1024, buffer: Any = None) -> bytes:  # noqa: A002  # as it is called there
            # uvloop asks for 256 KiB each time, which is mapped and unmapped for a few bytes: 38 µs instead of 4
            return super().read(min(len, RECORD_BYTES), buffer)

        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                note_failure(_in_words(error))
                raise

    return Connection


def _in_words(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the client certificate is not believed: {error.verify_message}"
    return (error.reason or type(error).__name__).replace("_", " ").lower()
