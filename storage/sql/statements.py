"""What a batch asks of the database: one statement each, for any number of rows."""

from typing import Any

from sqlalchemy import BigInteger, Column, Select, Table, and_, bindparam, select

from storage.accounts import Account
from storage.sql.given import given
from storage.sql.tables import blocks, conversations, hidden, members, messages, search_messages

_c, _m = conversations.c, members.c


class Statements:
    """Made once per kind of database. Each takes its rows as ``given.rows`` makes them."""

    def __init__(self, dialect: str) -> None:
        self.people = _people(dialect)
        self.conversations = _conversations(dialect)
        # Locked in one order, so that two bridges never wait for each other.
        self.locked_conversations = self.conversations.with_for_update()
        self.members = _members(dialect)
        self.known = _known(dialect)
        self.hidden = _within(dialect, hidden).where(hidden.c.uid == bindparam("uid"))
        self.blocks = _blocks(dialect)
        self.numbered = _at(dialect, messages)
        self.entries = _within(dialect, messages)
        self.search_messages = _at(dialect, search_messages)
        self.search_within = _within(dialect, search_messages)


def _people(dialect: str) -> Select[Any]:
    asked = given(dialect, Column("uid", Account.uid.type))
    is_asked = Account.uid.in_(select(asked.c.uid))
    return select(Account.uid).where(is_asked, Account.erased_at.is_(None))


def _conversations(dialect: str) -> Select[Any]:
    asked = given(dialect, _c.cid)
    return select(conversations).where(_c.cid.in_(select(asked.c.cid))).order_by(_c.cid)


def _members(dialect: str) -> Select[Any]:
    asked = given(dialect, _m.cid)
    found = select(_m.cid, _m.uid, _m.role, _m.delivered, _m.read)
    return found.where(_m.cid.in_(select(asked.c.cid))).order_by(_m.cid, _m.uid)


def _blocks(dialect: str) -> Select[Any]:
    asked = given(dialect, blocks.c.uid, blocks.c.other)
    meets = and_(blocks.c.uid == asked.c.uid, blocks.c.other == asked.c.other)
    return select(blocks.c.uid, blocks.c.other).join(asked, meets)


def _known(dialect: str) -> Select[Any]:
    asked = given(dialect, messages.c.cid, messages.c.id)
    meets = and_(messages.c.cid == asked.c.cid, messages.c.id == asked.c.id)
    return select(messages).join(asked, meets)


def _at(dialect: str, table: Table) -> Select[Any]:
    asked = given(dialect, table.c.cid, table.c.seq)
    return select(table).join(asked, and_(table.c.cid == asked.c.cid, table.c.seq == asked.c.seq))


def _within(dialect: str, table: Table) -> Select[Any]:
    ends = Column("start", BigInteger), Column("stop", BigInteger)
    asked = given(dialect, table.c.cid, *ends)
    seq = table.c.seq
    meets = and_(table.c.cid == asked.c.cid, seq >= asked.c.start, seq < asked.c.stop)
    return select(table).join(asked, meets).order_by(table.c.cid, seq)
