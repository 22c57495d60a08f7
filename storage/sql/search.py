"""The search index on SQLite and PostgreSQL; how words are found is in ``storage.sql.terms``."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import structs
from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)

from storage.search.index import Indexed, Lag, Place, Wanted
from storage.search.zones import SIZE, Allotment, Zone
from storage.sql import given
from storage.sql.given import insert_all
from storage.sql.statements import Statements
from storage.sql.tables import (
    conversations,
    members,
    search_messages,
    search_progress,
    search_zones,
)
from storage.sql.terms import Fts5, Gin, Terms

_m, _z = search_messages.c, search_zones.c
_REACHED = func.coalesce(search_progress.c.seq, 0)


class SqlIndex:
    """Implements ``storage.search.index.SearchIndex``."""

    def __init__(self, connection: Connection, statements: Statements, *, locking: bool) -> None:
        self._connection = connection
        self._statements = statements
        self._locking = locking
        kind = Fts5 if connection.dialect.name == "sqlite" else Gin
        self._terms: Terms = kind(connection)

    def lags(self, limit: int) -> list[Lag]:
        c = conversations.c
        least_first = _LAGGING.order_by(c.head - _REACHED).limit(limit)
        return [Lag(*row) for row in self._connection.execute(least_first)]

    def lags_of(self, uid: str) -> list[Lag]:
        return [Lag(*row) for row in self._connection.execute(_OWN_LAGGING, {"uid": uid})]

    def reached(self, cids: Collection[str]) -> dict[str, int]:
        query = select(search_progress).where(search_progress.c.cid.in_(cids))
        query = query.order_by(search_progress.c.cid)
        if self._locking:
            query = query.with_for_update()
        progress = {row.cid: row.seq for row in self._connection.execute(query)}
        c = conversations.c
        archived = self._connection.execute(select(c.cid, c.archived).where(c.cid.in_(cids)))
        return {row.cid: max(progress.get(row.cid, 0), row.archived) for row in archived}

    def at(self, places: Collection[Place]) -> dict[Place, Indexed]:
        return {(row.cid, row.seq): _indexed(row) for row in self._rows(places)}

    def within(self, spans: Mapping[str, range]) -> list[Indexed]:
        asked = [{"cid": c, "start": s.start, "stop": s.stop} for c, s in spans.items()]
        if not asked:
            return []
        rows = given.rows(self._connection, asked)
        found = self._connection.execute(self._statements.search_within, rows).all()
        return [_indexed(row) for row in found]

    def changed_since(self, uid: str) -> set[Place]:
        found = self._connection.execute(_CHANGED_SINCE, {"uid": uid})
        return {(row.cid, row.seq) for row in found}

    def add(self, messages: Sequence[Indexed]) -> None:
        if not messages:
            return
        numbers = self._numbers(messages)
        rows = [_row(*pair) for pair in zip(numbers, messages, strict=True)]
        insert_all(self._connection, search_messages, rows)
        self._terms.add(rows)

    def change(self, messages: Sequence[Indexed]) -> None:
        new = {message.place: message for message in messages}
        old = self._rows(new)
        if not old:
            return
        rows = [_row(row.number, new[row.cid, row.seq]) for row in old]
        one = update(search_messages).where(_m.number == bindparam("_number"))
        one = one.values(text_seq=bindparam("text_seq"), words=bindparam("words"))
        self._connection.execute(one, [row | {"_number": row["number"]} for row in rows])
        self._terms.remove([row._asdict() for row in old])
        self._terms.add(rows)

    def drop(self, places: Collection[Place]) -> None:
        self._drop(self._rows(places))

    def drop_within(self, cid: str, span: range, sender: str | None = None) -> None:
        old = select(search_messages).where(_m.cid == cid, _m.seq >= span.start, _m.seq < span.stop)
        if sender is not None:
            old = old.where(_m.sender == sender)
        self._drop(self._connection.execute(old).all())

    def condense(self, *, anew: bool) -> bool:
        return self._terms.condense(anew=anew)

    def advance(self, reached: Mapping[str, int]) -> None:
        c = search_progress.c
        there = set(self._connection.scalars(select(c.cid).where(c.cid.in_(reached))))
        steps = [{"_cid": cid, "seq": seq} for cid, seq in reached.items() if cid in there]
        if steps:
            one = update(search_progress).where(c.cid == bindparam("_cid"))
            self._connection.execute(one.values(seq=bindparam("seq")), steps)
        new = [{"cid": cid, "seq": seq} for cid, seq in reached.items() if cid not in there]
        if new:
            insert_all(self._connection, search_progress, new)

    def zones(self) -> list[Zone]:
        return [Zone(*row) for row in self._connection.execute(_USED_ZONES)]

    def find(self, wanted: Wanted, zones: Iterable[Zone], limit: int) -> list[Indexed]:
        numbers = sorted(zone.number for zone in zones)
        found = self._terms.find(wanted, numbers, limit)
        return sorted(found, key=lambda message: message.moment, reverse=True)[:limit]

    def _rows(self, places: Collection[Place]) -> Sequence[Row[Any]]:
        if not places:
            return []
        asked = given.rows(self._connection, [{"cid": cid, "seq": seq} for cid, seq in places])
        return self._connection.execute(self._statements.search_messages, asked).all()

    def _drop(self, old: Sequence[Row[Any]]) -> None:
        self._terms.remove([row._asdict() for row in old])
        numbers = [{"_number": row.number} for row in old]
        if numbers:
            one = delete(search_messages).where(_m.number == bindparam("_number"))
            self._connection.execute(one, numbers)

    def _numbers(self, messages: Sequence[Indexed]) -> list[int]:
        """Give new messages numbers, and note it in their zones."""
        times = [message.stored_at for message in messages]
        meets = _z.since <= max(times), _z.until > min(times), _z.size < SIZE
        room = [Zone(*row) for row in self._connection.execute(select(search_zones).where(*meets))]
        last = self._connection.scalar(select(func.max(_z.number)))
        allotment = Allotment(room, 0 if last is None else last + 1)
        numbers = [allotment.number(time) for time in times]
        there = {zone.number for zone in room}
        rows = {zone.number: structs.asdict(zone) for zone in allotment.changed.values()}
        new = [row for number, row in rows.items() if number not in there]
        if new:
            insert_all(self._connection, search_zones, new)
        grown = [row | {"_number": number} for number, row in rows.items() if number in there]
        if grown:
            one = update(search_zones).where(_z.number == bindparam("_number"))
            values: dict[str, Any] = {
                name: bindparam(name) for name in ("oldest", "newest", "size")
            }
            self._connection.execute(one.values(values), grown)
        return numbers


def _lagging() -> Select[Any]:
    c, reached = conversations.c, _REACHED
    indexed = case((c.archived > reached, c.archived), else_=reached)
    query = select(c.cid, indexed, c.head).select_from(conversations)
    query = query.outerjoin(search_progress, search_progress.c.cid == c.cid)
    return query.where(c.head > reached, c.head > c.archived)


_LAGGING = _lagging()
_OWN_LAGGING = _LAGGING.join(members, members.c.cid == conversations.c.cid).where(
    members.c.uid == bindparam("uid")
)
_USED_ZONES = select(search_zones).where(_z.size > 0)


def _changed_since() -> Select[Any]:
    c = conversations.c
    query = select(_m.cid, _m.seq).join(conversations, (c.cid == _m.cid) & (_m.seq <= c.archived))
    query = query.join(members, members.c.cid == c.cid)
    return query.where(members.c.uid == bindparam("uid"), c.archived > 0)


_CHANGED_SINCE = _changed_since()


def _indexed(row: Row[Any]) -> Indexed:
    _, cid, seq, sender, stored_at, text_seq, words = tuple(row)
    return Indexed(cid, seq, sender, stored_at, text_seq, words)


def _row(number: int, message: Indexed) -> dict[str, Any]:
    return {
        "number": number,
        "cid": message.cid,
        "seq": message.seq,
        "sender": message.sender,
        "stored_at": message.stored_at,
        "text_seq": message.text_seq,
        "words": message.words,
    }
