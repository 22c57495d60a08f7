"""What is needed to keep people from each other, on SQLite or PostgreSQL."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from storage.sql import given
from storage.sql.statements import Statements
from storage.sql.tables import blocks, conversations
from storage.unit import Pair


class SqlBlocks:
    """Implements ``storage.unit.Blocks``."""

    def __init__(self, connection: Connection, statements: Statements) -> None:
        self._connection = connection
        self._statements = statements

    def between(self, pairs: Collection[Pair]) -> set[Pair]:
        # A person can block nobody but others, so a pair has two.
        both = [tuple(pair) for pair in pairs if len(pair) > 1]
        if not both:
            return set()
        asked = [{"uid": a, "other": b} for one in both for a, b in (one, one[::-1])]
        rows = given.rows(self._connection, asked)
        found = self._connection.execute(self._statements.blocks, rows)
        return {frozenset(pair) for pair in found}

    def add(self, uid: str, other: str) -> None:
        if self._connection.execute(select(blocks).where(_is(uid, other))).first() is None:
            self._connection.execute(insert(blocks).values(uid=uid, other=other))

    def drop(self, uid: str, other: str) -> None:
        self._connection.execute(delete(blocks).where(_is(uid, other)))

    def close(self, cid: str, *, blocked: bool) -> None:
        one = update(conversations).where(conversations.c.cid == cid)
        self._connection.execute(one.values(blocked=blocked))


def _is(uid: str, other: str) -> ColumnElement[bool]:
    return and_(blocks.c.uid == uid, blocks.c.other == other)
