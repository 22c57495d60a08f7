"""``python -m bench.api``: requests at 200 a second, and history as fast as it comes.

Each server runs alone, beside the generator, which is one process. Prints JSON and a table.
"""

import argparse
import json
import statistics

from bench.api import parley, synapse
from bench.api.load import Request, at_saturation, p, steadily
from bench.table import Figures, figure, table

_RATE = 200
_TEXTS = [f"{number:04} {'x' * 195}" for number in range(200)]
_WARM_SECONDS = 3

_ROWS = {
    "50 of 200 conversations, at 200 requests a second: 99th percentile, ms": figure(
        "p99_ms", figure="list"
    ),
    "a page of 50 messages, at 200 requests a second: 99th percentile, ms": figure(
        "p99_ms", figure="history"
    ),
    "sync, 5 of 200 conversations moved, at 200 requests a second: 99th percentile, ms": figure(
        "p99_ms", figure="sync"
    ),
    "pages of 50 messages a second, at saturation, two processes": figure(
        "per_second", figure="saturation"
    ),
    "the same from Synapse, one process": figure("synapse_per_second", figure="saturation"),
    "ratio": figure("ratio", figure="saturation"),
}


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(prog="bench.api", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind")
    parser.add_argument("--seconds", type=float, default=10, help="length of a run")
    chosen = parser.parse_args()
    found: list[Figures] = []
    with parley.running(_TEXTS) as requests:
        for name, request in requests.items():
            found.append(_say(name, _rounds(request, chosen.rounds, chosen.seconds)))
        ours = _saturation(requests["history"], chosen.rounds, chosen.seconds)
    with synapse.running(_TEXTS) as page:
        theirs = _saturation(page, chosen.rounds, chosen.seconds)
    pages = {"per_second": ours, "synapse_per_second": theirs, "ratio": round(ours / theirs, 1)}
    found.append(_say("saturation", pages))
    print(table(found, _ROWS))  # noqa: T201 - its purpose


def _rounds(request: Request, rounds: int, seconds: float) -> dict[str, float]:
    at_saturation(request, _WARM_SECONDS)
    runs = [steadily(request, _RATE, seconds) for _ in range(rounds)]
    return {f"p{share}_ms": statistics.median(p(run, share) for run in runs) for share in (50, 99)}


def _saturation(request: Request, rounds: int, seconds: float) -> float:
    at_saturation(request, _WARM_SECONDS)
    return round(statistics.median(at_saturation(request, seconds) for _ in range(rounds)))


def _say(name: str, figures: dict[str, float]) -> Figures:
    line: Figures = {"figure": name, "store": "sqlite", **figures}
    print(json.dumps(line), flush=True)  # noqa: T201 - its purpose
    return line


main()
