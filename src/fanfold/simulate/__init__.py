"""Printers that are not there: for our tests and for users' own."""

from __future__ import annotations
