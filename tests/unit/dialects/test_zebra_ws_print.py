"""zebra_ws_print beyond its transcripts: bytes, odd bodies, and what a reply that nobody expected does."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold import config, registry
from fanfold.config import Dialects, Door, Settings, WebhookFormat, load
from fanfold.dialects.base import Do
from fanfold.dialects.zebra_ws_print import ROUTES, ZebraWsPrint, ZebraWsPrintSettings
from fanfold.messages import (
    Accepted,
    AskPrinter,
    Command,
    Done,
    ListPrinters,
    Printers,
    PrinterSaid,
    PrinterShown,
    PrinterView,
    Refusal,
    ReopenChannel,
    Reply,
    ShowPrinter,
    Submit,
)
from fanfold.model import Job, JobId, JobState, Printer, PrinterId, PrinterStatus, Reachable
from fanfold.wire import Document, Request, Response

NOW = datetime(2026, 5, 4, tzinfo=UTC)
SERIAL = "XXZKJ181100170"
VIEW = PrinterView(Printer(PrinterId("packing"), "Packing", f"weblink:{SERIAL}"), PrinterStatus(), channels=("main",))


def view_of(serial: str, printer: str) -> PrinterView:
    """A printer that is there."""
    return PrinterView(Printer(PrinterId(printer), printer, f"weblink:{serial}"), PrinterStatus(), channels=("main",))


VIEW_A, VIEW_B = view_of("A", "a"), view_of("B", "b")
JOB = Job(JobId("j"), PrinterId("packing"), JobState.PENDING, NOW, NOW)
UNKNOWN = Refusal("unknown-printer", "There is no such printer.", 404)
STORE_FAILED = Refusal("store-failed", "The disk did not take it.", 503)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
fields = st.sampled_from(["sn", "data", "printer_id", "sgd_command", "channel"])
bodies = (
    st.binary(max_size=60)
    | (values | st.dictionaries(fields, values | st.sampled_from(["raw", SERIAL]))).map(
        lambda it: json.dumps(it).encode()
    )
    | st.text("=&%+AZaz09 \n", max_size=40).map(str.encode)
)
routes = st.sampled_from([(route.method, route.path) for route in ROUTES])


def dialect(**settings: Any) -> ZebraWsPrint:
    return ZebraWsPrint(lambda: ZebraWsPrintSettings(**settings))


def obliging(command: Command) -> Reply:
    """Answer as an engine to which nothing is unknown or impossible."""
    match command:
        case ShowPrinter():
            return PrinterShown(VIEW)
        case ListPrinters():
            return Printers((VIEW,))
        case Submit():
            return Accepted(JOB, "Packing")
        case AskPrinter():
            return PrinterSaid(b"\x02030,0\x03\r\n")
        case ReopenChannel():
            return Done()
        case _:
            raise AssertionError(f"nobody expects {command}")


def converse(request: Request, engine: Any = obliging, **settings: Any) -> tuple[Response, list[Command]]:
    """Return the answer, and what the engine was asked on the way."""
    asked, one = [], dialect(**settings)
    said = one.ask(request, NOW)
    while isinstance(said, Do):
        asked.append(said.command)
        said = one.tell(said.tag, engine(said.command))
    return said, asked


def post(path: str, body: object) -> Request:
    return Request("POST", path, body=body if isinstance(body, bytes) else json.dumps(body).encode())


def test_a_label_is_zpl_in_utf_8_and_nothing_of_it_is_guessed() -> None:
    answer, asked = converse(post("/print_ng", {"sn": SERIAL, "data": "^XA^FDGrüße^FS^XZ"}))
    assert (answer.status, answer.body, answer.media_type) == (200, b".", "text/plain; charset=utf-8")
    document = Document.of("^XA^FDGrüße^FS^XZ".encode(), "application/vnd.zebra-zpl")
    assert asked == [ShowPrinter(f"weblink:{SERIAL}"), Submit("packing", document, is_typed=True)]


@pytest.mark.parametrize(
    ("zpl", "number"),
    [
        ("^XA^FX UUID: #123^FS^XZ", "123"),
        ("^XA^FX UUID: #007 of today^FS^XZ^XA^FX UUID: #8^FS^XZ", "007"),
        ("^XA^FX UUID: #^FS^XZ", None),
        ("^XA^FX UUID: 123^FS^XZ", None),
        ("^XA^FX UUID:#123^FS^XZ", None),
        ("^XA^FDUUID: #123^FS^XZ", None),
    ],
)
def test_the_apps_own_number_is_the_first_that_stands_in_a_comment_of_just_that_form(
    zpl: str, number: str | None
) -> None:
    _, asked = converse(post("/print_ng", {"sn": SERIAL, "data": zpl}))
    assert [command.external_id for command in asked if isinstance(command, Submit)] == [number]


def test_an_old_app_may_send_any_byte() -> None:
    every = bytes(range(256))
    for packed in (quote(base64.b64encode(every), safe=""), base64.encodebytes(every).decode().replace("\n", "%0D%0A")):
        answer, asked = converse(post("/print", f"{SERIAL}={packed}".encode()))
        assert answer.body == b"."
        assert isinstance(asked[-1], Submit)
        assert asked[-1].document == Document.of(every, "application/vnd.zebra-zpl")


def test_each_printer_of_a_body_is_looked_up_once_and_before_the_first_label_is_kept() -> None:
    body = "&".join(f"{serial}=XlhBXlha" for serial in ("A", "B", "A", "B")).encode()
    _, asked = converse(post("/print", body), of({"weblink:A": VIEW_A, "weblink:B": VIEW_B}))
    assert [type(command) for command in asked] == [ShowPrinter] * 2 + [Submit] * 4


def of(views: dict[str, PrinterView]) -> Any:
    """Return an engine that finds these printers."""

    def engine(command: Command) -> Reply:
        if isinstance(command, ShowPrinter):
            return PrinterShown(views[command.printer]) if command.printer in views else UNKNOWN
        return obliging(command)

    return engine


def test_a_printer_gets_no_label_by_calling_itself_by_anothers_serial() -> None:
    evil = view_of("EVIL", "evil")
    for views, printer in (
        ({"weblink:A": VIEW_A, "A": evil}, "a"),
        ({"weblink:A": evil, "A": VIEW_A}, "a"),
        ({"A": evil}, "evil"),
    ):
        _, asked = converse(post("/print_ng", {"sn": "A", "data": "^XA^XZ"}), of(views))
        assert isinstance(asked[-1], Submit)
        assert asked[-1].printer == printer, "a name counts where no printer has that serial"


def test_who_is_nobodys_serial_and_nobodys_name_is_unknown() -> None:
    answer, asked = converse(post("/print_ng", {"sn": "A", "data": "^XA^XZ"}), of({}))
    assert (answer.status, asked) == (404, [ShowPrinter("weblink:A"), ShowPrinter("A")])


@pytest.mark.parametrize("serial", ["A B%C", "50J1/ä", "a&=b\n"])
def test_a_serial_is_told_and_found_as_the_printer_says_it(serial: str) -> None:
    view = view_of(quote(serial, safe=""), "odd")
    answer, asked = converse(post("/print_ng", {"sn": serial, "data": "^XA^XZ"}), of({view.printer.uri: view}))
    assert (answer.status, len(asked)) == (200, 2)
    listed, _ = converse(Request("GET", "/list_printers"), lambda _: Printers((view,)))
    assert listed.body.decode() == f"\n[{serial}] - main\n"


def test_half_a_character_is_nobodys_serial() -> None:
    answer, _ = converse(post("/print_ng", {"sn": "\ud800", "data": "^XA^XZ"}), of({}))
    assert answer.status == 404


@pytest.mark.parametrize("reachable", Reachable)
def test_of_a_printer_that_we_dial_only_trying_says_whether_it_is_there(reachable: Reachable) -> None:
    printer = replace(VIEW.printer, uri="socket://192.0.2.7")
    till = PrinterView(printer, PrinterStatus(reachable=reachable))

    def engine(command: Command) -> Reply:
        return PrinterShown(till) if isinstance(command, ShowPrinter) else obliging(command)

    answer, asked = converse(post("/print_ng", {"sn": "Packing", "data": "^XA^XZ"}), engine)
    assert (answer.status, type(asked[-1])) == (200, Submit)


def test_an_answer_of_a_printer_comes_back_byte_for_byte() -> None:
    answer, asked = converse(post("/sgd", {"printer_id": SERIAL, "sgd_command": "~HS"}), sgd_wait_s=7)
    assert (answer.status, answer.body) == (200, b"\x02030,0\x03\r\n")
    assert asked[-1] == AskPrinter("packing", b"~HS", within_s=7)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/print_ng", {"sn": SERIAL, "data": "^XA^XZ"}),
        ("/sgd", {"printer_id": SERIAL, "sgd_command": "~HS"}),
        ("/reconnect", {"printer_id": SERIAL, "channel": "raw"}),
    ],
)
def test_a_refusal_at_any_step_is_told_with_its_status(path: str, body: object) -> None:
    _, asked = converse(post(path, body))
    for refused in asked:

        def engine(command: Command, refused: Command = refused) -> Reply:
            return STORE_FAILED if command == refused else obliging(command)

        answer, _ = converse(post(path, body), engine)
        assert (answer.status, answer.body.decode()) == (503, STORE_FAILED.says)


def test_a_refused_list_is_told_with_its_status() -> None:
    answer, _ = converse(Request("GET", "/list_printers"), lambda _: STORE_FAILED)
    assert answer.status == 503


def test_a_body_in_another_encoding_is_refused_with_the_place() -> None:
    answer, asked = converse(post("/print_ng", '{"sn":"A","data":"ü"}'.encode("latin-1")))
    assert (answer.status, asked) == (400, [])
    assert "byte 19" in answer.body.decode()


def test_a_path_says_which_method_it_takes() -> None:
    answer, _ = converse(Request("GET", "/sgd"))
    assert (answer.status, answer.headers) == (405, {"Allow": "POST"})


def test_settings_are_asked_anew_at_each_request() -> None:
    now = {"keep_when_absent": False}
    one = ZebraWsPrint(lambda: ZebraWsPrintSettings(**now))
    away = PrinterShown(replace(VIEW, channels=()))
    for keep, goes_on in ((False, False), (True, True)):
        now["keep_when_absent"] = keep
        said = one.ask(post("/print_ng", {"sn": SERIAL, "data": "^XA^XZ"}), NOW)
        assert isinstance(said, Do)
        assert isinstance(one.tell(said.tag, away), Do) is goes_on


@pytest.mark.parametrize(
    ("settings", "within_s"),
    [(Settings(), 30), (Settings(dialects=Dialects(zebra_ws_print=config.ZebraWsPrint(sgd_wait_s=7))), 7)],
)
def test_it_is_made_from_the_settings_of_the_gateway(settings: Settings, within_s: float) -> None:
    made = registry.HTTP_DIALECTS["zebra_ws_print"](lambda: settings)
    said = made.ask(post("/sgd", {"printer_id": SERIAL, "sgd_command": "~HS"}), NOW)
    assert isinstance(said, Do)
    said = made.tell(said.tag, PrinterShown(VIEW))
    assert isinstance(said, Do)
    assert said.command == AskPrinter("packing", b"~HS", within_s=within_s)


def test_the_configuration_on_its_page_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/zebra-ws-print.md").read_text("utf-8")
    found = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert found
    (tmp_path / "weblink-secret").write_text("a-secret-that-is-long-enough")
    file = tmp_path / "fanfold.toml"
    file.write_text(found[1])
    settings = load(file, {}, {})
    assert [one.doors[0] for one in settings.listeners] == [Door.ZEBRA_WS_PRINT, Door.WEBLINK, Door.PAGE]
    assert settings.webhooks[0].format is WebhookFormat.ZEBRA_WS_PRINT


@given(route=routes, body=bodies)
def test_no_body_makes_it_raise_or_succeed_without_being_asked_for_anything(
    route: tuple[str, str], body: bytes
) -> None:
    answer, asked = converse(Request(*route, body=body))
    assert answer.status in (200, 400)
    if answer.status == 200 and route[1] != "/print_ng_dummy":
        assert asked
    if answer.status == 400:
        assert not asked
        assert answer.body.startswith(b"The body was not understood: ")


@given(text=st.text(min_size=1, max_size=200), serial=st.text(min_size=1, max_size=20))
def test_every_text_arrives_as_its_utf_8_with_its_line_feeds_bare_or_escaped(text: str, serial: str) -> None:
    for plain in (True, False):
        body = json.dumps({"sn": serial, "data": text}, ensure_ascii=plain)
        if not plain:
            body = body.replace("\\n", "\n")
        if "\\\n" in body:
            continue  # the second half of an escaped backslash, and an n
        _, asked = converse(post("/print_ng", body.encode()))
        assert isinstance(asked[-1], Submit)
        assert asked[-1].document == Document.of(text.encode(), "application/vnd.zebra-zpl")
