"""Services are started again when they die, and stopped in order."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from parley.backoff import Backoff
from parley.supervisor import Supervisor
from tests.platform import wait

_SERVICE = """
import os, signal, sys, time
from pathlib import Path
name, folder = sys.argv[1:]
log = Path(folder, "log").open("a", buffering=1)
def leave(*_):
    log.write(f"{name} stopped\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
log.write(f"{name} started\\n")
print(name, "speaks", flush=True)
os.write(0, b"1")
while True:
    time.sleep(60)
"""


def lines(folder: Path) -> list[str]:
    file = folder / "log"
    return file.read_text().splitlines() if file.exists() else []


@contextmanager
def supervisor(folder: Path, *names: str) -> Iterator[Supervisor]:
    commands = {name: [sys.executable, "-c", _SERVICE, name, str(folder)] for name in names}
    found = Supervisor(commands, folder)
    found.start()
    wait(found.is_ready)
    yield found
    found.stop()


def kill(folder: Path, name: str) -> None:
    os.kill(int((folder / f"{name}.pid").read_text()), signal.SIGKILL)


def test_services_stop_the_last_started_first(tmp_path: Path) -> None:
    with supervisor(tmp_path, "one", "two", "three"):
        assert sorted(lines(tmp_path)) == ["one started", "three started", "two started"]
    assert lines(tmp_path)[3:] == ["three stopped", "two stopped", "one stopped"]
    assert not list(tmp_path.glob("*.pid"))


def test_a_service_that_dies_is_started_again(tmp_path: Path) -> None:
    with supervisor(tmp_path, "one", "two"):
        for times in (2, 3):
            kill(tmp_path, "one")
            wait(lambda times=times: lines(tmp_path).count("one started") == times)  # type: ignore[misc]
        assert lines(tmp_path).count("two started") == 1
    assert lines(tmp_path).count("one stopped") == 1


def test_what_services_say_is_passed_on(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with supervisor(tmp_path, "one"):
        said = b""

        def has_spoken() -> bool:
            nonlocal said
            said += capfdbinary.readouterr().err
            return b"one speaks\n" in said

        wait(has_spoken)


def test_a_service_that_dies_at_once_is_left_longer_and_longer() -> None:
    backoff = Backoff()
    pauses = [backoff.pause(0.1) for _ in range(20)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 1
    assert pauses[-1] == pauses[-2]
    assert backoff.pause(3600) == pauses[0]
