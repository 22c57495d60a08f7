"""A general broker, as ``parley broker --anonymous`` runs it, for other people's clients."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.javascript import installed
from tests.platform import accepts, free_ports, wait

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Place:
    """Where a broker listens."""

    port: int
    ws_port: int

    def of(self, transport: str) -> int:
        return self.ws_port if transport == "websockets" else self.port


@pytest.fixture(scope="session")
def anonymous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(*free_ports(2))
    data = tmp_path_factory.mktemp("anonymous")
    options = ["--mqtt", place.port, "--ws", place.ws_port, "--data", data]
    command = [sys.executable, "-m", "parley", "broker", "--anonymous", *map(str, options)]
    with subprocess.Popen(command) as process:
        try:
            wait(lambda: accepts(place.port) and accepts(place.ws_port))
            yield place
        finally:
            process.terminate()
    assert process.returncode == 0


@pytest.fixture(scope="session")
def javascript() -> Path:
    """The folder of the programs in JavaScript, with what their lock names installed."""
    return installed("clients-js")
