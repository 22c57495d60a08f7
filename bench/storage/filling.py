"""Fill a ledger with millions of messages, past the ledger's own way."""

import random
from collections.abc import Iterator
from itertools import accumulate, islice

from sqlalchemy import Connection, text

from bench.storage.plan import add_people
from parley_protocol.ids import new_id
from storage.sql import given, write_options
from storage.sql.engine import begin_migration, connect
from storage.sql.tables import conversations, members, messages

LENGTH = 100
"""Messages in each conversation."""
_TEXT = ("What people write to each other. " * 7)[:200]
_BATCH = 10_000
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
WORDS = [f"{number:05x}".translate(_LETTERS) for number in range(100_000)]
"""Words by falling frequency."""
_WEIGHTS = list(accumulate(1 / (rank + 2) for rank in range(len(WORDS))))


def said(count: int) -> str:
    """Say so many words, which are as frequent as in a language (Zipf)."""
    return " ".join(random.choices(WORDS, cum_weights=_WEIGHTS, k=count))  # noqa: S311 - any will do


def fill(url: str, size: int) -> tuple[str, list[str]]:
    """Store ``size`` messages of one person; give the uid and all conversations."""
    (uid,) = add_people(url, 1)
    cids = sorted(new_id() for _ in range(size // LENGTH))
    engine = connect(url)
    with engine.connect() as plain:
        # It takes longer than any statement of Parley's may.
        begin_migration(plain)
        connection = plain.execution_options(**write_options)
        with connection.begin():
            _open(connection, uid, cids)
        with connection.begin():
            # An index that is made at the end is made faster.
            connection.execute(text("DROP INDEX messages_id"))
            way = _on_postgresql if connection.dialect.name == "postgresql" else _on_sqlite
            way(connection, uid, cids)
            connection.execute(text("CREATE UNIQUE INDEX messages_id ON messages (id, cid)"))
    with engine.connect() as plain:
        plain.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    engine.dispose()
    return uid, cids


def _open(connection: Connection, uid: str, cids: list[str]) -> None:
    group = {"type": "group", "name": "", "head": LENGTH, "created_at": 0, "moved_at": 0}
    member = {"uid": uid, "role": "owner", "delivered": 0, "read": 0}
    left = iter(cids)
    while some := list(islice(left, _BATCH)):
        given.insert_all(connection, conversations, [{"cid": cid} | group for cid in some])
        given.insert_all(connection, members, [{"cid": cid} | member for cid in some])


def _on_postgresql(connection: Connection, uid: str, _cids: list[str]) -> None:
    # In turns, so that no two messages of a conversation lie side by side.
    store = text(
        "INSERT INTO messages (cid, seq, id, sender, stored_at, sent_at, type, text)"
        " SELECT cid, seq, md5(cid || seq), :uid, seq, seq, 'text', :text"
        " FROM generate_series(1, :length) AS seq, conversations"
    )
    connection.execute(store, {"uid": uid, "text": _TEXT, "length": LENGTH})


def _on_sqlite(connection: Connection, uid: str, cids: list[str]) -> None:
    def rows() -> Iterator[given.Row]:
        for cid in cids:
            for seq in range(1, LENGTH + 1):
                yield {"cid": cid, "seq": seq, "id": new_id()} | same

    same = {"sender": uid, "stored_at": 1, "sent_at": 1, "type": "text", "text": _TEXT}
    left = rows()
    while some := list(islice(left, _BATCH)):
        given.insert_all(connection, messages, some)
