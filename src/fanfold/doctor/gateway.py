"""What the running gateway says of itself: its health, printers, jobs, webhooks, newcomers. Never titles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from fanfold import __version__
from fanfold.doctor.finding import Area, Finder, Finding
from fanfold.doctor.privacy import MASK
from fanfold.doctor.surroundings import Surroundings, Unanswered

TOKEN = "Give it its token: `--token-file FILE`, or FANFOLD_TOKEN."  # noqa: S105  # no token, but how to give one
RIGHT_FILE = (
    "Look which file `token_file` under `[access]` names, and give that one: `--token-file FILE`, or what is in it as "
    "FANFOLD_TOKEN. A file that was changed counts after `fanfold reload`."
)
WORDS_LENGTH = 200
"""Of what a printer says; it may say what it likes."""
TITLES = 200
"""So many jobs, the newest, are known by their titles, so that a printer's words can be freed of them."""
SHORTEST = 3
"""Of a title that is looked for: shorter ones are in every word, and tell nobody anything."""
_find = Finder(Area.GATEWAY)


def gateway(around: Surroundings) -> Iterator[Finding]:
    """Ask the gateway, if one answers."""
    try:
        health = around.ask("/v1/health")
    except Unanswered as error:
        yield _unanswered(around, error)
        return
    yield from _health(around, health)
    for path, told in (
        ("/v1/printers", partial(_printers, around)),
        ("/v1/webhooks", _webhooks),
        ("/v1/unadopted", _newcomers),
    ):
        try:
            answer = around.ask(path)
        except Unanswered as error:
            is_owners = error.code == "not-trusted"
            because = "that is for its own user and administrators." if is_owners else error.says
            says = f"The gateway does not tell us {path}: {because}"
            yield _find.note("not-told", says, TOKEN if is_owners else "", path=path)
        else:
            yield from told(answer)


def _unanswered(around: Surroundings, error: Unanswered) -> Finding:
    if error.code == "token-needed":
        says = f"A Fanfold answers at {around.url}, but tells nothing to those who do not send its token."
        return _find.note("token-needed", says, TOKEN, url=around.url)
    if error.code == "wrong-token":
        says = f"A Fanfold answers at {around.url}, but the token that it was sent is not its own."
        return _find.warning("wrong-token", says, RIGHT_FILE, url=around.url)
    if error.code:
        says = f"A Fanfold answers at {around.url}, but tells us nothing: {error.says}"
        return _find.warning("refused", says, url=around.url)
    if around.service().is_running:
        mend = "Look into its log: `fanfold service status` says where that is."
        return _find.problem(
            "silent", f"The service runs, but no gateway answers at {around.url}.", mend, url=around.url
        )
    mend = "Start it: `fanfold serve`, or `fanfold service install` for always. Where it listens elsewhere, give --url."
    return _find.warning("no-gateway", f"No gateway answers at {around.url}.", mend, url=around.url)


def _health(around: Surroundings, health: Mapping[str, Any]) -> Iterator[Finding]:
    version, problems = str(health.get("version", "")), [str(one) for one in health.get("problems", ())]
    facts = {"url": around.url, "version": version, "uptime_s": round(float(health.get("uptime_s", 0)))}
    for one in problems:
        yield _find.problem("unhealthy", f"The gateway says: {one}", **facts)
    if version != __version__:
        says = f"The gateway at {around.url} is Fanfold {version}, and this command is Fanfold {__version__}."
        yield _find.warning(
            "version-skew", says, "Restart the gateway after an update, or use its own command.", **facts
        )
    if not problems:
        yield _find.ok("healthy", f"Fanfold {version} answers at {around.url}, and is well.", **facts)


def _printers(around: Surroundings, answer: Mapping[str, Any]) -> Iterator[Finding]:
    printers = answer.get("printers", ())
    titles = _titles(around) if any(one.get("message") for one in printers) else None
    for one in printers:
        yield from _printer(one, titles)
    states = Counter(str(one.get("state")) for one in printers)
    waiting, held = (sum(int(one.get(key, 0)) for one in printers) for key in ("waiting_jobs", "held_jobs"))
    shown = ", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "none"
    says = f"Printers: {shown}. {waiting} jobs wait, {held} are held."
    facts = {"printers": len(printers), "states": dict(states), "waiting_jobs": waiting, "held_jobs": held}
    if not printers:
        mend = "Add one: `fanfold printers discover` shows what is there, `fanfold printers add` adds it."
        yield _find.note("no-printers", "The gateway has no printers.", mend, **facts)
    elif held:
        mend = "`fanfold jobs --state held` lists them; look at the paper, then release, assume printed or cancel each."
        yield _find.warning("jobs-held", says, mend, **facts)
    else:
        yield _find.ok("printers", says, **facts)


def _titles(around: Surroundings) -> Sequence[str] | None:
    """The titles that a printer's words may quote, the longest first; None where they are not told."""
    try:
        jobs = around.ask(f"/v1/jobs?limit={TITLES}").get("jobs", ())
    except Unanswered:
        return None
    titles = {str(one.get("title", "")) for one in jobs}
    return sorted((one for one in titles if len(one) >= SHORTEST), key=len, reverse=True)


def _words(one: Mapping[str, Any], titles: Sequence[str] | None) -> str:
    """What it says, or what is said of it, without the titles of jobs; nothing where those are not known."""
    if titles is None:
        return ""
    said = "".join(sign if sign.isprintable() else " " for sign in str(one.get("message", "")))
    for title in titles:
        said = re.sub(re.escape(title), MASK, said, flags=re.IGNORECASE)
    return said[:WORDS_LENGTH].strip()


def _printer(one: Mapping[str, Any], titles: Sequence[str] | None) -> Iterator[Finding]:
    """Say what hinders it, by keywords and in its words."""
    name, state, reasons = str(one.get("name")), str(one.get("state")), [str(each) for each in one.get("reasons", ())]
    facts = {
        "printer": str(one.get("id")), "scheme": str(one.get("uri", "")).partition(":")[0], "state": state,
        "reasons": reasons, "reachable": str(one.get("reachable")), "since": one.get("status_at"),
        "waiting_jobs": one.get("waiting_jobs"), "held_jobs": one.get("held_jobs"), "message": _words(one, titles),
    }  # fmt: skip
    because = f" ({', '.join(reasons)})" if reasons else ""
    since = f", as was last seen at {_second(facts['since'])}" if facts["since"] else ""
    since += f": {str(facts['message']).rstrip('.')}" if facts["message"] else ""
    if one.get("paused"):
        mend = f"`fanfold printers show {name}` says why; `fanfold printers resume {name}` lets it go on."
        yield _find.warning("printer-paused", f"The printer {name!r} is paused{because}{since}.", mend, **facts)
    elif one.get("reachable") == "down":
        mend = "See that it is switched on and connected; its jobs wait."
        yield _find.warning("printer-away", f"The printer {name!r} is not reached{because}{since}.", mend, **facts)
    elif state == "stopped":
        mend = f"`fanfold printers show {name}` says more; look at the printer."
        yield _find.problem("printer-stopped", f"The printer {name!r} is stopped{because}{since}.", mend, **facts)


def _second(time: object) -> str:
    """A time as people say it."""
    try:
        return f"{datetime.fromisoformat(str(time)).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return str(time)


def _webhooks(answer: Mapping[str, Any]) -> Iterator[Finding]:
    hooks: Sequence[Mapping[str, Any]] = answer.get("webhooks", ())
    bad = [one for one in hooks if one.get("trouble") or one.get("dead")]
    for one in bad:
        name, behind, dead = str(one.get("name")), one.get("behind"), one.get("dead")
        says = f"The webhook {name!r} is in trouble: {one.get('trouble') or 'its receiver refused letters'}"
        mend = f"See that its receiver answers; then `fanfold webhooks retry {name}` sends again."
        yield _find.warning(
            "webhook", says, mend, webhook=name, behind=behind, dead=dead, last_success_at=one.get("last_success_at")
        )
    if hooks and not bad:
        yield _find.ok("webhooks", f"All {len(hooks)} webhooks are told.", count=len(hooks))


def _newcomers(answer: Mapping[str, Any]) -> Iterator[Finding]:
    if count := len(answer.get("newcomers", ())):
        mend = "`fanfold printers unadopted` lists them, `fanfold printers adopt` lets them in."
        yield _find.note("unadopted", f"{count} printers dialled in and are not let in yet.", mend, count=count)
