"""The one place that every door and every command asks: who may come in, and what may they do? No socket, no disk."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from fanfold.messages import (
    AddDiscovered,
    AddPrinter,
    AdoptPrinters,
    AllowOrigin,
    AskPrinter,
    ChangePrinter,
    Command,
    DisconnectClient,
    IdentifyPrinter,
    ListDeadLetters,
    ListDiscovered,
    ListUnadopted,
    ListWebhooks,
    Refusal,
    RejectPrinter,
    Reload,
    RemovePrinter,
    ReopenChannel,
    RetryDeadLetters,
    RevokeOrigin,
    Submit,
    TracePrinter,
)
from fanfold.server.arrival import SITE_MARKS, Arrival, Neighbour, is_upgrade, offered
from fanfold.server.base import BEARER_SUBPROTOCOL
from fanfold.server.digest import Digest
from fanfold.server.proofs import Proofs, Unproven

OWNERS_ONLY = frozenset({
    AllowOrigin, RevokeOrigin, Reload, AddPrinter, ChangePrinter, RemovePrinter, DisconnectClient,
    ListUnadopted, AdoptPrinters, RejectPrinter, AskPrinter, IdentifyPrinter, ReopenChannel, TracePrinter,
    ListDiscovered, AddDiscovered, ListWebhooks, ListDeadLetters, RetryDeadLetters,
})  # fmt: skip
"""Commands that tell or change who may do what, where paper comes out, or printers themselves: not for pages that were
merely let in to print, nor for other users of this machine."""

LOCAL = "local"
"""What callers are called that the gateway trusts like itself; other users of this machine are `local:NAME`."""
NOBODY = "local:?"
"""What those are called whose connection was closed before it could be told whose it is."""

_LOOPBACK_PAGE = re.compile(r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?")
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Admission:
    """Who was let in. `owner` is the scope of keys; `origin` is empty for callers that are no web page."""

    owner: str
    origin: str = ""
    own_page: bool = False
    """Whether it is the gateway's own page."""
    user: str = ""
    """The user of this machine whose program or browser it is, where that is another one than the gateway's own."""
    is_trusted: bool = True
    """Whether it may do and see what the gateway's own user may: for other users of this machine it is False."""
    arrival: Arrival | None = field(default=None, compare=False, repr=False)
    """With what it came, so that it can be judged anew."""


class Access:
    """The rules. `allows_origin` is asked anew each time, so that a revoked origin is out at once."""

    def __init__(
        self,
        allows_origin: Callable[[str], bool],
        hosts: Iterable[str] = (),
        token: str | None = None,
        users: Iterable[str] = (),
    ) -> None:
        self._allows_origin = allows_origin
        self._digest = Digest()
        self.renew(hosts, token, users)

    @property
    def has_token(self) -> bool:
        """Whether there is a token to ask for; listeners wider than this machine need one."""
        return self._token is not None

    def renew(self, hosts: Iterable[str], token: str | None, users: Iterable[str] = ()) -> None:
        """Take other names, another token and other trusted users, as read again from the settings."""
        self._hosts = frozenset(host.lower().strip("[]") for host in hosts)
        self._token = token.encode() if token else None
        self._users = frozenset(_folded(user) for user in users)

    def admit(self, arrival: Arrival) -> Admission | Refusal:
        """Let a request in, or say why not. Asked before anything else is done with it."""
        if refusal := self._wrong_host(arrival):
            return refusal
        origins = arrival.headers.get("origin", ())
        if refusal := self._wrong_origin(arrival, origins):
            return refusal
        token = _presented(arrival)
        if refusal := self._wrong_token(arrival, token):
            return refusal
        has_proven = bool(token and self._token)
        is_trusted = has_proven or self._trusts(arrival.neighbour)
        user = "" if is_trusted or arrival.neighbour is None else arrival.neighbour.name
        if origins:
            is_own = _is_own(arrival, origins[0])
            return Admission(origins[0], origins[0], own_page=is_own, user=user, is_trusted=is_trusted, arrival=arrival)
        owner = "token" if has_proven else _local_owner(arrival.neighbour, user, is_trusted=is_trusted)
        return Admission(owner, user=user, is_trusted=is_trusted, arrival=arrival)

    def still_holds(self, admission: Admission) -> bool:
        """Tell whether who was let in would be let in now, and no less trusted: for connections that last."""
        now = self.admit(admission.arrival) if admission.arrival else admission
        return isinstance(now, Admission) and (now.is_trusted or not admission.is_trusted)

    def admit_printer(self, arrival: Arrival, proofs: Proofs, now_s: float) -> tuple[str, ...] | Unproven:
        """Return who a printer is that dials in, by what it proved, the strongest first; or why it may not come in.

        It needs no name of ours and no token: its proofs are its own.
        """
        return wrong_visitor(arrival, anyone=proofs.believes_anyone) or proofs.judge(arrival, self._digest, now_s)

    def _trusts(self, neighbour: Neighbour | None) -> bool:
        """Tell whether somebody counts as the gateway's own user without having shown the token.

        Who came from another machine was let in there by its address. Where the system does not tell of anybody on this
        one, all of them count, unless there is a token to tell them by.
        """
        if neighbour is None:
            return True
        if neighbour.is_house:
            return neighbour.is_told or self._token is None
        return bool(neighbour.name) and _folded(neighbour.name) in self._users

    def _wrong_host(self, arrival: Arrival) -> Refusal | None:
        hosts = arrival.headers.get("host", ())
        if len(hosts) != 1 or not hosts[0]:
            return Refusal("bad-host", "The request must have one Host header: the name it was sent to.", 400)
        parsed = _HOST.fullmatch(hosts[0].lower())
        if parsed and self._is_ours(parsed[1].strip("[]"), arrival) and parsed[2] in (None, str(arrival.port)):
            return None
        says = (
            f"This gateway is not called {_shown(hosts[0])}. Ask for it as localhost:{arrival.port}, "
            "or add its name to `hosts` under `[access]` in fanfold.toml."
        )
        return Refusal("misdirected", says, 421)

    def _is_ours(self, name: str, arrival: Arrival) -> bool:
        return name in _LOCAL_NAMES or name in self._hosts or _same_address(name, arrival.address)

    def _wrong_origin(self, arrival: Arrival, origins: Sequence[str]) -> Refusal | None:
        if not origins:
            return _wrong_site(arrival)
        origin = origins[0]
        if len(origins) == 1 and (
            _LOOPBACK_PAGE.fullmatch(origin)
            or _is_own(arrival, origin)
            or (origin != "null" and self._allows_origin(origin))
        ):
            return None
        return Refusal("origin-not-allowed", _how_to_allow(origin), 403)

    def _wrong_token(self, arrival: Arrival, token: str | None) -> Refusal | None:
        if token is not None and self._token is not None:
            if hmac.compare_digest(token.encode("utf-8", "surrogateescape"), self._token):
                return None
            return Refusal(
                "wrong-token", "The token is not this gateway's. It is in the file that `token_file` names.", 401
            )
        if not arrival.wide or needs_nobody(arrival) or _is_listed(arrival.peer, arrival.allow):
            return None
        if self._token is None:
            says = "This listener takes callers only from the addresses that `allow` names at it in fanfold.toml."
            return Refusal("address-not-allowed", says, 403)
        says = (
            "This listener can be reached from other machines, so it asks for the gateway's token: send "
            f"`Authorization: Bearer TOKEN`, or on a WebSocket the subprotocol `{BEARER_SUBPROTOCOL}TOKEN`."
        )
        return Refusal("token-needed", says, 401)


def may(command: Command, admission: Admission) -> Refusal | None:
    """Say why this caller may not have this command done; None: it may. Grants will be asked here."""
    if isinstance(command, Submit) and command.key and admission.owner == NOBODY:
        says = "The connection was closed before it could be told whose key this is. Send it again, and wait."
        return Refusal("nobodys-key", says, 403)  # else one key would name two jobs, when its sender comes back
    if type(command) not in OWNERS_ONLY:
        return None
    if admission.origin and not admission.own_page:
        says = (
            f"Pages of {admission.origin} may print, but not change printers, clients or who is let in. "
            "Do that on the gateway's own page or by the command `fanfold`."
        )
        return Refusal("own-page-only", says, 403)
    if not admission.is_trusted:
        says = (
            f"{admission.user or 'Who calls'} may print, but not change printers, clients or who is let in: that is "
            "for the gateway's own user and for administrators. Send the gateway's token (`--token-file FILE`), or "
            "have the name added to `users` under `[access]` in fanfold.toml."
        )
        return Refusal("not-trusted", says, 403)
    return None


def _folded(user: str) -> str:
    """Names with a domain are Windows', which takes `TILL-1\\Anna` and `till-1\\anna` for one user; Linux does not."""
    return user.casefold() if "\\" in user else user


def _local_owner(neighbour: Neighbour | None, user: str, *, is_trusted: bool) -> str:
    if is_trusted or neighbour is None or not neighbour.is_told:
        return LOCAL
    return f"{LOCAL}:{user}" if user else NOBODY


def wrong_visitor(arrival: Arrival, *, anyone: bool = False) -> Unproven | None:
    """Say why a visitor of a printers' door can be no printer: it bears the marks of a browser.

    Nobody knows whether some firmware sends an `Origin`, as programs may (RFC 6455 §4.1). No page has a printer's
    proofs, so an Origin tells against a visitor only where `anyone` is believed, and not if it names the host asked.
    """
    marks = any(name.startswith(SITE_MARKS) for name, values in arrival.headers.items() if values)
    strange = anyone and any(not _names_host(origin, arrival) for origin in arrival.headers.get("origin", ()))
    if not marks and not strange:
        return None
    says = "Only printers come in here, and this came from a web page (it has a Sec-Fetch header, or a strange Origin)."
    return Unproven(Refusal("no-printer", says, 403))


def _names_host(origin: str, arrival: Arrival) -> bool:
    return origin.rpartition("://")[2].lower() in {host.lower() for host in arrival.headers.get("host", ())}


def is_public(arrival: Arrival) -> bool:
    """Tell whether it asks for a file of the page or the browser's script, which hold nothing worth guarding.

    A browser sends neither token nor Origin for a link that is followed or a `<script src>`, so those must do without.
    """
    guarded = arrival.path.startswith("/v1/") or arrival.path == "/metrics" or arrival.asks_app or is_upgrade(arrival)
    return arrival.method in ("GET", "HEAD") and not guarded


def needs_nobody(arrival: Arrival) -> bool:
    """Tell whether nothing hangs on who asks: for a public file, or whether a page may ask at all."""
    # A preflight cannot carry one; it does nothing, and its answer goes to allowed origins only.
    return is_public(arrival) or arrival.method == "OPTIONS"


def _wrong_site(arrival: Arrival) -> Refusal | None:
    """An image or a form of a strange page comes without Origin, but the browser still says whence."""
    if "cross-site" not in arrival.headers.get("sec-fetch-site", ()) or is_public(arrival):
        return None
    return Refusal(
        "origin-not-allowed", "A page of another site asked for this without saying which. Ask by script.", 403
    )


def _is_own(arrival: Arrival, origin: str) -> bool:
    """Tell whether the page came from the very name that it now asks; `Host` was checked before."""
    return origin == f"{'https' if arrival.tls else 'http'}://{arrival.headers['host'][0].lower()}"


def _presented(arrival: Arrival) -> str | None:
    """Return the token that came along, by header or subprotocol."""
    for value in arrival.headers.get("authorization", ()):
        scheme, _, token = value.partition(" ")
        if scheme.lower() == "bearer":
            return token.strip()
    for protocol in offered(arrival):
        if protocol.startswith(BEARER_SUBPROTOCOL):
            return protocol.removeprefix(BEARER_SUBPROTOCOL)
    return None


def _is_listed(peer: str, allow: Sequence[str]) -> bool:
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:  # who is gone already has no address
        return False
    return any(address in ipaddress.ip_network(network) for network in allow)


def _same_address(name: str, address: str) -> bool:
    """Compare as addresses: a bare address cannot be rebound to another machine, as a name can."""
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False


def _how_to_allow(origin: str) -> str:
    if origin == "null":
        return "Pages from a file or a sandbox have no origin that could be let in. Serve the page by http or https."
    return f"Pages of {_shown(origin)} are not let in. On the gateway's machine: fanfold access allow {_shown(origin)}"


def _shown(value: str) -> str:
    """A stranger's words, fit for a line of text."""
    return "".join(sign if sign.isprintable() else "?" for sign in value[:200])
