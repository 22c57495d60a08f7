"""``python -m bench.storage [FIGURE ...]``: lines of JSON, medians of runs that take turns."""

import argparse
import json

from bench.storage import commits, pages, searches, syncs
from bench.storage.plan import Plan

_FIGURES = {
    "commits": commits.measure,
    "pages": pages.measure,
    "sync": syncs.measure,
    "search": searches.measure,
}


def main() -> None:
    """Measure the figures that are named, or all."""
    parser = argparse.ArgumentParser(prog="bench.storage", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(_FIGURES))
    parser.add_argument("--rounds", type=int, default=5, help="runs of each kind")
    parser.add_argument("--size", type=int, default=10_000_000, help="messages in a full ledger")
    chosen = parser.parse_args()
    plan = Plan(rounds=chosen.rounds, size=chosen.size)
    for name in chosen.figures or _FIGURES:
        if name not in _FIGURES:
            parser.error(f"there is no figure {name!r}")
        for line in _FIGURES[name](plan):
            print(json.dumps({"figure": name} | line), flush=True)  # noqa: T201 - its purpose


main()
