"""IPP printers, and the IPP that CUPS's queues are spoken to in."""

from __future__ import annotations
