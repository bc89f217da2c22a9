"""Whether browsers let the pages that may print reach this machine: their policies and versions against our origins.

What each browser does is from its own pages for administrators and from trials with Chromium; Safari and what is
said of Firefox were not tried. Knows no file.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from fanfold.config import is_loopback
from fanfold.doctor.finding import Area, Finder, Finding
from fanfold.doctor.policies import FIREFOX, Policies, policies
from fanfold.doctor.surroundings import Surroundings, Unanswered

ASKS_SINCE = {"Chromium": 147, FIREFOX: 154}
"""From this version on a page needs its user's leave before a WebSocket to this machine opens."""
BINARIES = {
    "google-chrome": "Chromium", "microsoft-edge": "Chromium", "chromium": "Chromium", "chromium-browser": "Chromium",
    "brave-browser": "Chromium", "firefox": FIREFOX, "firefox-esr": FIREFOX,
}  # fmt: skip
WITHIN_S = 5.0
ALLOWED = ("LoopbackNetworkAllowedForUrls", "LocalNetworkAccessAllowedForUrls")
BLOCKED = ("LoopbackNetworkBlockedForUrls", "LocalNetworkAccessBlockedForUrls")
"""Of pages, the more exact policy first: it wins over the one for all local networks."""
OPT_OUT = "LocalNetworkAccessRestrictionsTemporaryOptOut"
_OUTDATED = "InsecurePrivateNetworkRequests"
_PATTERN = re.compile(r"(?:([a-z*]+)://)?(\[\*\.\]|\.)?(\[[0-9a-f:]+\]|[^:/?#]+)(?::(\d+|\*))?(?:/.*)?")
_PORTS = {"http": 80, "https": 443}

_find = Finder(Area.BROWSERS)


def browsers(around: Surroundings) -> Iterator[Finding]:
    """Compare the origins that may print with what the browsers were told."""
    origins = allowed_origins(around)
    yield from insecure(origins)
    told = policies(around.root)
    for one in told:
        yield from judged(one, origins)
    if not told:
        says = "No policy tells a browser here who may reach this machine."
        mend = "Browsers ask each user once, and must be answered Allow; a policy spares that: docs/doctor.md."
        yield _find.note("no-policies", says, mend, origins=origins)
    yield from _versions()


def allowed_origins(around: Surroundings) -> list[str]:
    """Return whose pages may print, by the settings and by the gateway's own list, as far as it tells us."""
    found = list(around.assumed.access.origins)
    try:
        answer = around.ask("/v1/access/origins")
    except Unanswered:
        return found
    for key in ("configured", "allowed"):
        found += [str(one) for one in answer.get(key, ())]
    return list(dict.fromkeys(found))


def insecure(origins: Sequence[str]) -> Iterator[Finding]:
    """Say which pages no browser lets reach this machine, whatever it was told."""
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme == "http" and not _is_here(parts.hostname or ""):
            says = f"Pages of {origin} come without TLS: Chromium refuses them this machine since 142, without asking."
            yield _find.warning("insecure-origin", says, "Serve them by https, and allow that origin.", origin=origin)


def judged(told: Policies, origins: Sequence[str]) -> Iterator[Finding]:
    """Say what a browser's policies mean for the pages of these origins."""
    for place in told.broken:
        says = f"{told.browser} passes over {place}, which is no JSON that can be read."
        yield _find.warning("policy-broken", says, "Correct it.", browser=told.browser, file=place)
    if told.browser == FIREFOX:
        yield from _firefox(told, origins)
    else:
        yield from _chromium(told, origins)


def _chromium(told: Policies, origins: Sequence[str]) -> Iterator[Finding]:
    facts = {"browser": told.browser, "places": list(told.places)}
    if told.given.get(OPT_OUT):
        says = f"{told.browser} is told not to guard local networks ({OPT_OUT}), which browsers will drop."
        yield _find.warning("opt-out", says, f"Name the pages in {ALLOWED[0]} in its place.", **facts)
    if old := sorted(name for name in told.given if name.startswith(_OUTDATED)):
        says = f"{told.browser} has policies that nothing heeds any more: {', '.join(old)}."
        yield _find.note("outdated-policy", says, f"Name the pages in {ALLOWED[0]}.", **facts, policies=old)
    for origin in origins:
        yield _standing(told, origin, {**facts, "origin": origin})


def _standing(told: Policies, origin: str, facts: Mapping[str, Any]) -> Finding:
    for allow, block in zip(ALLOWED, BLOCKED, strict=True):
        if any(matches(one, origin) for one in _listed(told.given, block)):
            says = f"{told.browser} is told by {block} to keep pages of {origin} from this machine."
            mend = f"Take the page out of {block} ({', '.join(told.places)}), and put it into {allow}."
            return _find.problem("origin-blocked", says, mend, **facts, policy=block)
        if any(matches(one, origin) for one in _listed(told.given, allow)):
            says = f"{told.browser} lets pages of {origin} reach this machine without asking ({allow})."
            return _find.ok("origin-allowed", says, **facts, policy=allow)
    says = f"{told.browser} asks each user whether pages of {origin} may reach this machine."
    mend = f'Put "{origin}" into its policy {ALLOWED[0]} to spare them that.'
    return _find.note("origin-asks", says, mend, **facts)


def _firefox(told: Policies, origins: Sequence[str]) -> Iterator[Finding]:
    given = told.given.get("LocalNetworkAccess")
    facts = {"browser": FIREFOX, "places": list(told.places)}
    if not isinstance(given, Mapping):
        if origins:
            says = "Firefox asks each user whether pages may reach this machine."
            mend = "Its policy LocalNetworkAccess names under SkipDomains whose pages need not ask."
            yield _find.note("origin-asks", says, mend, **facts)
        return
    others = sorted(set(given) & {"BlockTrackers", "EnablePrompting"})
    if "Enabled" not in given and others:
        says = f"Firefox passes over {', '.join(others)} in its policy LocalNetworkAccess, for `Enabled` is missing."
        yield _find.warning("policy-ignored", says, "Add `Enabled` to it, true or false.", **facts)
    if not given.get("Enabled", True):
        yield _find.ok("origin-allowed", "Firefox is told not to guard this machine (LocalNetworkAccess).", **facts)
        return
    skipped = [str(one) for one in _as_list(given.get("SkipDomains"))]
    for origin in origins:
        told_of = {**facts, "origin": origin}
        if any(_is_domain(urlsplit(origin).hostname or "", one) for one in skipped):
            yield _find.ok(
                "origin-allowed", f"Firefox lets pages of {origin} reach this machine without asking.", **told_of
            )
        elif given.get("Enabled") and given.get("EnablePrompting") is False:
            says = f"Firefox is told not to ask its users, and not that pages of {origin} may reach this machine."
            yield _find.warning(
                "origin-unasked", says, "Put its host into SkipDomains of LocalNetworkAccess.", **told_of
            )
        else:
            says = f"Firefox asks each user whether pages of {origin} may reach this machine."
            yield _find.note("origin-asks", says, "Put its host into SkipDomains of LocalNetworkAccess.", **told_of)


def matches(pattern: str, origin: str) -> bool:
    """Tell whether a pattern of Chromium's policies means pages of this origin.

    `*` means all; scheme and port may be missing; `[*.]` before a host means it and all below it.
    """
    if pattern == "*":
        return True
    parts, found = urlsplit(origin), _PATTERN.fullmatch(pattern.lower())
    if found is None:
        return False
    scheme, below, host, port = found.groups()
    own, own_port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
    host = host.strip("[]")
    is_host = host in (own, "*") or (below == "[*.]" and own.endswith(f".{host}"))
    return is_host and scheme in (None, "*", parts.scheme) and port in (None, "*", str(own_port))


def _is_domain(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return host == pattern


def _listed(given: Mapping[str, Any], name: str) -> list[str]:
    return [one for one in _as_list(given.get(name)) if isinstance(one, str)]


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_here(host: str) -> bool:
    try:
        return is_loopback(host)
    except ValueError:
        return False


def _versions() -> Iterator[Finding]:
    """Say which browsers are installed, and whether they ask."""
    if sys.platform != "linux":
        return
    seen: set[str] = set()
    for name, kind in BINARIES.items():
        path = shutil.which(name)
        shown = _version(path) if path and path not in seen else ""
        if path and (number := re.search(r"(\d+)\.[\d.]+", shown)):
            seen.add(path)
            yield asks(kind, int(number[1]), shown)


def asks(kind: str, major: int, shown: str) -> Finding:
    """Say what this version of a browser does before a page may open a WebSocket to this machine."""
    since, facts = ASKS_SINCE[kind], {"browser": shown, "major": major}
    if major >= since:
        return _find.ok("browser", f"{shown} is installed. It asks before a page reaches this machine.", **facts)
    says = f"{shown} is installed. From {since} on it asks before a page reaches this machine."
    return _find.ok("browser", says, **facts)


def _version(path: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # the browser that is installed, asked for its version
            [path, "--version"], capture_output=True, text=True, errors="replace", timeout=WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return " ".join(done.stdout.split()[:6])
