"""What the engine needs to know of languages by name: which are raw, how they write, how to ask in them. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fanfold.errors import Refused
from fanfold.languages.base import Encodes, Identifies, Language
from fanfold.model import Printer, Traits

ITSELF = "printer"
"""In `Traits.told_by`: the printer's own word."""


@dataclass(frozen=True, slots=True)
class Tongues:
    """The languages, asked once for what they can: Python takes long to see it."""

    names: tuple[str, ...] = ()
    """What they are called."""
    raw: frozenset[str] = frozenset()
    """Names of those that are for the printer itself."""
    encodings: Mapping[str, str] = field(default_factory=dict)
    """In which encoding their printers begin, where it is known."""
    questions: Mapping[str, Identifies] = field(default_factory=dict)
    """Those in which a printer can be asked what it is."""

    @classmethod
    def of(cls, languages: Iterable[Language]) -> Tongues:
        """Ask the languages."""
        languages = tuple(languages)
        return cls(
            tuple(sorted(one.name for one in languages)),
            frozenset(one.name for one in languages if one.raw),
            {one.name: one.text_encoding for one in languages if isinstance(one, Encodes)},
            {one.name: one for one in languages if isinstance(one, Identifies)},
        )

    def spoken_by(self, printer: Printer, said: str, by_kind: str) -> str:
        """Return the printer's language: by its owner, by itself (`said` as it came), by its kind, or guessed."""
        told = printer.options.language or said or self.said_by(printer.traits) or by_kind
        return told or self.guessed(printer)

    def encoding_of(self, printer: Printer, language: str) -> str:
        """Return the encoding of texts for it: by its owner, else by what it was found to be, or by its language."""
        supposed = printer.traits.encoding or self.encodings.get(language, "utf-8")
        return printer.options.encoding or supposed

    def check(self, language: str, of: str) -> None:
        """See that an owner's word for a printer's language names one. Raises Refused `bad-option` 422."""
        if language not in self.names:
            says = (
                f"The language {language[:40]!r} of {of} is none that is known here. Known are {', '.join(self.names)}."
            )
            near = difflib.get_close_matches(language, self.names, n=1)
            raise Refused(says + (f" Did you mean {near[0]}?" if near else ""), code="bad-option", status=422)

    def said_by(self, traits: Traits) -> str:
        """Return the language in which the printer itself answered; empty when it was not asked."""
        return traits.languages[0] if ITSELF in traits.told_by and traits.languages else ""

    def guessed(self, printer: Printer) -> str:
        """Return the only raw language that the printer is said to speak; empty where there is none, or a choice.

        Of one that takes pages too it says nothing: a text would go to it as a command then.
        """
        spoken = self.raw.intersection(printer.traits.languages)
        return next(iter(spoken)) if len(spoken) == 1 and set(printer.kinds) == {"raw"} else ""
