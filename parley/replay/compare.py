"""Hold what came out against what went in. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from parley.replay.plan import Group
from parley_protocol.payloads import Entry


@dataclass(frozen=True, slots=True)
class Expected:
    """What everybody must see of one message."""

    sender: str
    text: str
    reply_to: str | None


def expected(group: Group, uids: Mapping[str, str], ids: Mapping[int, str]) -> list[Expected]:
    """Give the group's part of the log, with the ids that its lines got as messages."""
    return [
        Expected(uids[line.nick], line.text, None if line.reply_to is None else ids[line.reply_to])
        for line in group.lines
    ]


def messages(entries: Sequence[Entry]) -> list[Entry]:
    """Leave out what the log does not hold: who joined, and the group's name."""
    return [entry for entry in entries if entry.type != "system"]


def mismatches(wanted: Sequence[Expected], entries: Sequence[Entry]) -> int:
    """Count the places at which a history or a device's stream differs from the log.

    A hole, a repeat or a swap in the numbers counts as well.
    """
    seen = [Expected(e.sender, e.text, e.reply_to) for e in messages(entries)]
    differing: int = sum(a != b for a, b in zip_longest(wanted, seen))
    numbers = [entry.seq for entry in entries]
    jumps = sum(later - earlier != 1 for earlier, later in pairwise(numbers))
    return differing + jumps
