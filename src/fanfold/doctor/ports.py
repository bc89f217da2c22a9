"""Where the gateway listens or would: free, taken by whom, how wide, with which certificates. Listens nowhere."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta

from fanfold import clock
from fanfold.config import PRINTERS_DOORS, Listener, Proof, Settings, is_loopback
from fanfold.doctor import certificate
from fanfold.doctor.finding import Area, Finder, Finding
from fanfold.doctor.neighbours import fanfold_at, program_at
from fanfold.doctor.surroundings import Surroundings

SOON = timedelta(days=21)
"""Certificates are renewed a month ahead; one that was not by then is forgotten."""
_LOOPBACK = ("127.0.0.1", "::1")
_find = Finder(Area.PORTS)


def ports(around: Surroundings) -> Iterator[Finding]:
    """Look at each listener, and at what `localhost` means here."""
    settings = around.assumed
    for listener in settings.listeners:
        yield from _port(listener, around)
        yield from _reach(listener, settings)
        if listener.tls_cert is not None:
            yield certified(listener, clock.now())
    yield localhost(_addresses_of_localhost(), settings)


def _port(listener: Listener, around: Surroundings) -> Iterator[Finding]:
    facts: dict[str, object] = {"listener": listener.shown, "doors": [door.value for door in listener.doors]}
    error = _try(listener)
    if error == 0:
        yield _find.ok("port-free", f"{listener.shown} is free for the gateway.", **facts)
    elif error == errno.EADDRINUSE:
        yield _taken(listener, around, facts)
    elif error in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        if not listener.optional:
            mend = "Correct `[[listeners]]` in fanfold.toml, or `--listen`."
            yield _find.problem("no-address", f"{listener.shown} is no address of this machine.", mend, **facts)
        else:
            yield _find.note("no-address", f"This machine has no {listener.address}; it is passed over.", **facts)
    elif error in (errno.EACCES, errno.EPERM):
        mend = "Choose a port above 1023, or run the gateway as the service, which may."
        yield _find.problem("port-denied", f"This user may not listen at {listener.shown}.", mend, **facts)
    else:
        yield _find.problem("port-unusable", f"{listener.shown} cannot be used: {os.strerror(error)}.", **facts)


def _try(listener: Listener) -> int:
    """Bind the address, without listening, and let go; return the error's number."""
    address = "127.0.0.1" if listener.address == "localhost" else listener.address
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as made:
            if os.name == "posix":  # as the gateway does: what a closed connection left is in nobody's way
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family is socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.bind((address, listener.port))
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _taken(listener: Listener, around: Surroundings, facts: dict[str, object]) -> Finding:
    if (found := fanfold_at(listener)) is not None:
        shown = f"Fanfold {found.version}" if found.version else "A Fanfold, which asks for its token,"
        return _find.ok("port-ours", f"{shown} answers at {listener.shown}.", **facts, version=found.version)
    program = program_at(listener.port, around.root)
    if set(listener.doors) <= PRINTERS_DOORS and (program is None or program[1].startswith(("fanfold", "python"))):
        says = (
            f"{listener.shown} is taken, it seems by the gateway: only printers come in there, so it cannot be asked."
        )
        return _find.ok("port-ours", says, **facts)
    who = f"{program[1]} (process {program[0]})" if program else "another program, of which the system does not tell us"
    mend = "Stop that program, or choose another port: `--listen HOST:PORT`, or `port` in fanfold.toml."
    named = {"pid": program[0], "program": program[1]} if program else {}
    return _find.problem("port-taken", f"{listener.shown} is taken by {who}.", mend, **facts, **named)


def _reach(listener: Listener, settings: Settings) -> Iterator[Finding]:
    if is_loopback(listener.address):
        return
    facts = {"listener": listener.shown, "allow": list(listener.allow), "proof": [one.value for one in listener.proof]}
    if Proof.NONE in listener.proof:
        mend = 'Give it a `proof`, such as ["path"]; see docs/printers/zebra-weblink.md.'
        yield _find.warning("anyone", f"Whoever reaches {listener.shown} can be any printer.", mend, **facts)
    if set(listener.doors) <= PRINTERS_DOORS:
        return
    if settings.access.token_file is None:
        says = f"{listener.shown} can be reached from other machines, without a token."
        mend = "Have `allow` name as few addresses as can be, or put a secret into a file and name it as `token_file`."
        yield (_find.note if listener.allow else _find.problem)("wide-without-token", says, mend, **facts)
    if listener.tls_cert is None:
        says = f"{listener.shown} can be reached from other machines, and what is said there can be read on the way."
        yield _find.warning("wide-without-tls", says, "Give it `tls_cert` and `tls_key`.", **facts)


def certified(listener: Listener, now: datetime) -> Finding:
    """Say how a listener's certificate stands at that time."""
    file = listener.tls_cert
    assert file is not None  # noqa: S101  # whoever calls has asked
    facts = {"listener": listener.shown, "file": str(file)}
    try:
        found = certificate.read(file)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        return _find.problem(
            "certificate-unreadable", f"{file} cannot be used for TLS: {why}.", "Put one there.", **facts
        )
    begins, ends = found.not_before.date(), found.not_after.date()
    facts |= {"not_before": found.not_before.isoformat(), "not_after": found.not_after.isoformat()}
    told = {**facts, "names": list(found.names)}
    how = "Put a new one in its place, then `fanfold reload`."
    if now > found.not_after:
        return _find.problem("certificate-expired", f"The certificate {file} ended on {ends}.", how, **told)
    if now < found.not_before:
        mend = "Set this machine's clock, if that is wrong; else wait, or put another one in its place."
        return _find.problem("certificate-early", f"The certificate {file} holds only from {begins} on.", mend, **told)
    if now > found.not_after - SOON:
        return _find.warning("certificate-ends", f"The certificate {file} ends on {ends}.", how, **told)
    if not found.names:
        says = f"The certificate {file} names no host (subjectAltName), so browsers believe it nowhere."
        return _find.warning("certificate-nameless", says, how, **told)
    return _find.ok("certificate", f"The certificate {file} holds until {ends}, for {', '.join(found.names)}.", **told)


def _addresses_of_localhost() -> list[str]:
    try:
        return list(dict.fromkeys(str(one[4][0]) for one in socket.getaddrinfo("localhost", None)))
    except OSError:
        return []


def localhost(addresses: list[str], settings: Settings) -> Finding:
    """Say whether who asks for `localhost` comes to where the gateway listens."""
    facts = {"addresses": addresses}
    strange = [one for one in addresses if not is_loopback(one)]
    hosts = r"C:\Windows\System32\drivers\etc\hosts" if os.name == "nt" else "/etc/hosts"
    if strange or not addresses:
        meant = ", ".join(strange) if strange else "nothing"
        mend = f"Put the lines `127.0.0.1 localhost` and `::1 localhost` into {hosts}."
        return _find.problem("localhost-strange", f"The name localhost means {meant} on this machine.", mend, **facts)
    open_at = {one.address for one in settings.listeners}
    deaf = [one for one in addresses if open_at & set(_LOOPBACK) and not open_at & {one, "localhost", "::", "0.0.0.0"}]  # noqa: S104
    if deaf:
        says = f"The name localhost means {', '.join(addresses)}, but the gateway does not listen at {', '.join(deaf)}."
        mend = "Give `[[listeners]]` the address localhost, so that pages which ask for that name find it at once."
        return _find.note("localhost-half", says, mend, **facts)
    return _find.ok("localhost", f"The name localhost means {', '.join(addresses)}.", **facts)
