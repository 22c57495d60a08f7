"""An archive in memory: the whole interface, for tests that must be fast."""

from collections.abc import Collection, Sequence

from parley_protocol.payloads import Entry
from storage.archive.digest import Digest, digest
from storage.unit import Key, Spans


class MemoryArchive:
    """Implements ``storage.archive.Archive``; gone with the process."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, int], Entry] = {}

    def prepare(self) -> None:
        """There is nothing to make."""

    def store(self, entries: Sequence[Entry]) -> None:
        self._entries |= {(entry.cid, entry.seq): entry for entry in entries}

    def digests(self, spans: Spans, stored: range) -> dict[str, Digest]:
        found = {
            cid: [entry for entry in entries if entry.stored_at in stored]
            for cid, entries in self.entries(spans).items()
        }
        return {cid: digest(entries) for cid, entries in found.items() if entries}

    def entries(self, spans: Spans) -> dict[str, list[Entry]]:
        known = self._entries
        return {
            cid: [known[cid, seq] for seq in span if (cid, seq) in known]
            for cid, span in spans.items()
        }

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:
        found = {(entry.cid, entry.id): entry for entry in self._entries.values()}
        return {key: found[key] for key in keys if key in found}
