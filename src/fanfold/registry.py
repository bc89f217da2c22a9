"""The built-in drivers, in three readable tables. To add one: write its file, add its line here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import lru_cache

from fanfold import config
from fanfold.config import Settings, WebhookFormat, WebhookSetting
from fanfold.dialects.base import Dialect, EventFormat, HttpDialect
from fanfold.dialects.native_http import NativeHttp
from fanfold.dialects.native_routes import ROUTES
from fanfold.dialects.native_ws import NativeWebSocket
from fanfold.dialects.printerwebsocket import PrinterWebSocket, PrinterWebSocketSettings
from fanfold.dialects.webhook import FanfoldEvents
from fanfold.dialects.zebra_ws_print import ROUTES as ZEBRA_WS_PRINT_ROUTES
from fanfold.dialects.zebra_ws_print import ZebraWsPrint, ZebraWsPrintSettings
from fanfold.dialects.zebra_ws_print_hooks import ZebraWsPrintHooks
from fanfold.languages.base import Language
from fanfold.languages.cpcl import Cpcl
from fanfold.languages.epl import Epl
from fanfold.languages.escpos import EscPos
from fanfold.languages.pages import Jpeg, Pdf, Png, PostScript
from fanfold.languages.tspl import Tspl
from fanfold.languages.zpl import Zpl
from fanfold.languages.zpl_tally import LabelTally
from fanfold.scouts.mdns import MdnsScout
from fanfold.transports.base import Scouts, Transport
from fanfold.transports.cups import CupsTransport
from fanfold.transports.file import FileTransport
from fanfold.transports.ipp.transport import IppTransport
from fanfold.transports.lpd.transport import LpdTransport
from fanfold.transports.serial.transport import SerialTransport
from fanfold.transports.socket.transport import SocketTransport
from fanfold.transports.usb.transport import UsbTransport
from fanfold.transports.weblink.transport import WeblinkTransport
from fanfold.transports.winspool.elsewhere import WinspoolElsewhere

LANGUAGES: tuple[Language, ...] = (
    Pdf(), PostScript(), Png(), Jpeg(),
    Zpl(), Cpcl(), Tspl(), Epl(), EscPos(),
)  # fmt: skip
"""In the order in which they are tried: exact magic first, the vaguest last."""


def _winspool() -> Transport:
    """Windows' spooler; or its stand-in on other systems, which shall not spend memory on the driver."""
    if sys.platform == "win32":
        from fanfold.transports.winspool.native import WindowsSpooler
        from fanfold.transports.winspool.transport import WinspoolTransport

        return WinspoolTransport(WindowsSpooler())
    return WinspoolElsewhere()


TRANSPORTS: tuple[Callable[[Settings], Transport], ...] = (
    lambda _: FileTransport(),
    lambda _: SocketTransport(),
    lambda _: IppTransport(),
    lambda settings: CupsTransport(settings.discovery.cups_server),
    lambda _: SerialTransport(),
    lambda settings: LpdTransport(settings.data),
    lambda settings: WeblinkTransport(settings.weblink, LabelTally),
    lambda settings: UsbTransport(data=settings.data),
    lambda _: _winspool(),
)

SCOUTS: Mapping[str, Callable[[Settings], Scouts]] = {
    "mdns": lambda settings: MdnsScout(settings.discovery.interfaces),
}
"""By the setting under `[discovery]` that wants them; transports that see devices are scouts beside these."""


@lru_cache(maxsize=2)
def _printerwebsocket(own: config.PrinterWebSocket) -> PrinterWebSocketSettings:
    codes = own.status_codes
    numbers = {name: getattr(codes, name) for name in ("IDLE", "PRINTING", "OUT_OF_PAPER", "ERROR")}
    return PrinterWebSocketSettings(own.start_within_s, numbers)


@lru_cache(maxsize=2)
def _zebra_ws_print(own: config.ZebraWsPrint) -> ZebraWsPrintSettings:
    return ZebraWsPrintSettings(own.keep_when_absent, own.sgd_wait_s)


DIALECTS: Mapping[str, Callable[[Callable[[], Settings], str], Dialect]] = {
    "native": lambda _settings, _path: NativeWebSocket(),
    "printerwebsocket": lambda settings, path: PrinterWebSocket(
        lambda: _printerwebsocket(settings().dialects.printerwebsocket), path
    ),
}
"""Over WebSocket, by name: made from the settings as they are at the time, and the path that the peer asked for."""

HTTP_DIALECTS: Mapping[str, Callable[[Callable[[], Settings]], HttpDialect]] = {
    "zebra_ws_print": lambda settings: ZebraWsPrint(lambda: _zebra_ws_print(settings().dialects.zebra_ws_print)),
}
"""Over HTTP, by the door that listeners name; one of each serves the whole gateway."""

HTTP_ROUTES = {"zebra_ws_print": ZEBRA_WS_PRINT_ROUTES}

WEBHOOK_FORMATS: Mapping[WebhookFormat, Callable[[WebhookSetting], EventFormat]] = {
    WebhookFormat.FANFOLD: lambda webhook: FanfoldEvents(webhook.url),
    WebhookFormat.ZEBRA_WS_PRINT: lambda webhook: ZebraWsPrintHooks(webhook.url, webhook.scan_data_url),
}
"""What webhooks' receivers are told, by what their settings call it."""

NATIVE_HTTP, NATIVE_ROUTES = NativeHttp, ROUTES


def transports(settings: Settings) -> dict[str, Transport]:
    """Make the transports, by URI scheme."""
    made = [make(settings) for make in TRANSPORTS]
    return {scheme: transport for transport in made for scheme in transport.schemes}


def scouts(settings: Settings, transports: Mapping[str, Transport]) -> list[Scouts]:
    """Make the scouts that are wanted, and take those that transports are: who sees devices that nobody named."""
    made = [make(settings) for name, make in SCOUTS.items() if getattr(settings.discovery, name)]
    seeing = {id(one): one for one in transports.values() if isinstance(one, Scouts)}.values()
    return [*made, *(one for one in seeing if getattr(settings.discovery, one.way, True))]
