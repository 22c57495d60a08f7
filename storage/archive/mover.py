"""Move what is old from the ledger to the archive: copy, compare, and only then forget.

Whoever dies in between leaves rows in both places, and the next attempt copies them again,
which no reader notices. The ledger forgets in small transactions, with rests between them.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from parley_protocol import limits
from parley_protocol.payloads import Entry
from storage.archive.archive import Archive
from storage.archive.digest import digest
from storage.archive.unchanged import Copy, texts_within, unchanged
from storage.unit import Spans, Store

_log = logging.getLogger(__name__)
KEEP = limits.PAGE_MAX
"""Entries of each conversation that stay in the ledger: the newest page, and what a sync gives."""
_CONVERSATIONS = 500
_BLOCK = 50_000
"""Rows that are copied and compared at once."""
_PRUNE = 1_000
"""Rows that one transaction takes out of the ledger."""


_Copied = Mapping[str, Copy]


class Moved(Struct, frozen=True):
    """What a pass has done; conversations that ``differ`` in the archive were left as they were."""

    rows: int
    differ: list[str]


class Mover:
    """One pass after the other, from a store to an archive.

    ``rest`` is called between two transactions with the seconds that the last one took.
    """

    def __init__(
        self,
        store: Store,
        archive: Archive,
        *,
        keep: int = KEEP,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._archive = archive
        self._keep = keep
        self._rest = rest

    def move(self, before: int) -> Moved:
        """Move what was stored before a time, in milliseconds since 1970.

        Raises:
            UnavailableError: a database does not answer; what was moved until then is moved.
        """
        rows, differ = 0, set[str]()
        for spans in self._movable(before):
            for block in blocks(spans, _BLOCK):
                copied = self._copy({cid: s for cid, s in block.items() if cid not in differ})
                other = self._differing(copied)
                differ |= other
                rows += self._prune({cid: own for cid, own in copied.items() if cid not in other})
        return Moved(rows, sorted(differ))

    def _movable(self, before: int) -> Iterator[Spans]:
        after = ""
        while True:
            with self._store.reading() as unit:
                spans = unit.movable(
                    before=before, keep=self._keep, after=after, limit=_CONVERSATIONS
                )
                reached = unit.index.reached(spans)
            if not spans:
                return
            # What is not indexed yet would never be: the indexer goes first.
            yield {c: range(s.start, min(s.stop, reached[c] + 1)) for c, s in spans.items()}
            after = max(spans)

    def _copy(self, spans: Spans) -> _Copied:
        with self._store.reading() as unit:
            of = unit.conversations(spans)
            found = unit.entries(spans)
            texts = texts_within(unit, spans)
        self._archive.store([entry for cid in spans for entry in found.get(cid, ())], texts)
        return {
            cid: Copy(entries, texts, of[cid].rewrites) for cid, entries in found.items() if entries
        }

    def _differing(self, copied: _Copied) -> set[str]:
        """Compare what was copied with what the archive has got, and take out what differs.

        It may be left from before the ledger was restored from a backup, or somebody was
        forgotten since. Nobody reads it there, and the next pass copies anew.
        """
        if not copied:
            return set()
        spans = _spans(copied)
        theirs = self._archive.digests(spans)
        differ = {
            cid for cid, own in copied.items() if digest(own.entries, own.texts) != theirs.get(cid)
        }
        if differ:
            for cid in sorted(differ):
                _log.error("the archive's copy of conversation %s differs: it is dropped", cid)
            self._archive.drop({cid: spans[cid] for cid in differ})
        return differ

    def _prune(self, copied: _Copied) -> int:
        rows = 0
        for piece in blocks(_spans(copied), _PRUNE):
            begun = time.monotonic()
            with self._store.writing() as unit:
                for cid in unchanged(unit, copied, piece):
                    span, copy = piece[cid], copied[cid]
                    unit.index.drop([(cid, seq) for seq in span if (cid, seq) in copy.texts])
                    unit.prune(cid, span.stop - 1, _newest(copy.entries, span))
                    rows += len(span)
            self._rest(time.monotonic() - begun)
        return rows


def blocks(spans: Spans, size: int) -> Iterator[dict[str, range]]:
    """Cut spans into blocks of ``size`` seqs, in their order; the last one may be smaller."""
    block: dict[str, range] = {}
    room = size
    for cid, span in spans.items():
        rest = span
        while rest:
            block[cid], rest = rest[:room], rest[room:]
            room -= len(block[cid])
            if not room:
                yield block
                block, room = {}, size
    if block:
        yield block


def _spans(copied: _Copied) -> Spans:
    # Of what was found: another archiver may have taken the beginning.
    return {cid: range(own.entries[0].seq, own.entries[-1].seq + 1) for cid, own in copied.items()}


def _newest(entries: Sequence[Entry], span: range) -> int:
    first = entries[0].seq
    return max(entry.stored_at for entry in entries[span.start - first : span.stop - first])
