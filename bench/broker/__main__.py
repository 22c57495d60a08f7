"""``python -m bench.broker [ROUNDS]``: a table of medians, brokers taking turns."""

import json
import statistics
import sys
from collections.abc import Callable, Iterable
from functools import partial

from bench.broker import runs
from bench.broker.load import LOADS

_ROUNDS = 5
_FAST = ("parley", "mosquitto")
"""Stock amqtt does not come to an end beside a crowd."""


def main() -> None:
    """Measure every load on every broker, and print the medians."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    for load in LOADS:
        _compare(load, (*_FAST, "amqtt"), rounds, partial(runs.alone, load=load))
    for kind, count in runs.CROWDS.items():
        beside = partial(runs.beside, kind=kind, count=count)
        _compare(f"pairs beside {count:,} {kind}", _FAST, rounds, beside)
    _compare("everybody comes back at once", ("platform",), rounds, runs.storm)
    _compare("killed, and started again", ("parley",), 1, runs.restart)


def _compare(
    load: str, names: Iterable[str], rounds: int, run: Callable[[str], dict[str, float]]
) -> None:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, figures in found.items():
            figures.append(run(name))
    for name, figures in found.items():
        medians = {key: statistics.median(one[key] for one in figures) for key in figures[0]}
        print(json.dumps({"load": load, "broker": name} | medians), flush=True)  # noqa: T201


main()
