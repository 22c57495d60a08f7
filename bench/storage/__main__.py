"""``python -m bench.storage [FIGURE ...]``: medians of runs that take turns, JSON and a table.

The bare insert beside the ledger is the driver's own way for many rows: ``executemany`` of SQLite,
``execute_values`` of psycopg2. COPY, which takes no rows from statements, is in the JSON.
"""

import argparse
import json
from collections.abc import Callable, Sequence

from bench.storage import commits, moves, pages, searches, syncs
from bench.storage.plan import Plan
from bench.table import Figures, figure, table


def _either(*names: str) -> Callable[[Sequence[Figures]], object | None]:
    """Take the figure of whichever way the store has."""

    def take(found: Sequence[Figures]) -> object | None:
        return next((value for name in names if (value := figure(name)(found)) is not None), None)

    return take


_FIGURES = {
    "commits": commits.measure,
    "pages": pages.measure,
    "sync": syncs.measure,
    "search": searches.measure,
    "move": moves.measure,
}

_ROWS = {
    "messages numbered and stored, batches of 500 for 1,000 pairs: a second": figure(
        "ledger_per_second", figure="commits"
    ),
    "a bare bulk insert of the same rows: a second": _either(
        "executemany_per_second", "execute_values_per_second"
    ),
    "the ledger's share of that": _either("ratio_to_executemany", "ratio_to_execute_values"),
    "a page of 50 in a full ledger, 99th percentile, ms": figure("p99_ms", figure="pages"),
    "beside the same in a small ledger: times": figure("ratio", figure="pages"),
    "sync, 5 of 200 conversations moved, median, ms": figure("http_p50_ms", figure="sync"),
    "a word in a member's messages, 95th percentile, ms": figure("p95_ms", figure="search"),
}


def main() -> None:
    """Measure the figures that are named, or all."""
    parser = argparse.ArgumentParser(prog="bench.storage", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(_FIGURES))
    parser.add_argument("--rounds", type=int, default=5, help="runs of each kind")
    parser.add_argument("--size", type=int, default=10_000_000, help="messages in a full ledger")
    chosen = parser.parse_args()
    plan = Plan(rounds=chosen.rounds, size=chosen.size)
    found: list[Figures] = []
    for name in chosen.figures or _FIGURES:
        if name not in _FIGURES:
            parser.error(f"there is no figure {name!r}")
        for line in _FIGURES[name](plan):
            found.append({"figure": name} | line)
            print(json.dumps(found[-1]), flush=True)  # noqa: T201 - its purpose
    print(table(found, _ROWS))  # noqa: T201 - its purpose


main()
