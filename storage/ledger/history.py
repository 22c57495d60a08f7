"""Read the log: pages, single entries, and what a device lacks."""

from collections.abc import Mapping

from msgspec import Struct

from parley_protocol import limits
from parley_protocol.payloads import Entry
from storage.errors import NotFoundError
from storage.ledger import conversations, outbox, seam
from storage.ledger.seam import Reading
from storage.model import Missing, Standing, Sync
from storage.unit import Unit


class Lacking(Struct, frozen=True):
    """What a device lacks, before the archive has been asked for its part."""

    standings: list[Standing]
    found: Reading
    left: list[str]
    more: bool


def page(  # noqa: PLR0913 - a page has two ends and a length
    unit: Unit, uid: str, cid: str, *, after: int | None, before: int | None, limit: int
) -> Reading:
    """Find a page of a conversation of the asker's."""
    standing = _standing(unit, uid, cid)
    head = standing.head
    span = _following(after, head, limit) if after is not None else _preceding(before, head, limit)
    return seam.read(unit, {cid: span}, {cid: standing.archived}, uid)


def one(unit: Unit, uid: str, cid: str, seq: int) -> Reading:
    """Find one entry of a conversation of the asker's."""
    standing = _standing(unit, uid, cid)
    if not 1 <= seq <= standing.head:
        raise NotFoundError("there is no such message")
    return seam.read(unit, {cid: range(seq, seq + 1)}, {cid: standing.archived}, uid)


def log(unit: Unit, cid: str, *, after: int, limit: int) -> Reading:
    """Find a page of any conversation, for whoever runs the house."""
    conversation = conversations.any_(unit, cid)
    span = _following(after, conversation.head, limit)
    return seam.read(unit, {cid: span}, {cid: conversation.archived})


def hide(unit: Unit, uid: str, cid: str, seq: int) -> None:
    """Delete an entry for one of its readers, and tell that person's devices."""
    conversation = conversations.of_member(unit, uid, cid)
    if not 1 <= seq <= conversation.head:
        raise NotFoundError("there is no such message")
    unit.hide(uid, (cid, seq))
    outbox.tell_hidden(unit, uid, cid, seq)


def lacking(unit: Unit, uid: str, cursors: Mapping[str, int]) -> Lacking:
    """Compare the device's cursors with the heads; two statements, however many conversations.

    A cursor beyond the head was moved by a ledger that has since been restored from a backup:
    the device is made to forget the conversation, and gets it anew when it asks again.
    """
    standings = unit.standings(uid)
    beyond = {s.cid for s in standings if cursors.get(s.cid, 0) > s.head}
    moved = [s for s in standings if s.cid not in cursors or s.head > cursors[s.cid]]
    spans, more = _within_budget(moved, cursors)
    found = seam.read(unit, spans, {s.cid: s.archived for s in moved}, uid)
    gone = cursors.keys() - {s.cid for s in standings}
    answered = [s for s in moved if s.cid in spans]
    return Lacking(answered, found, sorted(gone | beyond), more or bool(beyond))


def answer(
    lacking: Lacking, cursors: Mapping[str, int], entries: Mapping[str, list[Entry]]
) -> Sync:
    """Put together what a device gets."""
    missing = [_missing(s, cursors.get(s.cid, 0), entries[s.cid]) for s in lacking.standings]
    return Sync(missing, lacking.left, lacking.more)


def _standing(unit: Unit, uid: str, cid: str) -> Standing:
    standing = unit.standing(uid, cid)
    if standing is None:
        raise NotFoundError("there is no such conversation")
    return standing


def _following(after: int, head: int, limit: int) -> range:
    start = max(after, 0) + 1
    return range(start, min(start + limit, head + 1))


def _preceding(before: int | None, head: int, limit: int) -> range:
    stop = head + 1 if before is None else min(before, head + 1)
    return range(max(stop - limit, 1), stop)


def _within_budget(
    moved: list[Standing], cursors: Mapping[str, int]
) -> tuple[dict[str, range], bool]:
    """Choose what is read of each conversation, until the answer is full."""
    spans: dict[str, range] = {}
    room = limits.SYNC_MAX
    for standing in moved:
        start = max(cursors.get(standing.cid, 0), standing.head - limits.SYNC_PAGE) + 1
        span = range(start, standing.head + 1)
        room -= len(span)
        if room < 0:
            return spans, True
        spans[standing.cid] = span
    return spans, False


def _missing(standing: Standing, cursor: int, entries: list[Entry]) -> Missing:
    reaches = not entries or entries[0].seq == cursor + 1
    return Missing(standing, entries, None if reaches else cursor + 1)
