"""The archive on ClickHouse."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from parley_protocol.payloads import Entry
from storage.archive import queries, schema
from storage.archive.connection import Connection
from storage.archive.digest import Digest
from storage.unit import Key, Spans

_SPANS_AT_ONCE = 16


class ClickHouseArchive:
    """Implements ``storage.archive.Archive``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def prepare(self) -> None:
        schema.migrate(self._connection)

    def store(self, entries: Sequence[Entry]) -> None:
        if entries:
            self._connection.insert("messages", queries.columns(entries))

    def digests(self, spans: Spans, stored: range) -> dict[str, Digest]:
        found: dict[str, Digest] = {}
        for some in _parts(spans):
            for cid, count, md5 in self._connection.ask(queries.digests(some, stored)):
                found[cid.lower()] = Digest(count, md5.lower())
        return found

    def entries(self, spans: Spans) -> dict[str, list[Entry]]:
        found: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in self._read(spans.items()):
            found[entry.cid].append(entry)
        return found

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:
        rows = self._connection.ask(queries.places(keys)) if keys else []
        found = self._read([(cid.lower(), range(seq, seq + 1)) for cid, seq in rows])
        return {(entry.cid, entry.id): entry for entry in found}

    def _read(self, spans: Collection[tuple[str, range]]) -> list[Entry]:
        rows = self._connection.ask(queries.entries(spans)) if spans else []
        return [queries.entry(row) for row in rows]


def _parts(spans: Spans) -> Iterator[Spans]:
    """Ask for some at a time: the server compares each row with each span of a question."""
    items = iter(spans.items())
    while part := dict(islice(items, _SPANS_AT_ONCE)):
        yield part
