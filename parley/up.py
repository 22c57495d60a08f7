"""``parley up``: the whole platform on one machine."""

import fcntl
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from config.form import dump
from config.ports import require_free
from config.settings import Settings, SettingsError, broker_urls
from parley import logs
from parley.places import address, named, places
from parley.prepare import prepare
from parley.supervisor import Supervisor

_log = logging.getLogger(__name__)
_SERVICES = ("broker", "bridge", "keeper", "webapi")
_POLL_SECONDS = 0.1


def run(settings: Settings) -> int:
    """Run until SIGTERM or Ctrl-C; give the exit status.

    Raises:
        SettingsError: the folder or a port cannot be used.
    """
    logs.set_up("parley", settings.log)
    with _folder_of_ones_own(settings) as folder:
        for place in places(settings):
            require_free(place.setting, place.host, place.port)
        prepare(settings)
        supervisor = Supervisor(_commands(settings, folder), folder)
        stopping = _stop_signal()
        supervisor.start()
        if _is_ready_in_time(supervisor, stopping):
            _greet(settings)
        stopping.wait()
        _log.info("stopping")
        supervisor.stop()
    return 0


@contextmanager
def _folder_of_ones_own(settings: Settings) -> Iterator[Path]:
    """Make the folder for what is true of this run only, and keep others out of it."""
    folder = settings.folder / "run"
    try:
        settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        reason = f"the data folder {settings.folder} cannot be written: {error.strerror}"
        raise SettingsError(reason) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(f"Parley already runs on {settings.folder}") from None
        yield folder


def _commands(settings: Settings, folder: Path) -> dict[str, list[str]]:
    file = folder / "settings.toml"
    file.touch(mode=0o600)
    file.write_text(dump(settings))
    return {
        name: [sys.executable, "-m", "parley", name, "--config", str(file)] for name in _SERVICES
    }


def _stop_signal() -> threading.Event:
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping


def _is_ready_in_time(supervisor: Supervisor, stopping: threading.Event) -> bool:
    while not stopping.is_set():
        if supervisor.is_ready():
            return True
        stopping.wait(_POLL_SECONDS)
    return False


def _greet(settings: Settings) -> None:
    mqtt, websocket = broker_urls(settings, named(settings.broker.host))
    api = f"http://{address(settings.api.host, settings.api.port)}"
    data = str(settings.folder.absolute())
    if settings.log.format == "json":
        places = {"api": api, "mqtt": mqtt, "websocket": websocket, "data": data}
        _log.info("%s is up.", settings.name, extra={"fields": places})
        return
    greeting = f"""
  {settings.name} is up.

    API          {api}
    its manual   {api}/v1/docs
    MQTT         {mqtt}
    WebSocket    {websocket}
    data         {data}

  Talk:  parley chat --server {api}
  Stop:  Ctrl-C
"""
    click.echo(greeting, err=True)
