"""The native API over HTTP: what each route asks the engine, and how each answer is worded."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from fanfold.dialects.base import Do
from fanfold.dialects.native_http import NativeHttp
from fanfold.dialects.native_routes import ROUTES
from fanfold.messages import (
    AddPrinter,
    Adopted,
    Adoption,
    AdoptPrinters,
    AllowOrigin,
    AskHealth,
    AskPrinter,
    AssumePrinted,
    CancelJob,
    ChangePrinter,
    Command,
    DisconnectClient,
    FetchDocument,
    Follow,
    Health,
    JobShown,
    ListClients,
    ListDeadLetters,
    ListJobs,
    ListOrigins,
    ListPrinters,
    ListUnadopted,
    ListWebhooks,
    PausePrinter,
    PrinterSaid,
    PrintTestPage,
    ReadLog,
    Refusal,
    RejectPrinter,
    ReleaseJob,
    Reload,
    RemovePrinter,
    ReopenChannel,
    ReprintJob,
    ResumePrinter,
    RetryDeadLetters,
    RevokeOrigin,
    ShowJob,
    ShowPrinter,
    Submit,
    TracePrinter,
    Unadopted,
    Webhooks,
)
from fanfold.model import Evidence, JobId, JobState, OnLate
from fanfold.wire import Document, Request, Response
from tests.unit.dialects.native_samples import (
    ACCEPTED,
    DIALLED,
    DOCUMENT,
    HOOK,
    JOB,
    JOB_ID,
    NEWCOMER,
    NOW,
    REFUSAL,
    REPLIES,
    SHOWN,
    VIEW,
)

JSON = {"content-type": "application/json"}
ADOPTED = Adopted((DIALLED,), (True,))


def ask(method: str, path: str, **parts: Any) -> Do | Response:
    return NativeHttp().ask(Request(method, path, **parts), NOW)


def post(path: str, body: object, headers: dict[str, str] | None = None) -> Do | Response:
    return ask("POST", path, body=json.dumps(body).encode(), headers={**JSON, **(headers or {})})


def command(found: Do | Response) -> Command:
    assert isinstance(found, Do), found
    return found.command


def submitted(found: Do | Response) -> Submit:
    asked = command(found)
    assert isinstance(asked, Submit)
    return asked


def problem(found: Do | Response) -> dict[str, Any]:
    assert isinstance(found, Response), found
    assert found.media_type == "application/problem+json"
    told: dict[str, Any] = json.loads(found.body)
    assert told["status"] == found.status
    assert told["type"] == f"urn:fanfold:problem:{told['code']}"
    assert told["title"]
    return told


def answered(found: Do | Response, reply: object) -> Response:
    assert isinstance(found, Do), found
    told = NativeHttp().tell(found.tag, reply)  # type: ignore[arg-type]
    assert isinstance(told, Response)
    return told


PLAIN: list[tuple[str, str, Command]] = [
    ("GET", "/v1/printers", ListPrinters()),
    ("GET", "/v1/printers/kitchen", ShowPrinter("kitchen")),
    ("DELETE", "/v1/printers/kitchen", RemovePrinter("kitchen")),
    ("POST", "/v1/printers/kitchen/pause", PausePrinter("kitchen")),
    ("POST", "/v1/printers/kitchen/resume", ResumePrinter("kitchen")),
    ("POST", "/v1/printers/kitchen/test", PrintTestPage("kitchen")),
    ("GET", "/v1/unadopted", ListUnadopted()),
    ("POST", "/v1/unadopted/weblink%3AXX1/reject", RejectPrinter("weblink:XX1")),
    ("POST", "/v1/traces/XX1", TracePrinter("XX1", 20)),
    ("GET", "/v1/traces/XX1", TracePrinter("XX1")),
    ("DELETE", "/v1/traces/XX1", TracePrinter("XX1", 0)),
    ("GET", "/v1/webhooks", ListWebhooks()),
    ("GET", "/v1/webhooks/erp/dead", ListDeadLetters("erp")),
    ("POST", "/v1/webhooks/erp/retry", RetryDeadLetters("erp")),
    ("GET", "/v1/jobs", ListJobs()),
    ("GET", "/v1/jobs/j1", ShowJob(JobId("j1"))),
    ("GET", "/v1/jobs/j1/document", FetchDocument(JobId("j1"))),
    ("POST", "/v1/jobs/j1/cancel", CancelJob(JobId("j1"))),
    ("POST", "/v1/jobs/j1/release", ReleaseJob(JobId("j1"))),
    ("POST", "/v1/jobs/j1/assume-printed", AssumePrinted(JobId("j1"))),
    ("POST", "/v1/jobs/j1/reprint", ReprintJob(JobId("j1"))),
    ("GET", "/v1/clients", ListClients()),
    ("DELETE", "/v1/clients/c1", DisconnectClient("c1")),
    ("GET", "/v1/access/origins", ListOrigins()),
    ("GET", "/v1/log", ReadLog(0)),
    ("GET", "/v1/health", AskHealth()),
    ("POST", "/v1/reload", Reload()),
]


@pytest.mark.parametrize(("method", "path", "wanted"), PLAIN)
def test_each_plain_route_asks_its_command(method: str, path: str, wanted: Command) -> None:
    assert command(ask(method, path)) == wanted


@pytest.mark.parametrize("path", [path for method, path, _ in PLAIN if method == "POST"])
def test_a_call_without_fields_takes_an_empty_object_and_nothing_else(path: str) -> None:
    assert isinstance(post(path, {}), Do)
    assert "`colour`" in problem(post(path, {"colour": "red"}))["detail"]


def test_a_printers_name_in_the_path_may_hold_any_sign() -> None:
    name = "Küche / 2. Etage 100%"
    assert command(ask("GET", f"/v1/printers/{quote(name, safe='')}")) == ShowPrinter(name)


def test_a_printer_is_added_with_aliases_and_options() -> None:
    body = {"name": "Kitchen", "uri": "socket://10.0.0.9", "aliases": ["receipt"], "options": {"language": "zpl"}}
    assert command(post("/v1/printers", body)) == AddPrinter(
        "Kitchen", "socket://10.0.0.9", ("receipt",), {"language": "zpl"}
    )


def test_changing_a_printer_passes_on_only_what_is_given() -> None:
    def patch(body: object) -> Do | Response:
        return ask("PATCH", "/v1/printers/kitchen", body=json.dumps(body).encode(), headers=JSON)

    assert command(patch({})) == ChangePrinter("kitchen")
    assert command(patch({"aliases": []})) == ChangePrinter("kitchen", aliases=())
    assert command(patch({"name": "Bar", "uri": "file:out", "options": {"language": None}})) == ChangePrinter(
        "kitchen", uri="file:out", name="Bar", options={"language": None}
    )
    assert "`$.name`" in problem(patch({"name": None}))["detail"]


def test_a_masked_uri_is_not_taken_for_a_password() -> None:
    shown = json.loads(answered(ask("GET", "/v1/printers/kitchen"), replace_view()).body)
    assert shown["uri"] == "ipp://***@printer.example/ipp/print"
    assert problem(post("/v1/printers", {"name": "Copy", "uri": shown["uri"]}))["code"] == "bad-uri"


def replace_view() -> object:
    return next(reply for reply in REPLIES if getattr(reply, "view", None) is VIEW)


def test_jobs_are_filtered_by_query() -> None:
    query = {
        "state": "held,pending",
        "printer": "kitchen",
        "owner": "local",
        "reason": "too-late",
        "limit": "7",
        "cursor": "x",
    }
    assert command(ask("GET", "/v1/jobs", query=query)) == ListJobs(
        (JobState.HELD, JobState.PENDING), "kitchen", "local", "too-late", "x", 7
    )


class Repeated(dict[str, str]):
    """A query in which a name stands twice, as servers give it."""

    def items(self) -> Any:
        return [("state", "held"), ("state", "pending"), *super().items()]


def test_states_may_be_repeated_but_nothing_else_may() -> None:
    assert command(ask("GET", "/v1/jobs", query=Repeated())) == ListJobs((JobState.HELD, JobState.PENDING))

    class Twice(dict[str, str]):
        def items(self) -> Any:
            return [("limit", "1"), ("limit", "2")]

    assert "twice" in problem(ask("GET", "/v1/jobs", query=Twice()))["detail"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"limit": "0"}, "`$.limit`"),
        ({"limit": "1001"}, "`$.limit`"),
        ({"limit": "many"}, "`$.limit`"),
        ({"state": "sleeping"}, "sleeping"),
        ({"state": ""}, "`$.state[0]`"),
        ({"colour": "red"}, "`colour`"),
        ({"owner": "\udcff"}, "UTF-8"),
    ],
)
def test_a_bad_query_is_refused_naming_what_is_wrong(query: dict[str, str], words: str) -> None:
    told = problem(ask("GET", "/v1/jobs", query=query))
    assert (told["status"], told["code"]) == (400, "bad-request")
    assert words in told["detail"]


def test_origins_are_allowed_by_body_and_revoked_by_query() -> None:
    origin = "https://shop.example"
    assert command(post("/v1/access/origins", {"origin": origin})) == AllowOrigin(origin)
    assert command(ask("DELETE", "/v1/access/origins", query={"origin": origin})) == RevokeOrigin(origin)
    assert "`origin`" in problem(ask("DELETE", "/v1/access/origins"))["detail"]


def test_the_log_is_read_on_from_a_line() -> None:
    assert command(ask("GET", "/v1/log", query={"after": "17"})) == ReadLog(17)
    assert problem(ask("GET", "/v1/log", query={"after": "-1"}))["code"] == "bad-request"
    assert problem(ask("GET", "/v1/log", query={"after": str(2**63)}))["code"] == "bad-request"


# --- printers that dial in, and webhooks


def test_one_printer_is_adopted_or_thousands_in_one_request() -> None:
    one = {"adoptions": [{"device": "50J1", "name": "Dock 4", "identity": "user:dock"}]}
    assert command(post("/v1/adoptions", one)) == AdoptPrinters((Adoption("50J1", "Dock 4", "user:dock"),))
    many = command(post("/v1/adoptions", {"adoptions": [{"device": f"S{number}"} for number in range(10_000)]}))
    assert isinstance(many, AdoptPrinters)
    assert len(many.adoptions) == 10_000


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "`adoptions`"),
        ({"adoptions": []}, "`$.adoptions`"),
        ({"adoptions": [{"device": "S"}] * 10_001}, "`$.adoptions`"),
        ({"adoptions": [{"device": ""}]}, "`$.adoptions[0].device`"),
        ({"adoptions": [{"name": "Dock"}]}, "`device`"),
        ({"adoptions": [{"device": "S", "serial": "S"}]}, "`serial`"),
        ({"adoptions": [{"device": "S", "name": "n" * 256}]}, "name`"),
    ],
)
def test_a_bad_adoption_is_refused_naming_what_is_wrong(body: object, words: str) -> None:
    told = problem(post("/v1/adoptions", body))
    assert (told["status"], told["code"]) == (400, "bad-request")
    assert words in told["detail"]


def test_a_question_is_text_or_bytes() -> None:
    ask_kitchen = "/v1/printers/kitchen/ask"
    question = '! U1 getvar "device.friendly_name"\r\n'
    assert command(post(ask_kitchen, {"text": question})) == AskPrinter("kitchen", question.encode())
    body = {"data": base64.b64encode(b"\x1b\x00").decode(), "channel": "config", "within_s": 2.5}
    assert command(post(ask_kitchen, body)) == AskPrinter("kitchen", b"\x1b\x00", "config", 2.5)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "exactly one"),
        ({"text": "A", "data": "QQ=="}, "exactly one"),
        ({"text": ""}, "`$.text`"),
        ({"data": "!"}, "base64"),
        ({"text": "A" * 65_537}, "`$.text`"),
        ({"text": "A", "within_s": 301}, "`$.within_s`"),
        ({"text": "A", "channel": "c" * 33}, "`$.channel`"),
    ],
)
def test_a_bad_question_is_refused_naming_what_is_wrong(body: object, words: str) -> None:
    told = problem(post("/v1/printers/kitchen/ask", body))
    assert (told["status"], told["code"]) == (400, "bad-request")
    assert words in told["detail"]


def test_an_answer_comes_as_bytes_and_as_far_as_it_can_be_read() -> None:
    told = answered(post("/v1/printers/kitchen/ask", {"text": "~HI"}), PrinterSaid(b"\x02ZD420\xff\x03"))
    assert json.loads(told.body) == {
        "text": "\x02ZD420\ufffd\x03",
        "data": base64.b64encode(b"\x02ZD420\xff\x03").decode(),
    }


def test_a_channel_is_named_to_be_reopened() -> None:
    assert command(post("/v1/printers/kitchen/reopen", {"channel": "raw"})) == ReopenChannel("kitchen", "raw")
    assert "`channel`" in problem(post("/v1/printers/kitchen/reopen", {}))["detail"]
    assert "`$.channel`" in problem(post("/v1/printers/kitchen/reopen", {"channel": ""}))["detail"]


def test_a_trace_says_how_many_frames() -> None:
    assert command(post("/v1/traces/XX1", {"frames": 3})) == TracePrinter("XX1", 3)
    for frames in (0, 1001):
        assert "`$.frames`" in problem(post("/v1/traces/XX1", {"frames": frames}))["detail"]


def test_dead_letters_are_limited_by_query() -> None:
    assert command(ask("GET", "/v1/webhooks/erp/dead", query={"limit": "7"})) == ListDeadLetters("erp", 7)
    assert problem(ask("GET", "/v1/webhooks/erp/dead", query={"limit": "0"}))["code"] == "bad-request"


def test_a_newcomer_is_shown_with_what_it_says_and_what_it_proved() -> None:
    hostile = replace(NEWCOMER, name="\ud800<b>", serial="\udcff")
    shown = json.loads(answered(ask("GET", "/v1/unadopted"), Unadopted((NEWCOMER, hostile), ("weblink:bad",))).body)
    assert shown["rejected"] == ["weblink:bad"]
    assert shown["newcomers"][0] == {
        "uri": "weblink:50J172400001",
        "serial": "50J172400001",
        "name": "Dock 4",
        "info": "ZD420-203dpi ZPL, V84.20.10Z",
        "peer": "192.0.2.7",
        "identity": "user:dock",
        "since": "2026-03-01T12:30:15Z",
    }
    assert (shown["newcomers"][1]["name"], shown["newcomers"][1]["serial"]) == ("?<b>", "?")


def test_an_adopted_printer_is_shown_with_its_channels_and_identity() -> None:
    adopted = json.loads(answered(post("/v1/adoptions", {"adoptions": [{"device": "x"}]}), ADOPTED).body)
    assert adopted["fresh"] == [True]
    (shown,) = adopted["printers"]
    assert (shown["channels"], shown["identity"]) == (["main", "raw"], "user:dock")


def test_no_password_of_a_webhooks_url_is_shown() -> None:
    shown = json.loads(answered(ask("GET", "/v1/webhooks"), Webhooks((HOOK,))).body)
    assert shown["webhooks"][0]["url"] == "https://***@erp.example/hook"


# --- submit


def test_json_carries_a_document_as_base64() -> None:
    data = bytes(range(256))
    body = {"printer": "kitchen", "data": base64.b64encode(data).decode()}
    asked = submitted(post("/v1/jobs", body))
    assert asked == Submit("kitchen", Document.of(data))


def test_json_says_all_that_can_be_said_of_a_job() -> None:
    body = {
        "printer": "kitchen",
        "data": "QQ==",
        "media_type": "Application/PDF",
        "title": "Order 17",
        "copies": 3,
        "key": "k1",
        "start_within_s": 60,
        "on_late": "cancel",
        "external_id": "o17",
    }
    assert submitted(post("/v1/jobs", body)) == Submit(
        "kitchen",
        Document.of(b"A", "application/pdf"),
        "Order 17",
        3,
        "k1",
        60,
        OnLate.CANCEL,
        "o17",
        is_typed=True,
    )


def test_json_carries_a_document_as_text() -> None:
    asked = submitted(post("/v1/jobs", {"printer": "kitchen", "text": "Grüße", "encoding": "cp850"}))
    assert asked == Submit("kitchen", "Grüße", encoding="cp850")


def test_line_breaks_may_stand_in_base64() -> None:
    asked = submitted(post("/v1/jobs", {"printer": "kitchen", "data": "XlhB\r\nXlha\n"}))
    assert asked.document == Document.of(b"^XA^XZ")


def test_the_printer_may_stand_in_the_path() -> None:
    assert submitted(post("/v1/printers/kitchen/jobs", {"text": "hi"})).printer == "kitchen"
    told = problem(post("/v1/printers/kitchen/jobs", {"text": "hi", "printer": "bar"}))
    assert "`printer` stands in the path" in told["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"printer": "p"}, "exactly one"),
        ({"printer": "p", "data": "QQ==", "text": "A"}, "exactly one"),
        ({"text": "A"}, "`printer`"),
        ({"printer": "", "text": "A"}, "`$.printer`"),
        ({"printer": 5, "text": "A"}, "`$.printer`"),
        ({"printer": "p", "text": "A", "colour": 1}, "`colour`"),
        ({"printer": "p", "text": "A", "copies": "2"}, "`$.copies`"),
        ({"printer": "p", "text": "A", "copies": 0}, "`$.copies`"),
        ({"printer": "p", "text": "A", "copies": 1001}, "`$.copies`"),
        ({"printer": "p", "text": "A", "copies": True}, "`$.copies`"),
        ({"printer": "p", "text": "A", "start_within_s": 0}, "`$.start_within_s`"),
        ({"printer": "p", "text": "A", "wait": "forever"}, "`$.wait`"),
        ({"printer": "p", "text": "A", "wait_s": 601}, "`$.wait_s`"),
        ({"printer": "p", "text": "A", "on_late": "perhaps"}, "`$.on_late`"),
        ({"printer": "p", "text": "A", "key": ""}, "`$.key`"),
        ({"printer": "p", "text": "A", "media_type": "text/plain"}, "`media_type` goes with `data`"),
        ({"printer": "p", "data": "QQ==", "encoding": "utf-8"}, "`encoding` goes with `text`"),
        ({"printer": "p", "data": "QQ==", "media_type": "zpl"}, "no media type"),
        ({"printer": "p", "data": "Q"}, "base64"),
        ({"printer": "p", "data": "QQ"}, "base64"),
        ({"printer": "p", "data": "QQ==QQ=="}, "base64"),
        ({"printer": "p", "data": "_-8="}, "base64"),
        ({"printer": "p", "data": "é"}, "base64"),
        ([1], "`object`"),
        ("text", "`object`"),
    ],
)
def test_a_bad_submit_is_refused_naming_what_is_wrong(body: object, words: str) -> None:
    told = problem(post("/v1/jobs", body))
    assert (told["status"], told["code"]) == (400, "bad-request")
    assert words in told["detail"]


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b'{"printer":"\xff"}', b"{'a':1}", b"[" * 100_000, b'{"printer":1e999}']
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    assert problem(ask("POST", "/v1/jobs", body=body, headers=JSON))["code"] == "bad-request"


def test_json_bodies_stand_alone() -> None:
    found = ask("POST", "/v1/jobs", body=b'{"printer":"p","text":"A"}', headers=JSON, query={"copies": "2"})
    assert "`copies`" in problem(found)["detail"]


def test_a_raw_body_is_the_document_and_the_query_says_the_rest() -> None:
    query = {
        "printer": "kitchen",
        "title": "Order 17",
        "copies": "2",
        "start_within_s": "1.5",
        "on_late": "print",
        "external_id": "o17",
    }
    headers = {"content-type": "Application/PDF; version=2", "idempotency-key": "k1"}
    streamed = Document(9, "abc", path=None, data=b"%PDF-1.7\n")
    asked = submitted(ask("POST", "/v1/jobs", query=query, headers=headers, document=streamed))
    assert asked == Submit(
        "kitchen",
        replace(streamed, media_type="application/pdf"),
        "Order 17",
        2,
        "k1",
        1.5,
        OnLate.PRINT,
        "o17",
        is_typed=True,
    )


@pytest.mark.parametrize("headers", [{}, {"content-type": "application/octet-stream"}])
def test_a_raw_body_of_no_type_is_left_to_be_recognised(headers: dict[str, str]) -> None:
    asked = submitted(ask("POST", "/v1/printers/kitchen/jobs", body=b"^XA^XZ", headers=headers))
    assert asked == Submit("kitchen", Document.of(b"^XA^XZ"))


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_form_is_not_printed(kind: str) -> None:
    told = problem(ask("POST", "/v1/jobs", query={"printer": "p"}, body=b"a=b", headers={"content-type": kind}))
    assert (told["status"], told["code"]) == (415, "kind-not-accepted")


@pytest.mark.parametrize(
    ("query", "headers", "words"),
    [
        ({}, {}, "`printer`"),
        ({"printer": "p", "data": "QQ=="}, {}, "`data`"),
        ({"printer": "p", "copies": "x"}, {}, "`$.copies`"),
        ({"printer": "p", "wait_s": "nan"}, {}, "`$.wait_s`"),
        ({"printer": "p", "start_within_s": "inf"}, {}, "`$.start_within_s`"),
        ({"printer": "p"}, {"content-type": "zpl"}, "no media type"),
        ({"printer": "p"}, {"content-type": "a/\udcff"}, "UTF-8"),
        ({"printer": "p"}, {"idempotency-key": "\udcff"}, "UTF-8"),
        ({"printer": "p"}, {"idempotency-key": ""}, "`$.key`"),
    ],
)
def test_a_bad_raw_submit_is_refused(query: dict[str, str], headers: dict[str, str], words: str) -> None:
    told = problem(ask("POST", "/v1/jobs", query=query, headers=headers, body=b"A"))
    assert (told["status"], told["code"]) == (400, "bad-request")
    assert words in told["detail"]


def test_the_key_comes_by_header_or_by_field_but_not_two_of_them() -> None:
    body = {"printer": "p", "text": "A"}
    assert submitted(post("/v1/jobs", body, {"idempotency-key": "k"})).key == "k"
    assert submitted(post("/v1/jobs", {**body, "key": "k"}, {"idempotency-key": "k"})).key == "k"
    assert submitted(post("/v1/jobs", {**body, "key": None}, {"idempotency-key": "k"})).key == "k"
    assert "differ" in problem(post("/v1/jobs", {**body, "key": "other"}, {"idempotency-key": "k"}))["detail"]


# --- answers


def test_an_accepted_job_is_created_and_says_where_it_is() -> None:
    told = answered(post("/v1/jobs", {"printer": "p", "text": "A"}), ACCEPTED)
    assert told.status == 201
    assert told.headers == {"Location": f"/v1/jobs/{JOB_ID}"}
    job = json.loads(told.body)
    assert (job["id"], job["printer_name"], job["state"]) == (JOB_ID, "Kitchen", "pending")
    assert job["created_at"] == "2026-03-01T12:30:15Z"
    assert "timeline" not in job


def test_a_replayed_key_gives_the_same_answer_and_says_so() -> None:
    asked = post("/v1/jobs", {"printer": "p", "text": "A", "key": "k"})
    first, again = answered(asked, ACCEPTED), answered(asked, replace(ACCEPTED, fresh=False))
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers == {**first.headers, "Idempotency-Replayed": "true"}


@pytest.mark.parametrize("wait", ["none", "kept"])
def test_waiting_for_no_more_than_keeping_asks_nothing_more(wait: str) -> None:
    assert answered(post("/v1/jobs", {"printer": "p", "text": "A", "wait": wait}), ACCEPTED).status == 201


def waiting(wait: str = "delivered", *, fresh: bool = True) -> Do:
    first = post("/v1/jobs", {"printer": "p", "text": "A", "wait": wait, "wait_s": 5})
    assert isinstance(first, Do)
    second = NativeHttp().tell(first.tag, replace(ACCEPTED, fresh=fresh))
    assert isinstance(second, Do)
    return second


@pytest.mark.parametrize("wait", ["sent", "delivered", "printed"])
def test_a_submit_that_waits_follows_the_job(wait: str) -> None:
    assert waiting(wait).command == Follow(JOB_ID, Evidence[wait.upper()], 5)


def test_a_submit_waits_half_a_minute_unless_told_otherwise() -> None:
    first = ask("POST", "/v1/jobs", query={"printer": "p", "wait": "sent"}, body=b"A")
    assert isinstance(first, Do)
    second = NativeHttp().tell(first.tag, ACCEPTED)
    assert command(second) == Follow(JOB_ID, Evidence.SENT, 30)


def test_after_waiting_the_answer_is_the_job_as_it_then_is() -> None:
    done = replace(JOB, state=JobState.COMPLETED, evidence=Evidence.DELIVERED)
    told = answered(waiting(fresh=False), JobShown(done, "Kitchen"))
    assert told.status == 201
    assert told.headers == {"Location": f"/v1/jobs/{JOB_ID}", "Idempotency-Replayed": "true"}
    job = json.loads(told.body)
    assert (job["state"], job["evidence"]) == ("completed", "delivered")
    assert "not proof of paper" in job["evidence_means"]


def test_a_wait_that_fails_does_not_make_a_kept_job_look_refused() -> None:
    told = answered(waiting(), Refusal("shutting-down", "Fanfold is stopping.", 503))
    assert told.status == 201
    assert json.loads(told.body)["id"] == JOB_ID


def test_a_waiting_submit_that_is_refused_is_refused() -> None:
    asked = post("/v1/jobs", {"printer": "p", "text": "A", "wait": "sent"})
    assert problem(answered(asked, REFUSAL))["code"] == "unknown-printer"


def test_a_refusal_keeps_its_status_code_words_and_job() -> None:
    refusal = Refusal("too-late", "The job is finished.", 409, JobId("j1"))
    told = problem(answered(ask("POST", "/v1/jobs/j1/cancel"), refusal))
    assert told == {
        "type": "urn:fanfold:problem:too-late",
        "title": "It is too late to cancel",
        "status": 409,
        "detail": "The job is finished.",
        "code": "too-late",
        "job": "j1",
    }


def test_a_refusal_of_an_unlisted_code_is_worded_too() -> None:
    assert problem(answered(ask("GET", "/v1/jobs"), Refusal("odd", "So.", 418)))["title"]
    assert problem(answered(ask("GET", "/v1/jobs"), Refusal("odder", "So.", 599)))["title"] == "It was not done"


def test_a_shown_job_has_its_timeline() -> None:
    job = json.loads(answered(ask("GET", "/v1/jobs/j1"), SHOWN).body)
    assert job["timeline"] == [
        {
            "id": 41,
            "at": "2026-03-01T12:30:15Z",
            "state": "processing",
            "reasons": ["queued-in-device"],
            "message": "Every byte left us.",
            "evidence": "sent",
            "attempt": 1,
            "sent_bytes": 9,
        }
    ]


def test_a_document_comes_as_bytes_that_no_browser_opens() -> None:
    replies = [reply for reply in REPLIES if getattr(reply, "document", None) is DOCUMENT]
    told = answered(ask("GET", "/v1/jobs/j1/document"), replies[0])
    assert (told.status, told.document, told.media_type) == (200, DOCUMENT, "application/vnd.zebra-zpl")
    assert told.headers["Content-Disposition"].startswith("attachment")
    assert told.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("ok", "status"), [(True, 200), (False, 503)])
def test_health_says_by_its_status_whether_work_is_taken(ok: bool, status: int) -> None:
    told = answered(ask("GET", "/v1/health"), Health(ok, "1.0", 3.5, ("the disk is full",)))
    assert told.status == status
    assert json.loads(told.body) == {"ok": ok, "version": "1.0", "uptime_s": 3.5, "problems": ["the disk is full"]}


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: type(reply).__name__)
def test_every_kind_of_reply_has_an_answer(reply: object) -> None:
    told = answered(ask("GET", "/v1/printers"), reply)
    assert told.body or told.document


# --- paths and methods


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/v1/printers/", "/v1/jobs/j1/eat", "/v1/jobs//cancel", "/v1", "", "/"]
)
def test_an_unknown_path_is_not_found(path: str) -> None:
    assert problem(ask("GET", path))["code"] == "not-found"


def test_a_wrong_method_is_told_the_right_ones() -> None:
    found = ask("PUT", "/v1/printers/kitchen")
    assert problem(found)["code"] == "method-not-allowed"
    assert isinstance(found, Response)
    assert found.headers["Allow"] == "DELETE, GET, PATCH"


def test_words_that_repeat_undecodable_bytes_can_be_sent() -> None:
    assert "?" in problem(ask("GET", "/v1/\udcff"))["detail"]


def test_all_answers_of_the_table_have_their_own_name_and_place() -> None:
    assert len({route.name for route in ROUTES}) == len(ROUTES)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


def test_the_openapi_document_is_served() -> None:
    found = ask("GET", "/v1/openapi.json")
    assert isinstance(found, Response)
    assert (found.status, found.media_type) == (200, "application/json")
    assert json.loads(found.body)["openapi"] == "3.1.0"
