"""USB printers past the kernel's driver, by pyusb (extra `usb`): who is there, and how one is claimed.

The interface is the printer class's (7), and of its alternate settings the one that speaks both ways (protocol 2), else
one way (1), else 1284.4 (3); never IPP over USB (4), which takes no bare bytes.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import Any

from fanfold import device_id
from fanfold.transports.usb import words
from fanfold.transports.usb.borrowed import Borrowed
from fanfold.transports.usb.device import Device
from fanfold.transports.usb.libusb_port import Interface, LibusbPort
from fanfold.transports.usb.thread import OwnThread

PRINTER_CLASS = 7
PROTOCOLS = (2, 1, 3)
"""Those that take bare bytes, the best first (USB Printing Class 1.1, §4.1)."""
_IN, _BULK = 0x80, 0x02


class Libusb:
    """What pyusb finds. `backend` is one of its backends; None: libusb 1.0, wherever that is."""

    def __init__(self, backend: Any = None, borrowed: Borrowed | None = None) -> None:
        self._given = backend
        self._borrowed = borrowed or Borrowed()

    def devices(self) -> tuple[Device, ...]:
        """List the printers that are plugged in, as far as they let us. Raises NotReached: it is not installed."""
        return tuple(_device(found) for _, found, _ in _printers(self._backend()))

    def open(self, device: Device, thread: OwnThread) -> LibusbPort:
        """Claim a printer; the kernel's driver gets it back afterwards. Raises OSError, NotReached."""
        backend = self._backend()
        for handle, found, interface in _printers(backend):
            if _port(found) == device.port if device.port else _device(found) == device:
                return LibusbPort(backend, handle, interface, thread, self._borrowed)
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    def says(self, device: Device) -> str:
        """Ask a printer that nobody has for its IEEE 1284 id. Raises OSError, NotReached."""
        thread = OwnThread()
        port = self.open(device, thread)
        try:
            return device_id.text_of(port.device_id())
        finally:
            port.drop()
            thread.end()

    def _backend(self) -> Any:
        if self._given is not None:
            return self._given
        try:
            import usb.backend.libusb1  # type: ignore[import-untyped]
        except ImportError as error:
            raise words.no_pyusb() from error
        backend = usb.backend.libusb1.get_backend()
        if backend is None:
            raise words.no_libusb()
        return backend


def _printers(backend: Any) -> Iterator[tuple[Any, Any, Interface]]:
    """Yield what the backend calls each printer, what pyusb makes of it, and its interface."""
    import usb.core  # type: ignore[import-untyped]

    for handle in backend.enumerate_devices():
        try:
            found = usb.core.Device(handle, backend)
            interfaces = list(_interfaces(found))
        except (OSError, NotImplementedError):
            continue  # its descriptors cannot be read: some system's own hub
        if interfaces:
            yield handle, found, min(interfaces, key=lambda one: PROTOCOLS.index(one.protocol))


def _interfaces(device: Any) -> Iterator[Interface]:
    for configuration in device:
        for setting in configuration:
            if setting.bInterfaceClass == PRINTER_CLASS and setting.bInterfaceProtocol in PROTOCOLS and _ends(setting):
                yield _interface(device, setting, configuration.bConfigurationValue)


def _ends(setting: Any, way: int = 0) -> list[int]:
    """Return the bulk endpoints of a setting in that direction."""
    bulk = [end.bEndpointAddress for end in setting if end.bmAttributes & 3 == _BULK]
    return [end for end in bulk if end & _IN == way]


def _interface(device: Any, setting: Any, configuration: int) -> Interface:
    return Interface(
        number=setting.bInterfaceNumber,
        setting=setting.bAlternateSetting,
        configuration=configuration,
        protocol=setting.bInterfaceProtocol,
        out=_ends(setting)[0],
        back=next(iter(_ends(setting, _IN)), None),
        name=f"{_port(device)} {device.idVendor:04x}:{device.idProduct:04x}" if device.port_numbers else "",
    )


def _device(found: Any) -> Device:
    return Device(
        f"{found.idVendor:04x}",
        f"{found.idProduct:04x}",
        serial=_text(found, "serial_number"),
        port=_port(found),
        make=_text(found, "manufacturer"),
        model=_text(found, "product"),
    )


def _port(found: Any) -> str:
    """As the kernel writes it; empty where the system does not tell."""
    numbers = found.port_numbers
    return f"{found.bus}-{'.'.join(map(str, numbers))}" if numbers else ""


def _text(found: Any, name: str) -> str:
    """Return a text of its descriptor; empty where it has none, or we may not ask."""
    import usb.util  # type: ignore[import-untyped]

    try:
        return str(getattr(found, name) or "").strip("\0 \n")
    except (OSError, ValueError, NotImplementedError):
        return ""
    finally:
        usb.util.dispose_resources(found)
