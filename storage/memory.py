"""A store in memory: the whole interface without a file, for tests that must be fast."""

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from msgspec.structs import replace

from parley_protocol.payloads import Entry, Rights, Role, emptied
from storage.model import Conversation, Mark, Member, Parcel, Standing
from storage.origin import request_id
from storage.search.index import Indexed, Lag, Place, Wanted
from storage.search.zones import Zone
from storage.unit import Key, Pair, Spans

_DAY = 24 * 3600 * 1000


@dataclass
class _State:
    """Everything stored. Values are never changed in place, so that a copy is a snapshot."""

    people: set[str] = field(default_factory=set)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    logs: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    known: dict[Key, Entry] = field(default_factory=dict)
    outbox: dict[int, Parcel] = field(default_factory=dict)
    posted: int = 0
    found: dict[Place, Indexed] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
    former: set[tuple[str, str]] = field(default_factory=set)
    erasures: set[str] = field(default_factory=set)
    blocks: set[tuple[str, str]] = field(default_factory=set)
    hidden: set[tuple[str, Place]] = field(default_factory=set)

    def copy(self) -> "_State":
        return _State(
            set(self.people),
            dict(self.conversations),
            dict(self.logs),
            dict(self.known),
            dict(self.outbox),
            self.posted,
            dict(self.found),
            dict(self.reached),
            set(self.former),
            set(self.erasures),
            set(self.blocks),
            set(self.hidden),
        )


class MemoryStore:
    """Implements ``storage.unit.Store``; gone with the process."""

    def __init__(self) -> None:
        self._state = _State()
        self._lock = threading.Lock()

    def add_people(self, *uids: str) -> None:
        """Make accounts."""
        with self._lock:
            self._state.people |= set(uids)

    @contextmanager
    def reading(self) -> Iterator["MemoryUnit"]:
        """Begin a transaction that sees one state."""
        with self._lock:
            unit = MemoryUnit(self._state)
        yield unit

    @contextmanager
    def writing(self) -> Iterator["MemoryUnit"]:
        """Begin a transaction that is undone by an exception."""
        with self._lock:
            state = self._state.copy()
            yield MemoryUnit(state)
            self._state = state

    def wipe(self) -> bool:
        """There is no disk."""
        return True


class MemoryUnit:
    """Implements ``storage.unit.Unit``."""

    def __init__(self, state: _State) -> None:
        self._state = state

    @property
    def index(self) -> "MemoryIndex":
        return MemoryIndex(self._state)

    @property
    def forgetting(self) -> "MemoryForgetting":
        return MemoryForgetting(self._state)

    @property
    def blocks(self) -> "MemoryBlocks":
        return MemoryBlocks(self._state)

    def people(self, uids: Collection[str]) -> set[str]:
        return self._state.people & set(uids)

    def conversations(self, cids: Collection[str]) -> dict[str, Conversation]:
        all_of_them = self._state.conversations
        return {cid: all_of_them[cid] for cid in cids if cid in all_of_them}

    def addressed(self, cids: Collection[str]) -> dict[str, Conversation]:
        return self.conversations(cids)

    def conversations_of(
        self, uid: str, *, limit: int, before: tuple[int, str] | None
    ) -> list[Conversation]:
        found = self._of(uid)
        rest = [c for c in found if before is None or (c.moved_at, c.cid) < before]
        return rest[:limit]

    def standing(self, uid: str, cid: str) -> Standing | None:
        found = self._state.conversations.get(cid)
        return _standing(found, uid) if found is not None and uid in found.members else None

    def standings(self, uid: str) -> list[Standing]:
        return [_standing(conversation, uid) for conversation in self._of(uid)]

    def acquaintances(self, uid: str) -> set[str]:
        return {other for conversation in self._of(uid) for other in conversation.members}

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:
        return {key: self._state.known[key] for key in keys if key in self._state.known}

    def numbered(self, places: Collection[Place]) -> dict[Place, Entry]:
        logs = self._state.logs
        return {(e.cid, e.seq): e for cid, _ in places for e in logs[cid] if (cid, e.seq) in places}

    def entries(self, spans: Spans) -> dict[str, list[Entry]]:
        logs = self._state.logs
        return {cid: [e for e in logs.get(cid, ()) if e.seq in span] for cid, span in spans.items()}

    def hidden(self, uid: str, spans: Spans) -> set[Place]:
        own = {place for reader, place in self._state.hidden if reader == uid}
        return {(cid, seq) for cid, seq in own if cid in spans and seq in spans[cid]}

    def hide(self, uid: str, place: Place) -> None:
        self._state.hidden |= {(uid, place)}

    def open(self, conversations: Iterable[Conversation]) -> None:
        self._state.conversations |= {c.cid: c for c in conversations}

    def append(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._state.logs[entry.cid] = (*self._state.logs.get(entry.cid, ()), entry)
            self._state.known[entry.cid, entry.id] = entry
            conversation = self._state.conversations[entry.cid]
            moved = replace(conversation, head=entry.seq, moved_at=entry.stored_at)
            self._state.conversations[entry.cid] = moved
            if entry.sender in conversation.members:
                self.mark([Mark(entry.sender, entry.cid, entry.seq, entry.seq)])

    def rename(self, cid: str, name: str) -> None:
        self._change(cid, name=name)

    def set_rights(self, cid: str, rights: Rights) -> None:
        self._change(cid, rights=rights)

    def join(self, cid: str, members: Iterable[Member]) -> None:
        self._change(cid, members=self._members(cid) | {m.uid: m for m in members})

    def leave(self, cid: str, uids: Collection[str]) -> None:
        staying = {u: m for u, m in self._members(cid).items() if u not in uids}
        self._change(cid, members=staying)
        self._state.former |= {(uid, cid) for uid in uids}

    def set_role(self, cid: str, uid: str, role: Role) -> None:
        members = self._members(cid)
        self._change(cid, members=members | {uid: replace(members[uid], role=role)})

    def mark(self, marks: Iterable[Mark]) -> None:
        for mark in marks:
            members = self._members(mark.cid)
            member = replace(members[mark.uid], delivered=mark.delivered, read=mark.read)
            self._change(mark.cid, members=members | {mark.uid: member})

    def post(self, recipients: Collection[str], payload: bytes) -> None:
        self._state.posted += 1
        parcel = Parcel(self._state.posted, tuple(recipients), payload, request_id.get())
        self._state.outbox[parcel.number] = parcel

    def parcels(self, limit: int) -> list[Parcel]:
        return list(self._state.outbox.values())[:limit]

    def settle(self, numbers: Collection[int]) -> None:
        for number in numbers:
            self._state.outbox.pop(number, None)

    def movable(self, *, before: int, keep: int, after: str, limit: int) -> dict[str, range]:
        spans = {
            cid: range(log[0].seq, self._first_to_stay(log, before, keep))
            for cid, log in sorted(self._state.logs.items())
            if cid > after and log
        }
        return dict([(cid, span) for cid, span in spans.items() if span][:limit])

    def prune(self, cid: str, through: int, until: int) -> None:
        log = self._state.logs[cid]
        for entry in log:
            if entry.seq <= through:
                del self._state.known[cid, entry.id]
        self._state.logs[cid] = tuple(entry for entry in log if entry.seq > through)
        until = max(until, self._state.conversations[cid].archived_until)
        self._change(cid, archived=through, archived_until=until)

    @staticmethod
    def _first_to_stay(log: tuple[Entry, ...], before: int, keep: int) -> int:
        kept = log[-1].seq - keep + 1
        return min([kept, *(entry.seq for entry in log if entry.stored_at >= before)])

    def _of(self, uid: str) -> list[Conversation]:
        found = [c for c in self._state.conversations.values() if uid in c.members]
        return sorted(found, key=lambda c: (c.moved_at, c.cid), reverse=True)

    def _members(self, cid: str) -> dict[str, Member]:
        return self._state.conversations[cid].members

    def _change(self, cid: str, **changes: object) -> None:
        conversation = self._state.conversations[cid]
        self._state.conversations[cid] = replace(conversation, **changes)


def _standing(c: Conversation, uid: str) -> Standing:
    read = c.members[uid].read
    return Standing(c.cid, c.type, c.name, c.head, read, c.archived, c.archived_until)


class MemoryIndex:
    """Implements ``storage.search.index.SearchIndex`` by looking at every message."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def lags(self, limit: int) -> list[Lag]:
        lags = self._lags(self._state.conversations.values())
        return sorted(lags, key=lambda lag: lag.head - lag.indexed)[:limit]

    def lags_of(self, uid: str) -> list[Lag]:
        return self._lags(c for c in self._state.conversations.values() if uid in c.members)

    def reached(self, cids: Collection[str]) -> dict[str, int]:
        conversations = self._state.conversations
        return {cid: max(self._reached(cid), conversations[cid].archived) for cid in cids}

    def at(self, places: Collection[Place]) -> dict[Place, Indexed]:
        found = self._state.found
        return {place: found[place] for place in places if place in found}

    def within(self, spans: Mapping[str, range]) -> list[Indexed]:
        found = sorted(self._state.found.items())
        return [message for (cid, seq), message in found if seq in spans.get(cid, ())]

    def changed_since(self, uid: str) -> set[Place]:
        own = {c.cid: c for c in self._state.conversations.values() if uid in c.members}
        places = self._state.found
        return {(cid, seq) for cid, seq in places if cid in own and seq <= own[cid].archived}

    def add(self, messages: Sequence[Indexed]) -> None:
        self._state.found |= {message.place: message for message in messages}

    def change(self, messages: Sequence[Indexed]) -> None:
        self.add(messages)

    def drop(self, places: Collection[Place]) -> None:
        for place in places:
            self._state.found.pop(place, None)

    def drop_within(self, cid: str, span: range, sender: str | None = None) -> None:
        found = self.within({cid: span})
        self.drop([message.place for message in found if sender in {None, message.sender}])

    def condense(self, *, anew: bool) -> bool:  # noqa: ARG002 - the interface's
        return False

    def advance(self, reached: Mapping[str, int]) -> None:
        self._state.reached |= reached

    def zones(self) -> list[Zone]:
        times = [message.stored_at for message in self._state.found.values()]
        return [Zone(0, oldest=min(times), newest=max(times), size=len(times))] if times else []

    def find(self, wanted: Wanted, _zones: Iterable[Zone], limit: int) -> list[Indexed]:
        found = [message for message in self._state.found.values() if wanted.fits(message)]
        conversations = self._state.conversations
        readable = [m for m in found if wanted.reader in conversations[m.cid].members]
        return sorted(readable, key=lambda m: m.moment, reverse=True)[:limit]

    def _lags(self, conversations: Iterable[Conversation]) -> list[Lag]:
        lags = [Lag(c.cid, max(self._reached(c.cid), c.archived), c.head) for c in conversations]
        return [lag for lag in lags if lag.head > lag.indexed]

    def _reached(self, cid: str) -> int:
        return self._state.reached.get(cid, 0)


class MemoryForgetting:
    """Implements ``storage.unit.Forgetting``."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def set_retention(self, cid: str, days: int | None) -> None:
        self._change(cid, retention_days=days)

    def outdated(self, *, now: int, after: str, limit: int) -> dict[str, range]:
        found: dict[str, range] = {}
        for cid, c in sorted(self._state.conversations.items()):
            if cid <= after or c.retention_days is None:
                continue
            since = now - c.retention_days * _DAY
            rest = [entry for entry in self._state.logs[cid] if entry.seq > c.forgotten]
            fresh = min((e.seq for e in rest if e.stored_at >= since), default=c.head + 1)
            if fresh > c.forgotten + 1:
                found[cid] = range(c.forgotten + 1, fresh)
        return dict(list(found.items())[:limit])

    def note_forgotten(self, cid: str, through: int) -> None:
        self._change(cid, forgotten=through)

    def unforgotten(self, cid: str, span: range, sender: str | None, limit: int) -> list[int]:
        found = [
            entry.seq
            for entry in self._state.logs.get(cid, ())
            if entry.seq in span
            and entry.type not in {"erased", "system"}
            and sender in {None, entry.sender}
        ]
        return found[:limit]

    def forget(self, cid: str, seqs: Collection[int]) -> None:
        log = self._state.logs[cid]
        self._state.logs[cid] = tuple(emptied(e) if e.seq in seqs else e for e in log)
        self._state.known |= {(cid, entry.id): entry for entry in self._state.logs[cid]}
        self._change(cid, rewrites=self._state.conversations[cid].rewrites + 1)

    def begin_erasure(self, uid: str, _now: int) -> None:
        self._state.people -= {uid}
        self._state.erasures |= {uid}

    def erasures(self) -> list[str]:
        return sorted(self._state.erasures)

    def end_erasure(self, uid: str) -> None:
        self._state.erasures -= {uid}

    def ever_in(self, uid: str) -> set[str]:
        now = {c.cid for c in self._state.conversations.values() if uid in c.members}
        return now | {cid for other, cid in self._state.former if other == uid}

    def _change(self, cid: str, **changes: object) -> None:
        conversation = self._state.conversations[cid]
        self._state.conversations[cid] = replace(conversation, **changes)


class MemoryBlocks:
    """Implements ``storage.unit.Blocks``."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def between(self, pairs: Collection[Pair]) -> set[Pair]:
        return {pair for pair in map(frozenset, self._state.blocks) if pair in pairs}

    def add(self, uid: str, other: str) -> None:
        self._state.blocks |= {(uid, other)}

    def drop(self, uid: str, other: str) -> None:
        self._state.blocks -= {(uid, other)}

    def close(self, cid: str, *, blocked: bool) -> None:
        conversation = self._state.conversations.get(cid)
        if conversation is not None:
            self._state.conversations[cid] = replace(conversation, blocked=blocked)
