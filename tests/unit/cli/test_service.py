"""The gateway as a service: what each system is told, and that it is told once. Doubles play systemd and launchd."""

from __future__ import annotations

import getpass
import json
import logging
import os
import plistlib
import re
import shutil
import socket
import stat
import subprocess
import sys
import sysconfig
import tempfile
import threading
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from fanfold import config
from fanfold.cli import main
from fanfold.cli.exits import Exit, Failed
from fanfold.cli.ready import READY, tell
from fanfold.cli.service import answer, files, here, plan, windows
from fanfold.cli.service.command import run
from fanfold.cli.service.halt import Halt
from fanfold.cli.service.here import Service
from fanfold.cli.service.launchd import LABEL, Launchd, job
from fanfold.cli.service.plan import Plan
from fanfold.cli.service.readable import changeable, hidden, unreadable, what_runs
from fanfold.cli.service.systemd import UNIT, Systemd, command_line, unit
from tests.peers import launchctl, systemctl

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="for systems with a file system like ours")

PYTHON = ("/opt/fan fold/bin/python", "-P", "-m", "fanfold")
MACHINES = plan.linux(is_machines=True, python=PYTHON)
OWN = plan.linux(is_machines=False, python=PYTHON)


def plan_in(folder: Path, *, is_machines: bool = True, log: bool = False) -> Plan:
    return Plan(
        is_machines, plan.this_python(), folder / "etc" / "fanfold.toml", folder / "data",
        folder / "logs" / "fanfold.log" if log else None, folder / "etc" / "token" if is_machines else None,
        getpass.getuser(),
    )  # fmt: skip


def words_of(line: str) -> list[str]:
    """Take a command apart as systemd.service(5) tells it: quotes, backslashes, `%%` and `$$`."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)
    plain = [
        re.sub(r"\\(x[0-9a-f]{2}|.)", _unescaped, quoted) if quoted or not bare else bare for quoted, bare in found
    ]
    program, *rest = (word.replace("%%", "%") for word in plain)
    return [program, *(word.replace("$$", "$") for word in rest)]


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1][1:], 16)) if len(match[1]) == 3 else match[1]


WORD = st.text(st.characters(min_codepoint=1, max_codepoint=126), max_size=20)


@example(["/bin/$x", "$HOME", "a$$b", "50%", "%%h", "two words", 'a "quoted" one', "back\\slash", "new\nline", ""])
@given(st.lists(WORD, min_size=1, max_size=5).filter(lambda words: bool(words[0])))
def test_systemd_gets_each_word_of_the_command_as_it_is(words: list[str]) -> None:
    line = command_line(words)
    assert "\n" not in line
    assert words_of(line) == words


def test_the_machines_unit_names_settings_data_and_who_may_use_printers() -> None:
    text = unit(MACHINES, ("lp", "dialout"))
    (line,) = re.findall("^ExecStart=(.*)$", text, re.MULTILINE)
    assert words_of(line) == [
        *PYTHON, "serve", "--config", "/etc/fanfold/fanfold.toml", "--data", "/var/lib/fanfold",
    ]  # fmt: skip
    for needed in ("Type=notify", "User=fanfold", "SupplementaryGroups=lp dialout", "StateDirectory=fanfold"):
        assert f"\n{needed}\n" in text
    for needed in ("UMask=0077", "StateDirectoryMode=0700", "ProtectSystem=strict", "NoNewPrivileges=yes"):
        assert f"\n{needed}\n" in text
    assert "AF_NETLINK" in text
    for harmful in ("PrivateDevices", "ProtectClock", "PrivateUsers", "DevicePolicy", "MemoryDenyWriteExecute"):
        assert harmful not in text
    assert "SupplementaryGroups" not in unit(MACHINES)


@pytest.mark.parametrize("made", [MACHINES, OWN], ids=["machine's", "own"])
def test_a_unit_is_started_again_when_it_failed_and_reads_its_settings_again_when_told(made: Plan) -> None:
    text = unit(made)
    for needed in ("Restart=on-failure", "ExecReload=/bin/kill -HUP $MAINPID", "UMask=0077"):
        assert f"\n{needed}\n" in text
    stop_s = int(re.findall("^TimeoutStopSec=(.*)$", text, re.MULTILINE)[0])
    assert stop_s > config.Settings().drain_s


def test_a_users_own_unit_starts_with_his_session_and_names_no_user() -> None:
    text = unit(OWN)
    assert "WantedBy=default.target" in text
    assert "User=" not in text
    assert str(config.config_file()) in text


def test_macos_gets_a_list_that_reads_back_as_it_was_meant() -> None:
    made = plan.macos(is_machines=True, python=PYTHON, home=PurePosixPath("/Users/anna"))
    keys = plistlib.loads(plistlib.dumps(job(made)))
    assert keys == job(made)
    assert keys["ProgramArguments"] == [
        *PYTHON, "service", "run", "--config", "/Library/Application Support/Fanfold/fanfold.toml",
        "--data", "/Library/Application Support/Fanfold/data", "--log", "/Library/Logs/Fanfold/fanfold.log",
    ]  # fmt: skip
    assert keys["UserName"] == "daemon"
    assert (keys["RunAtLoad"], keys["KeepAlive"], keys["Umask"]) == (True, {"SuccessfulExit": False}, 0o077)
    own = plan.macos(is_machines=False, python=PYTHON, home=PurePosixPath("/Users/anna"))
    assert "UserName" not in job(own)
    assert own.log == PurePosixPath("/Users/anna/Library/Logs/Fanfold/fanfold.log")


def test_windows_keeps_all_below_programdata_and_quotes_what_has_spaces() -> None:
    made = plan.windows(python=(r"C:\Program Files\Python\python.exe", "-P"), environment={"PROGRAMDATA": r"D:\All"})
    assert made.data == PureWindowsPath(r"D:\All\Fanfold\data")
    assert windows.command_line(made) == (
        r'"C:\Program Files\Python\python.exe" -P service run --config D:\All\Fanfold\fanfold.toml '
        r"--data D:\All\Fanfold\data --log D:\All\Fanfold\logs\fanfold.log"
    )


def test_the_python_of_a_virtual_environment_starts_it_without_the_environments_program(tmp_path: Path) -> None:
    base = Path(sys.base_prefix) / "bin" / "python3"
    command = plan.through_base(base, sysconfig.get_path("purelib"))
    ended = subprocess.run([*command, "version"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ended.stdout.startswith("fanfold ")


def test_this_python_starts_this_fanfold_whatever_lies_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "fanfold.py").write_text("raise SystemExit(9)")
    subprocess.run([*plan.this_python(), "version"], capture_output=True, check=True, cwd=tmp_path)


# --- what is told to systemd and launchd


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Doubles in PATH; returns what they know."""
    programs = tmp_path / "bin"
    programs.mkdir()
    systemctl.put_in(programs)
    book = launchctl.put_in(programs)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TOLD", str(book))
    monkeypatch.setenv("UNITS", str(tmp_path / "units"))
    return lambda: json.loads(book.read_text()) if book.exists() else {"words": []}


def test_a_unit_is_installed_once_and_again_only_when_it_changed(tmp_path: Path, told: Callable[[], Any]) -> None:
    keeper = Systemd(plan_in(tmp_path), tmp_path / "units")
    assert not keeper.state().is_installed
    for _ in range(2):
        keeper.install()
    state = keeper.state()
    assert (state.is_installed, state.is_running, state.pid) == (True, True, 4711)
    assert keeper.where.read_text() == keeper.text
    verbs = [words[1] for words in told()["words"]]
    assert verbs.count("restart") == 1
    assert told()["enabled"]
    Systemd(replace(plan_in(tmp_path), data=tmp_path / "other"), tmp_path / "units").install()
    assert [words[1] for words in told()["words"]].count("restart") == 2


def test_a_unit_is_removed_once_and_nothing_of_it_stays(tmp_path: Path, told: Callable[[], Any]) -> None:
    keeper = Systemd(plan_in(tmp_path), tmp_path / "units")
    keeper.install()
    assert "Stopped" in keeper.remove()[0]
    assert keeper.remove() == ["It is not installed."]
    assert list((tmp_path / "units").iterdir()) == []
    assert not told()["enabled"]
    assert not keeper.state().is_installed


def test_a_users_unit_is_told_to_the_users_systemd(tmp_path: Path, told: Callable[[], Any]) -> None:
    notes = Systemd(plan_in(tmp_path, is_machines=False), tmp_path / "units").install()
    assert {words[0] for words in told()["words"]} == {"--user"}
    assert any("enable-linger" in note for note in notes)


def test_a_service_that_does_not_start_is_told_with_the_way_to_its_log(
    tmp_path: Path, told: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKEN", "1")
    with pytest.raises(Failed, match=r"journalctl -u fanfold\.service"):
        Systemd(plan_in(tmp_path), tmp_path / "units").install()


def test_launchd_is_given_the_list_once(tmp_path: Path, told: Callable[[], Any]) -> None:
    keeper = Launchd(plan_in(tmp_path, log=True), tmp_path / "daemons")
    for _ in range(2):
        keeper.install()
    assert [words[0] for words in told()["words"]].count("bootstrap") == 1
    assert keeper.state().is_running
    assert keeper.state().pid == 4711
    Launchd(replace(plan_in(tmp_path, log=True), data=tmp_path / "other"), tmp_path / "daemons").install()
    assert list(told()["jobs"]) == [f"system/{LABEL}"]
    keeper.remove()
    assert told()["jobs"] == {}
    assert keeper.remove() == ["It is not installed."]


def test_a_machine_without_a_keeper_of_services_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failed, match="this machine has no `no-such-command`"):
        run("no-such-command")


# --- what it finds when it starts


def test_a_machines_service_finds_settings_and_a_token_that_only_it_can_read(tmp_path: Path) -> None:
    made = plan_in(tmp_path)
    notes = files.prepare(made, ["anna", 'b"erta'])
    settings = config.load(Path(made.config), {}, {})
    assert settings.access.token_file == made.token
    assert settings.access.users == ("anna", 'b"erta')
    token = Path(str(made.token))
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert len(token.read_text().strip()) >= 32
    assert str(made.token) in " ".join(notes)
    before = token.read_text()
    assert files.prepare(made, ["carla"]) == []
    assert token.read_text() == before


@pytest.mark.parametrize(
    ("owner", "is_strange"),
    [("S-1-5-18", False), ("S-1-5-32-544", False), ("S-1-5-21-1-2-3-1001", False), ("S-1-5-21-1-2-3-1002", True)],
)
def test_a_folder_of_somebody_else_is_not_taken_for_the_services(owner: str, is_strange: bool) -> None:
    assert files.is_strange(owner, "S-1-5-21-1-2-3-1001") is is_strange


def test_what_a_machines_service_must_read_or_write_is_given_to_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, str] = {}
    monkeypatch.setattr("fanfold.cli.service.files.shutil.chown", lambda path, user: given.update({str(path): user}))
    made = plan_in(tmp_path, log=True)
    files.prepare(made, [])
    assert given[str(made.token)] == made.account
    assert given[str(PurePosixPath(str(made.log)).parent)] == made.account
    assert str(made.config) not in given


def test_a_users_own_service_needs_no_token(tmp_path: Path) -> None:
    made = plan_in(tmp_path, is_machines=False)
    files.prepare(made, [])
    assert tomllib.loads(Path(made.config).read_text()) == {}
    assert stat.S_IMODE(Path(made.data).stat().st_mode) == 0o700


def test_settings_that_are_there_stay_and_a_missing_token_is_told(tmp_path: Path) -> None:
    made = plan_in(tmp_path)
    Path(made.config).parent.mkdir()
    Path(made.config).write_text("drain_s = 3\n")
    assert any("token_file" in note for note in files.prepare(made, []))
    assert Path(made.config).read_text() == "drain_s = 3\n"


def test_a_place_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("a file where the folder should be")
    with pytest.raises(Failed, match="installed as root"):
        files.prepare(plan_in(tmp_path), [])


def test_a_fanfold_in_a_closed_home_is_refused_as_the_machines(tmp_path: Path) -> None:
    python = tmp_path / "home" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("")
    (tmp_path / "home").chmod(0o700)
    says = unreadable(replace(plan_in(tmp_path), python=(str(python),)))
    assert "is closed to others" in says
    assert "/opt/fanfold" in says
    assert unreadable(replace(plan_in(tmp_path, is_machines=False), python=(str(python),))) == ""


@pytest.mark.parametrize(
    ("place", "is_hidden"),
    [
        ("/tmp/venv/bin/python", True), ("/var/tmp/venv/bin/python", True), ("/tmpfiles/bin/python", False),
        ("/opt/fanfold/bin/python", False), ("/home/anna/venv/bin/python", False),
    ],
)  # fmt: skip
def test_what_the_unit_hides_from_the_service_is_told(place: str, *, is_hidden: bool) -> None:
    assert "PrivateTmp=yes" in unit(MACHINES)
    assert "PrivateTmp" not in unit(OWN)
    assert (hidden([PurePosixPath("/opt"), PurePosixPath(place)]) is not None) is is_hidden


def test_a_fanfold_in_the_folder_for_temporary_files_is_refused_as_the_machines(tmp_path: Path) -> None:
    python = Path(tempfile.mkdtemp(dir="/var/tmp")) / "python"
    try:
        python.parent.chmod(0o755)
        python.write_text("")
        python.chmod(0o755)
        says = unreadable(replace(plan_in(tmp_path), python=(str(python),)))
        assert "/var/tmp" in says
        assert "/opt/fanfold" in says
        assert unreadable(replace(plan_in(tmp_path, is_machines=False), python=(str(python),))) == ""
    finally:
        shutil.rmtree(python.parent)


@pytest.mark.parametrize(
    ("place", "is_told"),
    [
        (r"C:\Users\anna\AppData\Local\Programs\Python\python.exe", True),
        (r"c:\users\anna\venv\Scripts", True),
        (r"C:\Program Files\Python311\python.exe", False),
        (r"D:\Users\x", False),
    ],
)
def test_a_python_in_a_home_is_warned_of_before_it_runs_as_localsystem(place: str, is_told: bool) -> None:
    says = changeable([PureWindowsPath(r"C:\fanfold"), PureWindowsPath(place)], PureWindowsPath(r"C:\Users"))
    assert (place in says) is is_told
    assert bool(says) is is_told


def test_what_runs_is_the_python_and_the_fanfold_in_it() -> None:
    assert {Path(sys.executable), Path(config.__file__).parents[1]} <= set(what_runs(plan_in(Path("/x"))))


# --- that it is up, and its stop


@pytest.mark.parametrize("abstract", [True, False])
def test_systemd_is_told_that_it_is_ready(tmp_path: Path, abstract: bool) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        name = f"@fanfold-{os.getpid()}" if abstract else str(tmp_path / "notify")
        systemd.bind("\0" + name[1:] if abstract else name)
        systemd.settimeout(5)
        assert tell(READY, {"NOTIFY_SOCKET": name})
        assert systemd.recv(100) == b"READY=1"


def test_nobody_is_told_who_did_not_ask() -> None:
    assert not tell(READY, {})
    assert not tell(READY, {"NOTIFY_SOCKET": "/no/such/socket"})


@pytest.mark.parametrize("order", ["wish first", "stop first"])
def test_a_stop_is_done_whichever_came_first(order: str) -> None:
    halt, stopped = Halt(), []
    for step in (halt.wish, lambda: halt.arm(lambda: stopped.append(1)))[:: 1 if order == "wish first" else -1]:
        step()
    assert stopped == [1]
    halt.wish()
    assert len(stopped) == 2


# --- the commands


@pytest.fixture
def machine(tmp_path: Path, told: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Service:
    """A machine with its service's place, which nothing answers on."""
    made = plan_in(tmp_path)
    one = Service(made, Systemd(made, tmp_path / "units"))
    monkeypatch.setattr(here, "is_administrator", lambda: True)
    monkeypatch.setattr(here, "service", lambda *, is_machines: one)
    monkeypatch.setattr(answer, "who_answers", lambda listeners: None)
    monkeypatch.setattr("fanfold.cli.service.unreadable", lambda plan: "")
    return one


def cli(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["service", *words])
    return result.exit_code, result.output


def test_install_status_and_remove_say_what_they_did(machine: Service, tmp_path: Path) -> None:
    code, said = cli("install")
    assert code == 0, said
    assert str(tmp_path / "units" / UNIT) in said
    assert "does not answer yet" in said
    code, said = cli("status")
    assert (code, "installed    yes" in said, "no gateway answers" in said) == (Exit.UNREACHABLE, True, True), said
    code, said = cli("status", "--json")
    told = json.loads(said)
    assert (told["installed"], told["running"], told["answers"]) == (True, True, None)
    assert (told["data"], told["settings"]) == (str(machine.plan.data), str(machine.plan.config))
    code, said = cli("remove")
    assert (code, "Still there" in said) == (0, True), said
    assert Path(machine.plan.config).exists()
    assert cli("remove")[0] == 0


def test_install_print_touches_nothing(machine: Service, tmp_path: Path, told: Callable[[], Any]) -> None:
    result = CliRunner().invoke(main, ["service", "install", "--print"])
    assert result.stdout == machine.keeper.text
    assert not (tmp_path / "units").exists()
    assert not Path(machine.plan.config).exists()
    assert told()["words"] == []


def test_install_print_warns_of_what_would_keep_it_from_running(
    machine: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.cli.service.unreadable", lambda plan: "this Fanfold is in /tmp")
    result = CliRunner().invoke(main, ["service", "install", "--print"])
    assert (result.exit_code, result.stdout) == (0, machine.keeper.text)
    assert "# Warning: this Fanfold is in /tmp" in result.stderr
    code, said = cli("install")
    assert (code, "this Fanfold is in /tmp" in said) == (Exit.FAILED, True)


def test_a_gateway_that_answers_already_is_not_given_a_second_beside(
    machine: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = answer.Answer("http://127.0.0.1:8765", "1.2.3", 3700)
    monkeypatch.setattr(answer, "who_answers", lambda listeners: there)
    code, said = cli("install")
    assert code == Exit.FAILED
    assert "http://127.0.0.1:8765 (Fanfold 1.2.3, up for 1 h 01 min)" in said


def test_serve_does_not_start_a_second_gateway_beside_the_service(
    machine: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("install")
    ran: list[config.Settings] = []

    def run(settings: config.Settings, *_: object) -> int:
        ran.append(settings)
        return 0

    monkeypatch.setattr("fanfold.app.run", run)
    monkeypatch.setattr(config.table, "data_dir", lambda: tmp_path / "usual")
    monkeypatch.delenv("FANFOLD_DATA", raising=False)
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    result = CliRunner().invoke(main, ["serve", "--config", str(empty)])
    assert result.exit_code == Exit.CANNOT_START
    assert "runs as a service already" in result.output
    assert CliRunner().invoke(main, ["serve", "--config", str(empty), "--data", str(tmp_path / "d")]).exit_code == 0
    cli("remove")
    assert CliRunner().invoke(main, ["serve", "--config", str(empty)]).exit_code == 0
    assert len(ran) == 2


def test_where_a_gateway_listens_is_read_without_its_secrets(tmp_path: Path) -> None:
    file = tmp_path / "fanfold.toml"
    file.write_text('[access]\ntoken_file = "/no/such"\n[[listeners]]\naddress = "0.0.0.0"\nport = 8901\n')
    (one,) = answer.listeners_of(file)
    assert (one.address, one.port) == ("0.0.0.0", 8901)
    assert answer.listeners_of(tmp_path / "none.toml") == config.Settings().listeners


def test_what_is_no_gateway_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    listeners: Sequence[config.Listener] = (config.Listener("127.0.0.1", port),)
    assert answer.who_answers(listeners) is None


@pytest.fixture
def beside(machine: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A user's own place on a machine whose service is installed."""
    machine.keeper.install()
    made = plan_in(tmp_path / "own", is_machines=False)
    own = Service(made, Systemd(made, tmp_path / "own" / "units"))
    monkeypatch.setattr(here, "is_administrator", lambda: False)
    monkeypatch.setattr(here, "service", lambda *, is_machines: machine if is_machines else own)
    return own


def test_a_user_installs_none_of_his_own_beside_the_machines(beside: Service, machine: Service) -> None:
    code, said = cli("install")
    assert (code, "for all its users" in said, str(machine.keeper.where) in said) == (Exit.FAILED, True, True), said
    assert not beside.keeper.state().is_installed
    assert not Path(beside.plan.config).exists()


def test_a_user_cannot_remove_the_machines(beside: Service, machine: Service) -> None:
    code, said = cli("remove")
    assert (code, "only an administrator" in said) == (Exit.FAILED, True), said
    assert machine.keeper.state().is_installed


def test_a_user_is_shown_the_machines(beside: Service, machine: Service) -> None:
    told = json.loads(cli("status", "--json")[1])
    assert (told["for"], told["settings"]) == ("all users of this machine", str(machine.plan.config))


@pytest.mark.parametrize(("person", "users"), [("anna", ("anna",)), ("root", ()), ("", ())])
def test_who_installs_by_sudo_is_trusted_by_name_and_root_needs_no_word(
    machine: Service, monkeypatch: pytest.MonkeyPatch, person: str, users: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SUDO_USER", person)
    assert cli("install")[0] == 0
    assert config.load(Path(machine.plan.config), {}, {}).access.users == users


def test_the_log_that_a_service_keeps_itself_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfold.cli.service.LOG_BYTES", 1000)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(logging.getLogger(), "level", logging.INFO)

    def run(*_: object) -> int:
        for number in range(500):
            logging.getLogger("fanfold").info("line %d", number)
        return 0

    monkeypatch.setattr("fanfold.app.run", run)
    (tmp_path / "fanfold.toml").write_text("")
    places = ("--config", "fanfold.toml", "--data", "data", "--log", "log")
    pairs = [str(tmp_path / word) if not word.startswith("-") else word for word in places]
    code, said = cli("run", *pairs)
    for handler in logging.getLogger().handlers:
        handler.close()
    assert code == 0, said
    kept = sorted(tmp_path.glob("log*"))
    assert len(kept) == 5
    assert sum(one.stat().st_size for one in kept) <= 5000
    assert "line 499" in (tmp_path / "log").read_text()


# --- whether a gateway answers


@contextmanager
def server(says: bytes) -> Iterator[config.Listener]:
    """Something that answers every request so."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(says)))
            self.end_headers()
            self.wfile.write(says)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as there:
        answering = threading.Thread(target=there.serve_forever, args=(0.01,))
        answering.start()
        try:
            yield config.Listener("127.0.0.1", there.server_port)
        finally:
            there.shutdown()
            answering.join()


@pytest.mark.parametrize("says", [b"{}", b'{"status": "up"}', b"[]", b"<html>", b"", b'"version"'])
def test_what_else_answers_at_a_port_is_not_taken_for_a_gateway(says: bytes) -> None:
    with server(says) as listener:
        assert answer.who_answers([listener]) is None


def test_a_gateway_is_known_by_its_health(tmp_path: Path) -> None:
    with server(b'{"version": "1.2", "uptime_s": 60, "problems": ["the disk is full"]}') as listener:
        found = answer.who_answers([listener])
    assert found == answer.Answer(f"http://127.0.0.1:{listener.port}", "1.2", 60, ("the disk is full",))


def test_only_listeners_that_a_program_without_certificates_can_ask_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(answer, "_asked", asked.append)
    listeners = [
        config.Listener("127.0.0.1", 1, tls_cert=Path("cert.pem")),
        config.Listener("127.0.0.1", 2, doors=(config.Door.WEBLINK,)),
        config.Listener("127.0.0.1", 0),
        config.Listener("0.0.0.0", 3),
        config.Listener("::1", 4),
    ]
    assert answer.who_answers(listeners) is None
    assert asked == ["http://127.0.0.1:3", "http://[::1]:4"]
