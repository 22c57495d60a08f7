"""Pages of 50 from the middle of cold conversations, in a full ledger and in a small one.

Each conversation is read once; the database has just been started (PostgreSQL) or opened
(SQLite), so its own cache holds none of them. On PostgreSQL a conversation's rows lie as far
apart as can be: they were stored in turns with those of all others.
"""

import random
import statistics
import time
from collections.abc import Iterator

from bench.storage.filling import LENGTH, fill
from bench.storage.plan import STORES, Databases, Line, Plan, databases, percentile
from storage.ledger import Ledger
from storage.sql import SqlStore
from storage.sql.engine import connect

_SMALL = 100_000
_PAGE = 50
_READ = 200
"""Conversations that a run reads."""


def measure(plan: Plan) -> Iterator[Line]:
    """Give a line for each store: milliseconds, and the ratio of the 99th percentiles."""
    with databases() as found:
        for store in STORES:
            yield _compare(found, store, plan)


def _compare(found: Databases, store: str, plan: Plan) -> Line:
    with found.new(store) as small, found.new(store) as large:
        owners = {small: fill(small, _SMALL), large: fill(large, plan.size)}
        runs: dict[str, list[list[float]]] = {url: [] for url in owners}
        for _ in range(plan.rounds):
            for url, (uid, cids) in owners.items():
                if store == "postgresql":
                    found.server.stop()
                    found.server.start()
                runs[url].append(_read(url, uid, cids))
    p99 = {url: [percentile(run, 99) for run in each] for url, each in runs.items()}
    return {
        "store": store,
        "messages": plan.size,
        "p50_ms": round(statistics.median(map(statistics.median, runs[large])), 2),
        "p99_ms": round(statistics.median(p99[large]), 2),
        f"p99_ms_of_{_SMALL}": round(statistics.median(p99[small]), 2),
        "ratio": round(statistics.median(map(_ratio, p99[large], p99[small])), 2),
    }


def _ratio(large: float, small: float) -> float:
    return large / small


def _read(url: str, uid: str, cids: list[str]) -> list[float]:
    engine = connect(url)
    ledger = Ledger(SqlStore(engine))
    first, *chosen = random.sample(cids, _READ + 1)
    # The first question of a process opens the connection and compiles the statements.
    ledger.messages(uid, first, after=None, before=None, limit=_PAGE)
    times = []
    for cid in chosen:
        before = random.randrange(_PAGE + 1, LENGTH + 1)  # noqa: S311 - any will do
        begun = time.perf_counter()
        page = ledger.messages(uid, cid, after=None, before=before, limit=_PAGE)
        times.append(1000 * (time.perf_counter() - begun))
        if len(page) != _PAGE:
            raise SystemExit(f"{url}: a page of {len(page)}")
    engine.dispose()
    return times
