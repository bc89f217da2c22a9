from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import Declined, NotReached
from fanfold.model import Reason, new_job_id
from fanfold.transports.ipp import codec as ipp
from fanfold.transports.ipp.client import Refusal
from fanfold.transports.ipp.codec import Group, Value
from fanfold.transports.ipp.words import (
    NAME_BYTES,
    Mark,
    blocked,
    job_name,
    page_type,
    refused,
    stall,
    token,
)
from fanfold.wire import Document, Work

MARK = Mark("localhost:631", "/printers/q", 7, "Label [fanfold x.1]", "urn:uuid:1", 1000)


def seen(**shown: str | int) -> Group:
    tags = {str: ipp.TEXT, int: ipp.INTEGER}
    return Group(
        ipp.JOB, {name.replace("_", "-"): (Value(tags[type(data)], data),) for name, data in shown.items()}
    )  # fmt: skip


def job(state: int, *, printer: tuple[str, ...] = (), reasons: tuple[str, ...] = (), said: str = "") -> Group:
    def words(names: tuple[str, ...]) -> tuple[Value, ...]:
        return tuple(Value(ipp.KEYWORD, name) for name in names or ("none",))

    return Group(
        ipp.JOB,
        {
            "job-state": (Value(ipp.ENUM, state),),
            "job-state-reasons": words(reasons),
            "job-printer-state-reasons": words(printer),
            "job-printer-state-message": (Value(ipp.TEXT, said),),
        },
    )


@given(st.text())
def test_a_jobs_name_fits_and_carries_its_mark(title: str) -> None:
    mark = token(new_job_id(), 12)
    name = job_name(title, mark)
    assert name.endswith(mark)
    assert len(name.encode()) <= NAME_BYTES
    assert name.isprintable()


@given(st.builds(Mark, st.text(), st.text(), st.integers(), st.text(), st.text(), st.none() | st.integers()))
def test_a_mark_that_was_written_down_is_read_again(mark: Mark) -> None:
    assert Mark.load(mark.dump()) == mark


@pytest.mark.parametrize("text", ["", "7", "[]", "{}", '{"server": 1}', "null"])
def test_what_is_no_mark_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"mark|Expecting"):
        Mark.load(text)


@pytest.mark.parametrize(
    ("shown", "ours"),
    [
        (seen(job_name=MARK.name, job_uuid=MARK.uuid, time_at_creation=1000), True),
        (seen(job_uuid=MARK.uuid), True),
        (seen(job_name=MARK.name), True),
        (seen(job_name="somebody's", job_uuid=MARK.uuid), False),
        (seen(job_name=MARK.name, job_uuid="urn:uuid:2"), False),
        (seen(job_name=MARK.name, job_uuid=MARK.uuid, time_at_creation=1001), False),
        (seen(), False),
    ],
)
def test_a_job_is_ours_when_something_agrees_and_nothing_differs(shown: Group, ours: bool) -> None:
    assert MARK.names(shown) is ours


def test_a_mark_learns_what_it_did_not_know_and_keeps_what_it_did() -> None:
    bare = MARK.bare()
    assert bare.names(seen(job_name="anything"))
    learned = bare.learned(seen(job_name="as the printer calls it", job_uuid="urn:uuid:9", time_at_creation=0))
    assert learned == replace(bare, name="as the printer calls it", uuid="urn:uuid:9", created=0)
    assert learned.learned(seen(job_name="else", job_uuid="else", time_at_creation=5)) == learned


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (0x0507, Reason.BUSY_ELSEWHERE),
        (0x0502, Reason.BUSY_ELSEWHERE),
        (Refusal.HTTP + 503, Reason.BUSY_ELSEWHERE),
        (0x0506, "not-accepting-jobs"),
        (0x0406, Reason.OFFLINE),
        (Refusal.HTTP + 404, Reason.OFFLINE),
    ],
)
def test_a_refusal_about_the_server_lets_the_job_wait(status: int, reason: str) -> None:
    error = refused(Refusal(status, "no"))
    assert isinstance(error, NotReached)
    assert error.reasons == (reason,)


@pytest.mark.parametrize("status", [0x0401, 0x0403, 0x0404, 0x040A, 0x040B, 0x0501, Refusal.HTTP + 401])
def test_a_refusal_of_the_document_ends_it_in_the_servers_words(status: int) -> None:
    error = refused(Refusal(status, "not that"))
    assert isinstance(error, Declined)
    assert error.says == "not that"


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (job(5), None),
        (job(3), None),
        (job(5, printer=("connecting-to-device",)), None),
        (job(5, printer=("media-low-warning", "marker-supply-low-report")), None),
        (job(5, printer=("cups-waiting-for-job-completed",)), None),
        (job(5, printer=("media-needed-warning",)), "media-empty-error"),
        (job(5, printer=("media-empty-report",)), None),
        (job(5, printer=("media-empty-error",)), "media-empty-error"),
        (job(5, printer=("door-open",)), "cover-open-error"),
        (job(5, printer=("offline-report",)), None),
        (job(5, printer=("offline-error",)), Reason.OFFLINE),
        (job(5, printer=("fuser-over-temp-error",)), "fuser-over-temp-error"),
        (job(3, reasons=("printer-stopped",)), Reason.PAUSED),
        (job(6), Reason.PAUSED),
        (job(4, reasons=("job-hold-until-specified",)), "job-held-in-device"),
        (job(4, reasons=("job-hold-until-specified",), said="The printer is not responding."), Reason.OFFLINE),
        (job(5, said="The printer may not exist or is unavailable at this time."), Reason.OFFLINE),
        (job(5, said="Connected to printer."), None),
    ],
)
def test_why_a_job_does_not_go_on_is_read_from_what_the_spooler_says(shown: Group, reason: str | None) -> None:
    found = stall(shown)
    assert (found and found[0]) == reason


def test_a_stopped_printer_says_why_and_one_that_goes_says_nothing() -> None:
    stopped = Group(ipp.PRINTER, {"printer-state": (Value(ipp.ENUM, 5),)})
    error = blocked("the printer", stopped)
    assert error is not None
    assert error.reasons == (Reason.PAUSED,)
    jammed = Group(
        ipp.PRINTER, {**stopped.attributes, "printer-state-reasons": (Value(ipp.KEYWORD, "media-jam-error"),)}
    )  # fmt: skip
    error = blocked("the printer", jammed)
    assert error is not None
    assert error.reasons == ("media-jam-error",)
    assert blocked("the printer", Group(ipp.PRINTER, {"printer-state": (Value(ipp.ENUM, 4),)})) is None


@pytest.mark.parametrize(
    ("language", "media_type", "page"),
    [
        ("zpl", "application/octet-stream", None),
        ("", "application/octet-stream", None),
        ("", "text/plain", None),
        ("pdf", "application/octet-stream", "application/pdf"),
        ("", "application/pdf", "application/pdf"),
        ("", "application/PDF; charset=binary", "application/pdf"),
        ("", "image/tiff", "image/tiff"),
        ("postscript", "", "application/postscript"),
    ],
)
def test_pages_are_told_from_bytes_for_the_printer_itself(language: str, media_type: str, page: str | None) -> None:
    work = Work(new_job_id(), 1, "t", Document.of(b"", media_type), 1, language)
    assert page_type(work) == page
