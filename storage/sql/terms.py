"""Find messages by their words: FTS5 on SQLite, GIN on PostgreSQL.

A message's number begins with that of its zone. So a zone is a range of row ids to FTS5; to GIN
it is a part of each word, because only words can be looked up in it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    String,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    table,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from storage.search.index import Indexed, Wanted
from storage.search.query import Pattern
from storage.search.zones import BITS, FOREVER
from storage.sql.tables import SEARCH_TERMS, members, search_messages

_FEW = 32
"""Up to so many conversations of a reader are looked up in the index itself."""

_RUNS = 8
"""Up to so many runs of zones are looked through one by one."""

_MERGED_PAGES = 100
"""Pages of FTS5 that one transaction merges: some milliseconds."""
_MERGE_WORKED = 2
_CHANGES = text("SELECT total_changes()")

_LAST = (FOREVER, "", 0)
_encode = msgspec.json.Encoder().encode
_m = search_messages.c


class Terms(ABC):
    """The index of words, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @abstractmethod
    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add the words of rows of ``search_messages``."""

    @abstractmethod
    def remove(self, rows: Sequence[dict[str, Any]]) -> None:
        """Remove the words of rows, as they were added."""

    @abstractmethod
    def condense(self, *, anew: bool) -> bool:
        """See ``storage.search.index.SearchIndex.condense``."""

    @abstractmethod
    def find(self, wanted: Wanted, zones: Sequence[int], limit: int) -> Iterator[Indexed]:
        """Find the newest messages in some zones, whose numbers rise; or more, in any order."""

    def _few(self, wanted: Wanted) -> list[str]:
        """Give the reader's conversations, where they are few."""
        if wanted.cid is not None:
            return [wanted.cid]
        found = list(self._connection.scalars(_OWN, {"reader": wanted.reader}))
        return found if len(found) <= _FEW else []


class Fts5(Terms):
    """A virtual table without content of its own (https://sqlite.org/fts5.html)."""

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        found = [{"rowid": row["number"], "words": _facets_and_words(row)} for row in rows]
        self._connection.execute(insert(_FTS5), found)

    def remove(self, rows: Sequence[dict[str, Any]]) -> None:
        found = [
            {"rowid": row["number"], "words": _facets_and_words(row), SEARCH_TERMS: "delete"}
            for row in rows
        ]
        if found:
            self._connection.execute(insert(_FTS5), found)

    def condense(self, *, anew: bool) -> bool:
        # What is removed is noted beside what was there, until both are merged away: a negative
        # number begins to merge all into one, and work is done while more than one row changes
        # (https://sqlite.org/fts5.html#the_merge_command).
        pages = -_MERGED_PAGES if anew else _MERGED_PAGES
        before = self._connection.scalar(_CHANGES)
        self._connection.execute(insert(_FTS5), {SEARCH_TERMS: "merge", "rank": pages})
        return bool(self._connection.scalar(_CHANGES) - before >= _MERGE_WORKED)

    def find(self, wanted: Wanted, zones: Sequence[int], limit: int) -> Iterator[Indexed]:
        match = _all_of(wanted, self._few(wanted), _fts5_pattern, " AND ", " OR ")
        asked = _parameters(wanted, limit) | {"match": match}
        runs, statement = list(_runs(zones)), _IN_RUN
        if len(runs) > _RUNS:
            # The word is in few messages, or the zones before would have had enough of them.
            runs, statement = [(zones[0], zones[-1])], _IN_ZONES
            asked["zones"] = _encode(zones).decode()
        for first, last in runs:
            ends = {"first": first << BITS, "last": ((last + 1) << BITS) - 1}
            found = self._connection.execute(statement, asked | ends)
            yield from (Indexed(*row) for row in found)


class Gin(Terms):
    """An index of the table by ``tsvector``: it keeps itself; a phrase is looked up in the row."""

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        pass

    def remove(self, rows: Sequence[dict[str, Any]]) -> None:
        pass

    def condense(self, *, anew: bool) -> bool:  # noqa: ARG002 - the interface's
        return False

    def find(self, wanted: Wanted, zones: Sequence[int], limit: int) -> Iterator[Indexed]:
        per_zone = _all_of(wanted, self._few(wanted), _gin_pattern, " & ", " | ")
        match = " | ".join(f"({per_zone.replace('%', str(zone))})" for zone in zones)
        phrases = [f"%{p.needle}%" for p in wanted.query if len(p.words) > 1]
        asked = _parameters(wanted, limit) | {"match": match, "phrases": phrases}
        yield from (Indexed(*row) for row in self._connection.execute(_BY_VECTOR, asked))


def _narrowed() -> Select[Any]:
    """Keep to what the reader may read and asks for, the newest first."""
    one, author = bindparam("cid", type_=String), bindparam("sender", type_=String)
    before: list[BindParameter[Any]] = [
        bindparam(name) for name in ("before_time", "before_cid", "before_seq")
    ]
    # As expressions, so that no database begins with what the reader may read: it is too much.
    cid, sender = _m.cid.concat(""), _m.sender.concat("")
    query = select(_m.cid, _m.seq, _m.sender, _m.stored_at, _m.text_seq, _m.words).where(
        cid.in_(select(members.c.cid).where(members.c.uid == bindparam("reader"))),
        or_(one.is_(None), cid == one),
        or_(author.is_(None), sender == author),
        _m.stored_at >= bindparam("since"),
        _m.stored_at < bindparam("until"),
        tuple_(_m.stored_at, _m.cid, _m.seq) < tuple_(*before),
    )
    newest_first = _m.stored_at.desc(), _m.cid.desc(), _m.seq.desc()
    return query.order_by(*newest_first).limit(bindparam("limit", type_=BigInteger))


def _parameters(wanted: Wanted, limit: int) -> dict[str, Any]:
    time, cid, seq = wanted.before or _LAST
    return {
        "reader": wanted.reader,
        "cid": wanted.cid,
        "sender": wanted.sender,
        "since": wanted.since,
        "until": wanted.until,
        "before_time": time,
        "before_cid": cid,
        "before_seq": seq,
        "limit": limit,
    }


_OWN = select(members.c.cid).where(members.c.uid == bindparam("reader")).limit(_FEW + 1)
_FTS5 = table(SEARCH_TERMS, column("rowid"), column("words"), column("rank"), column(SEARCH_TERMS))
_IN_RUN = (
    _narrowed()
    .join(_FTS5, _FTS5.c.rowid == _m.number)
    .where(_FTS5.c[SEARCH_TERMS].op("MATCH")(bindparam("match")))
    .where(_FTS5.c.rowid.between(bindparam("first"), bindparam("last")))
)
_ZONES = func.json_each(bindparam("zones", type_=String)).table_valued("value")
_IN_ZONES = _IN_RUN.where(_m.number.op(">>")(BITS).in_(select(_ZONES.c.value)))
_VECTOR: ColumnElement[Any] = literal_column("search_terms(number, cid, sender, words)")
_WHOLE = literal(" ").concat(_m.words).concat(" ")
_BY_VECTOR = (
    _narrowed()
    .where(_VECTOR.op("@@")(cast(bindparam("match", type_=String), TSQUERY)))
    .where(_WHOLE.like(func.all(cast(bindparam("phrases", type_=ARRAY(Text)), ARRAY(Text)))))
)


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
