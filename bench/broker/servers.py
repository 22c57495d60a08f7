"""Brokers to be measured, each a process of its own with nothing from earlier runs."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import keys
from tests.platform import accepts, free_ports, wait

_PLATFORM = """\
data = "{folder}"
[broker]
port = {port}
ws_port = {ws}
metrics_port = {metrics}
max_connections = 20000
"""
_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
max_inflight_messages 1000
max_queued_messages 100000
"""
_AMQTT = """\
listeners:
  default: {{type: tcp, bind: "127.0.0.1:{port}"}}
plugins:
  amqtt.plugins.authentication.AnonymousAuthPlugin: {{allow_anonymous: true}}
"""


def _parley(folder: Path, port: int) -> list[str]:
    (ws_port,) = free_ports(1)
    program = [sys.executable, "-m", "parley", "broker", "--anonymous", "--data", str(folder)]
    return [*program, "--mqtt", str(port), "--ws", str(ws_port)]


def _platform(folder: Path, port: int) -> list[str]:
    """Parley's broker as the platform runs it: who comes shows a token."""
    keys.create(folder)
    ws_port, metrics_port = free_ports(2)
    file = folder / "parley.toml"
    file.write_text(_PLATFORM.format(folder=folder, port=port, ws=ws_port, metrics=metrics_port))
    return [sys.executable, "-m", "parley", "broker", "--config", str(file)]


def _mosquitto(folder: Path, port: int) -> list[str]:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise SystemExit("mosquitto is not installed: apt-get install mosquitto")
    file = folder / "mosquitto.conf"
    file.write_text(_MOSQUITTO.format(port=port))
    return [program, "-c", str(file)]


def _amqtt(folder: Path, port: int) -> list[str]:
    file = folder / "amqtt.yaml"
    file.write_text(_AMQTT.format(port=port))
    return [str(Path(sys.executable).parent / "amqtt"), "-c", str(file)]


SERVERS = {"parley": _parley, "platform": _platform, "mosquitto": _mosquitto, "amqtt": _amqtt}


@contextmanager
def running(name: str, folder: Path) -> Iterator[tuple[int, int]]:
    """Run a broker in a folder; give its port and process id."""
    (port,) = free_ports(1)
    command = SERVERS[name](folder, port)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own
    try:
        wait(lambda: accepts(port), (folder / "log").read_text)
        yield port, process.pid
    finally:
        process.kill()
        process.wait()
