"""Printers on serial ports: RS-232, and USB adapters and cables that show themselves as one. Knows no other way."""

from __future__ import annotations
