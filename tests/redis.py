"""A real Redis server for tests: its own folder, its own port, gone afterwards."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.platform import accepts, free_ports, wait


class Redis:
    """Run a server on loopback that keeps nothing."""

    def __init__(self, folder: Path, password: str) -> None:
        (self._port,) = free_ports(1)
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1"]
        self._command += ["--save", "", "--dir", str(folder), "--requirepass", password]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        wait(lambda: accepts(self._port))
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """End the server at once."""
        self._process.kill()
        self._process.wait()
