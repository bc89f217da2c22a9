"""What the running gateway says of itself: its health, printers, jobs, webhooks, newcomers. Counts, never titles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fanfold import __version__
from fanfold.doctor.finding import Area, Finder, Finding
from fanfold.doctor.surroundings import Surroundings, Unanswered

TOKEN = "Give it its token: `--token-file FILE`, or FANFOLD_TOKEN."  # noqa: S105  # no token, but how to give one
_find = Finder(Area.GATEWAY)


def gateway(around: Surroundings) -> Iterator[Finding]:
    """Ask the gateway, if one answers."""
    try:
        health = around.ask("/v1/health")
    except Unanswered as error:
        yield _unanswered(around, error)
        return
    yield from _health(around, health)
    for path, told in (("/v1/printers", _printers), ("/v1/webhooks", _webhooks), ("/v1/unadopted", _newcomers)):
        try:
            answer = around.ask(path)
        except Unanswered as error:
            yield _find.note("not-told", f"The gateway does not tell us {path}: {error.says}", TOKEN, path=path)
        else:
            yield from told(answer)


def _unanswered(around: Surroundings, error: Unanswered) -> Finding:
    if error.code:
        says = f"A Fanfold answers at {around.url}, but tells us nothing: {error.says}"
        return _find.note("token-needed", says, TOKEN, url=around.url)
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


def _printers(answer: Mapping[str, Any]) -> Iterator[Finding]:
    printers = answer.get("printers", ())
    for one in printers:
        yield from _printer(one)
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


def _printer(one: Mapping[str, Any]) -> Iterator[Finding]:
    """Say what hinders it, by keywords: its messages are others' words, and may quote a title."""
    name, state, reasons = str(one.get("name")), str(one.get("state")), [str(each) for each in one.get("reasons", ())]
    facts = {
        "printer": str(one.get("id")), "scheme": str(one.get("uri", "")).partition(":")[0], "state": state,
        "reasons": reasons, "reachable": str(one.get("reachable")), "since": one.get("status_at"),
        "waiting_jobs": one.get("waiting_jobs"), "held_jobs": one.get("held_jobs"),
    }  # fmt: skip
    because = f" ({', '.join(reasons)})" if reasons else ""
    since = f", as was last seen at {facts['since']}" if facts["since"] else ""
    if one.get("paused"):
        mend = f"`fanfold printers show {name}` says why; `fanfold printers resume {name}` lets it go on."
        yield _find.warning("printer-paused", f"The printer {name!r} is paused{because}{since}.", mend, **facts)
    elif one.get("reachable") == "down":
        mend = "See that it is switched on and connected; its jobs wait."
        yield _find.warning("printer-away", f"The printer {name!r} is not reached{because}{since}.", mend, **facts)
    elif state == "stopped":
        mend = f"`fanfold printers show {name}` says more; look at the printer."
        yield _find.problem("printer-stopped", f"The printer {name!r} is stopped{because}{since}.", mend, **facts)


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
