"""Ways bytes reach a printer: one file per URI scheme."""

from __future__ import annotations
