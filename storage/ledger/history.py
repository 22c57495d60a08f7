"""Read the log: pages, single entries, and what a device lacks."""

from collections.abc import Mapping

from parley_protocol import limits
from parley_protocol.payloads import Entry
from storage.errors import NotFoundError
from storage.model import Missing, Standing, Sync
from storage.unit import Unit


def page(  # noqa: PLR0913 - a page has two ends and a length
    unit: Unit, uid: str, cid: str, *, after: int | None, before: int | None, limit: int
) -> list[Entry]:
    """Give a page of a conversation of the asker's."""
    head = _standing(unit, uid, cid).head
    span = _following(after, head, limit) if after is not None else _preceding(before, head, limit)
    return unit.entries({cid: span}).get(cid, [])


def one(unit: Unit, uid: str, cid: str, seq: int) -> Entry:
    """Give one entry of a conversation of the asker's."""
    _standing(unit, uid, cid)
    found = unit.entries({cid: range(seq, seq + 1)}).get(cid)
    if not found:
        raise NotFoundError("there is no such message")
    return found[0]


def sync(unit: Unit, uid: str, cursors: Mapping[str, int]) -> Sync:
    """Compare the device's cursors with the heads; two statements, however many conversations.

    A cursor beyond the head was moved by a ledger that has since been restored from a backup:
    the device is made to forget the conversation, and gets it anew when it asks again.
    """
    standings = unit.standings(uid)
    beyond = {s.cid for s in standings if cursors.get(s.cid, 0) > s.head}
    moved = [s for s in standings if s.cid not in cursors or s.head > cursors[s.cid]]
    spans, more = _within_budget(moved, cursors)
    found = unit.entries(spans)
    answer = [
        _missing(standing, cursors.get(standing.cid, 0), found.get(standing.cid, []))
        for standing in moved
        if standing.cid in spans
    ]
    gone = cursors.keys() - {s.cid for s in standings}
    return Sync(answer, sorted(gone | beyond), more or bool(beyond))


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
