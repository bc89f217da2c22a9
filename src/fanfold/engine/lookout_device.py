"""From all that was seen of a device to one entry: its name, its ways in the best order, its lasting id. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import reduce
from hashlib import blake2s

from fanfold.engine.lookout_merge import Cluster, Sighting
from fanfold.engine.traits import learned, over
from fanfold.messages import Device, DeviceWay
from fanfold.model import Traits

PAGES = frozenset({"pdf", "postscript", "png", "jpeg"})
"""Languages of printers that print pages; all others are of labels and receipts."""
_FOR_LABELS = ("socket", "ipp", "ipps", "lpd", "usb")
_FOR_PAGES = ("ipp", "ipps", "socket", "lpd", "usb")
"""Bytes go as they are by a socket; by IPP the printer tells of its pages. A printer's own certificate is believed by
nobody, so that ipps alone often fails."""
_STRONGEST = ("serial:", "uuid:", "usb:", "bonjour:", "service:", "at:", "uri:")
_ID_BYTES = 5
_SLUG_LENGTH = 32


def devices(clusters: Sequence[Cluster]) -> list[Device]:
    """Return the entries, in that order; which printers they are is for others to say."""
    shared = Counter(mark for one in clusters for mark in one.marks)
    return [_device(one, shared) for one in clusters]


def is_called(cluster: Cluster, said: str) -> bool:
    """Tell whether an id may be an earlier one of this device: it got another way or another name since."""
    return said.rpartition("-")[2] in set(map(_hash, cluster.marks))


def _device(cluster: Cluster, shared: Counter[str]) -> Device:
    seen = sorted(cluster.sightings, key=_order(cluster))
    names = (one.found.name for one in seen if one.found.name)
    name = next(names, seen[0].found.uri)
    ways = {one.found.uri: DeviceWay(one.found.uri, one.seen_by) for one in reversed(seen)}
    infos = (one.found.info for one in seen if one.found.info)
    return Device(
        _id(name, cluster.marks, shared),
        name,
        next(infos, ""),
        _traits(seen),
        tuple(reversed(ways.values())),
    )


def _order(cluster: Cluster) -> Callable[[Sighting], tuple[object, ...]]:
    """The best way first; queues, whose schemes are in no list, last: they are printers already."""
    languages = {name for one in cluster.sightings for name in one.found.traits.languages}
    schemes = _FOR_LABELS if languages - PAGES else _FOR_PAGES

    def key(one: Sighting) -> tuple[object, ...]:
        scheme = one.found.uri.partition(":")[0]
        place = schemes.index(scheme) if scheme in schemes else len(schemes)
        return place, len(one.found.uri), one.found.uri, one.seen_by, repr(one.found)

    return key


def _traits(seen: Iterable[Sighting]) -> Traits:
    return learned(Traits(), reduce(over, (one.found.traits for one in seen)))


def _id(name: str, marks: Collection[str], shared: Counter[str]) -> str:
    """A slug to be read, and the hash of the strongest mark that no other device has."""
    own = [mark for mark in marks if shared[mark] == 1]
    strongest = min(own, key=lambda mark: (_strength(mark), mark))
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_LENGTH].rstrip("-") or "device"
    return f"{slug}-{_hash(strongest)}"


def _strength(mark: str) -> int:
    return next((number for number, kind in enumerate(_STRONGEST) if mark.startswith(kind)), len(_STRONGEST))


def _hash(mark: str) -> str:
    return blake2s(mark.encode("utf-8", "replace"), digest_size=_ID_BYTES).hexdigest()
