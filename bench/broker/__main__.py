"""``python -m bench.broker [ROUNDS]``: a table of medians, brokers taking turns."""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.broker.load import LOADS
from bench.broker.servers import SERVERS, running

_SECONDS = 3.0
_ROUNDS = 5


def main() -> None:
    """Measure every load on every broker, and print the medians."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    for load in LOADS:
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in SERVERS}
        for _ in range(rounds):
            for name, found in runs.items():
                found.append(_run(name, load))
        for name, found in runs.items():
            medians = {key: statistics.median(run[key] for run in found) for key in found[0]}
            print(json.dumps({"load": load, "broker": name} | medians), flush=True)  # noqa: T201


def _run(name: str, load: str) -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory(prefix="parley-bench-") as folder,
        running(name, Path(folder)) as (port, _),
    ):
        # In a process of its own: nothing of one run may slow the next.
        command = [sys.executable, "-m", "bench.broker.load", str(port), load, str(_SECONDS)]
        done = subprocess.run(command, capture_output=True, check=False, timeout=120)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{name}, {load}: {done.stderr.decode()[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


main()
