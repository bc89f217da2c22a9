"""Network printers that take bare bytes."""

from __future__ import annotations
