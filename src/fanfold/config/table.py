"""The one table of settings: what each is called, what it may be and what it is for. Reads nothing.

A setting is a field of one of these classes. Its row in `TABLE` makes its key in `fanfold.toml`, its environment
variable, its flag of `fanfold serve` and its line in `docs/settings.md`.
"""

# ruff: noqa: RUF009  # `_setting` declares a field, as `dataclasses.field` does

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, cast

import platformdirs

from fanfold.config import kinds, words
from fanfold.config.kinds import Kind
from fanfold.model import OnDoubt, OnLate, PrinterOptions

T = TypeVar("T")
KIB, MIB, GIB = 1024, 1024**2, 1024**3
DAY_S = 86400.0
YEAR_S = 365 * DAY_S


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: `name` as in the file, with its sections before it."""

    name: str
    kind: Kind[Any]
    default: Any
    """MISSING where it must be given."""
    help: str
    flag: str | None = None
    metavar: str = ""
    """What stands after the flag in the help."""

    @property
    def env(self) -> str:
        """Return the name of its environment variable."""
        return "FANFOLD_" + self.name.upper().replace(".", "_")

    @property
    def section(self) -> str:
        """Return the name of its section; empty for those at the top."""
        return self.name.rpartition(".")[0]

    @property
    def key(self) -> str:
        """Return its name within its section."""
        return self.name.rpartition(".")[2]


def _setting(kind: Kind[T], default: Any, says: str, **flag: str) -> T:
    """Declare a field that is a setting. A default that is called is made when it is needed."""
    given = {"default_factory": default} if callable(default) else {"default": default}
    return cast("T", field(**given, metadata={"kind": kind, "help": says, **flag}))


def data_dir() -> Path:
    """Return where this user's gateway keeps jobs, unless told otherwise."""
    return platformdirs.user_data_path("fanfold", appauthor=False)


def config_file() -> Path:
    """Return where this user's settings are looked for, unless told otherwise."""
    return platformdirs.user_config_path("fanfold", appauthor=False) / "fanfold.toml"


@dataclass(frozen=True, slots=True)
class Listener:
    """An address and port that the gateway answers at, and the doors that it opens there."""

    address: str = _setting(
        words.ADDRESS, MISSING, "IP address or `localhost`. Wider than this machine needs proof of who calls."
    )
    port: int = _setting(kinds.count(0, 65535), 8765, "TCP port; 0 takes any free one.")
    tls_cert: Path | None = _setting(words.FILE, None, "Certificate chain in PEM; turns TLS on.")
    tls_key: Path | None = _setting(words.FILE, None, "Its private key in PEM, where that is not in the same file.")
    doors: tuple[words.Door, ...] = _setting(words.SEVERAL_DOORS, words.DOORS, "What this listener offers.")
    allow: tuple[str, ...] = _setting(
        words.NETWORKS,
        (),
        "Addresses and networks whose callers need no token here, where it is wider than this machine.",
    )
    proof: tuple[words.Proof, ...] = _setting(
        words.PROOFS,
        (),
        "What a printer must prove that dials in through the door `weblink`, all of it: `path`, `basic`, `digest`, "
        "`certificate`; or `none`, which lets anyone be any printer.",
    )
    secret_file: Path | None = _setting(
        words.FILE, None, 'File with the secret that `proof = ["path"]` looks for as the last part of the path.'
    )
    users_file: Path | None = _setting(
        words.FILE, None, "File with a line `user:password` for each user that `basic` and `digest` know."
    )
    tls_client_ca: Path | None = _setting(
        words.FILE, None, "Certificates (PEM) of the authorities whose client certificates `certificate` believes."
    )
    optional: bool = False
    """Passed over in silence where the machine has no such address."""

    @property
    def shown(self) -> str:
        """Return it as in `--listen`."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class PrinterSetting:
    """A printer that the configuration names."""

    name: str = _setting(words.NAME, MISSING, "What people and web apps call it.")
    uri: str = _setting(words.URI, MISSING, "Where it is, such as `socket://192.0.2.7` or `cups://localhost/labels`.")
    aliases: tuple[str, ...] = _setting(
        words.NAMES, (), "Other names for it, such as `receipt`, so that each till maps its own."
    )
    options: PrinterOptions = field(default_factory=PrinterOptions)


@dataclass(frozen=True, slots=True)
class Discovery:
    """Which printers show themselves."""

    cups: bool = _setting(kinds.flag(), True, "Whether every queue of CUPS is a printer.")
    windows: bool = _setting(kinds.flag(), True, "Whether every queue of Windows is a printer.")
    mdns: bool = _setting(
        kinds.flag(), True, "Whether printers are looked for in the network (mDNS), once somebody asks for devices."
    )
    usb: bool = _setting(kinds.flag(), True, "Whether printers at this machine's USB ports are shown as devices.")
    interfaces: tuple[str, ...] = _setting(
        words.ADDRESSES, (), "This machine's addresses at whose networks mDNS looks. By default all of them."
    )
    cups_server: str | None = _setting(
        words.SERVER, None, "CUPS's socket or `host[:port]`. By default the system's own."
    )
    include: tuple[str, ...] = _setting(
        words.GLOBS, (), "Names that are shown even where they are temporary, virtual or a fax."
    )
    exclude: tuple[str, ...] = _setting(words.GLOBS, (), "Names that are never shown.")
    interval_s: float = _setting(kinds.seconds(0.1, 3600), 2.0, "How often to look for printers that come and go.")


@dataclass(frozen=True, slots=True)
class Access:
    """Who is let in."""

    hosts: tuple[str, ...] = _setting(
        words.HOSTS, (), "Names of this gateway beside its own, as in the `Host` of requests, without port."
    )
    origins: tuple[str, ...] = _setting(
        words.ORIGINS, (), "Web origins whose pages may print. `fanfold access allow` adds to them."
    )
    token_file: Path | None = _setting(
        words.FILE,
        None,
        "File with the secret that callers must send. Needed where a listener is wider than this machine.",
    )
    users: tuple[str, ...] = _setting(
        words.NAMES,
        (),
        "Users of this machine who may do all that the gateway's own user and administrators may: see every document, "
        "change printers, let pages in. Others print, and see their own documents.",
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """Over these a request is refused before it is accepted."""

    document_bytes: int = _setting(kinds.count(1, 64 * GIB, "of bytes"), 64 * MIB, "The largest document.")
    waiting_jobs: int = _setting(kinds.count(1, 10_000_000), 10_000, "How many jobs may wait for one printer.")
    store_bytes: int = _setting(
        kinds.count(1, 1024**5, "of bytes"), 4 * GIB, "How much all kept documents may take together."
    )
    message_bytes: int = _setting(
        kinds.count(KIB, GIB, "of bytes"),
        96 * MIB,
        "The largest WebSocket message or JSON body. A document in base64 takes a third more than itself.",
    )


@dataclass(frozen=True, slots=True)
class Retention:
    """How long finished jobs are kept."""

    keep_documents_s: float = _setting(
        kinds.seconds(0, 10 * YEAR_S), DAY_S, "How long a finished job can be printed again."
    )
    keep_jobs_s: float = _setting(
        kinds.seconds(0, 10 * YEAR_S),
        30 * DAY_S,
        "How long a finished job is remembered, and its idempotency key with it.",
    )


@dataclass(frozen=True, slots=True)
class StatusCodes:
    """The numbers that PrinterWebSocket pages know."""

    IDLE: int = _setting(words.CODE, 0, "In answers to requests, and when a print succeeded.")
    PRINTING: int = _setting(words.CODE, 1, "When a print was accepted.")
    OUT_OF_PAPER: int = _setting(words.CODE, 2, "When paper is missing.")
    ERROR: int = _setting(words.CODE, 3, "In every error.")


@dataclass(frozen=True, slots=True)
class PrinterWebSocket:
    """How web pages are served that speak PrinterWebSocket."""

    start_within_s: float = _setting(
        kinds.seconds(0, YEAR_S),
        120.0,
        "How long a job waits for a printer that is blocked or away before it is canceled, in words. 0: for ever.",
    )
    status_codes: StatusCodes = field(default_factory=StatusCodes)


@dataclass(frozen=True, slots=True)
class ZebraWsPrint:
    """How apps are served that were written for zebra_ws_print."""

    keep_when_absent: bool = _setting(
        kinds.flag(), False, "Whether a job for a printer that is away is kept and waits; else 503, as its apps retry."
    )
    sgd_wait_s: float = _setting(kinds.seconds(0.1, 600), 30.0, "How long `/sgd` waits for the printer's answer.")


@dataclass(frozen=True, slots=True)
class Dialects:
    """What is set per protocol."""

    printerwebsocket: PrinterWebSocket = field(default_factory=PrinterWebSocket)
    zebra_ws_print: ZebraWsPrint = field(default_factory=ZebraWsPrint)


@dataclass(frozen=True, slots=True)
class Weblink:
    """How Zebra printers are served that dial in."""

    ping_s: float = _setting(
        kinds.seconds(0.1, 3600), 20.0, "How long a line may be silent before we ping; below the time-out of any proxy."
    )
    dead_after_s: float = _setting(kinds.seconds(0.3, 3600), 70.0, "How long a silent line counts as alive.")
    first_message_s: float = _setting(
        kinds.seconds(0.1, 600), 5.0, "How long a line that was opened may take to say which printer it is."
    )
    open_wait_s: float = _setting(
        kinds.seconds(0.1, 600), 15.0, "How long a printer may take to open a channel that it is asked for."
    )
    message_bytes: int = _setting(
        kinds.count(4 * KIB, GIB, "of bytes"), 8 * MIB, "The largest message or answer that a printer may send."
    )
    newcomers: int = _setting(
        kinds.count(0, 100_000), 1000, "How many printers that nobody let in may wait; further ones are turned away."
    )
    alerts: bool = _setting(
        kinds.flag(), True, "Whether printers are asked, whenever they dial in, to tell what happens to them."
    )
    scans: tuple[str, ...] = _setting(
        words.SETTINGS_NAMES,
        ("capture.channel1.data.raw",),
        "Settings of printers whose changes are scanned data (a barcode scanner on the printer's port).",
    )


@dataclass(frozen=True, slots=True)
class WebhookSetting:
    """An app that is told of events."""

    name: str = _setting(words.NAME, MISSING, "What it is called in lists and in the log.")
    url: str = _setting(
        words.HTTP_URL, MISSING, "Where events are posted to; for `zebra_ws_print` what it calls `print_job_done`."
    )
    events: tuple[words.EventKind, ...] = _setting(
        words.EVENTS, tuple(words.EventKind), "Which kinds of events are told."
    )
    secret_file: Path | None = _setting(
        words.FILE, None, "File with the secret (`whsec_` and base64) that events are signed by. Needed for `fanfold`."
    )
    format: words.WebhookFormat = _setting(
        kinds.one_of(words.WebhookFormat), words.WebhookFormat.FANFOLD, "What the posts look like."
    )
    scan_data_url: str | None = _setting(
        words.HTTP_URL, None, "Where `zebra_ws_print` posts scanned data to. By default it does not."
    )


LISTENERS = (Listener("127.0.0.1"), Listener("::1", optional=True))


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set, checked."""

    data: Path = _setting(
        words.FOLDER,
        data_dir,
        "Folder in which jobs are kept. One gateway at a time owns it.",
        flag="--data",
        metavar="DIR",
    )
    drain_s: float = _setting(kinds.seconds(0, 3600), 10.0, "How long a stop waits for what is being sent.")
    log_level: words.LogLevel = _setting(
        kinds.one_of(words.LogLevel),
        words.LogLevel.INFO,
        "How much is logged; never a document.",
        flag="--log-level",
        metavar="LEVEL",
    )
    listeners: tuple[Listener, ...] = LISTENERS
    printers: tuple[PrinterSetting, ...] = ()
    discovery: Discovery = field(default_factory=Discovery)
    access: Access = field(default_factory=Access)
    limits: Limits = field(default_factory=Limits)
    retention: Retention = field(default_factory=Retention)
    weblink: Weblink = field(default_factory=Weblink)
    dialects: Dialects = field(default_factory=Dialects)
    webhooks: tuple[WebhookSetting, ...] = ()
    file: Path | None = None
    """The file that was read; None: there is none, and all is as it comes."""


_OPTIONS: dict[str, tuple[Kind[Any], str]] = {
    "language": (words.LANGUAGE, "Its language, such as `zpl` or `escpos`; by default each document is looked at."),
    "accepts": (
        words.ACCEPTS,
        "What it takes: `raw`, media types, or `*`; by default what its transport or spooler says.",
    ),
    "encoding": (
        words.ENCODING,
        "Encoding for jobs that are given as text; by default as its kind has it, else utf-8.",
    ),
    "dpi": (kinds.count(50, 2400), "Dots per inch; by default what was found out about it."),
    "width_mm": (kinds.millimetres(5, 2000), "How wide it can print; by default what was found out about it."),
    "on_doubt": (kinds.one_of(OnDoubt), "What becomes of a job that may or may not have printed."),
    "on_late": (kinds.one_of(OnLate), "What becomes of a job that the printer could not take in time."),
    "max_wait_s": (kinds.seconds(0.1, YEAR_S), "How long a job waits for a printer that is blocked or away."),
    "hold_max_s": (kinds.seconds(1, YEAR_S), "How long a held job waits for a person before it is canceled."),
    "close_wait_s": (
        kinds.seconds(0, 3600),
        "How long a network printer may take to close or answer after the last byte.",
    ),
    "stall_after_s": (
        kinds.seconds(0.1, 3600),
        "How long a printer may take nothing before its job is called stalled.",
    ),
}


def rows(settings: type[Any], section: str = "") -> Iterator[Setting]:
    """Yield a class's settings in order, those of its sections last."""
    for one in fields(settings):
        if "kind" in one.metadata:
            default = one.default if one.default_factory is MISSING else one.default_factory
            yield Setting(section + one.name, default=default, **one.metadata)
    for name, of in sections(settings):
        yield from rows(of, f"{section}{name}.")


def sections(settings: type[Any]) -> Iterator[tuple[str, type[Any]]]:
    """Yield the fields of a class that are sections, with their classes."""
    for one in fields(settings):
        of: object = one.default_factory
        if isinstance(of, type) and of is not PrinterOptions:
            yield one.name, of


TABLE = tuple(rows(Settings))
OPTION_ROWS = tuple(
    Setting(name, kind, getattr(PrinterOptions(), name), says) for name, (kind, says) in _OPTIONS.items()
)
LISTENER_ROWS = tuple(rows(Listener))
WEBHOOK_ROWS = tuple(rows(WebhookSetting))
PRINTER_ROWS = (*rows(PrinterSetting), *OPTION_ROWS)
