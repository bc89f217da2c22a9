"""The structures of the Windows print API that are read here, as winspool.h has them. Data only; calls nothing."""

from __future__ import annotations

import ctypes
from ctypes import c_uint16, c_uint32, c_uint64, c_void_p, c_wchar_p


class SystemTime(ctypes.Structure):
    """SYSTEMTIME: UTC here."""

    _fields_ = (
        ("year", c_uint16), ("month", c_uint16), ("weekday", c_uint16), ("day", c_uint16),
        ("hour", c_uint16), ("minute", c_uint16), ("second", c_uint16), ("millisecond", c_uint16),
    )  # fmt: skip

    @property
    def iso(self) -> str:
        """In ISO 8601; empty where it was never set."""
        if not self.year:
            return ""
        day = f"{self.year:04}-{self.month:02}-{self.day:02}"
        return f"{day}T{self.hour:02}:{self.minute:02}:{self.second:02}.{self.millisecond:03}Z"


class DocInfo1(ctypes.Structure):
    """DOC_INFO_1W."""

    _fields_ = (("title", c_wchar_p), ("file", c_wchar_p), ("datatype", c_wchar_p))


class PrinterInfo2(ctypes.Structure):
    """PRINTER_INFO_2W."""

    _fields_ = (
        *((name, c_wchar_p) for name in ("server", "name", "share", "port", "driver", "comment", "location")),
        ("devmode", c_void_p),
        *((name, c_wchar_p) for name in ("separator", "processor", "datatype", "parameters")),
        ("security", c_void_p),
        *((name, c_uint32) for name in ("attributes", "priority", "default_priority", "start", "until", "status")),
        ("jobs", c_uint32),
        ("pages_per_minute", c_uint32),
    )  # fmt: skip


class PrinterInfo4(ctypes.Structure):
    """PRINTER_INFO_4W."""

    _fields_ = (("name", c_wchar_p), ("server", c_wchar_p), ("attributes", c_uint32))


class JobInfo2(ctypes.Structure):
    """JOB_INFO_2W."""

    _fields_ = (
        ("id", c_uint32),
        *((name, c_wchar_p) for name in ("printer", "machine", "user", "title", "notify", "datatype", "processor")),
        ("parameters", c_wchar_p),
        ("driver", c_wchar_p),
        ("devmode", c_void_p),
        ("says", c_wchar_p),
        ("security", c_void_p),
        *((name, c_uint32) for name in ("status", "priority", "position", "start", "until", "pages", "size_bytes")),
        ("submitted", SystemTime),
        ("time", c_uint32),
        ("pages_printed", c_uint32),
    )  # fmt: skip


class DriverInfo8(ctypes.Structure):
    """DRIVER_INFO_8W."""

    _fields_ = (
        ("version", c_uint32),
        *((name, c_wchar_p) for name in ("name", "environment", "file", "data", "config", "help", "depends")),
        *((name, c_wchar_p) for name in ("monitor", "datatype", "earlier_names")),
        ("date", c_uint64),
        ("driver_version", c_uint64),
        *((name, c_wchar_p) for name in ("maker", "url", "hardware", "provider", "processor", "setup", "profiles")),
        ("inf", c_wchar_p),
        ("attributes", c_uint32),
        ("core_depends", c_wchar_p),
        ("oldest_date", c_uint64),
        ("oldest_version", c_uint64),
    )  # fmt: skip
