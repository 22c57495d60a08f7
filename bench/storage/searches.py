"""A word in a member's messages, in a ledger that holds as many of other people's.

Words are as frequent as in a language (Zipf): of the hundred thousand, the first stands in two of
five messages, the last in one of 96,000. Each search is for another word; all are counted
together, a third of them common, a third usual, a third rare. The ledger was indexed one
conversation after the other, as after a restore: what is said live is found in fewer zones.
"""

import random
import statistics
import time
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from sqlalchemy import Connection, Engine, text

from bench.storage.filling import WORDS, said
from bench.storage.plan import STORES, Line, Plan, add_people, databases, percentile
from parley_protocol.ids import new_id
from storage.ledger import Ledger
from storage.sql import SqlStore, given, write_options
from storage.sql.engine import connect
from storage.sql.tables import conversations, members, messages

_SHARE = 10
"""The member has a tenth of what is a full ledger elsewhere."""
_CONVERSATIONS = 200
_IN_A_MESSAGE = 12
_BATCH = 10_000
_PAGE = 20
_ASKED = 50
_KINDS = {"common": range(_ASKED), "usual": range(500, 5_000), "rare": range(20_000, len(WORDS))}


def measure(plan: Plan) -> Iterator[Line]:
    """Give a line for each store: milliseconds, and how fast it was indexed."""
    with databases() as found:
        for store in STORES:
            with found.new(store) as url:
                yield {"store": store} | _on(url, plan)


def _on(url: str, plan: Plan) -> Line:
    count = plan.size // _SHARE
    member, stranger = add_people(url, 2)
    engine = connect(url)
    with engine.connect() as plain:
        connection = plain.execution_options(**write_options)
        with connection.begin():
            _fill(connection, {member: count, stranger: count})
    ledger = Ledger(SqlStore(engine))
    _analyze(engine)
    rate = 2 * count / _index(ledger)
    _analyze(engine)
    runs = [
        {kind: _search(ledger, member, ranks) for kind, ranks in _KINDS.items()}
        for _ in range(plan.rounds)
    ]
    engine.dispose()
    kinds = {
        f"{kind}_p95_ms": round(statistics.median(percentile(run[kind], 95) for run in runs), 1)
        for kind in _KINDS
    }
    every = [list(chain.from_iterable(run.values())) for run in runs]
    p50, p95 = (statistics.median(percentile(run, share) for run in every) for share in (50, 95))
    ends = {"p50_ms": round(p50, 1), "p95_ms": round(p95, 1)}
    line: Line = {"messages": count, "indexed_per_second": round(rate)}
    return line | ends | kinds


def _fill(connection: Connection, counts: dict[str, int]) -> None:
    """Store so many messages of each person, in conversations that take turns."""
    owners = {new_id(): uid for uid in counts for _ in range(_CONVERSATIONS)}
    length = {cid: counts[uid] // _CONVERSATIONS for cid, uid in owners.items()}
    group = {"type": "group", "name": "", "created_at": 0, "moved_at": 0}
    heads: list[given.Row] = [{"cid": cid, "head": head} | group for cid, head in length.items()]
    given.insert_all(connection, conversations, heads)
    one = {"role": "owner", "delivered": 0, "read": 0}
    joined: list[given.Row] = [{"cid": cid, "uid": uid} | one for cid, uid in owners.items()]
    given.insert_all(connection, members, joined)
    rows = (
        _row(cid, seq, owners[cid])
        for seq in range(1, max(length.values()) + 1)
        for cid in owners
        if seq <= length[cid]
    )
    while some := list(islice(rows, _BATCH)):
        given.insert_all(connection, messages, some)


def _row(cid: str, seq: int, uid: str) -> given.Row:
    words = said(_IN_A_MESSAGE)
    sent = {"cid": cid, "seq": seq, "id": new_id(), "sender": uid, "text": words, "type": "text"}
    return sent | {"stored_at": seq, "sent_at": seq}


def _analyze(engine: Engine) -> None:
    with engine.connect() as plain:
        plain.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def _index(ledger: Ledger) -> float:
    """Index all as the indexer does, without its rests; give the seconds."""
    begun = time.perf_counter()
    while portions := ledger.unindexed():
        for portion in portions:
            ledger.index(portion)
    return time.perf_counter() - begun


def _search(ledger: Ledger, uid: str, ranks: Sequence[int]) -> list[float]:
    times = []
    for rank in random.sample(ranks, _ASKED):
        begun = time.perf_counter()
        found = ledger.search(uid, WORDS[rank], limit=_PAGE)
        times.append(1000 * (time.perf_counter() - begun))
        if found.left_out:
            raise SystemExit("not everything is indexed")
    return times
