"""Who answers to which name, id and URI; and new printers, given names and ids that are free. Knows no lane."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, MutableMapping, Sequence
from typing import cast

from fanfold.engine.options import checked_name, new_id
from fanfold.errors import Refused
from fanfold.model import Printer, PrinterId, Source

_Taken = MutableMapping[str, object]


def address(uri: str) -> str:
    """Return the URI as it is compared: its scheme in lower case, the rest to the letter."""
    scheme, colon, rest = uri.partition(":")
    return f"{scheme.lower()}{colon}{rest}"


class Names:
    """What each name means. Made anew whenever a printer comes, goes or is called otherwise."""

    def __init__(self, printers: Sequence[Printer] = ()) -> None:
        self.said: dict[str, PrinterId] = {}
        """Ids first, then names, then aliases; of each the printers in the order given."""
        self._meant: dict[str, PrinterId] = {}
        self._at: dict[str, PrinterId] = {}
        for printer in printers:
            _claim(self.said, (printer.id,), printer.id)
            self._at.setdefault(address(printer.uri), printer.id)
        for printer in printers:
            _claim(self.said, (printer.name,), printer.id)
        for printer in printers:
            _claim(self.said, printer.aliases, printer.id)
            if printer.source is Source.CONFIGURED:
                _claim(self._meant, (printer.name, *printer.aliases), printer.id)

    def find(self, said: str) -> PrinterId | None:
        """Return the printer with that id, name or alias."""
        return self.said.get(said) or self.said.get(said.strip().casefold())

    def meant(self, said: str) -> PrinterId | None:
        """As `find`, but only by what the configuration calls its printers."""
        return self._meant.get(said) or self._meant.get(said.strip().casefold())

    def at(self, uri: str) -> PrinterId | None:
        """Return the printer with that URI."""
        return self._at.get(address(uri))


class Draft:
    """Printers that are made together: none gets a name or an id that is taken or was given to one before it."""

    def __init__(self, names: Names, ids: dict[PrinterId, object]) -> None:
        self._said: ChainMap[str, PrinterId] = ChainMap({}, names.said)
        self._ids: ChainMap[PrinterId, object] = ChainMap({}, ids)

    def holder(self, name: str) -> PrinterId | None:
        """Return who answers to that name."""
        return self._said.get(name.strip().casefold())

    def new_id(self, name: str) -> PrinterId:
        """Return an id like that name, to which nobody answers."""
        made = new_id(name, ChainMap(cast("_Taken", self._ids), cast("_Taken", self._said)))
        self._ids[made] = None
        return made

    def new(self, name: str, uri: str, source: Source, aliases: Iterable[str] = ()) -> Printer:
        """Return a printer that is not there yet, with an id of its own. Raises Refused."""
        name = checked_name(name)
        if self.holder(name) is not None:
            says = f"A printer is called {name!r} already. Choose another name, or change or remove that one."
            raise Refused(says, code="name-taken", status=409)
        printer = Printer(self.new_id(name), name, uri, tuple(aliases), source=source)
        _claim(self._said, (printer.id, name, *printer.aliases), printer.id)
        return printer


def _claim(said: dict[str, PrinterId] | ChainMap[str, PrinterId], names: Iterable[str], printer: PrinterId) -> None:
    for name in names:
        said.setdefault(name, printer)
        said.setdefault(name.casefold(), printer)
