"""How long Weblink gives printers for what nobody may set: one table, so that tests can be in a hurry. Facts only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds, each with the reason for it."""

    # lines
    fresh_s: float = 2.0
    """A raw channel on which something came so lately is taken for alive; another is pinged before it gets a job."""
    stands_s: float = 10.0
    """How long that ping may take."""
    check_s: float = 10.0
    """How long a line may take to answer when another one of the same printer makes it doubtful."""
    turn_s: float = 10.0
    """How long a job waits behind a question to the printer."""
    first_retry_s: float = 2.0
    """Between two requests for a channel that is not opened; ever longer."""
    last_retry_s: float = 300.0
    steady_s: float = 30.0
    """A channel that held for so long is asked for at once when it is lost; one that breaks again and again is not."""

    # questions
    quiet_s: float = 0.5
    """After this silence an answer without a mark for its end is taken as whole."""
    silence_s: float = 2.0
    """After this one that has not begun: perhaps none is due, as for a setvar."""
    count_s: float = 10.0
    """How long a job's own question for the label counter is waited for; jobs do not wait with it."""

    # proof
    note_after_s: float = 0.05
    """Only of a job that the printer has not read by then a note is put on disk, by which a crash finds it."""
    answer_s: float = 3.0
    """For the counter between jobs, which it holds up; who is asked has just answered, or told of a label."""
    status_s: float = 1.5
    """For the status, likewise; some printers keep silent on it while they have a fault (Zebra's guide)."""
    status_rest_s: float = 30.0
    """How long a printer that did not tell its status is not asked for it: the question holds up its jobs."""
    readings: int = 5
    """How often the counter is read for one alert, ever more slowly: it may be written a moment after, and alerts of
    labels that are out already come two seconds late (seen in the field)."""
    first_pause_s: float = 0.3
    apart_s: float = 2.0
    """Between two readings that must agree."""
    late_s: float = 60.0
    """After so long without proof it is looked whether any can still come."""
    return_s: float = 45.0
    """How long a printer that was lost under a job may take to come back and say what it printed."""
    find_s: float = 180.0
    """How long after our start it may take to dial in, before a job that it had is called doubtful: by default it
    waits 10 s and up to 120 s more at random."""
