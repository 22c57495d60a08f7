"""The search index on SQLite (FTS5) and PostgreSQL (GIN): one table, and two ways to find in it.

Messages are numbered as they come. ``ZONE`` of them are a zone, so that the work for the first
hits is bounded however common a word is: zones are looked through from the newest on.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    case,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    table,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from storage.search.index import Indexed, Lag, Place, Wanted, Zone
from storage.search.query import Pattern
from storage.sql import given
from storage.sql.given import insert_all
from storage.sql.statements import Statements
from storage.sql.tables import (
    SEARCH_TERMS,
    conversations,
    members,
    search_messages,
    search_progress,
    search_zones,
)

_ZONE_BITS = 14
ZONE = 1 << _ZONE_BITS
"""Messages in a zone; the index's migration for PostgreSQL says it, too."""

_FEW = 32
"""Up to so many conversations of a reader are looked up in the index itself."""

_m = search_messages.c
_COLUMNS = (_m.cid, _m.seq, _m.sender, _m.stored_at, _m.text_seq, _m.words)
_REACHED = func.coalesce(search_progress.c.seq, 0)


class SqlIndex:
    """Implements ``storage.search.index.SearchIndex``."""

    def __init__(self, connection: Connection, statements: Statements, *, locking: bool) -> None:
        self._connection = connection
        self._statements = statements
        self._locking = locking
        kind = _Fts5 if connection.dialect.name == "sqlite" else _Gin
        self._terms: _Terms = kind(connection)

    def lags(self, limit: int) -> list[Lag]:
        c = conversations.c
        least_first = _lagging().order_by(c.head - _REACHED).limit(limit)
        return [Lag(*row) for row in self._connection.execute(least_first)]

    def lags_of(self, uid: str) -> list[Lag]:
        own = _lagging().join(members, members.c.cid == conversations.c.cid)
        query = own.where(members.c.uid == uid)
        return [Lag(*row) for row in self._connection.execute(query)]

    def reached(self, cids: Collection[str]) -> dict[str, int]:
        query = select(search_progress).where(search_progress.c.cid.in_(cids))
        query = query.order_by(search_progress.c.cid)
        if self._locking:
            query = query.with_for_update()
        progress = {row.cid: row.seq for row in self._connection.execute(query)}
        c = conversations.c
        archived = self._connection.execute(select(c.cid, c.archived).where(c.cid.in_(cids)))
        return {row.cid: max(progress.get(row.cid, 0), row.archived) for row in archived}

    def holds(self, places: Collection[Place]) -> set[Place]:
        return {(row.cid, row.seq) for row in self._rows(places)}

    def add(self, messages: Sequence[Indexed]) -> None:
        if not messages:
            return
        last = self._connection.scalar(select(func.max(_m.number)))
        first = 0 if last is None else last + 1
        rows = [_row(number, message) for number, message in enumerate(messages, first)]
        insert_all(self._connection, search_messages, rows)
        self._terms.add(rows)
        self._widen(rows)

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

    def drop_through(self, cid: str, seq: int) -> None:
        """Take the messages of a conversation out, up to a seq."""
        old = select(search_messages).where(_m.cid == cid, _m.seq <= seq)
        self._drop(self._connection.execute(old).all())

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
        return [Zone(*row) for row in self._connection.execute(select(search_zones))]

    def find(self, wanted: Wanted, zones: Iterable[Zone], limit: int) -> list[Indexed]:
        few = self._few(wanted)
        numbers = sorted(zone.number for zone in zones)
        found = [
            Indexed(*row)
            for query in self._terms.matching(wanted, few, numbers)
            for row in self._connection.execute(_narrowed(query, wanted).limit(limit))
        ]
        return sorted(found, key=lambda message: message.moment, reverse=True)[:limit]

    def _few(self, wanted: Wanted) -> list[str]:
        """Give the reader's conversations, where they are few."""
        if wanted.cid is not None:
            return [wanted.cid]
        own = select(members.c.cid).where(members.c.uid == wanted.reader).limit(_FEW + 1)
        found = list(self._connection.scalars(own))
        return found if len(found) <= _FEW else []

    def _rows(self, places: Collection[Place]) -> Sequence[Row[Any]]:
        if not places:
            return []
        asked = given.rows([{"cid": cid, "seq": seq} for cid, seq in places])
        return self._connection.execute(self._statements.search_messages, asked).all()

    def _drop(self, old: Sequence[Row[Any]]) -> None:
        self._terms.remove([row._asdict() for row in old])
        numbers = [{"_number": row.number} for row in old]
        if numbers:
            one = delete(search_messages).where(_m.number == bindparam("_number"))
            self._connection.execute(one, numbers)

    def _widen(self, rows: Sequence[dict[str, Any]]) -> None:
        """Note in which zones messages have come to be."""
        spans: dict[int, tuple[int, int]] = {}
        for row in rows:
            zone, time = row["number"] >> _ZONE_BITS, row["stored_at"]
            oldest, newest = spans.get(zone, (time, time))
            spans[zone] = min(oldest, time), max(newest, time)
        z = search_zones.c
        there = set(self._connection.scalars(select(z.zone).where(z.zone.in_(spans))))
        for zone, (oldest, newest) in spans.items():
            if zone not in there:
                new = {"zone": zone, "oldest": oldest, "newest": newest}
                self._connection.execute(insert(search_zones), new)
                continue
            wider = {
                z.oldest: case((z.oldest < oldest, z.oldest), else_=oldest),
                z.newest: case((z.newest > newest, z.newest), else_=newest),
            }
            self._connection.execute(update(search_zones).where(z.zone == zone).values(wider))


class _Terms(ABC):
    """The index of words: which messages a query matches, in some zones."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @abstractmethod
    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add the words of rows of ``search_messages``."""

    @abstractmethod
    def remove(self, rows: Sequence[dict[str, Any]]) -> None:
        """Remove the words of rows, as they were added."""

    @abstractmethod
    def matching(
        self, wanted: Wanted, few: Sequence[str], zones: Sequence[int]
    ) -> Iterator[Select[Any]]:
        """Select the messages that match; ``few`` are all of the reader's conversations."""


class _Fts5(_Terms):
    """A virtual table without content of its own (https://sqlite.org/fts5.html)."""

    _table = table(SEARCH_TERMS, column("rowid"), column("words"), column(SEARCH_TERMS))

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        found = [{"rowid": row["number"], "words": _facets_and_words(row)} for row in rows]
        self._connection.execute(insert(self._table), found)

    def remove(self, rows: Sequence[dict[str, Any]]) -> None:
        found = [
            {
                "rowid": row["number"],
                "words": _facets_and_words(row),
                SEARCH_TERMS: "delete",
            }
            for row in rows
        ]
        if found:
            self._connection.execute(insert(self._table), found)

    def matching(
        self, wanted: Wanted, few: Sequence[str], zones: Sequence[int]
    ) -> Iterator[Select[Any]]:
        c = self._table.c
        match = _all_of(wanted, few, _fts5_pattern, " AND ", " OR ")
        for first, last in _runs(zones):
            numbers = c.rowid.between(first << _ZONE_BITS, ((last + 1) << _ZONE_BITS) - 1)
            query = select(*_COLUMNS).join(self._table, c.rowid == _m.number)
            yield query.where(c[SEARCH_TERMS].op("MATCH")(match), numbers)


class _Gin(_Terms):
    """An index of the table by ``tsvector``: it keeps itself; a phrase is looked up in the row."""

    _vector: ColumnElement[Any] = literal_column("search_terms(number, cid, sender, words)")

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        pass

    def remove(self, rows: Sequence[dict[str, Any]]) -> None:
        pass

    def matching(
        self, wanted: Wanted, few: Sequence[str], zones: Sequence[int]
    ) -> Iterator[Select[Any]]:
        per_zone = _all_of(wanted, few, _gin_pattern, " & ", " | ")
        match = " | ".join(f"({per_zone.replace('%', str(zone))})" for zone in zones)
        whole = literal(" ").concat(_m.words).concat(" ")
        phrases = [
            func.strpos(whole, pattern.needle) > 0
            for pattern in wanted.query
            if len(pattern.words) > 1
        ]
        vector = self._vector.op("@@")(cast(literal(match), TSQUERY))
        yield select(*_COLUMNS).where(vector, *phrases)


def _lagging() -> Select[Any]:
    c, reached = conversations.c, _REACHED
    indexed = case((c.archived > reached, c.archived), else_=reached)
    query = select(c.cid, indexed, c.head).select_from(conversations)
    query = query.outerjoin(search_progress, search_progress.c.cid == c.cid)
    return query.where(c.head > reached, c.head > c.archived)


def _narrowed(query: Select[Any], wanted: Wanted) -> Select[Any]:
    """Keep to what the reader may read and asks for, the newest first."""
    # As expressions, so that no database begins with what the reader may read: it is too much.
    cid, sender = _m.cid.concat(""), _m.sender.concat("")
    own = select(members.c.cid).where(members.c.uid == wanted.reader)
    query = query.where(cid.in_(own), _m.stored_at >= wanted.since, _m.stored_at < wanted.until)
    if wanted.cid is not None:
        query = query.where(cid == wanted.cid)
    if wanted.sender is not None:
        query = query.where(sender == wanted.sender)
    if wanted.before is not None:
        query = query.where(tuple_(_m.stored_at, _m.cid, _m.seq) < wanted.before)
    return query.order_by(_m.stored_at.desc(), _m.cid.desc(), _m.seq.desc())


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


def _runs(zones: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Give the first and last of zones that follow each other; ``zones`` rise."""
    first = 0
    for at, zone in enumerate(zones):
        if at + 1 == len(zones) or zones[at + 1] != zone + 1:
            yield zones[first], zone
            first = at + 1


def _all_of(
    wanted: Wanted, few: Sequence[str], write: Callable[[Pattern], str], both: str, either: str
) -> str:
    """Write what must stand in a message, with the signs of an index for "both" and "either"."""
    parts = [write(pattern) for pattern in wanted.query]
    if wanted.sender is not None:
        parts.append(write(_facet(wanted.sender)))
    if few:
        parts.append(f"({either.join(write(_facet(cid)) for cid in few)})")
    return both.join(parts)


def _facet(uid_or_cid: str) -> Pattern:
    """Give what the index holds of a message beside its words; no word begins like it."""
    return Pattern((f"@{uid_or_cid}",), prefix=False)


def _facets_and_words(row: dict[str, Any]) -> str:
    return f"@{row['cid']} @{row['sender']} {row['words']}"


def _fts5_pattern(pattern: Pattern) -> str:
    return f'"{" ".join(pattern.words)}"{"*" if pattern.prefix else ""}'


def _gin_pattern(pattern: Pattern) -> str:
    """Write it for a zone ``%``; a phrase as its words, wherever they stand."""
    words = [f"'%/{word}'" for word in pattern.words]
    return " & ".join(words) + (":*" if pattern.prefix else "")
