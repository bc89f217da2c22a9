"""Settings: what may be written, what becomes of it, and how mistakes are told."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold import config
from fanfold.config import Listener, Settings, read
from fanfold.errors import CannotStart
from fanfold.model import OnDoubt, PrinterOptions

HERE = Path("/somewhere")


def from_file(tmp_path: Path, toml: str, **flags: Any) -> Settings:
    file = tmp_path / "fanfold.toml"
    file.write_text(toml)
    return config.load(file, {}, flags)


def refusal(tmp_path: Path, toml: str, **flags: Any) -> str:
    with pytest.raises(CannotStart) as caught:
        from_file(tmp_path, toml, **flags)
    return str(caught.value)


def test_without_a_file_all_is_as_the_table_says(tmp_path: Path) -> None:
    settings = from_file(tmp_path, "")
    assert settings.listeners == (Listener("127.0.0.1", 8765), Listener("::1", 8765, optional=True))
    assert settings.drain_s == 10
    assert settings.limits.document_bytes == 64 * 1024**2
    assert settings.dialects.printerwebsocket.start_within_s == 120
    assert settings.data.is_absolute()


def test_every_setting_of_the_table_can_be_written_in_the_file(tmp_path: Path) -> None:
    settings = from_file(
        tmp_path,
        """
        data = "jobs"
        drain_s = 2
        log_level = "debug"

        [[listeners]]
        address = "127.0.0.1"
        port = 9000
        doors = ["api"]

        [[printers]]
        name = "Zebra"
        uri = "socket://192.0.2.7"
        aliases = ["receipt"]
        language = "zpl"
        accepts = ["raw", "application/pdf"]
        encoding = "cp437"
        on_doubt = "reprint"
        max_wait_s = 60

        [discovery]
        cups = false
        exclude = ["Fax*"]

        [access]
        hosts = ["till-1.shop.example"]
        origins = ["https://shop.example"]

        [retention]
        keep_jobs_s = 3600.5

        [dialects.printerwebsocket]
        start_within_s = 0

        [dialects.printerwebsocket.status_codes]
        PRINTING = 4
        """,
    )
    assert settings.data == tmp_path / "jobs"
    assert settings.listeners == (Listener("127.0.0.1", 9000, doors=(config.Door.API,)),)
    (printer,) = settings.printers
    assert (printer.name, printer.uri, printer.aliases) == ("Zebra", "socket://192.0.2.7", ("receipt",))
    assert printer.options == PrinterOptions(
        language="zpl",
        accepts=("raw", "application/pdf"),
        encoding="cp437",
        on_doubt=OnDoubt.REPRINT,
        max_wait_s=60,
    )
    assert not settings.discovery.cups
    assert settings.access.origins == ("https://shop.example",)
    assert settings.retention.keep_jobs_s == 3600.5
    assert settings.dialects.printerwebsocket.start_within_s == 0
    assert settings.dialects.printerwebsocket.status_codes == config.StatusCodes(PRINTING=4)


def test_printers_can_be_written_as_tables_with_their_names(tmp_path: Path) -> None:
    settings = from_file(tmp_path, '[printers.receipt]\nuri = "file:out"\n[printers."Lab 2"]\nuri = "file:lab"\n')
    assert [(one.name, one.uri) for one in settings.printers] == [("receipt", "file:out"), ("Lab 2", "file:lab")]


def test_a_flag_beats_the_environment_and_that_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "fanfold.toml"
    file.write_text('data = "/by-file"\ndrain_s = 1\n[discovery]\nexclude = ["a"]\n')
    env = {"FANFOLD_DATA": "/by-env", "FANFOLD_DRAIN_S": "2", "FANFOLD_DISCOVERY_EXCLUDE": "b, c*"}
    settings = config.load(file, env, {"data": "/by-flag"})
    assert settings.data == Path("/by-flag").absolute()
    assert settings.drain_s == 2
    assert settings.discovery.exclude == ("b", "c*")


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("drain_s = 3")
    assert config.load(None, {"FANFOLD_CONFIG": str(tmp_path / "other.toml")}, {}).drain_s == 3


def test_variables_that_name_no_setting_and_empty_ones_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "fanfold.toml").touch()
    env = {"FANFOLD_PORT": "tcp://10.0.0.1:8765", "FANFOLD_DRAIN_S": ""}
    assert config.load(tmp_path / "fanfold.toml", env, {}).drain_s == 10


def test_listeners_named_by_flag_replace_all_others(tmp_path: Path) -> None:
    settings = from_file(tmp_path, '[[listeners]]\naddress = "127.0.0.1"\n', listen=("[::1]:9001", "127.0.0.1:0"))
    assert settings.listeners == (Listener("::1", 9001), Listener("127.0.0.1", 0))
    assert [one.shown for one in settings.listeners] == ["[::1]:9001", "127.0.0.1:0"]


def test_printers_named_by_flag_come_beside_the_others(tmp_path: Path) -> None:
    settings = from_file(tmp_path, '[printers.a]\nuri = "file:a"\n', printer=("b=socket://192.0.2.7:9100",))
    assert [(one.name, one.uri) for one in settings.printers] == [("a", "file:a"), ("b", "socket://192.0.2.7:9100")]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "fanfold.toml"
    file.write_bytes(b"\xef\xbb\xbfdrain_s = 4\r\n")
    assert config.load(file, {}, {}).drain_s == 4


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("drain = 3", "drain is no setting. Did you mean drain_s?"),
        ("[limits]\ndocument_byte = 3", "limits.document_byte is no setting. Did you mean document_bytes?"),
        ("[limits]\nzzz = 3", "limits.zzz is no setting. Known here are document_bytes, "),
        ("drain_s = true", "drain_s is true; it must be a number of seconds from 0 to 3600."),
        ("drain_s = nan", "drain_s is nan; it must be a number of seconds from 0 to 3600."),
        ("drain_s = -1", "drain_s is -1; it must be a number of seconds from 0 to 3600."),
        ("limits = 3", "limits is 3; it must be a table"),
        ("[limits]\ndocument_bytes = 1.5", "limits.document_bytes is 1.5; it must be a whole number of bytes from 1 "),
        ('log_level = "loud"', "log_level is 'loud'; it must be one of debug, info, warning, error."),
        ("[discovery]\ncups = 1", "discovery.cups is 1; it must be true or false."),
        ('[access]\norigins = ["shop.example"]', "it must be a list of web origins such as https://shop.example"),
        ('[access]\norigins = "https://shop.example"', "it must be a list of web origins"),
        ("listeners = []", "listeners is []; it must be tables, each under a line [[listeners]]."),
        ("[[listeners]]\nport = 1", "listeners[1] has no address; give it an IP address such as 127.0.0.1"),
        ('[[listeners]]\naddress = "here"', "listeners[1].address is 'here'; it must be an IP address"),
        (
            '[[listeners]]\naddress = "::1"\nport = 70000',
            "listeners[1].port is 70000; it must be a whole number from 0",
        ),
        ("[[printers]]\nname = 'a'", "printers[1] has no uri; give it a URI such as socket://192.0.2.7"),
        ("[printers.a]\nuri = 'x'", "printers.a.uri is 'x'; it must be a URI such as"),
        ("[printers.a]\nuri = 'file:x'\non_dout = 'hold'", "printers.a.on_dout is no setting. Did you mean on_doubt?"),
        ("[printers.a]\nuri = 'file:x'\nencoding = 'rot13'", "printers.a.encoding is 'rot13'; it must be the name of"),
        ("[printers.a]\nuri = 'file:x'\nname = 'b'", "printers.a.name: this printer's name stands in brackets already"),
        ("printers = 3", "printers is 3; it must be tables, each under a line [[printers]]."),
    ],
)
def test_a_mistake_is_told_with_the_file_the_key_and_what_is_allowed(tmp_path: Path, toml: str, says: str) -> None:
    told = refusal(tmp_path, toml)
    assert told.startswith(f"{tmp_path / 'fanfold.toml'}: ")
    assert says in told


def test_a_long_wrong_value_is_not_quoted_whole(tmp_path: Path) -> None:
    assert len(refusal(tmp_path, f"drain_s = '{'x' * 5000}'").replace(str(tmp_path), "")) < 200


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"listen": ("8765",)}, "--listen is '8765'; it must be HOST:PORT"),
        ({"listen": ("::1:8765",)}, "--listen is '::1:8765'; it must be HOST:PORT, such as 127.0.0.1:8765 or [::1]:"),
        ({"listen": ("127.0.0.1:" + "9" * 5000,)}, "--listen.port is 999999999; it must be a whole number from 0 to"),
        ({"printer": ("socket://192.0.2.7",)}, "--printer is 'socket://192.0.2.7'; it must be NAME=URI"),
        ({"printer": ("a=b",)}, "--printer.uri is 'b'; it must be a URI"),
        ({"log_level": "loud"}, "--log-level is 'loud'; it must be one of debug"),
    ],
)
def test_a_wrong_flag_is_told_by_its_name(tmp_path: Path, flags: dict[str, Any], says: str) -> None:
    assert says in refusal(tmp_path, "", **flags)


def test_a_wrong_variable_is_told_by_its_name() -> None:
    with pytest.raises(CannotStart, match=r"^FANFOLD_DRAIN_S is 'soon'; it must be a number of seconds"):
        config.load(None, {"FANFOLD_DRAIN_S": "soon"}, {})


def test_two_printers_cannot_share_a_name_or_alias(tmp_path: Path) -> None:
    told = refusal(tmp_path, "[printers.a]\nuri = 'file:x'\naliases = ['b']\n[printers.b]\nuri = 'file:y'\n")
    assert told == "Two printers have 'b' for a name or alias, file:x and file:y: give one of them another."


def test_one_listener_cannot_be_named_twice(tmp_path: Path) -> None:
    told = refusal(tmp_path, "", listen=("127.0.0.1:9000", "127.0.0.1:9000"))
    assert told == "Listener 127.0.0.1:9000 is named twice; remove one of them."


def test_a_key_needs_its_certificate_and_both_their_files(tmp_path: Path) -> None:
    listener = '[[listeners]]\naddress = "127.0.0.1"\n'
    assert "has a tls_key, but no tls_cert" in refusal(tmp_path, listener + "tls_key = 'key.pem'")
    assert f"{tmp_path / 'chain.pem'}: there is no such file" in refusal(tmp_path, listener + "tls_cert = 'chain.pem'")


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    assert "this is not TOML" in refusal(tmp_path, "drain_s = 1\ndata = = 2")
    assert "line 2" in refusal(tmp_path, "drain_s = 1\ndata = = 2")


def test_brackets_without_end_are_told(tmp_path: Path) -> None:
    assert "fanfold.toml: " in refusal(tmp_path, "a = " + "[" * 100_000)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"missing\.toml: the configuration cannot be read: No such file"):
        config.load(tmp_path / "missing.toml", {}, {})
    with pytest.raises(CannotStart, match="the configuration cannot be read"):
        config.load(tmp_path, {}, {})
    (tmp_path / "latin.toml").write_bytes(b"data = '\xe9'")
    with pytest.raises(CannotStart, match=r"latin\.toml: the configuration is not UTF-8 text \(byte 8\)"):
        config.load(tmp_path / "latin.toml", {}, {})


def test_a_listener_wider_than_this_machine_needs_a_token(tmp_path: Path) -> None:
    told = refusal(tmp_path, "", listen=("0.0.0.0:8765",))
    assert "Listener 0.0.0.0:8765 can be reached from other machines" in told
    assert "token_file" in told
    (tmp_path / "token").write_text("  \n")
    assert "must hold one secret" in refusal(tmp_path, "[access]\ntoken_file = 'token'", listen=("0.0.0.0:8765",))
    (tmp_path / "token").write_text("s3cret\n")
    settings = from_file(tmp_path, "[access]\ntoken_file = 'token'", listen=("0.0.0.0:8765",))
    assert settings.access.token_file is not None
    assert config.read_token(settings.access.token_file) == "s3cret"


def test_every_option_of_a_printer_is_a_setting() -> None:
    assert {row.name for row in config.OPTION_ROWS} == set(PrinterOptions.__dataclass_fields__)


def test_every_default_is_allowed() -> None:
    for row in (*config.TABLE, *config.OPTION_ROWS, *config.LISTENER_ROWS, *config.PRINTER_ROWS):
        default = row.default() if callable(row.default) else row.default
        if default is not None and not type(default).__name__.startswith("_MISSING"):
            row.kind.read(str(default) if isinstance(default, Path) else default)


# --- whatever comes ----------------------------------------------------------------------------------------------

KEYS = st.sampled_from(
    sorted(
        {part for row in config.TABLE for part in row.name.split(".")}
        | {row.name for row in (*config.LISTENER_ROWS, *config.PRINTER_ROWS)}
        | {"listeners", "printers"}
    )
) | st.text(max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.datetimes()
    | st.sampled_from(["127.0.0.1", "file:x", "zpl", "hold", "utf-8", "https://a.example", "~nobody-here/x"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=20
)
TREES = st.dictionaries(KEYS, VALUES, max_size=8)
WORDS = st.text(max_size=30) | st.sampled_from(["127.0.0.1:1", "[::1]:2", "a=file:x", "1", "true", "x,y", "/tmp"])
ENVIRONMENTS = st.dictionaries(
    st.sampled_from([row.env for row in config.TABLE] + ["FANFOLD_LISTEN", "FANFOLD_PRINTER"]), WORDS, max_size=4
)
FLAGS = st.fixed_dictionaries(
    {},
    optional={"data": WORDS, "log_level": WORDS, "listen": st.lists(WORDS), "printer": st.lists(WORDS)},
)


@given(TREES, ENVIRONMENTS, FLAGS)
def test_whatever_is_written_gives_settings_or_is_refused_in_words(
    tree: dict[str, Any], env: dict[str, str], flags: dict[str, Any]
) -> None:
    with suppress(CannotStart):
        settings = read.settings(tree, None, env, flags, here=HERE)
        assert settings.listeners
        assert settings.data.is_absolute()


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_bytes_the_file_holds_give_settings_or_are_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, written: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "bytes.toml"
    file.write_bytes(written)
    with suppress(CannotStart):
        config.load(file, {}, {})


def test_reading_the_same_again_gives_the_same(tmp_path: Path) -> None:
    assert from_file(tmp_path, "drain_s = 5") == from_file(tmp_path, "drain_s = 5")
