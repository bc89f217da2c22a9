"""What a queue's name, port and driver tell of it: whether it is a printer at all, and which. Pure; guesses only.

Windows has queues behind which no printer stands: those that make files, faxes and notes, and those of remote desktop
sessions. They take raw bytes and make rubbish of them, or nothing.
"""

from __future__ import annotations

import re

from fanfold.device_id import clean
from fanfold.model import Traits
from fanfold.transports.winspool.spooler import Attribute, QueueFacts

TOLD_BY = "winspool"

_NO_PORT = re.compile(
    r"PORTPROMPT:|NUL:?|FILE:|XPSPORT:|SHRFAX:|FAX:?|ONENOTE.*|MICROSOFT\.OFFICE\.ONENOTE.*|NUL\d*:|"
    r"PDF\w*:?|CPW\d+:|.*\.(?:PDF|PS|XPS|PRN)",
    re.IGNORECASE,
)
_NO_PRINTER = re.compile(
    r"microsoft print to pdf|microsoft (?:xps|openxps).*|send to (?:microsoft )?onenote.*|.*onenote.*|.*\bfax\b.*|"
    r"microsoft shared fax driver|adobe pdf.*|.*\bpdf ?(?:creator|converter|writer|printer)\b.*|pdf24.*|dopdf.*|"
    r"microsoft software printer driver",
    re.IGNORECASE,
)
_SESSION_PORT = re.compile(r"TS\d{3,}|CLIENT\\.*|.*:TS\d{3,}", re.IGNORECASE)
_SESSION_DRIVER = re.compile(
    r"remote desktop easy print.*|citrix universal printer.*|tp output gateway.*", re.IGNORECASE
)

_MAKES = (
    (r"zdesigner|zebra", "Zebra", ("zpl",)),
    (r"tsc\b", "TSC", ("tspl",)),
    (r"(?:epson )?tm-[a-z]\d+|epson .*receipt", "Epson", ("escpos",)),
    (r"bixolon srp", "Bixolon", ("escpos",)),
    (r"citizen ct-", "Citizen", ("escpos",)),
    (r"epson", "Epson", ()),
    (r"brother", "Brother", ()),
    (r"star tsp|star ", "Star", ()),
    (r"hp |hewlett", "HP", ()),
    (r"dymo", "DYMO", ()),
    (r"godex", "Godex", ()),
    (r"sato", "SATO", ()),
    (r"citizen", "Citizen", ()),
    (r"bixolon", "Bixolon", ()),
    (r"canon", "Canon", ()),
    (r"kyocera", "Kyocera", ()),
    (r"lexmark", "Lexmark", ()),
    (r"ricoh", "Ricoh", ()),
)
_NAMED = (("zpl", "zpl"), ("epl", "epl"), ("cpcl", "cpcl"), ("tspl", "tspl"), ("esc/pos", "escpos"))
"""A language that a driver's name says wins over its maker's usual one: `ZDesigner GK420d (EPL)`."""
_DPI = re.compile(r"\b(\d{3}) ?dpi\b", re.IGNORECASE)
_PLAIN = re.compile(r"\bgeneric\b|text only|class driver|\bipp\b|universal print", re.IGNORECASE)


def why_not_raw(facts: QueueFacts) -> str:
    """Return why the queue can print no raw bytes, as the end of a sentence; empty where nothing speaks for that."""
    if (
        Attribute.TS in facts.attributes
        or _SESSION_PORT.fullmatch(facts.port)
        or _SESSION_DRIVER.fullmatch(facts.driver)
    ):
        return (
            "belongs to a remote desktop session, whose printer takes no raw bytes; "
            "run Fanfold where the printer is, or give it a queue by the network"
        )
    if Attribute.FAX in facts.attributes or _NO_PORT.fullmatch(facts.port) or _NO_PRINTER.fullmatch(facts.driver):
        what = facts.driver or facts.port
        return f"has no printer behind it ({clean(what)}), and makes rubbish of raw bytes; choose a printer's queue"
    return ""


def traits_of(facts: QueueFacts) -> Traits:
    """Return what its driver's name says."""
    driver = clean(facts.driver)
    if not driver or why_not_raw(facts) or _PLAIN.search(driver):
        return Traits()
    made = ((make, spoken) for words, make, spoken in _MAKES if re.match(words, driver, re.IGNORECASE))
    make, spoken = next(made, ("", ()))
    named = tuple(name for said, name in _NAMED if said in driver.lower())
    dpi = _DPI.search(driver)
    return Traits(
        make, driver, languages=named or spoken, dpi=int(dpi[1]) if dpi else None, told_by=(TOLD_BY,)
    )  # fmt: skip


def info_of(facts: QueueFacts) -> str:
    """Return words for people: driver, port and place."""
    port = f"at {facts.port}" if facts.port else ""
    return ", ".join(words for words in (clean(facts.driver), clean(port), clean(facts.location)) if words)
