"""The command line against the native API itself: real HTTP, the real dialect, a feigned engine."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from click.testing import CliRunner, Result
from multidict import MultiDict

from fanfold import __version__, messages
from fanfold.cli import COMMANDS, main, send
from fanfold.cli.exits import Exit, Failed, plain
from fanfold.dialects.base import Do
from fanfold.dialects.native_http import NativeHttp
from fanfold.messages import Accepted, Client, Command, JobChanged, PrinterView, Refusal, Reply
from fanfold.model import Evidence, Job, JobId, JobState, Printer, PrinterId, PrinterStatus, Traits
from fanfold.reception import Newcomer
from fanfold.wire import Document, Request

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ZEBRA = PrinterView(Printer(PrinterId("zebra"), "Zebra", "socket://192.0.2.7", ("receipt",)), PrinterStatus(), 3)

DOCK = PrinterView(
    Printer(PrinterId("dock"), "Dock", "weblink:S1", identity="user:dock"), PrinterStatus(), channels=("main", "raw")
)
NEWCOMER = Newcomer("weblink:S1", "S1", "\x1b[2JDock", "ZD420, V84", "192.0.2.7", "user:dock", AT)
FOUND = messages.Device(
    "zebra-0a", "Dock 4", "at the door", Traits("Zebra", "ZD420", languages=("zpl", "epl")),
    (messages.DeviceWay("socket://192.0.2.7", "mdns"), messages.DeviceWay("ipp://192.0.2.7/ipp/print", "mdns")),
)  # fmt: skip
HOOK = messages.WebhookView("erp", "https://erp.example/hook", 3, 1, AT, "it answers 500")
LETTER = messages.DeadLetter(17, "job-changed", "job:j-1", 9, AT, AT, "it answered 500")


def job(state: JobState = JobState.PENDING, **more: Any) -> Job:
    return Job(JobId("j-1"), PrinterId("zebra"), state, AT, AT, **more)


class FakeGateway:
    """Reads requests as the gateway does, keeps the commands, and answers with the replies it was given, in order."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.commands: list[Command] = []
        self.headers: dict[str, str] = {}
        self.raw: tuple[int, bytes] | None = None
        """Answer so, without reading the body."""
        self._dialect = NativeHttp()
        fake = self

        class Exchange(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fake.exchange(self)

            do_POST = do_DELETE = do_PATCH = do_GET  # noqa: N815

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def exchange(self, http: BaseHTTPRequestHandler) -> None:
        self.headers = {name.lower(): value for name, value in http.headers.items()}
        status, body = self.raw or self._answer(http)
        http.send_response(status)
        http.send_header("Content-Length", str(len(body)))
        http.end_headers()
        http.wfile.write(body)

    def _answer(self, http: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        url = urlsplit(http.path)
        query = MultiDict(parse_qsl(url.query))
        step = self._dialect.ask(Request(http.command, url.path, query, self.headers, self._body(http)), AT)
        while isinstance(step, Do):
            self.commands.append(step.command)
            step = self._dialect.tell(step.tag, self.replies.pop(0))
        return step.status, step.body

    def _body(self, http: BaseHTTPRequestHandler) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return http.rfile.read(int(self.headers.get("content-length", "0")))
        body = b""
        while size := int(http.rfile.readline(), 16):
            body += http.rfile.read(size + 2)[:-2]
        http.rfile.readline()
        return body


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    fake = FakeGateway()
    thread = threading.Thread(target=fake.server.serve_forever, args=(0.01,))
    thread.start()
    yield fake
    fake.server.shutdown()
    thread.join()
    fake.server.server_close()


def fanfold(gateway: FakeGateway | str, *args: str, stdin: bytes = b"", **env: str) -> Result:
    url = gateway if isinstance(gateway, str) else gateway.url
    result = CliRunner().invoke(main, args, input=stdin, env={"FANFOLD_URL": url, **env})
    assert not isinstance(result.exception, Exception), result.exception
    return result


def test_printers_are_listed_in_a_table(gateway: FakeGateway) -> None:
    for args in (["printers"], ["printers", "list"]):
        gateway.replies = [messages.Printers((ZEBRA,))]
        result = fanfold(gateway, *args)
        assert result.exit_code == Exit.DONE
        head, row = result.stdout.splitlines()
        assert head.split() == ["NAME", "STATE", "WAITING", "HELD", "URI", "ALIASES"]
        assert row.split() == ["Zebra", "unknown", "3", "socket://192.0.2.7", "receipt"]


def test_devices_are_listed_with_all_that_adds_one_and_notes_on_stderr(gateway: FakeGateway) -> None:
    known = replace(FOUND, id="zebra-0b", name="\x1b[2JBar", printers=(PrinterId("zebra"),))
    gateway.replies = [messages.Devices((known, FOUND), ("mDNS cannot listen",))]
    result = fanfold(gateway, "printers", "discover")
    _, first, second = result.stdout.splitlines()
    for said in ("zebra-0a", "Dock 4", "Zebra, ZD420", "zpl, epl", "socket://192.0.2.7, ipp://192.0.2.7/ipp/print"):
        assert said in first
    assert second.split()[-1] == "zebra"
    assert "\x1b" not in result.stdout
    assert result.stderr == "mDNS cannot listen\n"


def test_a_name_without_a_device_to_add_is_wrong_usage(gateway: FakeGateway) -> None:
    result = fanfold(gateway, "printers", "discover", "--name", "Dock")
    assert result.exit_code == Exit.WRONG_USAGE
    assert gateway.commands == []


def test_json_is_the_answer_of_the_api(gateway: FakeGateway) -> None:
    gateway.replies = [messages.Printers((ZEBRA,))]
    answer = json.loads(fanfold(gateway, "printers", "--json").stdout)
    assert answer["printers"][0]["uri"] == "socket://192.0.2.7"


def test_an_empty_list_says_so_on_stderr(gateway: FakeGateway) -> None:
    gateway.replies = [messages.Printers(())]
    result = fanfold(gateway, "printers")
    assert result.stdout == ""
    assert "There are no printers" in result.stderr


@pytest.mark.parametrize(
    ("args", "command", "reply"),
    [
        ("printers show Zebra", messages.ShowPrinter("Zebra"), messages.PrinterShown(ZEBRA)),
        ("printers pause a/b", messages.PausePrinter("a/b"), messages.PrinterShown(ZEBRA)),
        ("printers resume Zebra", messages.ResumePrinter("Zebra"), messages.PrinterShown(ZEBRA)),
        ("printers remove Zebra", messages.RemovePrinter("Zebra"), messages.Done()),
        ("printers test Zebra", messages.PrintTestPage("Zebra"), Accepted(job(), "Zebra")),
        (
            "printers add N file:x --alias a --alias b --option on_doubt=reprint --option max_wait_s=60",
            messages.AddPrinter("N", "file:x", ("a", "b"), {"on_doubt": "reprint", "max_wait_s": 60}),
            messages.PrinterShown(ZEBRA),
        ),
        ("jobs", messages.ListJobs(limit=50), messages.Jobs(())),
        (
            "jobs --state held --state pending --printer Zebra --limit 2",
            messages.ListJobs((JobState.HELD, JobState.PENDING), "Zebra", limit=2),
            messages.Jobs((job(),), "more"),
        ),
        ("job show j-1", messages.ShowJob(JobId("j-1")), messages.JobShown(job(), "Zebra")),
        ("job cancel j-1", messages.CancelJob(JobId("j-1")), messages.JobShown(job(), "Zebra")),
        ("job release j-1", messages.ReleaseJob(JobId("j-1")), messages.JobShown(job(), "Zebra")),
        ("job assume-printed j-1", messages.AssumePrinted(JobId("j-1")), messages.JobShown(job(), "Zebra")),
        ("job reprint j-1", messages.ReprintJob(JobId("j-1")), Accepted(job(), "Zebra")),
        ("clients", messages.ListClients(), messages.Clients((Client("c1", "127.0.0.1", "", "native", AT, 2),))),
        ("clients disconnect c1", messages.DisconnectClient("c1"), messages.Done()),
        ("access", messages.ListOrigins(), messages.Origins(("https://a.example",), ())),
        ("access list", messages.ListOrigins(), messages.Origins((), ())),
        ("access allow https://a.example", messages.AllowOrigin("https://a.example"), messages.Origins((), ())),
        ("access revoke https://a.example", messages.RevokeOrigin("https://a.example"), messages.Origins((), ())),
        ("reload", messages.Reload(), messages.Done(("2 printers were added.",))),
        ("printers unadopted", messages.ListUnadopted(), messages.Unadopted((NEWCOMER,), ("weblink:S9",))),
        ("printers unadopted", messages.ListUnadopted(), messages.Unadopted(())),
        (
            "printers adopt S1 weblink:S2 S1",
            messages.AdoptPrinters((messages.Adoption("S1"), messages.Adoption("weblink:S2"))),
            messages.Adopted((DOCK, DOCK), (True, False)),
        ),
        (
            "printers adopt S1 --name Dock --identity user:dock",
            messages.AdoptPrinters((messages.Adoption("S1", "Dock", "user:dock"),)),
            messages.Adopted((DOCK,), (True,)),
        ),
        ("printers reject S1", messages.RejectPrinter("S1"), messages.Done(("S1 is let in no more.",))),
        ("printers ask Dock ~HI", messages.AskPrinter("Dock", b"~HI"), messages.PrinterSaid(b"\x02ZD420\x03\r\n")),
        (
            "printers ask Dock !getvar --channel config --within 300",
            messages.AskPrinter("Dock", b"!getvar\r\n", "config", 300),
            messages.PrinterSaid(b'"?"'),
        ),
        (
            "weblink sgd Dock device.friendly_name",
            messages.AskPrinter("Dock", b'{}{"device.friendly_name":null}'),
            messages.PrinterSaid(b'{"device.friendly_name":"Dock"}'),
        ),
        (
            "weblink sgd Dock device.friendly_name Küche",
            messages.AskPrinter("Dock", '{}{"device.friendly_name":"Küche"}'.encode()),
            messages.PrinterSaid(b'{"device.friendly_name":"K"}'),
        ),
        (
            "weblink sgd Dock device.friendly_name --channel config",
            messages.AskPrinter("Dock", b'{}{"device.friendly_name":null}', "config"),
            messages.PrinterSaid(b'{"device.friendly_name":"Dock"}'),
        ),
        ("printers discover", messages.ListDiscovered(3), messages.Devices((FOUND,), ("mDNS cannot listen",))),
        ("printers discover --wait 0", messages.ListDiscovered(0), messages.Devices(())),
        ("printers discover --add d-1", messages.AddDiscovered("d-1"), messages.PrinterShown(ZEBRA)),
        (
            "printers discover --add d-1 --name Dock --by lpd://192.0.2.7/q",
            messages.AddDiscovered("d-1", "Dock", "lpd://192.0.2.7/q"),
            messages.PrinterShown(ZEBRA),
        ),
        ("weblink reopen Dock raw", messages.ReopenChannel("Dock", "raw"), messages.Done()),
        ("webhooks", messages.ListWebhooks(), messages.Webhooks((HOOK,))),
        ("webhooks list", messages.ListWebhooks(), messages.Webhooks(())),
        ("webhooks dead erp --limit 3", messages.ListDeadLetters("erp", 3), messages.DeadLetters((LETTER,))),
        ("webhooks retry erp", messages.RetryDeadLetters("erp"), messages.Done(("1 event is tried again.",))),
    ],
)
@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_each_command_asks_the_gateway_for_what_it_says(
    gateway: FakeGateway, args: str, command: Command, reply: Reply, as_json: list[str]
) -> None:
    gateway.replies = [reply]
    result = fanfold(gateway, *args.split(), *as_json)
    assert (result.exit_code, result.stderr if as_json else "") == (Exit.DONE, "")
    assert gateway.commands == [command]
    if as_json:
        json.loads(result.stdout)


def test_newcomers_are_shown_with_what_they_say_and_proved_and_command_no_terminal(gateway: FakeGateway) -> None:
    gateway.replies = [messages.Unadopted((NEWCOMER,), ("weblink:S9",))]
    head, row, _, rejected, which = fanfold(gateway, "printers", "unadopted").stdout.splitlines()
    assert head.split() == ["SERIAL", "NAME", "SAYS", "FROM", "PROVED", "SINCE"]
    assert "\x1b" not in row
    assert "192.0.2.7" in row
    assert "user:dock" in row
    assert (rejected.strip(), which.strip()) == ("REJECTED", "weblink:S9")


def test_printers_are_adopted_from_a_list(gateway: FakeGateway, tmp_path: Path) -> None:
    (tmp_path / "serials.csv").write_text("\ufeffSerial;Name\r\nS2;Dock 2\r\n# later: S3\r\nS1\r\n", "utf-8")
    gateway.replies = [messages.Adopted((DOCK, DOCK), (True, False))]
    result = fanfold(gateway, "printers", "adopt", "--file", str(tmp_path / "serials.csv"))
    assert gateway.commands == [messages.AdoptPrinters((messages.Adoption("S2", "Dock 2"), messages.Adoption("S1")))]
    assert [line.split()[-1] for line in result.stdout.splitlines()[1:]] == ["now", "before"]


def test_a_list_may_come_by_standard_input(gateway: FakeGateway) -> None:
    gateway.replies = [messages.Adopted((DOCK,), (True,))]
    assert fanfold(gateway, "printers", "adopt", "--file", "-", stdin=b"S1\n").exit_code == Exit.DONE
    assert gateway.commands == [messages.AdoptPrinters((messages.Adoption("S1"),))]


def test_a_list_with_a_wrong_line_lets_nobody_in(gateway: FakeGateway, tmp_path: Path) -> None:
    (tmp_path / "serials.csv").write_text("S1\nS 2\n")
    result = fanfold(gateway, "printers", "adopt", "--file", str(tmp_path / "serials.csv"))
    assert result.exit_code == Exit.WRONG_USAGE
    assert "serials.csv: line 2: 'S 2' is no serial" in result.stderr
    assert "No printer was let in." in result.stderr
    assert gateway.commands == []


def test_an_answer_is_shown_without_commanding_the_terminal_or_written_as_it_came(gateway: FakeGateway) -> None:
    gateway.replies = [messages.PrinterSaid(b"\x02ZD420\xff\x03\r\n")] * 2
    assert fanfold(gateway, "printers", "ask", "Dock", "~HI").stdout == "␂ZD420\ufffd␃\n"
    assert fanfold(gateway, "printers", "ask", "Dock", "~HI", "--raw").stdout_bytes == b"\x02ZD420\xff\x03\r\n"
    gateway.replies = [messages.PrinterSaid(b"")]
    assert "answered nothing" in fanfold(gateway, "printers", "ask", "Dock", '! U1 setvar "a" "b"').stderr


# --- fanfold weblink

SETUP = ["weblink", "setup", "S1", "--url", "https://labels.example/weblink"]


def test_the_setup_goes_pure_to_standard_output_and_its_words_beside(gateway: FakeGateway) -> None:
    result = fanfold(gateway, *SETUP)
    assert result.exit_code == Exit.DONE
    lines = result.stdout_bytes.split(b"\r\n")
    assert lines.pop() == b""
    assert all(line.startswith(b"! U1 ") for line in lines)
    assert lines[-1] == b'! U1 do "device.reset" ""'
    words = result.stderr.splitlines()
    assert len([line for line in words if line.startswith("# ")]) == len(lines)
    assert words[0].startswith("Warning: without --ca")
    assert result.stderr.endswith("fanfold printers adopt S1\n")
    assert gateway.commands == []


def test_the_setup_takes_its_secrets_from_files(gateway: FakeGateway, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    ca = b"-----BEGIN CERTIFICATE-----\nMIIA\n-----END CERTIFICATE-----\n"
    (tmp_path / "ca.pem").write_bytes(ca)
    files = ["--password-file", str(tmp_path / "password"), "--ca", str(tmp_path / "ca.pem")]
    out = tmp_path / "setup.zpl"
    more = ["--conn", "2", "--ntp", "pool.ntp.org", "--connections", "3", "--no-alerts", "--output", str(out)]
    result = fanfold(gateway, *SETUP, "--user", "dock", *files, *more)
    assert (result.exit_code, result.stdout) == (Exit.DONE, "")
    sent = out.read_bytes()
    assert sent.startswith(b"! CISDFCRC16\r\n0000\r\nWEBLINK2_CA.NRD\r\n%08X\r\n0000\r\n" % len(ca) + ca)
    assert b'"weblink.ip.conn2.authentication.add" "labels.example dock s3cret"' in sent
    assert b"alerts" not in sent
    assert "s3cret" not in result.stderr
    assert out.stat().st_mode & 0o077 == 0


def test_the_setup_is_sent_as_one_raw_job_over_another_way(gateway: FakeGateway) -> None:
    gateway.replies = [messages.PrinterShown(ZEBRA), Accepted(job(), "Zebra")]
    result = fanfold("", *SETUP, "--send", "Zebra", "--gateway", gateway.url)
    assert result.exit_code == Exit.DONE
    _, submit = gateway.commands
    assert isinstance(submit, messages.Submit)
    assert isinstance(submit.document, Document)
    assert submit.document.data == fanfold(gateway, *SETUP).stdout_bytes
    assert (submit.printer, submit.title, submit.is_typed) == ("Zebra", "Weblink setup of S1", False)


def test_the_setup_of_one_printer_is_not_sent_to_another_that_dials_in(gateway: FakeGateway) -> None:
    gateway.replies = [messages.PrinterShown(DOCK)]
    args = ["weblink", "setup", "S2", "--url", "https://labels.example/", "--send", "Dock"]
    result = fanfold(gateway, *args)
    assert result.exit_code == Exit.WRONG_USAGE
    assert "Dock is weblink:S1, not S2: nothing was sent." in result.stderr


def sent_home(gateway: FakeGateway, ended: Job, *replies: Reply) -> Result:
    """Send the setup over the printer's own Weblink line."""
    gateway.replies = [messages.PrinterShown(DOCK), Accepted(job(), "Dock"), messages.JobShown(ended, "Dock"), *replies]
    return fanfold(gateway, *SETUP, "--send", "Dock")


TAKEN = job(JobState.COMPLETED, evidence=Evidence.DELIVERED)


@pytest.mark.parametrize("reply", [messages.PrinterSaid(b""), Refusal("no-answer", "Dock did not answer.", 504)])
def test_over_the_printers_own_line_the_restart_comes_after_the_job(gateway: FakeGateway, reply: Reply) -> None:
    result = sent_home(gateway, TAKEN, reply)
    assert result.exit_code == Exit.DONE
    _, submit, follow, restart = gateway.commands
    assert isinstance(submit, messages.Submit)
    assert isinstance(submit.document, Document)
    assert isinstance(restart, messages.AskPrinter)
    assert submit.document.data is not None
    assert submit.document.data + restart.question == fanfold(gateway, *SETUP).stdout_bytes
    assert follow == messages.Follow(JobId("j-1"), Evidence.DELIVERED, 30)


def test_a_restart_that_could_not_be_asked_for_is_told(gateway: FakeGateway) -> None:
    result = sent_home(gateway, TAKEN, Refusal("printer-away", "Dock is away.", 503))
    assert result.exit_code == Exit.FAILED
    assert "the settings were sent, but not the restart: Dock is away." in result.stderr


def test_where_the_job_waits_no_restart_is_asked_for(gateway: FakeGateway) -> None:
    result = sent_home(gateway, job())
    assert result.exit_code == Exit.DONE
    assert 'fanfold weblink sgd "Dock" device.reset ""' in result.stderr


class Watching:
    """Stands in for the pause between two looks: the printer opens lines meanwhile, and then comes Ctrl-C."""

    def __init__(self, gateway: FakeGateway, *looks: tuple[str, ...]) -> None:
        self._looks = list(looks)
        self._ended = messages.Traced(())
        self._gateway = gateway
        gateway.replies = [messages.Traced(()), messages.Traced(self._looks.pop(0))]

    def __call__(self, pause_s: float) -> None:
        if not self._looks:
            self._gateway.replies = [self._ended]
            raise KeyboardInterrupt
        self._gateway.replies = [messages.Traced(self._looks.pop(0)), self._ended]


def test_a_trace_prints_lines_as_they_come_and_ends_with_ctrl_c(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "fanfold.cli.weblink.time.sleep", Watching(gateway, (), ("a\x1b",), ("a\x1b",), ("a\x1b", "b", "c"))
    )
    result = fanfold(gateway, "weblink", "trace", "S1", "--frames", "5")
    assert (result.exit_code, result.stdout) == (Exit.DONE, "a�\nb\nc\n")
    looks = [messages.TracePrinter("S1", None)] * 4
    assert gateway.commands == [messages.TracePrinter("S1", 5), *looks, messages.TracePrinter("S1", 0)]


def test_a_trace_that_somebody_else_ended_says_so(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfold.cli.weblink.time.sleep", Watching(gateway, ("a", "b"), ()))
    result = fanfold(gateway, "weblink", "trace", "S1")
    assert result.exit_code == Exit.FAILED
    assert "begin again" in result.stderr


def test_a_job_is_shown_with_what_its_evidence_means_and_its_history(gateway: FakeGateway) -> None:
    ended = job(JobState.COMPLETED, evidence=Evidence.SENT, reasons=("job-completed-successfully",), attempt=1)
    step = JobChanged(7, AT, ended.id, ended.printer, ended.state, (), "all sent", Evidence.SENT, 1, 10)
    gateway.replies = [messages.JobShown(ended, "Zebra", (step,))]
    shown = fanfold(gateway, "job", "show", "j-1").stdout
    assert "not proof of paper" in shown
    assert "completed, job-completed-successfully" in shown
    assert shown.splitlines()[-1].endswith("all sent")


def test_a_file_is_printed_byte_for_byte(gateway: FakeGateway, tmp_path: Path) -> None:
    (tmp_path / "label.bin").write_bytes(bytes(range(256)))
    gateway.replies = [Accepted(job(), "Zebra")]
    result = fanfold(
        gateway,
        "print",
        "Zebra",
        str(tmp_path / "label.bin"),
        "--copies",
        "2",
        "--key",
        "Beleg Nº 7",
        "--start-within",
        "9.5",
    )
    assert result.exit_code == Exit.DONE
    (submit,) = gateway.commands
    assert isinstance(submit, messages.Submit)
    assert isinstance(submit.document, Document)
    assert submit.document.data == bytes(range(256))
    assert (submit.printer, submit.title, submit.copies) == ("Zebra", "label.bin", 2)
    assert (submit.key, submit.start_within_s, submit.is_typed) == ("Beleg Nº 7", 9.5, False)
    assert gateway.headers["content-length"] == "256"


def test_standard_input_is_printed_without_knowing_its_size(gateway: FakeGateway) -> None:
    """A pipe, not CliRunner's buffer: that one has a size."""
    gateway.replies = [Accepted(job(), "Zebra")]
    command = [sys.executable, "-m", "fanfold", "print", "Zebra", "-", "--url", gateway.url]
    ended = subprocess.run(command, input=b"x" * 600_000, check=True, capture_output=True)
    (submit,) = gateway.commands
    assert isinstance(submit, messages.Submit)
    assert isinstance(submit.document, Document)
    assert submit.document.size_bytes == 600_000
    assert submit.title == ""
    assert b"j-1" in ended.stdout


def test_a_media_type_goes_with_the_document(gateway: FakeGateway, tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"%PDF-1.7")
    gateway.replies = [Accepted(job(), "Zebra")]
    fanfold(gateway, "print", "Zebra", str(tmp_path / "page"), "--type", "application/pdf", "--title", "Invoice")
    (submit,) = gateway.commands
    assert isinstance(submit, messages.Submit)
    assert isinstance(submit.document, Document)
    assert (submit.document.media_type, submit.is_typed, submit.title) == ("application/pdf", True, "Invoice")


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        (job(JobState.COMPLETED, evidence=Evidence.SENT), Exit.DONE),
        (job(JobState.COMPLETED, evidence=Evidence.PRINTED), Exit.DONE),
        (job(JobState.HELD, message="It may have printed."), Exit.NOT_PRINTED),
        (job(JobState.ABORTED, message="The printer declined it."), Exit.NOT_PRINTED),
        (job(JobState.CANCELED, message="Too late."), Exit.NOT_PRINTED),
    ],
)
def test_a_print_that_waits_tells_by_its_exit_code(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch, ended: Job, code: Exit
) -> None:
    monkeypatch.setattr("fanfold.cli.send.ASK_AGAIN_S", 0)
    still = messages.JobShown(job(JobState.PROCESSING), "Zebra")
    gateway.replies = [Accepted(job(), "Zebra"), still, still, messages.JobShown(ended, "Zebra")]
    result = fanfold(gateway, "print", "Zebra", "-", "--wait", "--json", stdin=b"^XA^XZ")
    assert result.exit_code == code
    assert json.loads(result.stdout)["state"] == ended.state
    assert result.stderr == (f"fanfold: job j-1 is {ended.state}: {ended.message}\n" if code else "")
    kinds = [type(command) for command in gateway.commands]
    assert kinds == [messages.Submit, messages.Follow, messages.ShowJob, messages.ShowJob]


@pytest.mark.parametrize(
    ("evidence", "wanted", "code"),
    [
        (Evidence.PRINTED, "printed", Exit.DONE),
        (Evidence.PRINTED, "delivered", Exit.DONE),
        (Evidence.DELIVERED, "delivered", Exit.DONE),
        (Evidence.DELIVERED, "printed", Exit.NOT_PRINTED),
        (Evidence.SENT, "delivered", Exit.NOT_PRINTED),
    ],
)
def test_a_print_waits_for_the_proof_that_is_asked_for(
    gateway: FakeGateway, evidence: Evidence, wanted: str, code: Exit
) -> None:
    gateway.replies = [Accepted(job(), "Zebra"), messages.JobShown(job(JobState.COMPLETED, evidence=evidence), "Zebra")]
    result = fanfold(gateway, "print", "Zebra", "-", "--wait-for", wanted, stdin=b"^XA^XZ")
    assert result.exit_code == code
    assert ("nothing has proved so far that it was " + wanted in result.stderr) == bool(code)
    _, follow = gateway.commands
    assert follow == messages.Follow(JobId("j-1"), Evidence[wanted.upper()], 30)


def test_what_is_completed_after_the_wait_may_still_be_proved(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.cli.send.ASK_AGAIN_S", 0)
    monkeypatch.setattr("fanfold.cli.send.WAIT_S", 1e-6)
    looks = [job(JobState.PROCESSING)] * 3 + [job(JobState.COMPLETED, evidence=Evidence.DELIVERED)] * 3
    looks += [job(JobState.COMPLETED, evidence=Evidence.PRINTED)]
    gateway.replies = [Accepted(job(), "Zebra"), *(messages.JobShown(look, "Zebra") for look in looks)]
    assert fanfold(gateway, "print", "Zebra", "-", "--wait-for", "printed", stdin=b"^XA^XZ").exit_code == Exit.DONE
    assert gateway.replies == []


def test_a_proof_is_not_waited_for_without_end(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfold.cli.send.ASK_AGAIN_S", 0)
    monkeypatch.setattr("fanfold.cli.send.WAIT_S", 1e-6)
    monkeypatch.setattr("fanfold.cli.send.LOOKS_FOR_PROOF", 3)
    taken = messages.JobShown(job(JobState.COMPLETED, evidence=Evidence.DELIVERED), "Zebra")
    gateway.replies = [Accepted(job(), "Zebra"), *[taken] * 4]
    result = fanfold(gateway, "print", "Zebra", "-", "--wait-for", "printed", stdin=b"^XA^XZ")
    assert result.exit_code == Exit.NOT_PRINTED
    assert gateway.replies == []


def test_a_refusal_is_told_in_the_gateways_words(gateway: FakeGateway) -> None:
    gateway.replies = [Refusal("unknown-printer", "There is no printer Zebr. Did you mean Zebra?", 404)]
    result = fanfold(gateway, "printers", "show", "Zebr")
    assert result.exit_code == Exit.FAILED
    assert (result.stdout, result.stderr) == ("", "fanfold: There is no printer Zebr. Did you mean Zebra?\n")


def test_a_document_that_is_refused_while_it_is_sent_is_told_why(gateway: FakeGateway, tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(64 * 1024**2)
    gateway.raw = 413, b'{"detail": "Too large: at most 1 MiB.", "code": "document-too-large"}'
    result = fanfold(gateway, "print", "Zebra", str(tmp_path / "large"))
    assert result.exit_code in (Exit.FAILED, Exit.UNREACHABLE)  # the answer may be lost with the connection
    assert "Too large" in result.stderr or "may have been done" in result.stderr


class Shrinking(io.BytesIO):
    """Says that it holds more than can be read of it."""

    name = "label"


def test_a_file_that_changes_while_it_is_read_is_not_printed_by_half() -> None:
    assert b"".join(send._chunks(Shrinking(b"x" * 600_000), 600_000)) == b"x" * 600_000
    assert b"".join(send._chunks(Shrinking(b"grown"), 3)) == b"gro"
    with pytest.raises(Failed, match="label became shorter while it was read; nothing was printed"):
        list(send._chunks(Shrinking(b"shrunk"), 100))


def test_a_long_send_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    document = b"x" * send.LONG_BYTES
    with send._progress(Shrinking(document), len(document)) as chunks:
        assert b"".join(chunks) == document
    assert "4.2/4.2 MB" in capsys.readouterr().err


def test_another_programs_port_is_told(gateway: FakeGateway) -> None:
    gateway.raw = 200, b"<html>"
    result = fanfold(gateway, "jobs")
    assert result.exit_code == Exit.FAILED
    assert "Is it another program's port?" in result.stderr


def test_where_no_gateway_answers_it_says_what_to_do() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        result = fanfold(f"http://127.0.0.1:{free.getsockname()[1]}", "jobs")
    assert result.exit_code == Exit.UNREACHABLE
    assert "fanfold: no gateway answers at http://127.0.0.1:" in result.stderr
    assert "`fanfold serve`" in result.stderr


@pytest.mark.parametrize("url", ["127.0.0.1:8765", "ftp://x", "http://x:y", "http://[", "http://x/app"])
def test_an_address_that_is_none_is_wrong_usage(url: str) -> None:
    result = fanfold(url, "jobs")
    assert result.exit_code == Exit.WRONG_USAGE
    assert "FANFOLD_URL must be like http://127.0.0.1:8765" in result.stderr


def test_the_token_is_sent_from_its_file_or_the_environment(gateway: FakeGateway, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("by-file\n")
    gateway.replies = [messages.Jobs(()), messages.Jobs(())]
    fanfold(gateway, "jobs", "--token-file", str(tmp_path / "token"))
    assert gateway.headers["authorization"] == "Bearer by-file"
    fanfold(gateway, "jobs", FANFOLD_TOKEN="by-env")
    assert gateway.headers["authorization"] == "Bearer by-env"


def test_a_gateway_that_wants_a_token_is_told_how_to_give_it(gateway: FakeGateway) -> None:
    gateway.raw = 401, b'{"detail": "It asks for a token.", "code": "token-needed"}'
    result = fanfold(gateway, "jobs")
    assert result.exit_code == Exit.FAILED
    assert result.stderr == "fanfold: It asks for a token. Give it by --token-file or FANFOLD_TOKEN.\n"


def test_a_token_file_that_cannot_be_read_is_told(gateway: FakeGateway, tmp_path: Path) -> None:
    result = fanfold(gateway, "jobs", "--token-file", str(tmp_path / "missing"))
    assert result.exit_code == Exit.WRONG_USAGE
    assert "the token file cannot be read" in result.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["print", "Zebra"],
        ["print", "Zebra", "/no/such/file"],
        ["jobs", "--state", "lost"],
        ["printers", "--json", "show", "Zebra"],
        ["printers", "add", "a", "file:x", "--option", "on_doubt"],
        ["printers", "adopt"],
        ["printers", "adopt", "S1", "S2", "--name", "Dock"],
        ["printers", "adopt", "S1", "--file", "/dev/null", "--identity", "user:x"],
        ["printers", "adopt", "--file", "/no/such/file"],
        ["printers", "adopt", "--file", "/dev/null"],
        ["printers", "ask", "Dock", "~HI", "--within", "0"],
        ["printers", "ask", "Dock", "~HI", "--within", "301"],
        ["print", "Zebra", "/dev/null", "--wait-for", "sent"],
        ["weblink", "setup", "S1"],
        ["weblink", "setup", "S1", "--url", "wss://labels.example/"],
        ["weblink", "setup", "S1", "--url", "https://labels.example/", "--user", "dock"],
        ["weblink", "setup", "S1", "--url", "https://labels.example/", "--connections", "1"],
        ["weblink", "setup", "S1", "--url", "https://labels.example/", "--conn", "3"],
        ["weblink", "setup", "S1", "--url", "https://labels.example/", "--send", "P", "--output", "f"],
        ["weblink", "trace", "S1", "--frames", "0"],
    ],
)
def test_wrong_usage_asks_the_gateway_nothing(gateway: FakeGateway, args: list[str]) -> None:
    assert fanfold(gateway, *args).exit_code == Exit.WRONG_USAGE
    assert gateway.commands == []


def test_what_a_web_page_called_its_job_does_not_command_the_terminal(gateway: FakeGateway) -> None:
    gateway.replies = [messages.Jobs((job(title="\x1b]0;gotcha\x07[bold]Receipt[/bold]"),))]
    shown = fanfold(gateway, "jobs").stdout
    assert "\x1b" not in shown
    assert "[bold]Receipt[/bold]" in shown
    assert plain("a\x1b\r\n") == "a��\n"


def test_the_version_is_the_packages() -> None:
    assert fanfold("", "version").stdout == fanfold("", "--version").stdout == f"fanfold {__version__}\n"
    assert json.loads(fanfold("", "version", "--json").stdout) == {"version": __version__}


@pytest.mark.parametrize("flags", [["--data", "\n"], ["--listen", "8765"], ["--config", "/no/such.toml"]])
def test_a_gateway_that_cannot_start_says_why(flags: list[str]) -> None:
    result = fanfold("", "serve", *flags)
    assert result.exit_code == Exit.CANNOT_START
    assert result.stderr.startswith("fanfold: ")


def test_every_command_has_its_help() -> None:
    for command in COMMANDS:
        assert fanfold("", command, "--help").exit_code == Exit.DONE


def test_commands_that_ask_import_nothing_heavy() -> None:
    code = (
        "import sys; from fanfold.cli import main; import fanfold.cli.send, fanfold.cli.printers, fanfold.cli.weblink; "
        "print(*sys.modules)"
    )
    modules = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"aiohttp", "asyncio", "msgspec", "rich", "sqlite3", "fanfold.config"} & set(modules)
