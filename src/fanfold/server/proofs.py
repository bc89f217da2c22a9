"""What a printer that dials in must prove, and whether it did. Pure: no socket, no disk."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from fanfold.config import Proof
from fanfold.messages import Refusal
from fanfold.server.arrival import Arrival
from fanfold.server.digest import REALM, Digest, Stale, password_of

NOBODY = "none"
"""The identity of those of whom nothing was asked."""


@dataclass(frozen=True, slots=True)
class Unproven:
    """A visitor that is not let in, and what it may try (`WWW-Authenticate`); empty: nothing."""

    refusal: Refusal
    challenge: str = ""
    is_usual: bool = False
    """Whether those get it too who do come in: printers send user and password only when they are asked for them."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """What one listener asks of printers, all of it, with what is compared."""

    asked: frozenset[str] = frozenset()
    secret: str = ""
    secret_name: str = ""
    """What the secret is called, to say so without saying it."""
    users: Mapping[str, str] = field(default_factory=dict)
    """Passwords by user."""

    @property
    def believes_anyone(self) -> bool:
        """Whether nothing is asked: whoever reaches the listener is believed."""
        return self.asked <= {Proof.NONE}

    def judge(self, arrival: Arrival, digest: Digest, now_s: float) -> tuple[str, ...] | Unproven:
        """Return the identities that the visitor proved, the strongest first; or why it may not come in."""
        if Proof.PATH in self.asked and not self._knows_secret(arrival):
            return Unproven(_wrong_secret())
        proved = []
        if Proof.CERTIFICATE in self.asked:
            if not arrival.certificate_name:
                return Unproven(_no_certificate())
            proved.append(f"certificate:{arrival.certificate_name}")
        if Proof.BASIC in self.asked or Proof.DIGEST in self.asked:
            user = self._user(arrival, digest, now_s)
            if isinstance(user, Unproven):
                return user
            proved.append(f"user:{user}")
        if Proof.PATH in self.asked:
            proved.append(f"secret:{self.secret_name}")
        return tuple(proved) or (NOBODY,)

    def _knows_secret(self, arrival: Arrival) -> bool:
        last = unquote(arrival.path.rpartition("/")[2])
        return bool(self.secret) and _same(last, self.secret)

    def _user(self, arrival: Arrival, digest: Digest, now_s: float) -> str | Unproven:
        given = arrival.headers.get("authorization", ())
        scheme, _, rest = given[0].strip().partition(" ") if len(given) == 1 else ("", "", "")
        if Proof.BASIC in self.asked:
            name, password = password_of(rest) if scheme.lower() == "basic" else ("", "")
            # compared though there is no such user, so that the time taken does not tell users from others
            right = _same(password, self.users.get(name, "")) and name in self.users
            return name if right else _unknown(scheme, f'Basic realm="{REALM}", charset="UTF-8"')
        verdict = digest.judge(rest, arrival.method, arrival.target, self.users, now_s) if _is_digest(scheme) else None
        if isinstance(verdict, str):
            return verdict
        is_stale = isinstance(verdict, Stale)
        return _unknown("" if is_stale else scheme, digest.challenge(now_s, is_stale=is_stale))


def _is_digest(scheme: str) -> bool:
    return scheme.lower() == "digest"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape"))


def _wrong_secret() -> Refusal:
    says = (
        "The last part of the URL's path is not the secret of this listener. It stands in the file that `secret_file` "
        "names; the printer's `location` must end in it."
    )
    return Refusal("wrong-secret", says, 403)


def _no_certificate() -> Refusal:
    says = (
        "This listener asks printers for a client certificate of an authority in `tls_client_ca`, with a common name. "
        "Load one into the printer."
    )
    return Refusal("certificate-needed", says, 403)


def _unknown(scheme: str, challenge: str) -> Unproven:
    if scheme:
        says = "User or password are not among those in the file that `users_file` names. Correct them in the printer."
        return Unproven(Refusal("wrong-user", says, 401), challenge)
    says = "This listener asks printers for a user and a password of `users_file`."
    return Unproven(Refusal("user-needed", says, 401), challenge, is_usual=True)
