"""Windows itself, asked by ctypes: `winspool.drv`, and the registry for USB ports. Knows no job of ours.

Not by pywin32: of its functions only OpenPrinter and StartDocPrinter let other threads run (seen in its build 312), so
one printer that hangs in WritePrinter would stop the whole gateway. ctypes lets them run during every call.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from ctypes import byref, c_uint32, c_void_p, c_wchar_p
from typing import Any, TypeVar

from fanfold.transports.winspool.spooler import (
    Attribute,
    CallFailed,
    JobControl,
    JobFacts,
    JobStatus,
    Listed,
    QueueFacts,
    QueueStatus,
)
from fanfold.transports.winspool.structures import DocInfo1, DriverInfo8, JobInfo2, PrinterInfo2, PrinterInfo4

T = TypeVar("T", bound=ctypes.Structure)

LOCAL, CONNECTIONS = 0x2, 0x4
JOBS = 10_000
"""As many of a queue's jobs are read."""
DRIVER_XPS = 0x2
"""PRINTER_DRIVER_XPS of DRIVER_INFO_8's dwPrinterDriverAttributes."""
_TOO_SMALL, _NO_DEFAULT = 122, 2
_TRIES = 5
"""Lists grow between the question how long one is and the question for it."""
_PORTS = r"SYSTEM\CurrentControlSet\Control\DeviceClasses\{28d78fad-5a12-11d1-ae5b-0000f803a8c2}"
"""USB printers' device interfaces (GUID_DEVINTERFACE_USBPRINT)."""

if sys.platform == "win32":
    import winreg
    from ctypes import WinDLL, get_last_error

    class WindowsSpooler:
        """`Spooler`, by the real thing."""

        def __init__(self) -> None:
            self._drv = WinDLL("winspool.drv", use_last_error=True)
            self._drv.StartDocPrinterW.restype = c_uint32

        def queues(self) -> Sequence[Listed]:
            """EnumPrinters, level 4."""
            rows = self._many(PrinterInfo4, "EnumPrintersW", c_uint32(LOCAL | CONNECTIONS), None, c_uint32(4))
            return [Listed(row.name or "", row.server or "", Attribute(row.attributes)) for row in rows if row.name]

        def default(self) -> str:
            """GetDefaultPrinter."""
            length = c_uint32(1024)
            name = ctypes.create_unicode_buffer(length.value)
            with suppress(CallFailed):  # there is none: it fails with 2
                self._call("GetDefaultPrinterW", name, byref(length))
            return name.value

        def usb_devices(self) -> Mapping[str, str]:
            """What Windows noted at each port's making; also of devices that are not plugged in now."""
            found = {}
            with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _PORTS) as classes:
                for instance in _subkeys(classes):
                    with suppress(OSError), winreg.OpenKey(classes, rf"{instance}\#\Device Parameters") as parameters:
                        number = int(winreg.QueryValueEx(parameters, "Port Number")[0])
                        found[f"{_base_name(parameters)}{number:03}"] = instance.removeprefix("##?#")
            return found

        def in_service_session(self) -> bool:
            """Whether our session is number 0."""
            kernel, session = WinDLL("kernel32"), c_uint32(1)
            kernel.ProcessIdToSessionId(kernel.GetCurrentProcessId(), byref(session))
            return session.value == 0

        def open(self, queue: str) -> int:
            """OpenPrinter."""
            handle = c_void_p()
            self._call("OpenPrinterW", c_wchar_p(queue), byref(handle), None)
            return handle.value or 0

        def close(self, handle: int) -> None:
            """ClosePrinter."""
            self._call("ClosePrinter", c_void_p(handle))

        def facts(self, handle: int) -> QueueFacts:
            """GetPrinter, level 2."""
            row = self._one(PrinterInfo2, "GetPrinterW", c_void_p(handle), c_uint32(2))
            status, attributes = QueueStatus(row.status), Attribute(row.attributes)
            return QueueFacts(
                row.name or "", row.port or "", row.driver or "", row.location or "", attributes, status
            )  # fmt: skip

        def driver_takes_xps(self, handle: int) -> bool:
            """GetPrinterDriver, level 8."""
            row = self._one(DriverInfo8, "GetPrinterDriverW", c_void_p(handle), None, c_uint32(8))
            return bool(row.attributes & DRIVER_XPS)

        def jobs(self, handle: int) -> Sequence[JobFacts]:
            """EnumJobs, level 2."""
            rows = self._many(JobInfo2, "EnumJobsW", c_void_p(handle), c_uint32(0), c_uint32(JOBS), c_uint32(2))
            return [
                JobFacts(
                    row.id, row.title or "", JobStatus(row.status), row.says or "", row.size_bytes,
                    row.pages_printed, row.position, row.submitted.iso,
                )
                for row in rows
            ]  # fmt: skip

        def set_job(self, handle: int, job: int, control: JobControl) -> None:
            """SetJob."""
            self._call("SetJobW", c_void_p(handle), c_uint32(job), c_uint32(0), None, c_uint32(control))

        def start_doc(self, handle: int, title: str, datatype: str) -> int:
            """StartDocPrinter, StartPagePrinter."""
            document = DocInfo1(title, None, datatype)
            job = self._call("StartDocPrinterW", c_void_p(handle), c_uint32(1), byref(document))
            try:
                self._call("StartPagePrinter", c_void_p(handle))
            except CallFailed:
                self._call("AbortPrinter", c_void_p(handle))
                raise
            return job

        def write(self, handle: int, data: bytes) -> int:
            """WritePrinter."""
            written = c_uint32()
            try:
                self._call("WritePrinter", c_void_p(handle), data, c_uint32(len(data)), byref(written))
            except CallFailed as failed:
                failed.written = written.value
                raise
            return written.value

        def end_doc(self, handle: int) -> None:
            """EndPagePrinter, EndDocPrinter."""
            self._call("EndPagePrinter", c_void_p(handle))
            self._call("EndDocPrinter", c_void_p(handle))

        def abort(self, handle: int) -> None:
            """AbortPrinter."""
            self._call("AbortPrinter", c_void_p(handle))

        def _call(self, name: str, *arguments: Any) -> int:
            ctypes.set_last_error(0)
            result = int(getattr(self._drv, name)(*arguments))
            if result:
                return result
            code = get_last_error()
            raise CallFailed(name.removesuffix("W"), code, ctypes.FormatError(code).strip() if code else "")

        def _one(self, kind: type[T], name: str, *arguments: Any) -> T:
            """Ask for one structure; strings that it points to are in the buffer that it keeps alive."""
            return kind.from_buffer(self._filled(name, arguments, lambda *sizes: sizes[:1])[0])

        def _many(self, kind: type[T], name: str, *arguments: Any) -> Iterator[T]:
            """Ask for a row of structures."""
            buffer, count = self._filled(name, arguments, lambda *sizes: sizes)
            return iter((kind * count).from_buffer(buffer)) if count else iter(())

        def _filled(
            self, name: str, arguments: tuple[Any, ...], sizes: Callable[..., tuple[Any, ...]]
        ) -> tuple[ctypes.Array[ctypes.c_char], int]:
            needed, count, room = c_uint32(), c_uint32(), 4096
            for _ in range(_TRIES):
                buffer = ctypes.create_string_buffer(room)
                try:
                    self._call(name, *arguments, buffer, c_uint32(room), *sizes(byref(needed), byref(count)))
                except CallFailed as failed:
                    if failed.code != _TOO_SMALL:
                        raise
                    room = max(needed.value, room) + 1024
                else:
                    return buffer, count.value
            raise CallFailed(name.removesuffix("W"), _TOO_SMALL, "what it tells grows faster than it is read")

    def _subkeys(key: winreg.HKEYType) -> list[str]:
        return [winreg.EnumKey(key, number) for number in range(winreg.QueryInfoKey(key)[0])]

    def _base_name(parameters: winreg.HKEYType) -> str:
        with suppress(OSError):
            return str(winreg.QueryValueEx(parameters, "Base Name")[0]).upper()
        return "USB"
