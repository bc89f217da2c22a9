"""What IPP attributes tell of a device: its traits, and the marks by which it is known elsewhere. Reads only. Pure.

Formats that a spooler takes are not read for languages: it converts them, and the device never sees them.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from fanfold import device_id, marks
from fanfold.device_id import DeviceId, clean
from fanfold.model import Traits
from fanfold.transports.ipp.codec import Group, Resolution

WANTED = ("printer-device-id", "printer-uuid", "printer-make-and-model", "printer-resolution-default", "device-uri")
_PER_INCH, _PER_CENTIMETRE = 3, 4
_DPI = range(50, 4801)


def traits_of(facts: Group, told_by: str) -> Traits:
    """Return what a queue's attributes tell of its device; nothing where they tell nothing."""
    said = device_id.read(facts.text("printer-device-id"))
    serial = said.serial or _serial_in(facts.text("device-uri"))
    model = said.model or _model(facts.text("printer-make-and-model"))
    found = Traits(said.make, model, serial, said.languages, dpi=_dpi(facts), told_by=(told_by,))
    return found if found != Traits(told_by=(told_by,)) else Traits()


def marks_of(facts: Group) -> tuple[str, ...]:
    """Return the marks of the device to which a queue leads, and of the queue where it is announced itself."""
    said: DeviceId = device_id.read(facts.text("printer-device-id"))
    found = (
        *marks.of_uri(facts.text("device-uri")),
        *marks.serial(said.make, said.serial),
        *marks.uuid(facts.text("printer-uuid")),
    )
    return tuple(dict.fromkeys(found))


def _model(words: str) -> str:
    """The device, without the driver that drivers' names put behind a comma; raw queues name none."""
    return "" if "raw printer" in words.lower() else clean(words.partition(",")[0])


def _serial_in(device_uri: str) -> str:
    try:
        found = parse_qs(urlsplit(device_uri).query, max_num_fields=20).get("serial", [""])
    except ValueError:
        return ""
    return clean(found[0])


def _dpi(facts: Group) -> int | None:
    match next(iter(facts.all("printer-resolution-default")), None):
        case Resolution(across=across, units=units) if units in (_PER_INCH, _PER_CENTIMETRE):
            dots = across if units == _PER_INCH else round(across * 2.54)
            return dots if dots in _DPI else None
        case _:
            return None
