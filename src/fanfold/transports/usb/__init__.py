"""Printers at a USB port of this machine: through the kernel's `usblp`, or straight through libusb."""

from __future__ import annotations
