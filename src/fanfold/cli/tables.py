"""Shows the API's answers to people: tables and sentences. Asks nothing."""

from __future__ import annotations

from typing import Any

import click

from fanfold.cli.exits import plain
from fanfold.cli.layout import count, facts, joined, table, time


def printers(answer: Any) -> None:
    """Show the list of printers."""
    shown = [
        (
            one["name"],
            _state(one),
            count(one["waiting_jobs"]),
            count(one["held_jobs"]),
            one["uri"],
            joined(one["aliases"]),
        )
        for one in answer["printers"]
    ]
    table(
        ("NAME", "STATE", "WAITING", "HELD", "URI", "ALIASES"),
        shown,
        "There are no printers: add one with `fanfold printers add NAME URI`.",
    )


def printer(answer: Any) -> None:
    """Show one printer with all that is known of it."""
    known = {
        "id": answer["id"],
        "name": answer["name"],
        "aliases": joined(answer["aliases"]),
        "uri": answer["uri"],
        "source": answer["source"],
        "state": _state(answer),
        "says": answer["message"],
        "learned": f"{time(answer['status_at'])} from {answer['status_source']}" if answer["status_at"] else "",
        "info": answer["info"],
        "found": _found(answer.get("traits") or {}),
        "channels": joined(answer.get("channels") or ()),
        "bound to": answer.get("identity"),
        "takes": joined(answer["kinds"]),
        "jobs": f"{answer['waiting_jobs']} waiting, {answer['held_jobs']} held",
    }
    facts(known | {name: value for name, value in answer["options"].items() if value is not None} | _supposed(answer))


def jobs(answer: Any) -> None:
    """Show a list of jobs."""
    shown = [
        (
            one["id"],
            time(one["created_at"]),
            one["printer_name"] or one["printer"],
            one["state"],
            one["evidence"],
            one["title"],
            one["message"],
        )
        for one in answer["jobs"]
    ]
    table(("JOB", "CREATED", "PRINTER", "STATE", "EVIDENCE", "TITLE", "SAYS"), shown, "There are no such jobs.")
    if answer["next"] and shown:
        click.echo("There are more: see --limit.", err=True)


def job(answer: Any) -> None:
    """Show one job, what is known of its paper, and its history where it came along."""
    known = {
        "id": answer["id"],
        "printer": answer.get("printer_name") or answer["printer"],
        "state": joined([answer["state"], *answer["reasons"]]),
        "says": answer["message"],
        "evidence": f"{answer['evidence']}: {answer['evidence_means']}",
        "sent": f"{answer['sent_bytes']} bytes in attempt {answer['attempt']}" if answer["attempt"] else "",
        "title": answer["title"],
        "document": f"{answer['size_bytes']} bytes of {answer['media_type']}, {answer['copies']} ×",
        "from": f"{answer['owner']} by {answer['dialect']}",
        "key": answer["key"],
        "reprint of": answer["reprint_of"],
    }
    facts(known)
    timeline = [
        (time(one["at"]), one["state"], one["evidence"], joined(one["reasons"]), one["message"])
        for one in answer.get("timeline") or ()
    ]
    if timeline:
        click.echo()
        table(("AT", "STATE", "EVIDENCE", "REASONS", "SAYS"), timeline, "")


def clients(answer: Any) -> None:
    """Show who is connected."""
    shown = [
        (one["id"], one["address"], one["origin"], one["dialect"], time(one["since"]), count(one["jobs"]))
        for one in answer["clients"]
    ]
    table(("CLIENT", "ADDRESS", "ORIGIN", "DIALECT", "SINCE", "JOBS"), shown, "Nobody is connected.")


def origins(answer: Any) -> None:
    """Show which web origins are let in."""
    shown = [(origin, "configuration") for origin in answer["configured"]]
    shown += [(origin, "fanfold access allow") for origin in answer["allowed"]]
    table(("ORIGIN", "LET IN BY"), shown, "No web origins are let in but pages of this machine.")


def done(answer: Any) -> None:
    """Show what was done."""
    for note in answer["notes"] or ("Done.",):
        click.echo(plain(note))


def _found(traits: dict[str, Any]) -> str:
    """What it was found to be, and who said so."""
    serial = f"serial {traits['serial']}" if traits.get("serial") else ""
    name = " ".join(filter(None, (traits.get("make"), traits.get("model"))))
    said = "; ".join(filter(None, (name, serial, joined(traits.get("languages") or ()))))
    return f"{said} (told by {joined(traits['told_by'])})" if said and traits.get("told_by") else said


def _supposed(answer: Any) -> dict[str, str]:
    """What counts of what its owner did not settle."""
    names = [name for name in ("language", "encoding", "dpi", "width_mm") if answer["options"].get(name) is None]
    return {name: f"{answer[name]} (supposed)" for name in names if answer.get(name)}


def _state(shown: Any) -> str:
    state = "paused" if shown["paused"] else shown["state"]
    return joined([state, *(reason for reason in shown["reasons"] if reason != state)])
