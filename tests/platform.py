"""The whole platform, as ``parley up`` runs it, for tests that talk to it from outside."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.limits import HIGH_AS_TOML

_SECONDS = 60.0


def free_ports(count: int) -> list[int]:
    """Find ports that nothing listens on, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [found.getsockname()[1] for found in sockets]
    for found in sockets:
        found.close()
    return ports


def wait(condition: Callable[[], bool], say: Callable[[], str] = str) -> None:
    """Wait until something is so; where it takes too long, fail with what ``say`` gives."""
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline, say()
        time.sleep(0.02)


class Platform:
    """``parley up`` in a folder of its own; at the end it is stopped, if nobody did it before.

    ``settings`` is TOML, for what is not to be as it is by default.
    """

    def __init__(self, folder: Path, settings: str = "") -> None:
        self.data = folder / "data"
        self._settings = folder / "parley.toml"
        limits = "" if "[limits]" in settings else HIGH_AS_TOML
        self._settings.write_text(f"{settings}\n{limits}")
        self.http, self.mqtt, self.ws, self.metrics = free_ports(4)
        self.url = f"http://127.0.0.1:{self.http}"
        self._log = folder / "up.log"
        self._process = self._start()

    def __enter__(self) -> Self:
        wait(lambda: " is up." in self.log() or self._process.poll() is not None, self.log)
        assert self._process.poll() is None, self.log()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.signal(signal.SIGTERM)
            assert self.ended() == 0 or kind is not None, self.log()

    def log(self) -> str:
        """Give what the platform has said."""
        return self._log.read_text()

    def signal_service(self, service: str, number: signal.Signals) -> bool:
        """Send a signal to a service; tell whether it was there."""
        try:
            os.kill(self.pid(service), number)
        except ProcessLookupError:
            return False
        return True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the supervisor."""
        self._process.send_signal(number)

    def ended(self) -> int:
        """Wait for the supervisor's end; give its exit status."""
        return self._process.wait(_SECONDS)

    def kill(self, service: str) -> bool:
        """End a service with SIGKILL; tell whether it was there."""
        return self.signal_service(service, signal.SIGKILL)

    def pid(self, service: str) -> int:
        """Give a service's process id."""
        return int((self.data / "run" / f"{service}.pid").read_text())

    def wait_ready(self) -> None:
        """Wait until everything answers, as after a kill."""
        wait(self._answers, self.log)

    def wait_gone(self) -> None:
        """Wait until nothing listens any more."""
        wait(lambda: not any(map(accepts, (self.http, self.mqtt, self.ws))), self.log)

    def _start(self) -> subprocess.Popen[bytes]:
        ports = ["--http", self.http, "--mqtt", self.mqtt, "--ws", self.ws]
        ports += ["--metrics", self.metrics]
        files = ["--config", self._settings, "--data", self.data]
        command = [sys.executable, "-m", "parley", "up", *files, *ports]
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [str(part) for part in command], stdout=log, stderr=subprocess.STDOUT
            )

    def _answers(self) -> bool:
        try:
            is_ready = httpx.get(f"{self.url}/ready").is_success
        except httpx.HTTPError:
            return False
        return is_ready and accepts(self.mqtt) and accepts(self.ws)


def accepts(port: int) -> bool:
    """Tell whether something listens on a port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
