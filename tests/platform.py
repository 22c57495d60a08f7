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

_START_SECONDS = 60.0


def free_ports(count: int) -> list[int]:
    """Find ports that nothing listens on, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [found.getsockname()[1] for found in sockets]
    for found in sockets:
        found.close()
    return ports


class Platform:
    """``parley up`` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.http, self.mqtt, self.ws = free_ports(3)
        self.url = f"http://127.0.0.1:{self.http}"
        self._log = folder / "up.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        ports = ["--http", self.http, "--mqtt", self.mqtt, "--ws", self.ws]
        command = [sys.executable, "-m", "parley", "up", "--data", self.data, *ports]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command], stdout=log, stderr=subprocess.STDOUT
            )
        self._wait(lambda: " is up." in self.log())
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(60) == 0, self.log()

    def log(self) -> str:
        """Give what the platform has said."""
        return self._log.read_text()

    def kill(self, service: str) -> None:
        """End a service with SIGKILL, and wait until its successor is there."""
        file = self.data / "run" / f"{service}.pid"
        pid = file.read_text()
        os.kill(int(pid), signal.SIGKILL)
        self._wait(lambda: file.exists() and file.read_text() not in {pid, ""})

    def wait_ready(self) -> None:
        """Wait until the API answers and both MQTT ports accept."""
        self._wait(self._is_ready)

    def _is_ready(self) -> bool:
        try:
            for port in (self.mqtt, self.ws):
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return httpx.get(f"{self.url}/health").is_success
        except (OSError, httpx.HTTPError):
            return False

    def _wait(self, condition: Callable[[], bool]) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _START_SECONDS
        while not condition():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)
