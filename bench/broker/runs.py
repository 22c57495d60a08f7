"""Single runs: a broker with nothing from earlier ones, and the generator beside it."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.broker.servers import running

CROWDS = {"connected": 10_000, "stored": 100_000}
"""People beside whom pairs talk."""

_SECONDS = 3.0
_TURNS = 3
_STORM, _STORM_QUEUED = 10_000, 10
_WAITING, _WAITING_EACH = 100_000, 10


def alone(name: str, load: str) -> dict[str, float]:
    """Measure a load."""
    with _broker(name) as (port, _):
        return _load(port, load)


def beside(name: str, kind: str, count: int) -> dict[str, float]:
    """Measure pairs beside a crowd and, in turns, without; and the memory for each in the crowd.

    A machine gets faster and slower while it is measured, so two brokers run, one of them empty.
    """
    with _broker(name) as (empty, _), _broker(name) as (full, pid):
        before = psutil.Process(pid).memory_info().rss
        command = _command("idle", full, count, kind)
        crowd = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        rate = int(crowd.stdout.readline()) if crowd.stdout else 0
        after = psutil.Process(pid).memory_info().rss
        without, figures = zip(*(_turn(empty, full) for _ in range(_TURNS)), strict=True)
        crowd.kill()
        crowd.communicate()
    return {
        "per_second": statistics.median(figures),
        "of_without": round(sum(figures) / sum(without), 3),
        "bytes_each": round((after - before) / count),
        "came_per_second": rate,
    }


def _turn(empty: int, full: int) -> tuple[float, float]:
    return _load(empty, "pairs")["per_second"], _load(full, "pairs")["per_second"]


def storm(name: str) -> dict[str, float]:
    """Let everybody log in with a token, and come back at once to what waits for them."""
    with (
        tempfile.TemporaryDirectory(prefix="parley-bench-") as folder,
        running(name, Path(folder)) as (port, _),
    ):
        return _figures(_command("storm", port, folder, _STORM, _STORM_QUEUED))


def restart(name: str) -> dict[str, float]:
    """Kill a broker that holds a million messages; see how soon it is back, with all of them."""
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        with running(name, Path(folder)) as (port, _):
            _figures([*_command("waiting", port, _WAITING, _WAITING_EACH), "fill"])
        begun = time.monotonic()
        with running(name, Path(folder)) as (port, _):
            seconds = time.monotonic() - begun
            wrong = _figures([*_command("waiting", port, _WAITING, _WAITING_EACH), "take"])
    return {"ready_seconds": round(seconds, 2)} | wrong


@contextmanager
def _broker(name: str) -> Iterator[tuple[int, int]]:
    with (
        tempfile.TemporaryDirectory(prefix="parley-bench-") as folder,
        running(name, Path(folder)) as found,
    ):
        yield found


def _load(port: int, load: str) -> dict[str, float]:
    return _figures(_command("load", port, load, _SECONDS))


def _command(module: str, *arguments: object) -> list[str]:
    # In a process of its own: nothing of one run may slow the next.
    return [sys.executable, "-m", f"bench.broker.{module}", *map(str, arguments)]


def _figures(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, capture_output=True, check=False, timeout=600)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{' '.join(command[2:])}: {done.stderr.decode()[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
