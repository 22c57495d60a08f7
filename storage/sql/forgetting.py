"""What is needed to forget, on SQLite or PostgreSQL."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    insert,
    select,
    union,
    update,
)

from storage.accounts import (
    Account,
    Identity,
    KeptAnswer,
    RecoveryCode,
    SecondFactor,
    Session,
    Ticket,
)
from storage.personal import Block, Contact, Hidden, Preference
from storage.sql.tables import conversations, erasures, former_members, members, messages

_DAY = 24 * 3600 * 1000
_STONE = "~"
"""How an erased account's name begins, which no name may."""
_GONE_AT_ONCE = (
    Session,
    Ticket,
    KeptAnswer,
    SecondFactor,
    RecoveryCode,
    Identity,
    Preference,
    Contact,
    Block,
    Hidden,
)
"""What belongs to an account and goes with it."""
_SAYS_NOTHING = ("erased", "system")


class SqlForgetting:
    """Implements ``storage.unit.Forgetting``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def set_retention(self, cid: str, days: int | None) -> None:
        one = update(conversations).where(conversations.c.cid == cid)
        self._connection.execute(one.values(retention_days=days))

    def outdated(self, *, now: int, after: str, limit: int) -> dict[str, range]:
        found = self._connection.execute(_OUTDATED.limit(limit), {"now": now, "after": after})
        return {row.cid: range(row.forgotten + 1, row.fresh or row.head + 1) for row in found}

    def note_forgotten(self, cid: str, through: int) -> None:
        one = update(conversations).where(conversations.c.cid == cid)
        self._connection.execute(one.values(forgotten=through))

    def unforgotten(self, cid: str, span: range, sender: str | None, limit: int) -> list[int]:
        m = messages.c
        query = select(m.seq).where(
            m.cid == cid, m.seq >= span.start, m.seq < span.stop, m.type.not_in(_SAYS_NOTHING)
        )
        if sender is not None:
            query = query.where(m.sender == sender)
        return list(self._connection.scalars(query.order_by(m.seq).limit(limit)))

    def forget(self, cid: str, seqs: Collection[int]) -> None:
        m = messages.c
        emptied = update(messages).where(m.cid == cid, m.seq.in_(seqs))
        self._connection.execute(
            emptied.values(type="erased", text="", extra=None, device=None, sent_at=m.stored_at)
        )
        one = update(conversations).where(conversations.c.cid == cid)
        self._connection.execute(one.values(rewrites=conversations.c.rewrites + 1))

    def begin_erasure(self, uid: str, now: int) -> None:
        for table in _GONE_AT_ONCE:
            self._connection.execute(delete(table).where(table.uid == uid))
        self._connection.execute(delete(Contact).where(Contact.other == uid))
        stone = {"name": _STONE + uid[1:], "display_name": "", "password_hash": ""}
        gone = {"email": None, "second_factor_at": None}
        emptied = update(Account).where(Account.uid == uid)
        self._connection.execute(emptied.values(erased_at=now // 1000, **stone, **gone))
        self._connection.execute(insert(erasures).values(uid=uid))

    def erasures(self) -> list[str]:
        return list(self._connection.scalars(select(erasures.c.uid).order_by(erasures.c.uid)))

    def end_erasure(self, uid: str) -> None:
        self._connection.execute(delete(erasures).where(erasures.c.uid == uid))

    def ever_in(self, uid: str) -> set[str]:
        now = select(members.c.cid).where(members.c.uid == uid)
        once = select(former_members.c.cid).where(former_members.c.uid == uid)
        return set(self._connection.scalars(union(now, once)))


def _outdated() -> Select[Any]:
    """Find conversations whose first entry that is not forgotten is too old, and the first young.

    Of what is archived, the newest entry's time is known.
    """
    c, m = conversations.c, messages.c
    since: ColumnElement[int] = bindparam("now") - c.retention_days * _DAY
    first = messages.alias("first")
    is_next = and_(first.c.cid == c.cid, first.c.seq == c.forgotten + 1)
    is_fresh = and_(m.cid == c.cid, m.seq > c.forgotten, m.stored_at >= since)
    fresh = select(m.seq).where(is_fresh).order_by(m.seq).limit(1).scalar_subquery()
    query = select(c.cid, c.forgotten, c.head, fresh.label("fresh")).outerjoin(first, is_next)
    query = query.where(c.retention_days.is_not(None), c.head > c.forgotten)
    query = query.where((first.c.stored_at < since) | (c.archived > c.forgotten))
    return query.where(c.cid > bindparam("after")).order_by(c.cid)


_OUTDATED = _outdated()
