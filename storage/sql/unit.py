"""One transaction on SQLite or PostgreSQL, in SQL that both understand."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    column,
    delete,
    insert,
    select,
    tuple_,
    update,
    values,
)

from parley_protocol.payloads import Entry, Role
from storage.accounts import Account
from storage.model import Conversation, Mark, Member, Parcel, Standing
from storage.sql import rows
from storage.sql.tables import conversations, members, messages, outbox
from storage.unit import Key, Spans


class SqlUnit:
    """Implements ``storage.unit.Unit``; ``locking`` holds the conversations that it reads."""

    def __init__(self, connection: Connection, *, locking: bool = False) -> None:
        self._connection = connection
        self._locking = locking

    def people(self, uids: Collection[str]) -> set[str]:
        if not uids:
            return set()
        return set(self._connection.scalars(select(Account.uid).where(Account.uid.in_(uids))))

    def conversations(self, cids: Collection[str]) -> dict[str, Conversation]:
        # Locked in one order, so that two bridges never wait for each other.
        query = select(conversations).where(conversations.c.cid.in_(cids))
        query = query.order_by(conversations.c.cid)
        if self._locking:
            query = query.with_for_update()
        return {found.cid: found for found in self._with_members(query if cids else None)}

    def conversations_of(
        self, uid: str, *, limit: int, before: tuple[int, str] | None
    ) -> list[Conversation]:
        place = tuple_(conversations.c.moved_at, conversations.c.cid)
        query = select(conversations).join(members).where(members.c.uid == uid)
        if before is not None:
            query = query.where(place < before)
        last_first = (conversations.c.moved_at.desc(), conversations.c.cid.desc())
        return self._with_members(query.order_by(*last_first).limit(limit))

    def standings(self, uid: str) -> list[Standing]:
        c = conversations.c
        query = select(c.cid, c.type, c.name, c.head, members.c.read, c.archived).join(members)
        query = query.where(members.c.uid == uid).order_by(c.moved_at.desc(), c.cid.desc())
        return [Standing(*row) for row in self._connection.execute(query)]

    def acquaintances(self, uid: str) -> set[str]:
        own = select(members.c.cid).where(members.c.uid == uid)
        query = select(members.c.uid).where(members.c.cid.in_(own)).distinct()
        return set(self._connection.scalars(query))

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:
        if not keys:
            return {}
        query = select(messages).where(tuple_(messages.c.cid, messages.c.id).in_(sorted(keys)))
        return {(row.cid, row.id): rows.entry(row) for row in self._connection.execute(query)}

    def entries(self, spans: Spans) -> dict[str, list[Entry]]:
        found: defaultdict[str, list[Entry]] = defaultdict(list)
        if spans:
            for row in self._connection.execute(_within(spans)):
                found[row.cid].append(rows.entry(row))
        return found

    def open(self, conversations_: Iterable[Conversation]) -> None:
        new = list(conversations_)
        if not new:
            return
        self._connection.execute(insert(conversations), [_conversation_row(c) for c in new])
        joining = [rows.member_row(c.cid, member) for c in new for member in c.members.values()]
        self._connection.execute(insert(members), joining)

    def append(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        self._connection.execute(insert(messages), [rows.entry_row(entry) for entry in entries])
        heads = {entry.cid: entry for entry in entries}
        self._connection.execute(
            _MOVE_HEAD,
            [{"_cid": e.cid, "head": e.seq, "moved_at": e.stored_at} for e in heads.values()],
        )
        own = {(entry.sender, entry.cid): entry.seq for entry in entries}
        self.mark(Mark(uid, cid, seq, seq) for (uid, cid), seq in own.items())

    def rename(self, cid: str, name: str) -> None:
        self._connection.execute(
            update(conversations).where(conversations.c.cid == cid).values(name=name)
        )

    def join(self, cid: str, members_: Iterable[Member]) -> None:
        joining = [rows.member_row(cid, member) for member in members_]
        self._connection.execute(insert(members), joining)

    def leave(self, cid: str, uids: Collection[str]) -> None:
        gone = and_(members.c.cid == cid, members.c.uid.in_(uids))
        self._connection.execute(delete(members).where(gone))

    def set_role(self, cid: str, uid: str, role: Role) -> None:
        one = and_(members.c.cid == cid, members.c.uid == uid)
        self._connection.execute(update(members).where(one).values(role=role))

    def mark(self, marks: Iterable[Mark]) -> None:
        steps = [
            {"_cid": m.cid, "_uid": m.uid, "delivered": m.delivered, "read": m.read} for m in marks
        ]
        if steps:
            self._connection.execute(_MARK, steps)

    def post(self, recipients: Collection[str], payload: bytes) -> None:
        row = {"recipients": "".join(recipients), "payload": payload}
        self._connection.execute(insert(outbox), row)

    def parcels(self, limit: int) -> list[Parcel]:
        query = select(outbox).order_by(outbox.c.number).limit(limit)
        return [rows.parcel(row) for row in self._connection.execute(query)]

    def settle(self, numbers: Collection[int]) -> None:
        if numbers:
            self._connection.execute(delete(outbox).where(outbox.c.number.in_(numbers)))

    def movable(self, *, before: int, keep: int, after: str, limit: int) -> dict[str, range]:
        query = _MOVABLE.where(conversations.c.cid > after).limit(limit)
        found = self._connection.execute(query, {"before": before, "keep": keep})
        return {
            row.cid: range(row.archived + 1, min(row.fresh or row.head + 1, row.head - keep + 1))
            for row in found
        }

    def prune(self, cid: str, through: int, until: int) -> None:
        old = and_(messages.c.cid == cid, messages.c.seq <= through)
        self._connection.execute(delete(messages).where(old))
        c = conversations.c
        until_now = case((c.archived_until > until, c.archived_until), else_=until)
        one = update(conversations).where(c.cid == cid)
        self._connection.execute(one.values(archived=through, archived_until=until_now))

    def _with_members(self, query: Select[Any] | None) -> list[Conversation]:
        """Run a query of conversations, and one more for the members of all of them."""
        found = [] if query is None else self._connection.execute(query).all()
        if not found:
            return []
        of_them = members.c.cid.in_([row.cid for row in found])
        ordered = select(members).where(of_them).order_by(members.c.cid, members.c.uid)
        groups: defaultdict[str, dict[str, Member]] = defaultdict(dict)
        for row in self._connection.execute(ordered):
            groups[row.cid][row.uid] = rows.member(row)
        return [_conversation(row, groups[row.cid]) for row in found]


_MOVE_HEAD = update(conversations).where(conversations.c.cid == bindparam("_cid"))
_MOVE_HEAD = _MOVE_HEAD.values(head=bindparam("head"), moved_at=bindparam("moved_at"))
_MARK = update(members).where(
    members.c.cid == bindparam("_cid"), members.c.uid == bindparam("_uid")
)
_MARK = _MARK.values(delivered=bindparam("delivered"), read=bindparam("read"))


def _within(spans: Spans) -> Select[Any]:
    ends = (column("cid", String), column("start", BigInteger), column("stop", BigInteger))
    rows_ = [(cid, span.start, span.stop) for cid, span in spans.items()]
    asked = values(*ends, name="spans").data(rows_).cte("asked")
    seq = messages.c.seq
    meets = and_(messages.c.cid == asked.c.cid, seq >= asked.c.start, seq < asked.c.stop)
    return select(messages).join(asked, meets).order_by(messages.c.cid, seq)


def _movable() -> Select[Any]:
    """Find conversations by their first entry, and in each the first that is fresh."""
    c, first = conversations.c, messages.alias("first")
    is_first = and_(first.c.cid == c.cid, first.c.seq == c.archived + 1)
    is_fresh = and_(messages.c.cid == c.cid, messages.c.stored_at >= bindparam("before"))
    fresh = select(messages.c.seq).where(is_fresh).order_by(messages.c.seq).limit(1)
    query = select(c.cid, c.archived, c.head, fresh.scalar_subquery().label("fresh"))
    query = query.join(first, is_first).where(first.c.stored_at < bindparam("before"))
    return query.where(c.head - c.archived > bindparam("keep")).order_by(c.cid)


_MOVABLE = _movable()


def _conversation(row: Row[Any], people: dict[str, Member]) -> Conversation:
    return Conversation(
        row.cid,
        row.type,
        row.name,
        row.head,
        row.created_at,
        row.moved_at,
        people,
        row.archived,
        row.archived_until,
    )


def _conversation_row(conversation: Conversation) -> dict[str, Any]:
    return {
        "cid": conversation.cid,
        "type": conversation.type,
        "name": conversation.name,
        "head": conversation.head,
        "created_at": conversation.created_at,
        "moved_at": conversation.moved_at,
    }
