"""The list of devices, put together of all that was seen at one moment. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from fanfold.engine.lookout_device import devices, is_called
from fanfold.engine.lookout_merge import Cluster, Sighting, clusters
from fanfold.messages import Device


@dataclass(frozen=True, slots=True)
class Entries:
    """The devices, the first seen first, and what was `seen` of them."""

    seen: tuple[Sighting, ...] = ()
    devices: tuple[tuple[Device, Cluster], ...] = ()

    @classmethod
    def of(cls, seen: tuple[Sighting, ...], is_printable: Callable[[str], bool]) -> Self:
        """Put together what was seen; ways that lead to no transport of ours are left out."""
        found = clusters(one for one in seen if one.is_queue or is_printable(one.found.uri))
        return cls(seen, tuple(zip(devices(found), found, strict=True)))

    def first(self, most: int) -> Sequence[tuple[Device, Cluster]]:
        """Return so many of them, by name."""
        return sorted(self.devices[:most], key=lambda one: (one[0].name.casefold(), one[0].id))

    def crowd(self, most: int) -> tuple[str, ...]:
        """Return words on those beyond so many, if there are any."""
        if len(self.devices) <= most:
            return ()
        says = (
            f"{len(self.devices)} devices show themselves; these are the first {most}. "
            "Say by `interfaces` under `[discovery]` in which network to look, or add printers by their URI."
        )
        return (says,)

    def find(self, said: str) -> tuple[Device, Cluster] | None:
        """Return the device with that id, or the only one of which it was the id before."""
        exact = [one for one in self.devices if one[0].id == said]
        found = exact or [one for one in self.devices if is_called(one[1], said)]
        return found[0] if len(found) == 1 else None
