"""Search: newest first over the index, what it does not hold yet, and the archive.

The archive is asked only where what it has could be on the page: it holds what is old.
Only members find anything.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from parley_protocol.payloads import Entry
from storage.ledger.conversations import of_member
from storage.ledger.indexing import fold
from storage.model import Found, Hit
from storage.search.index import Indexed, Place, Wanted
from storage.search.snippets import snippet
from storage.search.zones import Zone
from storage.unit import Spans, Unit

_TAIL = 500
"""Entries that are not indexed yet and are looked through one by one."""

_GROWTH = 2
"""How many times as many zones each further step looks through, until there are enough hits."""


class _Tail(Struct, frozen=True):
    """What the index does not hold yet, folded, and how many more entries there are."""

    messages: dict[Place, Indexed | None]
    left_out: int


class Old(Struct, frozen=True):
    """What to ask the archive for: ``wanted`` in the seqs of conversations that it has.

    ``besides`` were edited or deleted since, which the ledger's index knows.
    """

    wanted: Wanted
    spans: Spans
    besides: frozenset[Place]


class Recent(Struct, frozen=True):
    """What the ledger has found, with those entries that it has itself.

    ``old`` is ``None`` where nothing in the archive can be among the hits.
    """

    found: list[Indexed]
    entries: dict[Place, Entry]
    left_out: int
    old: Old | None


def recent(unit: Unit, wanted: Wanted, limit: int) -> Recent:
    """Find the newest that the ledger knows: one more than the page has, if there are."""
    if wanted.cid is not None:
        of_member(unit, wanted.reader, wanted.cid)
    tail = _tail(unit, wanted)
    found = _newest(unit, wanted, tail, limit + 1)
    old = _old(unit, wanted, found[-1] if len(found) > limit else None)
    return Recent(found, unit.numbered(_places(found)), tail.left_out, old)


def page(recent: Recent, older: Sequence[Indexed], limit: int) -> tuple[list[Indexed], set[Place]]:
    """Give the page's messages, one more if there is one, and what the archive has of them."""
    found = _sorted([*recent.found, *older])[: limit + 1]
    return found, _places(found[:limit]) - recent.entries.keys()


def hidden(unit: Unit, uid: str, found: Sequence[Indexed]) -> set[Place]:
    """Say which messages the searcher has deleted for themself."""
    spans: dict[str, range] = {}
    for message in found:
        span = spans.get(message.cid, range(message.seq, message.seq))
        spans[message.cid] = range(min(span.start, message.seq), max(span.stop, message.seq + 1))
    return unit.hidden(uid, spans)


def answer(  # noqa: PLR0913 - what was found in two stores, and what is left out
    recent: Recent,
    wanted: Wanted,
    found: Sequence[Indexed],
    archived: Mapping[Place, Entry],
    hidden: Collection[Place],
    limit: int,
) -> Found:
    """Put together what the searcher gets: a page, less what is hidden."""
    following = found[limit - 1].moment if len(found) > limit else None
    entries = {**archived, **recent.entries}
    shown = [message for message in found[:limit] if message.place not in hidden]
    return Found(list(_hits(entries, wanted, shown)), following, recent.left_out)


def _old(unit: Unit, wanted: Wanted, last: Indexed | None) -> Old | None:
    """Say what of the archive could be on a page that ends with ``last``, if it is full."""
    oldest = wanted.since if last is None else max(wanted.since, last.stored_at)
    own = [
        standing
        for standing in unit.standings(wanted.reader)
        if standing.archived
        and wanted.cid in {None, standing.cid}
        and standing.archived_until >= oldest
    ]
    if not own:
        return None
    until = min(wanted.until, max(standing.archived_until for standing in own) + 1)
    spans = {standing.cid: range(1, standing.archived + 1) for standing in own}
    narrowed = replace(wanted, since=oldest, until=until)
    return Old(narrowed, spans, frozenset(unit.index.changed_since(wanted.reader)))


def _places(found: Sequence[Indexed]) -> set[Place]:
    """Give where messages and their texts are."""
    return {m.place for m in found} | {(m.cid, m.text_seq) for m in found}


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


def _hits(
    entries: Mapping[Place, Entry], wanted: Wanted, found: Sequence[Indexed]
) -> Iterator[Hit]:
    """Show messages as they read now: where they were edited, with the last text."""
    for message in found:
        said, text = entries.get(message.place), entries.get((message.cid, message.text_seq))
        # What was in the archive may have been forgotten a moment ago.
        if said is not None and text is not None and text.type != "erased":
            entry = replace(said, text=text.text)
            edited = message.text_seq != message.seq
            yield Hit(entry, edited, snippet(text.text, wanted.query))
