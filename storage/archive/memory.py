"""An archive in memory: the whole interface, for tests that must be fast."""

from collections.abc import Callable, Collection, Mapping, Sequence

from parley_protocol.payloads import Entry, emptied
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

    def digests(self, spans: Spans) -> dict[str, Digest]:
        return {cid: digest(found) for cid, found in self.entries(spans).items() if found}

    def drop(self, spans: Spans) -> None:
        for cid, span in spans.items():
            for seq in span:
                self._entries.pop((cid, seq), None)

    def entries(self, spans: Spans) -> dict[str, list[Entry]]:
        known = self._entries
        return {
            cid: [known[cid, seq] for seq in span if (cid, seq) in known]
            for cid, span in spans.items()
        }

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:
        found = {(entry.cid, entry.id): entry for entry in self._entries.values()}
        return {key: found[key] for key in keys if key in found}

    def first_since(self, times: Mapping[str, int]) -> dict[str, int]:
        found: dict[str, int] = {}
        for entry in sorted(self._entries.values(), key=lambda e: (e.cid, -e.seq)):
            if entry.cid in times and entry.stored_at >= times[entry.cid]:
                found[entry.cid] = entry.seq
        return found

    def forget(self, spans: Spans) -> None:
        self._empty(lambda entry: entry.seq in spans.get(entry.cid, ()))

    def forget_sender(self, uid: str, cids: Collection[str]) -> None:
        self._empty(lambda entry: entry.sender == uid and entry.cid in cids)

    def _empty(self, is_meant: Callable[[Entry], bool]) -> None:
        for place, entry in self._entries.items():
            if is_meant(entry) and entry.type != "system":
                self._entries[place] = emptied(entry)
