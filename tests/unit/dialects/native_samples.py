"""Replies such as the engine gives, for the tests of the native dialect. Knows no dialect."""

from __future__ import annotations

from datetime import UTC, datetime

from fanfold.messages import (
    Accepted,
    Adopted,
    Client,
    Clients,
    DeadLetter,
    DeadLetters,
    Device,
    Devices,
    DeviceWay,
    DocumentFetched,
    Done,
    Health,
    JobChanged,
    Jobs,
    JobShown,
    LogLines,
    Origins,
    PrinterChanged,
    Printers,
    PrinterSaid,
    PrinterShown,
    PrinterView,
    Refusal,
    Reply,
    Traced,
    Unadopted,
    Webhooks,
    WebhookView,
)
from fanfold.model import (
    Evidence,
    Job,
    JobId,
    JobState,
    Printer,
    PrinterId,
    PrinterState,
    PrinterStatus,
    Reachable,
    Traits,
)
from fanfold.reception import Newcomer
from fanfold.wire import Document

NOW = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
JOB_ID = JobId("019a0000-0000-7000-8000-000000000001")
PRINTER_ID = PrinterId("kitchen")

JOB = Job(
    id=JOB_ID,
    printer=PRINTER_ID,
    state=JobState.PENDING,
    created_at=NOW,
    changed_at=NOW,
    title="Order 17",
    media_type="application/vnd.zebra-zpl",
    size_bytes=9,
)
STEP = JobChanged(
    id=41,
    at=NOW,
    job=JOB_ID,
    printer=PRINTER_ID,
    state=JobState.PROCESSING,
    reasons=("queued-in-device",),
    message="Every byte left us.",
    evidence=Evidence.SENT,
    attempt=1,
    sent_bytes=9,
    title="Order 17",
    owner="local",
    external_id="o17",
)
MOVE = PrinterChanged(id=42, at=NOW, printer=PRINTER_ID, state="stopped", reasons=("paused",), message="Paused.")
VIEW = PrinterView(
    Printer(id=PRINTER_ID, name="Kitchen", uri="ipp://cook:secret@printer.example/ipp/print", aliases=("receipt",)),
    PrinterStatus(PrinterState.IDLE, reachable=Reachable.UP, source="lane", at=NOW),
    waiting_jobs=2,
    held_jobs=1,
)
DOCUMENT = Document.of(b"^XA^XZ\xff\x00", "application/vnd.zebra-zpl")
SERIAL = "50J172400001"
NEWCOMER = Newcomer(
    f"weblink:{SERIAL}", SERIAL, "Dock 4", "ZD420-203dpi ZPL, V84.20.10Z", "192.0.2.7", "user:dock", NOW
)
DIALLED = PrinterView(
    Printer(id=PrinterId("dock-4"), name="Dock 4", uri=f"weblink:{SERIAL}", aliases=(SERIAL,), identity="user:dock"),
    PrinterStatus(PrinterState.IDLE, reachable=Reachable.UP, source="weblink", at=NOW),
    channels=("main", "raw"),
)
HOOK = WebhookView("erp", "https://me:secret@erp.example/hook", 3, 1, NOW, "it answers 500")
LETTER = DeadLetter(17, "job-changed", f"job:{JOB_ID}", 9, NOW, NOW, "it answered 500")

DEVICE = Device(
    "zebra-zd420-3f9a01c2b4",
    "Zebra ZD420",
    "Dock",
    Traits("Zebra", "ZD420-203dpi", languages=("zpl",), told_by=("mdns",)),
    (DeviceWay("socket://192.0.2.7", "mdns"),),
    (PRINTER_ID,),
)

ACCEPTED = Accepted(JOB, "Kitchen")
SHOWN = JobShown(JOB, "Kitchen", (STEP,))
REFUSAL = Refusal("unknown-printer", "There is no printer `bar`.", 404)

REPLIES: tuple[Reply, ...] = (
    ACCEPTED,
    SHOWN,
    REFUSAL,
    Printers((VIEW,)),
    PrinterShown(VIEW),
    Jobs((JOB,), "cursor"),
    DocumentFetched(JOB, DOCUMENT),
    Clients((Client("c1", "127.0.0.1", "http://localhost", "native", NOW, 3),)),
    Origins(("https://shop.example",), ()),
    LogLines(((7, NOW, "info", "It began."),), 7),
    Health(ok=True, version="1.0", uptime_s=12.5),
    Unadopted((NEWCOMER,), ("weblink:bad",)),
    Adopted((DIALLED,), (True,)),
    PrinterSaid(b'"Dock 4"\xff'),
    Traced(("main < 404 bytes",)),
    Devices((DEVICE,), ("mDNS cannot listen",)),
    Webhooks((HOOK,)),
    DeadLetters((LETTER,)),
    Done(("nothing changed",)),
)
"""One of each kind."""
