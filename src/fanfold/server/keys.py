"""What the files of listeners hold: certificates, secrets, users; read whole, or not at all. Knows no socket."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fanfold.config import Proof, read_secret, read_users
from fanfold.server.base import Listener
from fanfold.server.proofs import Proofs
from fanfold.server.tls import open_tls

CERTIFICATE, AUTHORITIES, SECRET, USERS = "certificate", "client authorities", "secret", "users"


@dataclass(frozen=True, slots=True)
class Held:
    """What one listener's files hold."""

    tls: ssl.SSLContext | None
    proofs: Proofs
    prints: Mapping[str, str]
    """Fingerprints of the files, by what they are."""

    def changed(self, before: Held) -> list[str]:
        """Return what is not as it was."""
        return [what for what, print_ in self.prints.items() if before.prints.get(what) != print_]


class Keys:
    """The present keys of all listeners."""

    def __init__(self, listeners: Sequence[Listener], note_failure: Callable[[Listener, str], None]) -> None:
        """Read all. Raises CannotStart where a file does not hold what it must."""
        self._note_failure = note_failure
        self._held = {listener: self._read(listener) for listener in listeners}

    def of(self, listener: Listener) -> Held:
        """Return what a listener's files held when they were last read."""
        return self._held[listener]

    def renew(self, listeners: Collection[Listener]) -> dict[Listener, list[str]]:
        """Read those again that are among these; return what has changed, by listener. Raises CannotStart.

        The keys of a listener that was set anew otherwise stay as they are until the restart that it waits for.
        """
        read = {listener: self._read(listener) for listener in self._held if listener in listeners}
        changed = {listener: held.changed(self._held[listener]) for listener, held in read.items()}
        # what has not changed stays: a new TLS context would forget the sessions that clients may resume
        self._held |= {listener: held for listener, held in read.items() if changed[listener]}
        return {listener: what for listener, what in changed.items() if what}

    def _read(self, listener: Listener) -> Held:
        prints = {what: _fingerprint(files) for what, files in _files(listener)}
        return Held(open_tls(listener, lambda why: self._note_failure(listener, why)), read_proofs(listener), prints)


def read_proofs(listener: Listener) -> Proofs:
    """Return what a listener asks of printers. Raises CannotStart where a file does not hold what it must."""
    kept = dict(_files(listener))
    return Proofs(
        frozenset(listener.proof),
        read_secret(*kept[SECRET]) if SECRET in kept else "",
        kept[SECRET][0].name if SECRET in kept else "",
        read_users(*kept[USERS]) if USERS in kept else {},
    )


def _files(listener: Listener) -> Iterator[tuple[str, tuple[Path, ...]]]:
    asked = set(listener.proof)
    if listener.tls_cert is not None:
        yield CERTIFICATE, (listener.tls_cert, listener.tls_key or listener.tls_cert)
    if listener.tls_client_ca is not None and Proof.CERTIFICATE in asked:
        yield AUTHORITIES, (listener.tls_client_ca,)
    if listener.secret_file is not None and Proof.PATH in asked:
        yield SECRET, (listener.secret_file,)
    if listener.users_file is not None and asked & {Proof.BASIC, Proof.DIGEST}:
        yield USERS, (listener.users_file,)


def _fingerprint(files: Sequence[Path]) -> str:
    """Return a mark of what the files hold; of one that cannot be read whoever needs it says so."""
    seen = hashlib.sha256()
    for file in files:
        seen.update(file.read_bytes() if file.is_file() else b"")
    return seen.hexdigest()
