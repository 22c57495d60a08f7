"""Keep the search index: what it should hold of each message, and in which portions it grows.

History is an append-only log that readers fold; the index holds it folded. Deleted messages are
not in it, edited ones are there with their last text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from parley_protocol.payloads import Entry
from storage.ledger.seam import Recalled
from storage.search.index import Indexed, Lag, Place
from storage.search.words import words
from storage.unit import Key, Unit

PORTION = 200
"""Entries that one transaction indexes: a few milliseconds, because others wait to write."""

ROUND = 10_000
"""Entries that are indexed before it is looked again where there are any."""

_LAGS = 1_000


class Changes(Struct, frozen=True):
    """What a portion of entries changes in the index.

    ``after`` and ``reached`` are up to where conversations are indexed, before and afterwards.
    """

    added: list[Indexed]
    changed: list[Indexed]
    dropped: list[Place]
    after: dict[str, int]
    reached: dict[str, int]


def portions(unit: Unit) -> list[list[Lag]]:
    """Plan a round: which entries are indexed together."""
    return list(_together(_cut(unit.index.lags(_LAGS))))


def read(unit: Unit, portion: Iterable[Lag]) -> Changes:
    """Find out what a portion changes."""
    lags = list(portion)
    found = unit.entries({lag.cid: range(lag.indexed + 1, lag.head + 1) for lag in lags})
    folded = fold(unit, [entry for entries in found.values() for entry in entries])
    own = {(entry.cid, entry.seq) for entries in found.values() for entry in entries}
    texts = [message for message in folded.values() if message is not None]
    return Changes(
        added=[message for message in texts if message.place in own],
        changed=[message for message in texts if message.place not in own],
        dropped=[p for p, message in folded.items() if message is None and p not in own],
        after={lag.cid: lag.indexed for lag in lags},
        reached={lag.cid: lag.head for lag in lags},
    )


def write(unit: Unit, changes: Changes) -> None:
    """Change the index, unless another indexer has done so since the changes were read."""
    reached = unit.index.reached(changes.after)
    if any(reached.get(cid, 0) > after for cid, after in changes.after.items()):
        return
    unit.index.add(changes.added)
    unit.index.change(changes.changed)
    unit.index.drop(changes.dropped)
    unit.index.advance(changes.reached)


def overlay(unit: Unit, new: Iterable[Entry], recalled: Recalled) -> None:
    """Note what new edits and deletions make of archived messages; the index knows it at once.

    The archive itself stays as it is. What it did not show any more stays deleted.
    """
    pairs = [
        (target, entry)
        for entry in new
        if entry.type in ("edit", "delete")
        and (target := recalled.entries.get((entry.cid, entry.target or "")))
    ]
    before = unit.index.at({(target.cid, target.seq) for target, _ in pairs})
    after = dict(before)
    for target, entry in pairs:
        place = target.cid, target.seq
        is_shown = after[place].text_seq > 0 if place in after else place in recalled.shown
        if is_shown and entry.type == "edit":
            after[place] = _indexed(target, entry)
        elif is_shown:
            after[place] = replace(_indexed(target, entry), text_seq=0, words="")
    unit.index.add([message for place, message in after.items() if place not in before])
    unit.index.change([m for place, m in after.items() if before.get(place, m) != m])


def fold(unit: Unit, entries: Sequence[Entry]) -> dict[Place, Indexed | None]:
    """Say what becomes of the messages that entries are or refer to; ``None``: it is deleted.

    ``entries`` are, of each conversation, those that follow what is indexed, by rising seq.
    """
    targets = _targets(unit, entries)
    folded: dict[Place, Indexed | None] = {}
    for entry in entries:
        if entry.type in ("text", "file"):
            folded[entry.cid, entry.seq] = _indexed(entry, entry)
        target = targets.get((entry.cid, entry.target or ""))
        if target is None:
            continue
        place = target.cid, target.seq
        if entry.type == "delete":
            folded[place] = None
        elif entry.type == "edit" and folded.get(place, target) is not None:
            folded[place] = _indexed(target, entry)
    return folded


def _targets(unit: Unit, entries: Sequence[Entry]) -> Mapping[Key, Entry]:
    """Find the messages that edits and deletions are about, but for those deleted long ago."""
    changes = [entry for entry in entries if entry.type in ("edit", "delete")]
    keys = {(entry.cid, entry.target) for entry in changes if entry.target}
    found = {k: e for k, e in unit.known(keys).items() if e.type in ("text", "file")}
    own = {(entry.cid, entry.seq) for entry in entries}
    earlier = {(e.cid, e.seq) for e in found.values()} - own
    present = own | unit.index.at(earlier).keys()
    return {key: entry for key, entry in found.items() if (entry.cid, entry.seq) in present}


def _indexed(message: Entry, text: Entry) -> Indexed:
    return Indexed(
        cid=message.cid,
        seq=message.seq,
        sender=message.sender,
        stored_at=message.stored_at,
        text_seq=text.seq,
        words=words(text.text),
    )


def _cut(lags: Iterable[Lag]) -> Iterator[Lag]:
    """Cut lags to what a portion takes, and end where a round does."""
    room = ROUND
    for lag in lags:
        end = min(lag.head, lag.indexed + room)
        for start in range(lag.indexed, end, PORTION):
            yield Lag(lag.cid, start, min(end, start + PORTION))
        room -= end - lag.indexed


def _together(lags: Iterable[Lag]) -> Iterator[list[Lag]]:
    """Join lags to portions. No conversation is twice in one: its entries are folded in order."""
    portion: dict[str, Lag] = {}
    room = PORTION
    for lag in lags:
        size = lag.head - lag.indexed
        if portion and (size > room or lag.cid in portion):
            yield list(portion.values())
            portion, room = {}, PORTION
        portion[lag.cid] = lag
        room -= size
    if portion:
        yield list(portion.values())
