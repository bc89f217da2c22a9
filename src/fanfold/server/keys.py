"""What printers must prove at each listener, from the listeners' files; read at the start, and again. No socket."""

from __future__ import annotations

from fanfold.config import Proof, read_secret, read_users
from fanfold.server.base import Listener
from fanfold.server.proofs import Proofs


def read_proofs(listener: Listener) -> Proofs:
    """Return what a listener asks of printers. Raises CannotStart where a file does not hold what it must."""
    asked = frozenset(listener.proof)
    secret, users = listener.secret_file, listener.users_file
    has_secret = secret is not None and Proof.PATH in asked
    has_users = users is not None and asked & {Proof.BASIC, Proof.DIGEST}
    return Proofs(
        asked,
        read_secret(secret) if secret is not None and has_secret else "",
        secret.name if secret is not None else "",
        read_users(users) if users is not None and has_users else {},
    )
