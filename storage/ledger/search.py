"""Search: newest first over the index and what it does not hold yet, for members alone."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from storage.ledger.conversations import of_member
from storage.ledger.indexing import fold
from storage.model import Found, Hit
from storage.search.index import Indexed, Place, Wanted
from storage.search.snippets import snippet
from storage.search.zones import Zone
from storage.unit import Unit

_TAIL = 500
"""Entries that are not indexed yet and are looked through one by one."""

_GROWTH = 2
"""How many times as many zones each further step looks through, until there are enough hits."""


class _Tail(Struct, frozen=True):
    """What the index does not hold yet, folded, and how many more entries there are."""

    messages: dict[Place, Indexed | None]
    left_out: int


def search(unit: Unit, wanted: Wanted, limit: int) -> Found:
    """Give a page of hits."""
    if wanted.cid is not None:
        of_member(unit, wanted.reader, wanted.cid)
    tail = _tail(unit, wanted)
    found = _newest(unit, wanted, tail, limit + 1)
    page = found[:limit]
    following = page[-1].moment if len(found) > limit else None
    return Found(_hits(unit, wanted, page), following, tail.left_out)


def _tail(unit: Unit, wanted: Wanted) -> _Tail:
    """Read what is not indexed yet, of the conversations that lack least first."""
    lags = [lag for lag in unit.index.lags_of(wanted.reader) if wanted.cid in {None, lag.cid}]
    room, spans = _TAIL, {}
    for lag in sorted(lags, key=lambda lag: lag.head - lag.indexed):
        end = min(lag.head, lag.indexed + room)
        if end > lag.indexed:
            spans[lag.cid] = range(lag.indexed + 1, end + 1)
        room -= end - lag.indexed
    found = unit.entries(spans)
    entries = [entry for of_one in found.values() for entry in of_one]
    left_out = sum(lag.head - lag.indexed for lag in lags) - (_TAIL - room)
    return _Tail(fold(unit, entries), left_out)


def _newest(unit: Unit, wanted: Wanted, tail: _Tail, limit: int) -> list[Indexed]:
    """Merge what the index gives, zone by zone, with the tail, which knows better."""
    fresh = [message for message in tail.messages.values() if message and wanted.fits(message)]
    found = _sorted(fresh)[:limit]
    zones, count = _zones(unit, wanted), 1
    while zones:
        if len(found) == limit:
            # Nothing older can push any of these out.
            count = sum(zone.newest >= found[-1].stored_at for zone in zones)
        if count == 0:
            break
        # As many more as the tail may hide.
        hits = unit.index.find(wanted, zones[:count], limit + len(tail.messages))
        found += [hit for hit in hits if hit.place not in tail.messages]
        found = _sorted(found)[:limit]
        zones, count = zones[count:], count * _GROWTH
    return found


def _zones(unit: Unit, wanted: Wanted) -> list[Zone]:
    """Give the zones of the time in question, the newest first."""
    last = wanted.until - 1 if wanted.before is None else min(wanted.until - 1, wanted.before[0])
    zones = [z for z in unit.index.zones() if z.newest >= wanted.since and z.oldest <= last]
    return sorted(zones, key=lambda zone: zone.newest, reverse=True)


def _sorted(found: Sequence[Indexed]) -> list[Indexed]:
    return sorted(found, key=lambda message: message.moment, reverse=True)


def _hits(unit: Unit, wanted: Wanted, page: Sequence[Indexed]) -> list[Hit]:
    """Show messages as they read now: where they were edited, with the last text."""
    own, texts = {m.place for m in page}, {(m.cid, m.text_seq) for m in page}
    entries = unit.numbered(own | texts)
    hits = []
    for message in page:
        text = entries[message.cid, message.text_seq].text
        entry = replace(entries[message.place], text=text)
        edited = message.text_seq != message.seq
        hits.append(Hit(entry, edited, snippet(text, wanted.query)))
    return hits
