"""A USB bus that is not there, as pyusb's backends show one: its printers take transfers, stall and go."""

from __future__ import annotations

import errno
import os
import threading
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import usb.backend  # type: ignore[import-untyped]
import usb.core  # type: ignore[import-untyped]

OUT, IN = 0x02, 0x81


@dataclass(frozen=True)
class Setting:
    """An alternate setting of interface `number`."""

    number: int = 0
    setting: int = 0
    usb_class: int = 7
    protocol: int = 2
    ends: tuple[int, ...] = (OUT, IN)


@dataclass
class UsbDevice:
    """A device at a bus. `takes`: how many bytes it takes before it takes no more; None: all."""

    vendor: int = 0x0A5F
    product: int = 0x0164
    texts: tuple[str, str, str] = ("Zebra Technologies", "ZTC ZD420", "50J123")
    ports: tuple[int, ...] | None = (1, 2)
    settings: tuple[Setting, ...] = (Setting(),)
    configured: int = 1
    driver: bool = True
    """Whether the kernel's driver has it."""
    status: int | None = 0x18
    device_id: bytes = b""
    takes: int | None = None
    short_of: int = 1 << 20
    says: bytes = b""
    gone: bool = False
    forbidden: bool = False
    busy: bool = False
    data: bytearray = field(default_factory=bytearray)
    log: list[str] = field(default_factory=list)
    moved: threading.Event = field(default_factory=threading.Event)

    def __hash__(self) -> int:
        return id(self)


class UsbBus(usb.backend.IBackend):  # type: ignore[misc]
    """`Libusb(UsbBus(device, …))`."""

    def __init__(self, *devices: UsbDevice, other_system: bool = False) -> None:
        super().__init__()
        self.devices = list(devices)
        self._other_system = other_system
        """One that has no drivers of that kind, and says so by NotImplementedError."""

    def enumerate_devices(self) -> Sequence[UsbDevice]:
        return [device for device in self.devices if not device.gone]

    def get_device_descriptor(self, device: UsbDevice) -> Any:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=64, idVendor=device.vendor, idProduct=device.product, bcdDevice=0x100,
            iManufacturer=1, iProduct=2, iSerialNumber=3 if device.texts[2] else 0, bNumConfigurations=1,
            address=5, bus=1, port_number=1, port_numbers=device.ports, speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, device: UsbDevice, config: int) -> Any:
        numbers = {one.number for one in device.settings}
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=len(numbers), bConfigurationValue=1,
            iConfiguration=0, bmAttributes=0xC0, bMaxPower=50, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, device: UsbDevice, intf: int, alt: int, config: int) -> Any:
        one = self._settings(device, intf)[alt]
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=one.number, bAlternateSetting=one.setting,
            bNumEndpoints=len(one.ends), bInterfaceClass=one.usb_class, bInterfaceSubClass=1,
            bInterfaceProtocol=one.protocol, iInterface=0, extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, device: UsbDevice, ep: int, intf: int, alt: int, config: int) -> Any:
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=self._settings(device, intf)[alt].ends[ep], bmAttributes=2,
            wMaxPacketSize=512, bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    def open_device(self, device: UsbDevice) -> UsbDevice:
        if device.forbidden:
            raise _error(errno.EACCES)
        self._must_be_there(device)
        device.log.append("open")
        return device

    def close_device(self, device: UsbDevice) -> None:
        device.log.append("close")

    def get_configuration(self, device: UsbDevice) -> int:
        return device.configured

    def set_configuration(self, device: UsbDevice, value: int) -> None:
        device.log.append(f"configure {value}")
        device.configured = value

    def set_interface_altsetting(self, device: UsbDevice, intf: int, altsetting: int) -> None:
        device.log.append(f"set {intf}.{altsetting}")

    def claim_interface(self, device: UsbDevice, intf: int) -> None:
        if device.busy:
            raise _error(errno.EBUSY)
        assert not device.driver, "the kernel's driver has it"
        device.log.append(f"claim {intf}")

    def release_interface(self, device: UsbDevice, intf: int) -> None:
        device.log.append(f"release {intf}")
        self._must_be_there(device)

    def is_kernel_driver_active(self, device: UsbDevice, intf: int) -> bool:
        if self._other_system:
            raise NotImplementedError
        return device.driver

    def detach_kernel_driver(self, device: UsbDevice, intf: int) -> None:
        device.log.append(f"detach {intf}")
        device.driver = False

    def attach_kernel_driver(self, device: UsbDevice, intf: int) -> None:
        device.log.append(f"attach {intf}")
        self._must_be_there(device)
        device.driver = True

    def bulk_write(self, device: UsbDevice, ep: int, intf: int, data: array[int], timeout: int) -> int:
        assert ep in {end for one in device.settings for end in one.ends if not end & 0x80}
        self._must_be_there(device)
        room = len(data) if device.takes is None else device.takes - len(device.data)
        taken = data[: min(room, device.short_of)].tobytes()
        device.data += taken
        device.moved.set()
        if not taken:
            threading.Event().wait(timeout / 1000)
            self._must_be_there(device)
            raise usb.core.USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        return len(taken)

    def bulk_read(self, device: UsbDevice, ep: int, intf: int, buff: array[int], timeout: int) -> int:
        assert ep & 0x80
        self._must_be_there(device)
        if not device.says:
            raise usb.core.USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        said, device.says = device.says[: len(buff)], device.says[len(buff) :]
        buff[: len(said)] = array("B", said)
        return len(said)

    def ctrl_transfer(
        self, device: UsbDevice, request_type: int, request: int, value: int, index: int, data: array[int], timeout: int
    ) -> int:
        self._must_be_there(device)
        answer = self._answer(device, request_type, request, value, index)[: len(data)]
        data[: len(answer)] = array("B", answer)
        return len(answer)

    def _answer(self, device: UsbDevice, request_type: int, request: int, value: int, index: int) -> bytes:
        match request_type, request, value >> 8:
            case 0x80, 6, 3:  # a text of the descriptors
                number = value & 0xFF
                said = b"\x09\x04" if not number else device.texts[number - 1].encode("utf-16-le")
                return bytes([len(said) + 2, 3]) + said
            case 0xA1, 0, 0:
                assert index >> 8 in {one.number for one in device.settings}
                return device.device_id
            case 0xA1, 1, 0 if device.status is not None:
                assert index in {one.number for one in device.settings}
                return bytes([device.status])
        raise _error(errno.EPIPE)

    def _settings(self, device: UsbDevice, index: int) -> list[Setting]:
        """Return the alternate settings of the so many-th interface; pyusb asks until there is none (IndexError)."""
        number = sorted({one.number for one in device.settings})[index]
        return [one for one in device.settings if one.number == number]

    def _must_be_there(self, device: UsbDevice) -> None:
        if device.gone:
            raise _error(errno.ENODEV)


def _error(number: int) -> usb.core.USBError:
    return usb.core.USBError(os.strerror(number), -1, number)
