"""One transaction on SQLite or PostgreSQL, in SQL that both understand."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from msgspec import structs
from msgspec.structs import replace
from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    insert,
    select,
    tuple_,
    update,
)

from parley_protocol.payloads import Entry, Rights, Role
from storage.model import Conversation, Mark, Member, Parcel, Standing
from storage.origin import request_id
from storage.search.index import Place
from storage.sql import given, rows
from storage.sql.blocks import SqlBlocks
from storage.sql.forgetting import SqlForgetting
from storage.sql.rosters import Rosters, new_roster
from storage.sql.search import SqlIndex
from storage.sql.statements import Statements
from storage.sql.tables import (
    conversations,
    former_members,
    hidden,
    members,
    messages,
    outbox,
    preferences,
)
from storage.unit import Key, Spans

_STATEMENTS = {dialect: Statements(dialect) for dialect in ("sqlite", "postgresql")}


class SqlUnit:
    """Implements ``storage.unit.Unit``; ``locking`` holds the conversations that it reads."""

    def __init__(
        self, connection: Connection, rosters: Rosters | None = None, *, locking: bool = False
    ) -> None:
        self._connection = connection
        self._rosters = rosters or Rosters()
        self._locking = locking
        self._statements = _STATEMENTS[connection.dialect.name]

    @property
    def index(self) -> SqlIndex:
        return SqlIndex(self._connection, self._statements, locking=self._locking)

    @property
    def forgetting(self) -> SqlForgetting:
        return SqlForgetting(self._connection)

    @property
    def blocks(self) -> SqlBlocks:
        return SqlBlocks(self._connection, self._statements)

    def people(self, uids: Collection[str]) -> set[str]:
        if not uids:
            return set()
        asked = given.rows(self._connection, [{"uid": uid} for uid in uids])
        return set(self._connection.scalars(self._statements.people, asked))

    def conversations(self, cids: Collection[str]) -> dict[str, Conversation]:
        found = self._find(cids)
        return {conversation.cid: conversation for conversation in self._with_members(found)}

    def addressed(self, cids: Collection[str]) -> dict[str, Conversation]:
        found, unknown = dict[str, Conversation](), list[Row[Any]]()
        for row in self._find(cids):
            members_ = self._rosters.get(*rows.roster(row))
            if members_ is None:
                unknown.append(row)
            else:
                found[row[0]] = rows.conversation(row, members_)
        for row, read in zip(unknown, self._with_members(unknown), strict=True):
            plain = {uid: Member(uid, member.role) for uid, member in read.members.items()}
            self._rosters.keep(*rows.roster(row), plain)
            found[read.cid] = replace(read, members=plain)
        return found

    def conversations_of(
        self, uid: str, *, limit: int, before: tuple[int, str] | None
    ) -> list[Conversation]:
        place = tuple_(conversations.c.moved_at, conversations.c.cid)
        query = select(conversations).join(members).where(members.c.uid == uid)
        if before is not None:
            query = query.where(place < before)
        last_first = (conversations.c.moved_at.desc(), conversations.c.cid.desc())
        found = self._connection.execute(query.order_by(*last_first).limit(limit)).all()
        return self._with_members(found)

    def standing(self, uid: str, cid: str) -> Standing | None:
        query = _STANDINGS.where(conversations.c.cid == bindparam("cid"))
        row = self._connection.execute(query, {"uid": uid, "cid": cid}).one_or_none()
        return None if row is None else Standing(*row)

    def standings(self, uid: str) -> list[Standing]:
        query = _STANDINGS.order_by(conversations.c.moved_at.desc(), conversations.c.cid.desc())
        return [Standing(*row) for row in self._connection.execute(query, {"uid": uid})]

    def acquaintances(self, uid: str) -> set[str]:
        own = select(members.c.cid).where(members.c.uid == uid)
        query = select(members.c.uid).where(members.c.cid.in_(own)).distinct()
        return set(self._connection.scalars(query))

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:
        if not keys:
            return {}
        asked = given.rows(self._connection, [{"cid": cid, "id": id_} for cid, id_ in keys])
        found = self._connection.execute(self._statements.known, asked)
        return {(row.cid, row.id): rows.entry(row) for row in found}

    def numbered(self, places: Collection[Place]) -> dict[Place, Entry]:
        if not places:
            return {}
        asked = given.rows(self._connection, [{"cid": cid, "seq": seq} for cid, seq in places])
        found = self._connection.execute(self._statements.numbered, asked)
        return {(row.cid, row.seq): rows.entry(row) for row in found}

    def entries(self, spans: Spans) -> dict[str, list[Entry]]:
        found: defaultdict[str, list[Entry]] = defaultdict(list)
        asked = [{"cid": c, "start": span.start, "stop": span.stop} for c, span in spans.items()]
        if asked:
            asked_rows = given.rows(self._connection, asked)
            for row in self._connection.execute(self._statements.entries, asked_rows).all():
                found[row.cid].append(rows.entry(row))
        return found

    def hidden(self, uid: str, spans: Spans) -> set[Place]:
        asked = [{"cid": c, "start": span.start, "stop": span.stop} for c, span in spans.items()]
        if not asked:
            return set()
        parameters = {"uid": uid} | given.rows(self._connection, asked)
        found = self._connection.execute(self._statements.hidden, parameters)
        return {(row.cid, row.seq) for row in found}

    def hide(self, uid: str, place: Place) -> None:
        cid, seq = place
        if place not in self.hidden(uid, {cid: range(seq, seq + 1)}):
            self._connection.execute(insert(hidden).values(uid=uid, cid=cid, seq=seq))

    def open(self, conversations_: Iterable[Conversation]) -> None:
        # In one order: who opens the same pairs at the same time waits, and does not block.
        new = sorted(conversations_, key=lambda conversation: conversation.cid)
        if not new:
            return
        given.insert_all(self._connection, conversations, [rows.conversation_row(c) for c in new])
        joining = [rows.member_row(c.cid, member) for c in new for member in c.members.values()]
        given.insert_all(self._connection, members, joining)

    def append(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        given.insert_all(self._connection, messages, [rows.entry_row(entry) for entry in entries])
        heads = {entry.cid: entry for entry in entries}
        to = [{"cid": e.cid, "head": e.seq, "moved_at": e.stored_at} for e in heads.values()]
        given.update_all(self._connection, conversations, to)
        own = {(entry.sender, entry.cid): entry.seq for entry in entries}
        self.mark(Mark(uid, cid, seq, seq) for (uid, cid), seq in own.items())

    def rename(self, cid: str, name: str) -> None:
        self._connection.execute(
            update(conversations).where(conversations.c.cid == cid).values(name=name)
        )

    def set_rights(self, cid: str, rights: Rights) -> None:
        one = update(conversations).where(conversations.c.cid == cid)
        self._connection.execute(one.values(rights=rows.pack_rights(rights)))

    def join(self, cid: str, members_: Iterable[Member]) -> None:
        self._change_roster(cid)
        joining = [rows.member_row(cid, member) for member in members_]
        given.insert_all(self._connection, members, joining)

    def leave(self, cid: str, uids: Collection[str]) -> None:
        self._change_roster(cid)
        for table in (preferences, members):
            gone = and_(table.c.cid == cid, table.c.uid.in_(uids))
            self._connection.execute(delete(table).where(gone))
        past = and_(former_members.c.cid == cid, former_members.c.uid.in_(uids))
        known = set(self._connection.scalars(select(former_members.c.uid).where(past)))
        if new := set(uids) - known:
            left = [{"uid": uid, "cid": cid} for uid in sorted(new)]
            self._connection.execute(insert(former_members), left)

    def set_role(self, cid: str, uid: str, role: Role) -> None:
        self._change_roster(cid)
        one = and_(members.c.cid == cid, members.c.uid == uid)
        self._connection.execute(update(members).where(one).values(role=role))

    def mark(self, marks: Iterable[Mark]) -> None:
        to = [structs.asdict(mark) for mark in marks]
        if to:
            given.update_all(self._connection, members, to)

    def post(self, recipients: Collection[str], payload: bytes) -> None:
        self.post_all([(recipients, payload)])

    def post_all(self, parcels: Iterable[tuple[Collection[str], bytes]]) -> None:
        """Add parcels to the outbox, in their order."""
        asked = request_id.get()
        rows_ = [
            {"recipients": "".join(to), "payload": payload, "request": asked}
            for to, payload in parcels
        ]
        if rows_:
            self._connection.execute(insert(outbox), rows_)

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

    def _find(self, cids: Collection[str]) -> Sequence[Row[Any]]:
        if not cids:
            return []
        known = self._statements
        query = known.locked_conversations if self._locking else known.conversations
        return self._connection.execute(
            query, given.rows(self._connection, [{"cid": cid} for cid in cids])
        ).all()

    def _change_roster(self, cid: str) -> None:
        one = update(conversations).where(conversations.c.cid == cid)
        self._connection.execute(one.values(roster=new_roster()))

    def _with_members(self, found: Sequence[Row[Any]]) -> list[Conversation]:
        """Add the members, with one statement for all conversations."""
        if not found:
            return []
        groups: defaultdict[str, dict[str, Member]] = defaultdict(dict)
        cids = given.rows(self._connection, [{"cid": row.cid} for row in found])
        of_them = self._connection.execute(self._statements.members, cids).all()
        for cid, uid, role, delivered, read in of_them:
            groups[cid][uid] = Member(uid, role, delivered, read)
        return [rows.conversation(row, groups[row.cid]) for row in found]


def _standings() -> Select[Any]:
    c = conversations.c
    query = select(c.cid, c.type, c.name, c.head, members.c.read, c.archived, c.archived_until)
    return query.join(members).where(members.c.uid == bindparam("uid"))


_STANDINGS = _standings()


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
