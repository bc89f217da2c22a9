"""The moods of a simulated Weblink printer in words, for a shell and for its control. Knows what each word changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fanfold.simulate.weblink import Switches, WeblinkPrinter
from fanfold.simulate.weblink.alerts import CONDITIONS

Change = Callable[[WeblinkPrinter, str], object]


@dataclass(frozen=True, slots=True)
class Mood:
    """One word. `takes` names what stands behind its colon; `off` ends it, where it lasts."""

    word: str
    says: str
    on: Change
    off: Change | None = None
    takes: str = ""


def mood(printer: WeblinkPrinter, text: str) -> None:
    """Put a printer into a mood like `paper-out`, `paper-out=off` or `slow:1000`. Raises ValueError."""
    name, _, value = text.strip().partition(":")
    name, _, how = name.partition("=")
    found = MOODS.get(name)
    if found is None:
        raise ValueError(f"no mood {text!r}; there are {', '.join(MOODS)}")
    if how == "off" and found.off is not None:
        found.off(printer, value)
    elif how:
        raise ValueError(f"{text!r}: a mood is {_usage(found)}" + (f" or {name}=off" if found.off else ""))
    elif found.takes and not found.takes.startswith("[") and not value:
        raise ValueError(f"{text!r} wants a value: {_usage(found)}")
    else:
        found.on(printer, value)


def _usage(row: Mood) -> str:
    optional = row.takes.startswith("[")
    return row.word + (f"[:{row.takes.strip('[]')}]" if optional else f":{row.takes}" if row.takes else "")


def usages() -> list[tuple[str, str]]:
    """Return how each is written, and what it means."""
    return [(_usage(row), row.says) for row in MOODS.values()]


def _switch(word: str, field: str, value: object, says: str) -> Mood:
    """A mood that is one switch."""

    def on(printer: WeblinkPrinter, _: str) -> None:
        printer.switch(**{field: value})

    return Mood(word, says, on, lambda printer, _: printer.switch(**{field: getattr(printer.usual, field)}))


def _number(word: str, field: str, kind: Callable[[str], object], says: str, takes: str) -> Mood:
    """A mood that is one switch and its value."""

    def on(printer: WeblinkPrinter, text: str) -> None:
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(f"{word}:{text} wants a number behind its colon") from None
        printer.switch(**{field: value})

    return Mood(word, says, on, lambda printer, _: printer.switch(**{field: getattr(printer.usual, field)}), takes)


def _condition(word: str, condition: str, says: str) -> Mood:
    return Mood(word, says, lambda printer, _: printer.fault(condition), lambda printer, _: printer.mend(condition))


def _known(condition: str) -> str:
    name = condition.upper().replace("-", " ")
    if name not in CONDITIONS:
        raise ValueError(f"no condition {condition!r}; there are {', '.join(CONDITIONS)}")
    return name


def _drop(printer: WeblinkPrinter, role: str) -> None:
    match role:
        case "main" | "raw" | "config":
            printer.drop(role)
        case "":
            printer.drop()
        case _:
            raise ValueError(f"no channel {role!r}; there are main, raw and config")


def _ready(printer: WeblinkPrinter, _: str) -> None:
    printer.switch(**{name: getattr(printer.usual, name) for name in Switches.__slots__})
    for condition in sorted(printer.press.conditions):
        printer.mend(condition)
    printer.power_on()
    printer.thaw()


_ROWS = (
    Mood("ready", "as it was at first: faults mended, switches back, powered and dialling", _ready),
    _condition("paper-out", "PAPER OUT", "labels wait in its buffer"),
    _condition("head-open", "HEAD OPEN", "the same, and it is paused"),
    _condition("ribbon-out", "RIBBON OUT", "the same"),
    _condition("paused", "PRINTER PAUSED", "the same"),
    Mood(
        "fault",
        "any condition of the alerts' table stands",
        lambda printer, text: printer.fault(_known(text)),
        lambda printer, text: printer.mend(_known(text)),
        "CONDITION",
    ),
    Mood("alert", "one alert", lambda printer, text: printer.alert(_known(text)), takes="CONDITION"),
    Mood("scan", "a scanner at the printer reads this", lambda printer, text: printer.scan(text), takes="DATA"),
    Mood(
        "foreign",
        "labels come out that were sent through USB",
        lambda printer, text: printer.print_elsewhere(int(text or 1)),
        takes="[LABELS]",
    ),
    _switch("deaf", "deaf", True, "USB holds its parser: raw takes bytes, and nothing comes of it"),
    _number("slow", "bytes_per_s", int, "it reads raw at this pace", "BYTES_PER_S"),
    _number("dies-at", "dies_at", int, "its power goes after so many bytes on raw", "BYTES"),
    _number("firmware", "firmware_bytes", int, "the next so many bytes are firmware; then it restarts", "BYTES"),
    _number("label", "label_s", float, "a label takes so long", "SECONDS"),
    Mood("reset", "it restarts", lambda printer, _: printer.reset()),
    Mood(
        "power-off",
        "it has no power",
        lambda printer, _: printer.power_off(),
        lambda printer, _: printer.power_on(),
    ),
    Mood("power-on", "it has power again", lambda printer, _: printer.power_on()),
    Mood(
        "half-open",
        "it reads and writes no more, and closes nothing",
        lambda printer, _: printer.freeze(),
        lambda printer, _: printer.thaw(),
    ),
    Mood("drop", "connections are cut, all or of one kind", _drop, takes="[CHANNEL]"),
    Mood("limit", "at most so many connections", lambda printer, text: printer.limit(int(text)), takes="COUNT"),
    _switch("duplicate-mains", "duplicates_mains", True, "it dials main after main, up to its limit"),
    _switch("config-closes", "config_stays", False, "it closes config after each command"),
    _switch("raw-dies-with-main", "raw_outlives_main", False, "losing main, it drops the others"),
    _switch("forgets-alerts", "keeps_alerts", False, "losing main, it forgets which alerts were asked for"),
    _number("split", "split_bytes", int, "long answers come in messages of this size", "BYTES"),
    _number("fragments", "fragment_bytes", int, "its messages come in fragments of this size", "BYTES"),
    _switch("answers-in-fault", "silent_in_fault", False, "it answers ~HS in a fault too"),
    _switch("nested-branches", "branch_nested", True, "it answers a branch by an object within its name"),
    _switch("localised", "localised", True, "alerts are in its display's language"),
    _switch("lost-pongs", "loses_pongs", True, "no pong reaches it: it drops after three pings"),
    _switch("no-pongs", "answers_pings", False, "it answers no ping"),
    _number("ping", "ping_s", float, "it pings so often", "SECONDS"),
    _number("retry", "retry_s", float, "it waits so long before it dials again", "SECONDS"),
    _switch("no-crc", "crc", "none", "its discovery packet has no check sum"),
    _switch("wrong-crc", "crc", "wrong", "its discovery packet has a wrong one"),
    _switch("wants-length", "wants_content_length", True, "it refuses an upgrade without Content-Length: 0"),
    _switch("wrong-subprotocol", "subprotocol", "v0.weblink.example", "it asks for a subprotocol that there is not"),
    _switch("garbage-first", "first_message", "garbage", "its first message is no JSON"),
    _switch("silent-first", "first_message", "none", "it says nothing first"),
    _switch("text-frames", "sends_text", True, "it sends text where binary belongs"),
    Mood(
        "other-serial",
        "it gives another serial on raw and config",
        lambda printer, text: printer.switch(raw_serial=text),
        lambda printer, _: printer.switch(raw_serial=None),
        "SERIAL",
    ),
)
MOODS = {row.word: row for row in _ROWS}
