"""Settings, checked: from `fanfold.toml`, the environment and flags. Knows no printer, no socket and no store."""

from __future__ import annotations

from fanfold.config.disk import load, read_token
from fanfold.config.table import (
    LISTENER_ROWS,
    OPTION_ROWS,
    PRINTER_ROWS,
    TABLE,
    Access,
    Dialects,
    Discovery,
    Limits,
    Listener,
    PrinterSetting,
    PrinterWebSocket,
    Retention,
    Setting,
    Settings,
    StatusCodes,
    config_file,
)
from fanfold.config.words import DOORS, Door, LogLevel, is_loopback

__all__ = [
    "DOORS",
    "LISTENER_ROWS",
    "OPTION_ROWS",
    "PRINTER_ROWS",
    "TABLE",
    "Access",
    "Dialects",
    "Discovery",
    "Door",
    "Limits",
    "Listener",
    "LogLevel",
    "PrinterSetting",
    "PrinterWebSocket",
    "Retention",
    "Setting",
    "Settings",
    "StatusCodes",
    "config_file",
    "is_loopback",
    "load",
    "read_token",
]
