"""Control files: what strangers' titles cannot do to them. LPD addresses and numbers too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import Refused
from fanfold.transports.lpd.address import Address, Far, Format, Order, address_of
from fanfold.transports.lpd.files import files_for, host_name
from fanfold.transports.lpd.numbers import Numbers
from tests.contract.transports import work

ADDRESS = Address("printer.example", 515, "labels")


@given(st.text(max_size=300), st.text(max_size=80))
def test_no_title_and_no_host_adds_a_line_or_outgrows_its_own(title: str, host: str) -> None:
    job = replace(work(b"x"), title=title)
    control = files_for(job, ADDRESS, 7, host).control
    lines = control.decode().split("\n")
    assert [line[:1] for line in lines] == ["H", "P", "J", "l", "U", "N", ""]
    sizes = {line[0]: len(line.encode()) - 1 for line in lines if line}
    assert sizes["H"] <= 31
    assert sizes["P"] <= 31
    assert sizes["J"] <= 99
    assert sizes["N"] <= 131
    assert f"[fanfold {job.job}.1]" in lines[2]


def test_a_title_is_kept_as_far_as_there_is_room_for_it_beside_our_id() -> None:
    control = files_for(replace(work(b"x"), title="Größe 1\nUdfA000x\x1b"), ADDRESS, 7, "till").control.decode()
    assert "JGröße 1 UdfA000x [fanfold" in control


@pytest.mark.parametrize(
    ("name", "said"), [("till-1.example", "till-1.example"), ("a b\n", "a-b"), ("", "fanfold"), ("€", "fanfold")]
)
def test_a_machines_name_is_made_fit_for_a_files_name(name: str, said: str) -> None:
    assert host_name(name) == said


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("lpd://printer.example/labels", ADDRESS),
        ("LPD://printer.example:5515/B%C3%BCro", Address("printer.example", 5515, "Büro")),
        (
            "lpd://printer.example/labels?format=o&order=data-first&server=printer&user=till",
            replace(ADDRESS, format=Format.POSTSCRIPT, order=Order.DATA_FIRST, server=Far.PRINTER, user="till"),
        ),
    ],
)
def test_an_address_is_read(uri: str, address: Address) -> None:
    assert address_of(uri) == address


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("lpd://h/q?format=x", "format is l"),
        ("lpd://h/q?order=any", "control-first or data-first"),
        ("lpd://h/q?source=reserved", "none of format, order, server, user"),
        ("lpd://h/q?format=l&format=o", "twice"),
        ("lpd://h/q%20r", "name cannot be sent"),
        ("lpd://h/q%0A%02r", "name cannot be sent"),
        ("lpd://h/" + 256 * "q", "name cannot be sent"),
        ("lpd://1.2.3/q", "no right IPv4"),
        ("lpd://a%0Ab/q", "host that cannot be"),
        ("lpd://a%00b/q", "host that cannot be"),
        ("lpd://a%2Fb/q", "host that cannot be"),
        ("lpd://[fe80::1%25%0A]/q", "a scope that is none"),
        ("lpd://[::g]/q", "no|brackets"),
    ],
)
def test_what_is_no_address_is_refused_with_words_and_an_example(uri: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        address_of(uri)
    assert "lpd://192.0.2.7/queue" in refused.value.says


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for uri in (text, f"lpd://{text}", f"lpd://printer.example/{text}"):
        try:
            address = address_of(uri)
        except Refused:
            continue
        assert not set(address.queue) & set(" \n\r\t\0")
        assert address.host.isprintable()


def test_numbers_go_round_and_begin_where_the_last_run_ended(tmp_path: Path) -> None:
    file = tmp_path / "made" / "lpd-number"
    numbers = Numbers(file)
    first = numbers.next()
    assert [numbers.next() for _ in range(1000)][-1] == first
    assert Numbers(file).next() == (first + 1) % 1000


@pytest.mark.parametrize("kept", [b"", b"nonsense", b"\xff\xff", b"-5\n", b"9" * 5000])
def test_a_torn_number_file_is_no_obstacle(tmp_path: Path, kept: bytes) -> None:
    file = tmp_path / "lpd-number"
    file.write_bytes(kept)
    assert 0 <= Numbers(file).next() < 1000


def test_threads_that_ask_at_once_get_numbers_of_their_own(tmp_path: Path) -> None:
    for run in range(20):
        numbers = Numbers(tmp_path / str(run))
        (tmp_path / str(run)).write_text("7\n")
        with ThreadPoolExecutor(4) as threads:
            given_out = list(threads.map(lambda _, numbers=numbers: numbers.next(), range(4)))
        assert sorted(given_out) == [8, 9, 10, 11]


def test_a_disk_that_takes_nothing_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    numbers = Numbers(tmp_path / "file" / "lpd-number")
    assert numbers.next() != numbers.next()
