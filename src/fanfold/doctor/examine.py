"""Runs the checks side by side, in bounded time; one that fails or hangs is itself a finding. Knows no terminal."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fanfold import __version__, clock
from fanfold.doctor.finding import HANGS, Area, Finder, Finding, Report
from fanfold.doctor.privacy import Privacy
from fanfold.doctor.surroundings import Surroundings

LIMIT_S = 15.0
"""For all checks together: they run at once. Longer than each of them gives to whom it asks."""

Check = Callable[[Surroundings], Iterable[Finding]]
"""Yields what it finds, as it finds it: what it found before it hung is kept."""


@dataclass(slots=True)
class _Visit:
    """One check under way."""

    area: Area
    found: list[Finding] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


def examine(
    around: Surroundings, checks: Mapping[Area, Check], privacy: Privacy, *, limit_s: float = LIMIT_S
) -> Report:
    """Look at everything and report, without secrets. Never raises; takes no longer than the limit."""
    deadline_s = time.monotonic() + limit_s
    visits = [_begin(area, check, around) for area, check in checks.items()]
    found = [privacy.masked(one) for visit in visits for one in _end(visit, deadline_s, limit_s)]
    return Report(__version__, clock.now(), tuple(found))


def _begin(area: Area, check: Check, around: Surroundings) -> _Visit:
    visit = _Visit(area)
    # A daemon: whoever hangs in a dead network drive must not keep the command from ending.
    threading.Thread(target=_look, args=(visit, check, around), name=f"doctor-{area}", daemon=True).start()
    return visit


def _look(visit: _Visit, check: Check, around: Surroundings) -> None:
    try:
        for finding in check(around):
            visit.found.append(finding)  # each is kept at once: the next may never come
    except Exception as error:  # noqa: BLE001  # whatever a check's fault is, it is told, and no other's
        visit.found.append(_failed(visit.area, error))
    finally:
        visit.ended.set()


def _end(visit: _Visit, deadline_s: float, limit_s: float) -> Sequence[Finding]:
    if visit.ended.wait(max(0.0, deadline_s - time.monotonic())):
        return visit.found
    says = f"The look at {visit.area} came to no end within {limit_s:g} s; what it had found by then is here."
    mend = "Something that it asks does not answer: a disk of the network, a spooler, the name service."
    return [*visit.found, Finder(visit.area).warning(HANGS, says, mend)]


def _failed(area: Area, error: Exception) -> Finding:
    """Say where it failed, but not its words: nobody knows what they quote."""
    places = traceback.extract_tb(error.__traceback__)
    where = f"{Path(places[-1].filename).name}:{places[-1].lineno}" if places else ""
    kind = type(error).__name__
    says = f"The look at {area} failed ({kind} at {where}); what it had found by then is here."
    return Finder(area).warning("check-failed", says, "Please report this with this page.", error=kind, at=where)
