"""``python -m bench.broker [ROUNDS]``: a table of medians, brokers taking turns."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import psutil

from bench.broker.load import LOADS
from bench.broker.servers import SERVERS, running

_SECONDS = 3.0
_ROUNDS = 5
_IDLE = 9_000


def main() -> None:
    """Measure every load on every broker, and print the medians."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    for load in LOADS:
        _compare(load, SERVERS, rounds, partial(_run, load=load))
    # Stock amqtt is not among them: with so many it does not come to an end.
    _compare(f"pairs beside {_IDLE:,} idle", ("parley", "mosquitto"), rounds, _beside_idle)


def _compare(
    load: str, names: Iterable[str], rounds: int, run: Callable[[str], dict[str, float]]
) -> None:
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, found in runs.items():
            found.append(run(name))
    for name, found in runs.items():
        medians = {key: statistics.median(one[key] for one in found) for key in found[0]}
        print(json.dumps({"load": load, "broker": name} | medians), flush=True)  # noqa: T201


def _run(name: str, load: str) -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory(prefix="parley-bench-") as folder,
        running(name, Path(folder)) as (port, _),
    ):
        return _load(name, port, load)


def _load(name: str, port: int, load: str) -> dict[str, float]:
    # In a process of its own: nothing of one run may slow the next.
    command = [sys.executable, "-m", "bench.broker.load", str(port), load, str(_SECONDS)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{name}, {load}: {done.stderr.decode()[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _beside_idle(name: str) -> dict[str, float]:
    """Measure what idle people cost: memory each, and the speed of pairs beside them."""
    with (
        tempfile.TemporaryDirectory(prefix="parley-bench-") as folder,
        running(name, Path(folder)) as (port, pid),
    ):
        empty = psutil.Process(pid).memory_info().rss
        command = [sys.executable, "-m", "bench.broker.idle", str(port), str(_IDLE)]
        crowd = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        rate = int(crowd.stdout.readline()) if crowd.stdout else 0
        full = psutil.Process(pid).memory_info().rss
        figures = _load(name, port, "pairs")
        crowd.kill()
        crowd.communicate()
    return {"bytes_each": round((full - empty) / _IDLE), "connects_per_second": rate} | figures


main()
