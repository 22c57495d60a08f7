"""Messages numbered and stored in batches as the bridge makes them, beside a bare bulk insert.

The bare insert brings the same rows into the same table in as many commits, by the driver's own
way of many rows: ``execute_values`` on PostgreSQL, ``executemany`` on SQLite. COPY is shown, too.
"""

import io
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from psycopg2.extras import execute_values
from sqlalchemy.engine.interfaces import DBAPICursor

from bench.storage.plan import Databases, Line, Plan, add_people, databases
from parley_protocol.ids import new_id
from parley_protocol.payloads import Message
from storage.ledger import Ledger
from storage.model import Draft
from storage.sql import SqlStore
from storage.sql.engine import connect
from storage.sql.migrate import migrate
from storage.sql.tables import messages

_BATCH = 500
_BATCHES = 60
_PAIRS = 1_000
_TEXT = "What people write to each other. " * 7
_TEXT = _TEXT[:200]
_COLUMNS = tuple(messages.c.keys())
_NAMES = ", ".join(_COLUMNS)
_SENDER = new_id()

Row = tuple[object, ...]
Run = Callable[[str], float]
Way = Callable[[DBAPICursor, Sequence[Row]], None]


def measure(plan: Plan) -> Iterator[Line]:
    """Give a line for each store; the ratio is the median of the rounds' ratios."""
    with databases() as found:
        for store, peers in _PEERS.items():
            runs: dict[str, Run] = {"ledger": _ledger}
            runs |= {name: partial(_bare, way) for name, way in peers.items()}
            rounds = [_round(found, store, runs) for _ in range(plan.rounds)]
            yield {"store": store} | _medians(rounds) | _ratios(rounds, peers)


def bare_inserts() -> float:
    """Give how many rows a second SQLite takes just now: what the machine is worth."""
    with TemporaryDirectory(prefix="parley-bench-") as folder:
        url = f"sqlite:///{folder}/parley.db"
        migrate(url)
        return _bare(_execute_many, url)


def _round(found: Databases, store: str, runs: dict[str, Run]) -> dict[str, float]:
    rates = {}
    for name, run in runs.items():
        with found.new(store) as url:
            rates[name] = run(url)
    return rates


def _medians(rounds: list[dict[str, float]]) -> Line:
    return {
        f"{name}_per_second": round(statistics.median(each[name] for each in rounds))
        for name in rounds[0]
    }


def _ratios(rounds: list[dict[str, float]], peers: Iterable[str]) -> Line:
    return {
        f"ratio_to_{name}": round(statistics.median(r["ledger"] / r[name] for r in rounds), 2)
        for name in peers
    }


def _ledger(url: str) -> float:
    uids = add_people(url, 2 * _PAIRS)
    engine = connect(url)
    ledger = Ledger(SqlStore(engine))
    pairs = list(zip(uids[:_PAIRS], uids[_PAIRS:], strict=True))
    ledger.commit([_draft(*pair) for pair in pairs], 1)
    batches = [
        [_draft(*random.choice(pairs)) for _ in range(_BATCH)]  # noqa: S311 - any will do
        for _ in range(_BATCHES)
    ]
    rate = _rate(lambda batch: ledger.commit(batch, 2), batches)
    engine.dispose()
    return rate


def _draft(sender: str, peer: str) -> Draft:
    return Draft(sender, new_id(), "dm", peer, Message(id=new_id(), sent_at=1, text=_TEXT))


def _bare(way: Way, url: str) -> float:
    heads = dict.fromkeys((new_id() for _ in range(_PAIRS)), 0)
    engine = connect(url)
    connection = engine.raw_connection()
    cursor = connection.cursor()

    def fill(rows: Sequence[Row]) -> None:
        cursor.execute("BEGIN")
        way(cursor, rows)
        cursor.execute("COMMIT")

    fill([_row(heads, cid) for cid in heads])
    cids = list(heads)
    batches = [
        [_row(heads, random.choice(cids)) for _ in range(_BATCH)]  # noqa: S311 - any will do
        for _ in range(_BATCHES)
    ]
    rate = _rate(fill, batches)
    connection.close()
    engine.dispose()
    return rate


def _row(heads: dict[str, int], cid: str) -> Row:
    heads[cid] += 1
    return cid, heads[cid], new_id(), _SENDER, _SENDER, 1, 1, "text", _TEXT, None


def _execute_values(cursor: DBAPICursor, rows: Sequence[Row]) -> None:
    execute_values(cursor, f"INSERT INTO messages ({_NAMES}) VALUES %s", rows, page_size=_BATCH)  # noqa: S608


def _copy(cursor: DBAPICursor, rows: Sequence[Row]) -> None:
    lines = "".join("\t".join(map(_field, row)) + "\n" for row in rows)
    cursor.copy_expert(f"COPY messages ({_NAMES}) FROM STDIN", io.StringIO(lines))


def _field(value: object) -> str:
    # The texts of the bench have nothing that COPY would have escaped.
    return r"\N" if value is None else str(value)


def _execute_many(cursor: DBAPICursor, rows: Sequence[Row]) -> None:
    places = ", ".join("?" * len(_COLUMNS))
    cursor.executemany(f"INSERT INTO messages ({_NAMES}) VALUES ({places})", rows)  # noqa: S608


_PEERS: dict[str, dict[str, Way]] = {
    "sqlite": {"executemany": _execute_many},
    "postgresql": {"execute_values": _execute_values, "copy": _copy},
}


def _rate(store: Callable[[Any], object], batches: Sequence[object]) -> float:
    begun = time.perf_counter()
    for batch in batches:
        store(batch)
    return _BATCH * len(batches) / (time.perf_counter() - begun)
