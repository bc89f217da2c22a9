"""Shows printers that dial in or show themselves, what they answer, and webhooks to people. Asks nothing."""

from __future__ import annotations

from typing import Any

import click

from fanfold.cli.exits import plain
from fanfold.cli.layout import count, joined, table, time

_PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) != "\n"} | {0x7F: 0x2421}
"""Control characters as Unicode draws them: a terminal shows them and does not obey."""


def unadopted(answer: Any) -> None:
    """Show who waits to be let in, and who was rejected."""
    waiting = [
        (one["serial"], one["name"], one["info"], one["peer"], one["identity"], time(one["since"]))
        for one in answer["newcomers"]
    ]
    table(("SERIAL", "NAME", "SAYS", "FROM", "PROVED", "SINCE"), waiting, "No printer waits to be let in.")
    if answer["rejected"]:
        click.echo()
        table(("REJECTED",), [(uri,) for uri in answer["rejected"]], "")


def discovered(answer: Any) -> None:
    """Show the devices that were seen, those that are no printers yet first; and where nobody could look."""
    devices = sorted(answer["devices"], key=lambda one: bool(one["printers"]))
    shown = [
        (
            one["id"],
            one["name"],
            joined([word for word in (one["traits"]["make"], one["traits"]["model"]) if word]),
            joined(one["traits"]["languages"]),
            joined([way["uri"] for way in one["ways"]]),
            joined(one["printers"]),
        )
        for one in devices
    ]
    head = ("DEVICE", "NAME", "MAKE, MODEL", "LANGUAGES", "WAYS", "PRINTER")
    table(head, shown, "No device shows itself. Add one by where it is: `fanfold printers add NAME URI`.")
    for note in answer["notes"]:
        click.echo(plain(note), err=True)


def adopted(answer: Any) -> None:
    """Show which printers were let in."""
    shown = [
        (one["name"], one["uri"], one["identity"] or "nobody came yet", "now" if fresh else "before")
        for one, fresh in zip(answer["printers"], answer["fresh"], strict=True)
    ]
    table(("NAME", "URI", "BOUND TO", "LET IN"), shown, "No printer was let in.")
    for note in answer["notes"]:
        click.echo(plain(note), err=True)


def said(answer: Any) -> None:
    """Show what a printer answered."""
    text = answer["text"].replace("\r\n", "\n")
    if not text:
        click.echo("The printer answered nothing.", err=True)
        return
    click.echo(plain(text.translate(_PICTURES)), nl=not text.endswith("\n"))


def lines(answer: Any) -> None:
    """Show lines as they are."""
    for line in answer["lines"]:
        click.echo(plain(line))


def webhooks(answer: Any) -> None:
    """Show how each webhook stands."""
    shown = [
        (
            one["name"],
            one["url"],
            count(one["behind"]),
            count(one["dead"]),
            time(one["last_success_at"]),
            one["trouble"],
        )
        for one in answer["webhooks"]
    ]
    table(("NAME", "URL", "BEHIND", "DEAD", "LAST TAKEN", "TROUBLE"), shown, "There are no webhooks in fanfold.toml.")


def dead_letters(answer: Any) -> None:
    """Show the events that a webhook's receiver never took."""
    shown = [
        (
            str(one["event"]),
            one["kind"],
            one["subject"],
            str(one["tries"]),
            time(one["first_at"]),
            time(one["last_at"]),
            one["error"],
        )
        for one in answer["letters"]
    ]
    head = ("EVENT", "KIND", "SUBJECT", "TRIES", "HAPPENED", "LAST TRIED", "BECAUSE")
    table(head, shown, "Nothing was given up.")
