"""Zones: the index in parts of bounded size, each of a time of its own. Pure.

The first hits of a common word are in the newest zones, so only these are looked through. A zone
that is full is followed by two: for the older and for the newer half of its time. So zones keep
to their times in whatever order messages are indexed, and wide ones are few.
"""

from bisect import bisect_right
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

BITS = 13
"""A message's number in the index is its zone's, and these bits; a migration says it, too."""

SIZE = 1 << BITS
"""Messages in a zone."""

FOREVER = 1 << 53


class Zone(Struct, frozen=True):
    """A zone for messages stored from ``since`` on and before ``until``; it has ``size``.

    Times are milliseconds since 1970. ``oldest`` and ``newest`` are those of its messages.
    """

    number: int
    since: int = 0
    until: int = FOREVER
    oldest: int = FOREVER
    newest: int = 0
    size: int = 0


class Allotment:
    """Gives messages their numbers.

    ``room`` are the zones that are not full, of all times that messages come from; ``following``
    is the number of the next new zone. What is to be stored is in ``changed`` afterwards.
    """

    def __init__(self, room: Iterable[Zone], following: int) -> None:
        self._room = sorted(room, key=lambda zone: zone.since)
        self._following = following
        self.changed: dict[int, Zone] = {}
        if following == 0:
            self._room = [self._new(0, FOREVER)]

    def number(self, stored_at: int) -> int:
        """Give the number of another message."""
        at = bisect_right(self._room, stored_at, key=lambda zone: zone.since) - 1
        before = self._room[at]
        zone = replace(
            before,
            oldest=min(before.oldest, stored_at),
            newest=max(before.newest, stored_at),
            size=before.size + 1,
        )
        self._room[at] = self.changed[zone.number] = zone
        if zone.size >= SIZE:
            self._room[at : at + 1] = self._halves(zone)
        return zone.number << BITS | before.size

    def _halves(self, full: Zone) -> list[Zone]:
        middle = (full.oldest + full.newest) // 2 + 1
        ends = (full.since, middle), (middle, full.until)
        return [self._new(since, until) for since, until in ends if since < until]

    def _new(self, since: int, until: int) -> Zone:
        zone = self.changed[self._following] = Zone(self._following, since, until)
        self._following += 1
        return zone
