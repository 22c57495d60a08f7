"""The archive on ClickHouse."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from parley_protocol.payloads import Entry
from storage.archive import queries, schema
from storage.archive.connection import Connection
from storage.archive.digest import Digest
from storage.errors import UnavailableError
from storage.unit import Key, Spans

_SPANS_AT_ONCE = 16
_REWRITING_SECONDS = 300.0
"""How long a mutation is waited for; it goes on by itself, and the next attempt finds it done."""
_LOOK_SECONDS = 0.05


class ClickHouseArchive:
    """Implements ``storage.archive.Archive``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def prepare(self) -> None:
        schema.migrate(self._connection)

    def store(self, entries: Sequence[Entry]) -> None:
        if entries:
            self._connection.insert("messages", queries.columns(entries))

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

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:
        rows = self._connection.ask(queries.places(keys)) if keys else []
        found = self._read([(cid.lower(), range(seq, seq + 1)) for cid, seq in rows])
        return {(entry.cid, entry.id): entry for entry in found}

    def first_since(self, times: Mapping[str, int]) -> dict[str, int]:
        rows = self._connection.ask(queries.first_since(times)) if times else []
        return {cid.lower(): seq for cid, seq in rows}

    def forget(self, spans: Spans) -> None:
        for some in _parts(spans):
            self._forget(queries.telling(some.items()))

    def forget_sender(self, uid: str, cids: Collection[str]) -> None:
        ordered = sorted(cids)
        for at in range(0, len(ordered), _SPANS_AT_ONCE):
            self._forget(queries.telling_of(uid, ordered[at : at + _SPANS_AT_ONCE]))

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


def _parts(spans: Spans) -> Iterator[Spans]:
    """Ask for some at a time: the server compares each row with each span of a question."""
    items = iter(spans.items())
    while part := dict(islice(items, _SPANS_AT_ONCE)):
        yield part
