"""What ``parley`` says to mistakes: one line on stderr and exit status 2.

Each kind is tried with a process; what is refused before anything begins, in this one.
"""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import Type
from tests.platform import Platform, free_ports

_HERE = Path(__file__).parents[2]


def parley(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parley", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=_HERE,
        env=os.environ | environment,
    )


def complaint(done: subprocess.CompletedProcess[str] | tuple[int, str, str]) -> str:
    """Give the line that was said, by a process or in this one."""
    if isinstance(done, subprocess.CompletedProcess):
        done = done.returncode, done.stdout, done.stderr
    status, out, error = done
    assert (status, out) == (2, "")
    (line,) = error.splitlines()
    assert line.startswith("parley: ")
    return line.removeprefix("parley: ")


def ports() -> list[object]:
    names = ("--http", "--mqtt", "--ws", "--metrics")
    return [part for pair in zip(names, free_ports(4), strict=True) for part in pair]


@pytest.mark.parametrize("option", ["--http", "--mqtt", "--ws", "--metrics"])
def test_a_port_in_use(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = complaint(parley("up", "--data", tmp_path / "data", *ports(), option, port))
    assert f"port {port} on 127.0.0.1" in line
    assert "in use" in line


@pytest.mark.parametrize("service", ["broker", "webapi"])
def test_a_port_in_use_for_one_service(tmp_path: Path, service: str) -> None:
    file = tmp_path / "parley.toml"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        file.write_text(f"data = '{tmp_path}'\n[broker]\nport = {port}\n[api]\nport = {port}\n")
        assert parley("setup", "--config", file).returncode == 0
        assert f"{port}" in complaint(parley(service, "--config", file))


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none(tmp_path: Path, type_: Type, port: str) -> None:
    assert "--mqtt" in complaint(type_("up", "--data", tmp_path, "--mqtt", port))


def test_an_address_that_is_not_here(tmp_path: Path) -> None:
    line = complaint(parley("up", "--data", tmp_path / "data", *ports(), "--host", "192.0.2.1"))
    assert "192.0.2.1" in line


def test_a_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A file stands where the folder would be: root may write everywhere else."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    for command in ("up", "setup"):
        assert str(folder) in complaint(parley(command, "--data", folder))


def test_a_second_platform_on_the_same_folder(tmp_path: Path) -> None:
    with Platform(tmp_path) as first:
        line = complaint(parley("up", "--data", first.data, *ports()))
    assert line == f"Parley already runs on {first.data}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[brokr]\nport = 1", "brokr"),
        ("[broker]\nport = 'x'", "$.broker.port"),
        ("port == 1", "line 1"),
    ],
)
@pytest.mark.parametrize("command", ["up", "setup", "broker", "bridge", "keeper", "webapi"])
def test_wrong_settings(tmp_path: Path, type_: Type, command: str, text: str, words: str) -> None:
    file = tmp_path / "parley.toml"
    file.write_text(text)
    line = complaint(type_(command, "--config", file))
    assert line.startswith(str(file))
    assert words in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("['nothing.here.Plugin']", "the plugin nothing.here.Plugin: No module named 'nothing'"),
        ("nothing", "plugins.toml: "),
        ("[a]\nb.c = 1\n[d", "plugins.toml: "),
        ("a = 1", "plugins.toml: Expected `object`"),
    ],
)
def test_plugins_that_are_none(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "plugins.toml"
    file.write_text(text)
    arguments = ["--mqtt", free_ports(1)[0], "--plugins", file]
    assert words in complaint(parley("broker", "--anonymous", *arguments))


def test_plugins_of_a_broker_with_rules(tmp_path: Path, type_: Type) -> None:
    assert "--anonymous" in complaint(type_("broker", "--plugins", tmp_path / "plugins.toml"))


def test_a_database_that_is_away(tmp_path: Path) -> None:
    file = tmp_path / "parley.toml"
    (port,) = free_ports(1)
    url = f"postgresql+psycopg2://parley@127.0.0.1:{port}/parley"
    file.write_text(f"data = '{tmp_path}'\n[ledger]\nurl = '{url}'\n")
    assert "refused" in complaint(parley("up", "--config", file, *ports()))


@pytest.mark.parametrize("service", ["broker", "bridge", "keeper", "webapi"])
def test_a_service_before_the_set_up(tmp_path: Path, service: str) -> None:
    assert "run parley setup first" in complaint(parley(service, "--data", tmp_path))


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["up", "--nothing"], ["replay"], ["replay", "nothing.txt"]]
)
def test_a_command_that_is_none(type_: Type, arguments: list[str]) -> None:
    assert complaint(type_(*arguments))


def test_a_server_that_is_away(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    log = tmp_path / "log.raw.txt"
    log.write_text("[10:00] <ada> hello\n")
    for server in (f"http://127.0.0.1:{port}", "no URL"):
        assert "does not answer" in complaint(parley("replay", log, "--server", server))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with Platform(tmp_path) as platform:
        platform.signal(number)
        assert platform.ended() == 0
    said = platform.log()
    for service in ("broker", "bridge", "keeper"):
        assert f"the {service} has stopped" in said
    assert said.count("Worker exiting") == said.count("Booting worker") > 0
    assert "Traceback" not in said
    for port in (platform.http, platform.mqtt, platform.ws, platform.metrics):
        socket.create_server(("127.0.0.1", port)).close()


def test_services_leave_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with Platform(tmp_path) as platform:
        platform.signal(signal.SIGKILL)
        assert platform.ended() == -signal.SIGKILL
        platform.wait_gone()


def test_help_names_every_command() -> None:
    done = parley("--help")
    assert done.returncode == 0
    services = (
        "up",
        "setup",
        "broker",
        "bridge",
        "keeper",
        "webapi",
        "settings",
        "doctor",
        "chat",
    )
    for command in (*services, "export", "import", "backup", "restore"):
        assert f"\n  {command} " in done.stdout


def test_an_invitation(tmp_path: Path) -> None:
    file = tmp_path / "parley.toml"
    file.write_text(f"data = '{tmp_path}'\n")
    assert "accounts.sign_up" in complaint(parley("invite", "--config", file))
    accounts = "[accounts]\nsign_up = 'invitation'\napp_url = 'https://chat.example/'\n"
    file.write_text(f"data = '{tmp_path}'\n{accounts}")
    assert "no such table" in complaint(parley("invite", "--config", file))
    assert parley("setup", "--config", file).returncode == 0
    done = parley("invite", "--config", file, "--uses", 3)
    assert done.returncode == 0
    assert done.stdout.startswith("https://chat.example/#invitation=")
    assert done.stderr.startswith("lets 3 sign up, until ")
