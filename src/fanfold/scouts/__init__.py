"""Scouts: what sees devices that could be printers, and makes none one. Each knows how it looks, and no engine."""

from __future__ import annotations
