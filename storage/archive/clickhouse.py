"""The archive on ClickHouse."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from msgspec.structs import replace

from parley_protocol.payloads import Entry
from storage.archive import queries, schema
from storage.archive.connection import Connection
from storage.archive.digest import NO_TEXTS, Digest, Texts
from storage.errors import UnavailableError
from storage.search.index import Indexed, Place, Wanted
from storage.unit import Key, Spans

_SPANS_AT_ONCE = 16
_CONVERSATIONS_AT_ONCE = 1_000
_NEWEST = 31 * 24 * 3600 * 1000
"""Milliseconds that a search looks through at first; a common word is found there."""
_GROWTH = 4
"""How many times as much time each further step looks through."""
_REWRITING_SECONDS = 300.0
"""How long a mutation is waited for; it goes on by itself, and the next attempt finds it done."""
_LOOK_SECONDS = 0.05


class ClickHouseArchive:
    """Implements ``storage.archive.Archive``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def prepare(self) -> None:
        schema.migrate(self._connection)

    def store(self, entries: Sequence[Entry], texts: Texts = NO_TEXTS) -> None:
        if entries:
            self._connection.insert("messages", queries.columns(entries, texts))

    def digests(self, spans: Spans) -> dict[str, Digest]:
        found: dict[str, Digest] = {}
        for some in _parts(spans):
            for cid, count, md5 in self._connection.ask(queries.digests(some)):
                found[cid.lower()] = Digest(count, md5.lower())
        return found

    def drop(self, spans: Spans) -> None:
        for some in _parts(spans):
            self._rewrite(queries.dropping(queries.within(some.items())))

    def entries(self, spans: Spans) -> dict[str, list[Entry]]:
        found: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in self._read(spans.items()):
            found[entry.cid].append(entry)
        return found

    def numbered(self, places: Collection[Place]) -> dict[Place, Entry]:
        rows = self._connection.ask(queries.numbered(places)) if places else []
        return {(entry.cid, entry.seq): entry for entry in map(queries.entry, rows)}

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:
        rows = self._connection.ask(queries.places(keys)) if keys else []
        found = self._read([(cid.lower(), range(seq, seq + 1)) for cid, seq in rows])
        return {(entry.cid, entry.id): entry for entry in found}

    def shown(self, places: Collection[Place]) -> set[Place]:
        rows = self._connection.ask(queries.shown(places)) if places else []
        return {(cid.lower(), seq) for cid, seq in rows}

    def find(
        self, wanted: Wanted, spans: Spans, besides: frozenset[Place], limit: int
    ) -> list[Indexed]:
        found: list[Indexed] = []
        for part in _back_in_time(wanted):
            for cids in _some(sorted(spans), _CONVERSATIONS_AT_ONCE):
                found += self._matches(part, {cid: spans[cid] for cid in cids}, besides, limit)
            if len(found) >= limit:
                break
        return sorted(found, key=lambda message: message.moment, reverse=True)[:limit]

    def _matches(
        self, wanted: Wanted, spans: Spans, besides: frozenset[Place], limit: int
    ) -> list[Indexed]:
        found: list[Indexed] = []
        while True:
            rows = self._connection.ask(queries.matches(wanted, spans.keys(), limit))
            messages = [queries.indexed(row) for row in rows]
            found += [m for m in messages if m.seq in spans[m.cid] and m.place not in besides]
            if len(messages) < limit or len(found) >= limit:
                return found
            wanted = replace(wanted, before=messages[-1].moment)

    def first_since(self, times: Mapping[str, int]) -> dict[str, int]:
        rows = self._connection.ask(queries.first_since(times)) if times else []
        return {cid.lower(): seq for cid, seq in rows}

    def forget(self, spans: Spans) -> None:
        for some in _parts(spans):
            self._forget(queries.telling(some.items()))

    def forget_sender(self, uid: str, cids: Collection[str]) -> None:
        for some in _some(sorted(cids), _SPANS_AT_ONCE):
            self._forget(queries.telling_of(uid, some))

    def _forget(self, telling: str) -> None:
        if self._connection.ask(queries.some(telling)):
            self._rewrite(queries.forgetting(telling))

    def _rewrite(self, mutation: str) -> None:
        """Have the parts written again, and wait for it."""
        self._connection.run(mutation)
        deadline = time.monotonic() + _REWRITING_SECONDS
        while self._connection.ask(queries.REWRITING):
            if time.monotonic() > deadline:
                raise UnavailableError("the archive is still rewriting its parts")
            time.sleep(_LOOK_SECONDS)

    def _read(self, spans: Collection[tuple[str, range]]) -> list[Entry]:
        rows = self._connection.ask(queries.entries(spans)) if spans else []
        return [queries.entry(row) for row in rows]


def _back_in_time(wanted: Wanted) -> Iterator[Wanted]:
    """Cut the time in question into growing pieces, the newest first."""
    until = wanted.until if wanted.before is None else min(wanted.until, wanted.before[0] + 1)
    length = _NEWEST
    while until > wanted.since:
        since = max(wanted.since, until - length)
        yield replace(wanted, since=since, until=until)
        until, length = since, length * _GROWTH


def _some(cids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (cids[at : at + size] for at in range(0, len(cids), size))


def _parts(spans: Spans) -> Iterator[Spans]:
    """Ask for some at a time: the server compares each row with each span of a question."""
    items = iter(spans.items())
    while part := dict(islice(items, _SPANS_AT_ONCE)):
        yield part
