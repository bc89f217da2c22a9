"""Port status: which bits are believed, and of whom."""

from __future__ import annotations

import pytest

from fanfold.transports.usb.status import fault, is_fine


@pytest.mark.parametrize(
    ("status", "trusted", "reason"),
    [
        (0x18, False, None),
        (0x18, True, None),
        (0x30, False, "media-empty-error"),
        (0x20, True, "media-empty-error"),
        (0x38, False, "media-empty-error"),
        (0x00, False, None),
        (0x10, False, None),
        (0x08, False, None),
        (0x08, True, "offline-error"),
        (0x00, True, "offline-error"),
        (0x10, True, "other-error"),
        (0x99, True, None),
        (None, False, None),
        (None, True, None),
    ],
)
def test_paper_counts_always_and_the_rest_only_of_one_that_was_fine_before(
    status: int | None, *, trusted: bool, reason: str | None
) -> None:
    found = fault(status, trusted=trusted)
    assert (found.reason if found else None) == reason


def test_fine_is_when_all_three_bits_say_so_whatever_the_reserved_ones_are() -> None:
    assert [status for status in range(256) if is_fine(status)] == [
        status for status in range(256) if status & 0x38 == 0x18
    ]
