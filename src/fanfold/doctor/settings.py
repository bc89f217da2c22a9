"""Which settings count and where they come from, and what is wrong with them, as `serve` would say. Shows no value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fanfold import registry
from fanfold.config import TABLE, Settings
from fanfold.doctor.finding import Area, Finder, Finding
from fanfold.doctor.surroundings import Surroundings
from fanfold.engine.signing import read_secrets
from fanfold.errors import CannotStart, Refused
from fanfold.transports.base import Transport

NAMED = {"FANFOLD_CONFIG", "FANFOLD_LISTEN", "FANFOLD_PRINTER", "FANFOLD_URL", "FANFOLD_TOKEN", *(r.env for r in TABLE)}
LIVE = ("printers", "webhooks", "origins", "status codes", "certificates", "secrets", "users")
"""What `fanfold reload` brings into a running gateway."""
_QUOTED = re.compile(r"(?s) is .*; it must be ")
"""A wrong value may be a password at a wrong place, with any words in it."""

_find = Finder(Area.SETTINGS)


def settings(around: Surroundings) -> Iterator[Finding]:
    """Look at where settings come from, and whether a gateway could start with them."""
    yield _sources(around)
    if around.settings is None:
        says = f"The gateway would not start: {_QUOTED.sub(' is not allowed; it must be ', around.trouble)}"
        mend = "Correct it; `fanfold serve` quotes the value. All else here is looked at as if nothing were set."
        yield _find.problem("settings-refused", says, mend)
        return
    yield from _printers(around.settings)
    yield from _webhooks(around.settings)
    yield _find.ok(
        "reload",
        f"`fanfold reload` brings changes of {', '.join(LIVE)}; all others wait for the next start, and it names them.",
        live=list(LIVE),
    )


def _sources(around: Surroundings) -> Finding:
    file = around.settings.file if around.settings else None
    variables = sorted(name for name in around.environment if name in NAMED and around.environment[name])
    strange = sorted(name for name in around.environment if name.startswith("FANFOLD_") and name not in NAMED)
    parts = [f"the file {file}" if file else "no file"]
    parts += [f"the environment ({', '.join(variables)})"] if variables else []
    parts += [f"flags ({', '.join(around.flags)})"] if around.flags else []
    whose = "of the installed service" if around.service_s else "of this user"
    says = f"The settings are those {whose}, from {', '.join(parts)}."
    facts = {"file": str(file) if file else "", "environment": variables, "flags": list(around.flags)}
    if strange:
        also = f" {', '.join(strange)} in the environment name no setting and are passed over."
        return _find.note(
            "variables-unknown", says + also, "See docs/settings.md for their names.", **facts, unknown=strange
        )
    return _find.ok("sources", says, **facts, of_service=around.service_s)


def _printers(settings: Settings) -> Iterator[Finding]:
    transports = registry.transports(settings)
    bad = False
    for printer in settings.printers:
        if says := _wrong(printer.uri, transports):
            bad = True
            yield _find.problem(
                "printer-uri", f"The printer {printer.name!r} cannot be used: {says}", printer=printer.name
            )
    if settings.printers and not bad:
        number = len(settings.printers)
        yield _find.ok(
            "printers", f"The settings name {number} printers, and all their URIs are well formed.", count=number
        )


def _webhooks(settings: Settings) -> Iterator[Finding]:
    """Look at their secrets; which of them there are and how they stand, the gateway says."""
    for webhook in settings.webhooks:
        if webhook.secret_file is not None:
            try:
                read_secrets(webhook.secret_file)
            except CannotStart as error:
                says = f"The webhook {webhook.name!r} cannot be used: {error.says}"
                yield _find.problem("webhook-secret", says, webhook=webhook.name)


def _wrong(uri: str, transports: dict[str, Transport]) -> str:
    scheme = uri.partition(":")[0].lower()
    if scheme not in transports:
        known: Sequence[str] = sorted(transports)
        return f"nothing here speaks {scheme}:. Known are {', '.join(known)}."
    try:
        transports[scheme].check(uri)
    except Refused as error:
        return error.says
    return ""
