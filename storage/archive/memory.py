"""An archive in memory: the whole interface, for tests that must be fast."""

from collections.abc import Callable, Collection, Mapping, Sequence

from parley_protocol.payloads import Entry, emptied
from storage.archive.digest import NO_TEXTS, Digest, Texts, digest
from storage.search.index import Indexed, Place, Wanted
from storage.unit import Key, Spans


class MemoryArchive:
    """Implements ``storage.archive.Archive``; gone with the process."""

    def __init__(self) -> None:
        self._entries: dict[Place, Entry] = {}
        self._texts: dict[Place, Indexed] = {}

    def prepare(self) -> None:
        """There is nothing to make."""

    def store(self, entries: Sequence[Entry], texts: Texts = NO_TEXTS) -> None:
        places = {(entry.cid, entry.seq): entry for entry in entries}
        self._take_out(places)
        self._entries |= places
        self._texts |= {place: found for place, found in texts.items() if place in places}

    def digests(self, spans: Spans) -> dict[str, Digest]:
        found = self.entries(spans)
        return {cid: digest(entries, self._texts) for cid, entries in found.items() if entries}

    def drop(self, spans: Spans) -> None:
        for cid, span in spans.items():
            self._take_out([(cid, seq) for seq in span])

    def entries(self, spans: Spans) -> dict[str, list[Entry]]:
        known = self._entries
        return {
            cid: [known[cid, seq] for seq in span if (cid, seq) in known]
            for cid, span in spans.items()
        }

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:
        found = {(entry.cid, entry.id): entry for entry in self._entries.values()}
        return {key: found[key] for key in keys if key in found}

    def numbered(self, places: Collection[Place]) -> dict[Place, Entry]:
        return {place: self._entries[place] for place in places if place in self._entries}

    def shown(self, places: Collection[Place]) -> set[Place]:
        return set(places) & self._texts.keys()

    def find(
        self, wanted: Wanted, spans: Spans, besides: frozenset[Place], limit: int
    ) -> list[Indexed]:
        found = [
            message
            for place, message in self._texts.items()
            if place[1] in spans.get(place[0], ()) and place not in besides
        ]
        fitting = [message for message in found if wanted.fits(message)]
        return sorted(fitting, key=lambda message: message.moment, reverse=True)[:limit]

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
                self._texts.pop(place, None)

    def _take_out(self, places: Collection[Place]) -> None:
        for place in places:
            self._entries.pop(place, None)
            self._texts.pop(place, None)
