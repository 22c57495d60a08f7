"""Old messages go to ClickHouse: how fast, what readers and writers notice, and the space.

The mover runs as it does in the keeper: a process of its own, which gives way to all others. The
writer stores batches as the bridge makes them and the reader asks for pages, as fast as they are
answered, in turns with and without the mover.
"""

import multiprocessing
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, text

from bench.storage.filling import said
from bench.storage.plan import STORES, Line, Plan, add_people, databases
from parley_protocol.ids import new_id
from parley_protocol.payloads import Message
from storage.archive import Archive, open_archive
from storage.archive.connection import PASSWORD_VARIABLE
from storage.archive.mover import Mover
from storage.ledger import Ledger
from storage.model import Draft
from storage.sql import SqlStore, given, write_options
from storage.sql.engine import checkpoint, connect
from storage.sql.tables import conversations, members, messages
from storage.unit import Store
from tests.clickhouse import PASSWORD, ClickHouse

_MESSAGES = 100_000
_CONVERSATIONS = 200
_WORDS_OF_200_BYTES = 33
_BATCH = 10_000
_COMMITTED = 100
_TALKING = 50
"""Conversations that are written to."""
_PAGE = 50
_SECONDS = 8.0
"""How long readers and writers are watched, each time."""
_THEN = 1_600_000_000_000
_NICENESS = 10


def measure(plan: Plan) -> Iterator[Line]:
    """Give a line for each store."""
    os.environ[PASSWORD_VARIABLE] = PASSWORD
    with TemporaryDirectory(prefix="parley-bench-") as folder, ClickHouse(Path(folder)) as server:
        for store in STORES:
            with databases() as found, found.new(store) as url:
                yield {"store": store} | _on(url, server, plan)


def _on(url: str, server: ClickHouse, plan: Plan) -> Line:
    empty = _size(url)
    (uid,) = add_people(url, 1)
    engine = connect(url)
    with engine.connect() as plain:
        connection = plain.execution_options(**write_options)
        with connection.begin():
            cids = _fill(connection, uid)
    ledger = Ledger(SqlStore(engine))
    while portions := ledger.unindexed():
        for portion in portions:
            ledger.index(portion)
    ledger_bytes = (_size(url) - empty) / _MESSAGES
    noticed = _noticed(url, server.new_database(), ledger, (uid, cids), plan.rounds)
    archive_url = server.new_database()
    speed = _speed(SqlStore(engine), open_archive(archive_url, 60))
    archive_bytes = _archive_bytes(server, archive_url.rpartition("/")[2])
    engine.dispose()
    space: Line = {
        "ledger_bytes": round(ledger_bytes),
        "archive_bytes": round(archive_bytes),
        "disk_ratio": round(archive_bytes / ledger_bytes, 2),
    }
    return {"messages": _MESSAGES} | speed | noticed | space


def _fill(connection: Connection, uid: str) -> list[str]:
    """Store messages of 200 bytes in conversations that take turns."""
    cids = sorted(new_id() for _ in range(_CONVERSATIONS))
    length = _MESSAGES // _CONVERSATIONS
    group = {"type": "group", "name": "", "head": length, "created_at": 0, "moved_at": _THEN}
    member = {"uid": uid, "role": "owner", "delivered": 0, "read": 0}
    given.insert_all(connection, conversations, [{"cid": cid} | group for cid in cids])
    given.insert_all(connection, members, [{"cid": cid} | member for cid in cids])
    rows = (_row(cid, seq, uid) for seq in range(1, length + 1) for cid in cids)
    while some := list(islice(rows, _BATCH)):
        given.insert_all(connection, messages, some)
    return cids


def _row(cid: str, seq: int, uid: str) -> given.Row:
    sent = {"cid": cid, "seq": seq, "id": new_id(), "sender": uid, "device": new_id()}
    at = _THEN + 1_000 * seq
    return sent | {
        "stored_at": at,
        "sent_at": at - random.randrange(1_000),  # noqa: S311 - any will do
        "type": "text",
        "text": said(_WORDS_OF_200_BYTES),
    }


def _size(url: str) -> int:
    """Give the bytes on disk."""
    engine = connect(url)
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            checkpoint(connection)
            size = Path(engine.url.database or "").stat().st_size
        else:
            size = connection.scalar(text("SELECT pg_database_size(current_database())")) or 0
    engine.dispose()
    return size


def _archive_bytes(server: ClickHouse, name: str) -> float:
    """Give the bytes on disk for a message, when the server has merged what it got."""
    server.run("OPTIMIZE TABLE messages FINAL", name)
    size = (
        "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts"  # noqa: S608 - the bench's own
        f" WHERE active AND database = '{name}' AND table = 'messages'"
    )
    ((found,),) = server.run(size)
    return float(str(found))


def _speed(store: Store, archive: Archive) -> Line:
    """Move all that is left without a rest; the rests say how long pruning took."""
    rests: list[float] = []
    archive.prepare()
    begun = time.perf_counter()
    rows = Mover(store, archive, keep=0, rest=rests.append).move(1 << 62).rows
    pruning = sum(rests)
    copying = time.perf_counter() - begun - pruning
    return {
        "copied_per_second": round(rows / copying),
        "pruned_per_second": round(rows / pruning),
    }


def _noticed(
    url: str, archive_url: str, ledger: Ledger, full: tuple[str, list[str]], rounds: int
) -> Line:
    """Give how much longer a commit and a page take while the mover works: 1.0 is as long.

    The control is the same of two times without it: how far it is from 1.0 is the machine's noise.
    """
    uid, old = full
    new = [ledger.create_group(uid, "", [], _THEN).cid for _ in range(_TALKING)]
    ratios: dict[str, list[float]] = {}
    for _ in range(rounds):
        before = _watch(ledger, uid, new, old)
        with _moving(url, archive_url):
            beside = _watch(ledger, uid, new, old)
        after = _watch(ledger, uid, new, old)
        for name, one, moving, other in zip(("commit", "page"), before, beside, after, strict=True):
            ratios.setdefault(f"{name}_ratio", []).append(2 * moving / (one + other))
            ratios.setdefault(f"{name}_control", []).append(other / one)
    return {name: round(statistics.median(each), 2) for name, each in ratios.items()}


def _watch(ledger: Ledger, uid: str, new: list[str], old: list[str]) -> tuple[float, float]:
    """Write and read in turns for a while; give the mean seconds of a commit and of a page."""
    commits, pages = list[float](), list[float]()
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        drafts = [_draft(uid, random.choice(new)) for _ in range(_COMMITTED)]  # noqa: S311 - any will do
        commits.append(_seconds(lambda drafts=drafts: ledger.commit(drafts, _THEN)))  # type: ignore[misc]
        cid = random.choice(old)  # noqa: S311 - likewise
        pages.append(
            _seconds(
                lambda cid=cid: ledger.messages(uid, cid, after=None, before=None, limit=_PAGE)  # type: ignore[misc]
            )
        )
    return statistics.mean(commits), statistics.mean(pages)


def _draft(uid: str, cid: str) -> Draft:
    text = said(_WORDS_OF_200_BYTES)
    return Draft(uid, new_id(), "group", cid, Message(id=new_id(), sent_at=1, text=text))


def _seconds(step: Callable[[], object]) -> float:
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun


@contextmanager
def _moving(url: str, archive_url: str) -> Iterator[None]:
    """Let a mover work, and end it wherever it is, which does no harm."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_move, args=(url, archive_url, theirs))
    process.start()
    ours.recv()
    yield
    if not process.is_alive():
        raise SystemExit("there was too little to move")
    process.kill()
    process.join()


def _move(url: str, archive_url: str, ready: Pipe) -> None:
    os.nice(_NICENESS)
    archive = open_archive(archive_url, 60)
    archive.prepare()
    mover = Mover(SqlStore(connect(url)), archive)
    ready.send("ready")
    mover.move(1 << 62)
