"""How a simulated Weblink printer is set where printers differ, or go wrong. Knows no channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fanfold.simulate.weblink.discovery import Suffix
from fanfold.simulate.weblink.handshake import SUBPROTOCOL

First = Literal["discovery", "garbage", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """All of them as a peaceful printer has them. `WeblinkPrinter.switch(...)` changes some while it runs."""

    # connecting
    subprotocol: str = SUBPROTOCOL
    """What it asks for; another than a server offers fails, as does none."""
    wants_content_length: bool = False
    """Refuses an upgrade without `Content-Length: 0`, as some firmware is said to."""
    duplicates_mains: bool = False
    """Dials another main channel at every retry interval though it has one, until its limit of connections."""
    retry_s: float = 10.0
    """How long it waits after a loss or a failed try: `retry_interval`."""
    retry_random_s: float = 0.0
    """How much longer at most: `retry_interval_random_max`."""
    connect_s: float = 30.0
    """How long it gives a server to take it in."""
    boot_s: float = 0.1
    """How long it is away at a reset."""

    # frames
    first_message: First = "discovery"
    """What it says first on main."""
    crc: Suffix = "right"
    """The check sum behind the discovery packet."""
    sends_text: bool = False
    """Sends text frames where binary belongs."""
    fragment_bytes: int | None = None
    """Sends its messages in fragments of so many bytes."""
    split_bytes: int = 1024
    """How large a message a long answer is cut into."""
    ping_s: float = 60.0
    """How often it pings; 0 is never."""
    lost_pongs: int = 3
    """How many unanswered pings make it drop a connection."""
    loses_pongs: bool = False
    """Never sees a pong, as if they were lost on the way."""
    answers_pings: bool = True
    """Answers pings of the server."""

    # channels
    config_stays: bool = True
    """Keeps a config channel after a command; else it closes it with 1000."""
    raw_serial: str | None = None
    """Another `unique_id` on raw and config than on main."""
    raw_outlives_main: bool = True
    """Keeps raw and config when main is lost."""
    deaf: bool = False
    """Its parser is held by USB: raw takes bytes, does nothing, says nothing."""
    bytes_per_s: int | None = None
    """Reads raw at this pace, the socket no faster."""
    buffer_bytes: int = 1 << 20
    """How many bytes wait in it, unparsed or unprinted, before it stops reading raw."""

    # printing
    label_s: float = 0.01
    """How long a label takes."""
    dies_at: int | None = None
    """Loses its power after so many bytes on raw, counted from when this is set."""
    firmware_bytes: int | None = None
    """So many bytes on raw, from when this is set, are firmware: it says nothing, then restarts."""

    # answers
    silent_in_fault: bool = True
    """Gives no `~HS` and no `device.host_status` in media out, ribbon out, head open or over-temperature."""
    sgd_end: bytes = b""
    """What stands behind the value that `getvar` returns; one printer is said to send CR LF."""
    branch_nested: bool = False
    """Answers the JSON name of a branch by an object within that name, instead of by its settings side by side."""

    # alerts
    localised: bool = False
    """Says `type` and `condition` of an alert in its display's language; the `_id` keys stay."""
    error_type: str = "ERROR CONDITION"
    """The `type_id` of errors that are set; nobody has seen it in JSON."""
    keeps_alerts: bool = True
    """Keeps what `configure_alert` set up over the loss of main."""
    alert_lag_s: float = 0.0
    """How long after its label `PQ JOB COMPLETED` comes."""
    keeps_bytes: bool = True
    """Keeps the bytes that came on raw and the formats that it printed; else it only counts them."""
