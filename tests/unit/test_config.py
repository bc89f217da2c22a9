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


def test_the_file_of_a_usb_printer_is_its_uri_wherever_one_is_given(tmp_path: Path) -> None:
    toml = '[printers.a]\nuri = "/dev/usb/lp0"\n[printers.b]\nuri = "/dev/usblp1"\n'
    settings = from_file(tmp_path, toml, printer=("c=/dev/usb/lp12", "d=usb:/dev/usb/lp3"))
    said = [one.uri for one in settings.printers]
    assert said == ["usb:/dev/usb/lp0", "usb:/dev/usblp1", "usb:/dev/usb/lp12", "usb:/dev/usb/lp3"]
    for other in ("/dev/sda", "/dev/usb/lp0x", "/dev/usb/../sda"):
        with pytest.raises(CannotStart, match="must be a URI"):
            from_file(tmp_path, "", printer=(f"e={other}",))


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


# --- printers that dial in

PRINTERS = "[[listeners]]\naddress = '0.0.0.0'\nport = 8443\ndoors = ['weblink']\n"
SECRET = "s3cret-of-sixteen"


def test_a_listener_for_printers_only_needs_no_token_though_it_is_wide(tmp_path: Path) -> None:
    (tmp_path / "weblink.secret").write_text(SECRET + "\n")
    settings = from_file(tmp_path, PRINTERS + "proof = ['path']\nsecret_file = 'weblink.secret'")
    (listener,) = settings.listeners
    assert listener.proof == (config.Proof.PATH,)
    assert listener.secret_file == tmp_path / "weblink.secret"
    assert config.read_secret(listener.secret_file) == SECRET


def test_other_doors_of_a_wide_listener_need_a_token_or_a_list_of_addresses(tmp_path: Path) -> None:
    (tmp_path / "weblink.secret").write_text(SECRET)
    both = PRINTERS.replace("['weblink']", "['weblink', 'api']") + "proof = ['path']\nsecret_file = 'weblink.secret'\n"
    assert "token_file" in refusal(tmp_path, both)
    (listener,) = from_file(tmp_path, both + "allow = ['192.0.2.0/24', '2001:db8::7']").listeners
    assert listener.allow == ("192.0.2.0/24", "2001:db8::7")


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("", 'opens the door weblink without a proof: anyone could be any printer. Give it `proof`, such as ["path"]'),
        ("proof = []", "without a proof"),
        ("proof = ['none', 'path']", "has `none` among its proofs; leave it out, or leave the others out."),
        ("proof = ['path']", "has the proof path, which needs secret_file; give it that."),
        ("proof = ['basic']", "has the proof basic, which needs users_file; give it that."),
        ("proof = ['digest']", "has the proof digest, which needs users_file; give it that."),
        ("proof = ['certificate']", "has the proof certificate, which needs tls_client_ca; give it that."),
        (
            "proof = ['certificate']\ntls_client_ca = 'ca.pem'",
            "asks for client certificates, which needs TLS: give it tls_cert.",
        ),
        (
            "proof = ['basic', 'digest']\nusers_file = 'users'",
            "has both basic and digest; a printer sends one of them: leave one out.",
        ),
        ("proof = ['password']", "it must be a list of path, basic, digest, certificate, none."),
        ("proof = ['none']\nsecret_file = 'x'", "has a secret_file, but nobody would be asked for it: add path to its"),
        (
            "proof = ['none']\nusers_file = 'x'",
            "has a users_file, but nobody would be asked for it: add basic or digest",
        ),
        ("proof = ['none']\ntls_client_ca = 'x'", "has a tls_client_ca, but nobody would be asked for it: add certif"),
        ("allow = ['192.0.2.1/24']\nproof = ['none']", "it must be a list of addresses or networks such as 192.0.2.7"),
        ("allow = ['shop.example']\nproof = ['none']", "it must be a list of addresses or networks"),
    ],
)
def test_a_listener_for_printers_says_how_they_prove_who_they_are(tmp_path: Path, toml: str, says: str) -> None:
    assert says in refusal(tmp_path, PRINTERS + toml)


def test_a_listener_that_does_nothing_or_not_what_it_says_is_refused(tmp_path: Path) -> None:
    listener = "[[listeners]]\naddress = '127.0.0.1'\n"
    assert "has no doors" in refusal(tmp_path, listener + "doors = []")
    told = refusal(tmp_path, listener + "proof = ['none']")
    assert "has a proof, but not the door weblink, so nobody would be asked for it" in told


def test_no_proof_at_all_is_taken_where_it_is_written_out(tmp_path: Path) -> None:
    (listener,) = from_file(tmp_path, PRINTERS + "proof = ['none']").listeners
    assert listener.proof == (config.Proof.NONE,)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (b"", "the secret file is empty. `openssl rand -hex 24` makes a good one."),
        (b" \n\n", "the secret file is empty."),
        (b"fifteen-letters", "the secret has 15 characters and could be guessed; it must have at least 16."),
        (b"two words and more", "it must be one line of ASCII letters, digits and - . _ ~ only."),
        (b"first-line-of-it\nsecond-line-of-it", "it must be one line"),
        ("s3crét-of-sixteen".encode(), "it must be one line"),
        (b"s3cret/of/sixteen", "it must be one line"),
        (b"\xff\xfe", "the secret file is not UTF-8 text (byte 0)"),
        (None, "the secret file cannot be read: No such file"),
    ],
)
def test_a_secret_that_is_none_is_told_in_words_and_never_quoted(
    tmp_path: Path, written: bytes | None, says: str
) -> None:
    if written is not None:
        (tmp_path / "weblink.secret").write_bytes(written)
    told = refusal(tmp_path, PRINTERS + "proof = ['path']\nsecret_file = 'weblink.secret'")
    assert told.startswith(f"{tmp_path / 'weblink.secret'}: ")
    assert says in told
    assert "s3cr" not in told
    assert "fifteen" not in told


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (b"", ": the users file names nobody; write a line `user:password` for each user."),
        (b"# p7:a-long-password\n\n", ": the users file names nobody"),
        (b"p7", ", line 1: this must be `user:password`, both without spaces, as printers take them."),
        (b":a-long-password", ", line 1: this must be `user:password`"),
        (b"\np 7:a-long-password", ", line 2: this must be `user:password`"),
        (b"p7:a long password", ", line 1: this must be `user:password`"),
        (b"p7:seven-7", ", line 1: the password of 'p7' is too short; it must have at least 8 characters."),
        (b"p7:a-long-password\np7:another-one", ", line 2: the user 'p7' is there already; remove one of them."),
        (b"\xff", ": the users file is not UTF-8 text (byte 0)"),
        (None, ": the users file cannot be read: No such file"),
    ],
)
@pytest.mark.parametrize("proof", ["basic", "digest"])
def test_a_users_file_is_read_or_refused_with_its_line_and_without_its_passwords(
    tmp_path: Path, proof: str, written: bytes | None, says: str
) -> None:
    if written is not None:
        (tmp_path / "users").write_bytes(written)
    told = refusal(tmp_path, PRINTERS + f"proof = ['{proof}']\nusers_file = 'users'")
    assert told.startswith(f"{tmp_path / 'users'}{says}")
    assert "long" not in told
    assert "seven" not in told


def test_a_users_file_gives_each_user_its_password(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_bytes(b"\xef\xbb\xbf# tills\r\np7:a:b-with-colons\r\n p8 : another-one \r\n")
    assert config.read_users(file) == {"p7": "a:b-with-colons", "p8": "another-one"}


def test_the_authorities_of_clients_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "server.pem").touch()
    toml = PRINTERS + "proof = ['certificate']\ntls_cert = 'server.pem'\ntls_client_ca = 'ca.pem'"
    assert refusal(tmp_path, toml).startswith(f"{tmp_path / 'ca.pem'}: there is no such file, but listener 0.0.0.0:84")


CERTIFIED = "tls_cert = 'server.pem'\ntls_client_ca = "


@pytest.mark.parametrize(
    ("proof", "one", "other", "says"),
    [
        ("path", "secret_file = 'key'", "secret_file = 'b/key'", "both call printers secret:key, one by {0}/key and"),
        (
            "basic",
            "users_file = 'users'",
            "users_file = 'b/others'",
            "both call printers user:p7, one by {0}/users and",
        ),
        ("certificate", CERTIFIED + "'ca.pem'", CERTIFIED + "'b/ca-2.pem'", "both call printers certificate:NAME, one"),
    ],
)
def test_no_two_who_prove_different_things_are_called_the_same(
    tmp_path: Path, proof: str, one: str, other: str, says: str
) -> None:
    for folder in (tmp_path, tmp_path / "b"):
        folder.mkdir(exist_ok=True)
        (folder / "key").write_text(SECRET)
        for name in ("server.pem", "ca.pem", "ca-2.pem"):
            (folder / name).touch()
    (tmp_path / "users").write_text("p6:a-long-password\np7:a-long-password\n")
    (tmp_path / "b" / "others").write_text("p7:a-long-password\np8:a-long-password\n")
    first = PRINTERS + f"proof = ['{proof}']\n{one}\n"
    told = refusal(tmp_path, first + first.replace("8443", "8444").replace(one, other))
    assert told.startswith("Listeners 0.0.0.0:8443 and 0.0.0.0:8444 both call")
    assert says.format(tmp_path) in told
    assert "one by" in told
    assert len(from_file(tmp_path, first + first.replace("8443", "8444")).listeners) == 2


# --- webhooks

HOOK = "[[webhooks]]\nname = 'shop'\nurl = 'https://shop.example/hook'\n"


def test_webhooks_are_read_with_their_kinds_of_events(tmp_path: Path) -> None:
    (hook,) = from_file(tmp_path, HOOK + "secret_file = 'hook.secret'\nevents = ['job.changed']").webhooks
    assert (hook.name, hook.url, hook.events) == ("shop", "https://shop.example/hook", (config.EventKind.JOB_CHANGED,))
    assert hook.secret_file == tmp_path / "hook.secret"
    (hook,) = from_file(tmp_path, HOOK + "format = 'zebra_ws_print'\nscan_data_url = 'http://127.0.0.1/scan'").webhooks
    assert (hook.format, hook.events) == (config.WebhookFormat.ZEBRA_WS_PRINT, tuple(config.EventKind))


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        (HOOK, "Webhook shop has no secret_file: its receiver could not tell our posts from others'."),
        (
            HOOK + "secret_file = 'hook.secret'\nscan_data_url = 'http://127.0.0.1/scan'",
            "Webhook shop has a scan_data_url, but only `zebra_ws_print` posts there: ",
        ),
        (HOOK + "format = 'zebra_ws_print'\n" + HOOK + "format = 'zebra_ws_print'", "Two webhooks are called 'shop'"),
        ("[[webhooks]]\nname = 'shop'", "webhooks[1] has no url; give it a URL such as https://shop.example/hook."),
        (HOOK.replace("https", "ftp"), "webhooks[1].url is none that can be used; it must be a URL such as"),
        (HOOK + "events = ['job.done']", "webhooks[1].events is ['job.done']; it must be a list of job.changed, "),
        ("webhooks = 3", "webhooks is 3; it must be tables, each under a line [[webhooks]]."),
    ],
)
def test_a_webhook_that_cannot_be_is_told_in_words(tmp_path: Path, toml: str, says: str) -> None:
    assert says in refusal(tmp_path, toml)


def test_a_webhooks_url_is_never_quoted_for_a_password_may_stand_in_it(tmp_path: Path) -> None:
    bad = "'https://me:s3cret@no host/'"
    for toml in (HOOK.replace("'https://shop.example/hook'", bad), HOOK + f"scan_data_url = {bad}"):
        assert "s3cret" not in refusal(tmp_path, toml)


def test_every_option_of_a_printer_is_a_setting() -> None:
    assert {row.name for row in config.OPTION_ROWS} == set(PrinterOptions.__dataclass_fields__)


def test_every_default_is_allowed() -> None:
    rows = (*config.OPTION_ROWS, *config.LISTENER_ROWS, *config.PRINTER_ROWS, *config.WEBHOOK_ROWS)
    for row in (*config.TABLE, *rows):
        default = row.default() if callable(row.default) else row.default
        if default is not None and not type(default).__name__.startswith("_MISSING"):
            row.kind.read(str(default) if isinstance(default, Path) else default)


# --- whatever comes ----------------------------------------------------------------------------------------------

KEYS = st.sampled_from(
    sorted(
        {part for row in config.TABLE for part in row.name.split(".")}
        | {row.name for row in (*config.LISTENER_ROWS, *config.PRINTER_ROWS, *config.WEBHOOK_ROWS)}
        | {"listeners", "printers", "webhooks"}
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
