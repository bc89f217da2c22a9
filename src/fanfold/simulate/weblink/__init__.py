"""Zebra printers that are not there and dial in over Weblink; their public names."""

from __future__ import annotations

from fanfold.simulate.weblink.printer import (
    SERIAL,
    Account,
    Discovery,
    Switches,
    WeblinkPrinter,
    trusting,
)

__all__ = ["SERIAL", "Account", "Discovery", "Switches", "WeblinkPrinter", "trusting"]
