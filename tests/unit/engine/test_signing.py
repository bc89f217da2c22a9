"""Signatures are those of Standard Webhooks, and a secret that is none is refused in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.engine.signing import headers, message_id, read_secrets
from fanfold.errors import CannotStart
from tests.peers.receiver import SECRET, Heard

KNOWN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""With its id, time, body and signature from the examples that Standard Webhooks' own libraries are tested by."""


def secrets(folder: Path, *lines: str) -> tuple[bytes, ...]:
    file = folder / "secret"
    file.write_text("\n".join(lines))
    return read_secrets(file)


def test_a_known_message_has_its_known_signature(tmp_path: Path) -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    assert headers(secrets(tmp_path, KNOWN), "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}') == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(body=st.binary(max_size=200))
def test_a_receiver_can_check_any_body(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    own = secrets(tmp_path_factory.mktemp("secrets"), SECRET)
    signed = headers(own, "evt_1", datetime.now(UTC), body)
    assert Heard("/", signed, body, 0).is_signed_by(SECRET)
    assert not Heard("/", signed, body + b" ", 0).is_signed_by(SECRET)
    assert not Heard("/", signed, body, 0).is_signed_by(KNOWN)
    assert not Heard("/", {**signed, "webhook-timestamp": "1"}, body, 0).is_signed_by(SECRET)


def test_while_one_secret_is_changed_for_another_both_sign(tmp_path: Path) -> None:
    signed = headers(secrets(tmp_path, KNOWN, "", SECRET + "  ", ""), "evt_1", datetime.now(UTC), b"{}")
    heard = Heard("/", signed, b"{}", 0)
    assert heard.is_signed_by(SECRET)
    assert heard.is_signed_by(KNOWN)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((), "is empty"),
        (("", "  "), "is empty"),
        (("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",), "line 1 does not begin with `whsec_`"),
        ((KNOWN, "whsec_not base64!"), "line 2 is no base64"),
        (("whsec_",), "secret of 0 bytes"),
        (("whsec_" + "QUFB" * 7,), "secret of 21 bytes; it must have 24 to 64"),
        (("whsec_" + "QUFB" * 22,), "secret of 66 bytes"),
        (("whsec_Grüße",), "not plain ASCII"),
    ],
)
def test_what_is_no_secret_is_refused_with_what_to_write(tmp_path: Path, lines: tuple[str, ...], words: str) -> None:
    with pytest.raises(CannotStart, match=r"openssl rand") as refused:
        secrets(tmp_path, *lines)
    assert words in refused.value.says
    assert str(tmp_path / "secret") in refused.value.says
    assert "QUFB" not in refused.value.says


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="No such file"):
        read_secrets(tmp_path / "none")
    with pytest.raises(CannotStart, match="Is a directory"):
        read_secrets(tmp_path)


def test_the_id_names_one_event_for_one_receiver_over_gateways_and_databases() -> None:
    at = datetime(2026, 5, 4, 6, tzinfo=UTC)
    one = message_id("shop", 7, "printer:till", at)
    assert one == message_id("shop", 7, "printer:till", at)
    assert "." not in one
    others = {
        message_id("office", 7, "printer:till", at),
        message_id("shop", 8, "printer:till", at),
        message_id("shop", 7, "printer:bar", at),
        message_id("shop", 7, "printer:till", at + timedelta(microseconds=1)),
    }
    assert len({one, *others}) == 5


def test_the_check_in_the_documentation_works(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/webhooks.md").read_text("utf-8")
    house: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], house)
    body, now = b'{"type": "job.changed"}', datetime.now(UTC)
    signed = headers(secrets(tmp_path, KNOWN, SECRET), "evt_1", now, body)
    assert house["is_ours"](signed, body, SECRET)
    assert house["is_ours"](signed, body, KNOWN)
    assert not house["is_ours"](signed, body + b" ", SECRET)
    old = headers(secrets(tmp_path, SECRET), "evt_1", now - timedelta(hours=1), body)
    assert not house["is_ours"](old, body, SECRET)
    assert not house["is_ours"]({**signed, "webhook-timestamp": "now"}, body, SECRET)
