"""Whether the ledger still is as it was copied, which is asked before it forgets.

An edit or a deletion counts when it is stored, though search learns of it from the indexer: what
one that is not indexed yet is about stays in the ledger until it is.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from parley_protocol.payloads import Entry
from storage.archive.digest import Texts
from storage.unit import Spans, Unit

_LAG = 1_000
"""Entries that may wait for the indexer; where they are more, the conversation waits, too."""


class Copy(Struct, frozen=True):
    """Entries of a conversation as they were when it had been rewritten so often.

    ``texts`` are those that search found; see ``texts_within``.
    """

    entries: Sequence[Entry]
    texts: Texts
    rewrites: int


def texts_within(unit: Unit, spans: Spans) -> Texts:
    """Give what search finds in spans; the index keeps those whose text comes behind them."""
    found = unit.index.within(spans)
    return {m.place: m for m in found if m.text_seq < spans[m.cid].stop}


def unchanged(unit: Unit, copied: Mapping[str, Copy], spans: Spans) -> Iterator[str]:
    """Give the conversations that may be pruned: of each the copy, or a piece of it.

    Of the others another archiver has taken this already, somebody has been forgotten, or
    something has been edited or deleted meanwhile.
    """
    held = unit.conversations(spans)
    reached = unit.index.reached(spans)
    lags = {cid: range(reached[cid] + 1, held[cid].head + 1) for cid in spans}
    new = unit.entries({cid: lag for cid, lag in lags.items() if 0 < len(lag) <= _LAG})
    whole = {cid: range(1, copied[cid].entries[-1].seq + 1) for cid in spans}
    now = {m.place: m for m in unit.index.within(spans) if m.text_seq < whole[m.cid].stop}
    for cid, span in spans.items():
        copy = copied[cid]
        first = copy.entries[0].seq
        ids = {entry.id for entry in copy.entries[span.start - first : span.stop - first]}
        if (
            (held[cid].archived, held[cid].rewrites) == (span.start - 1, copy.rewrites)
            and len(lags[cid]) <= _LAG
            and ids.isdisjoint(entry.target for entry in new.get(cid, ()))
            and all(now.get((cid, seq)) == copy.texts.get((cid, seq)) for seq in span)
        ):
            yield cid
