"""Local times of logs as milliseconds since 1970. Pure but for the system's table of zones."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

_MILLISECONDS = 1000


def milliseconds(local: datetime, zone: ZoneInfo) -> int:
    """Give a wall clock's time, in milliseconds since 1970; before it, 0."""
    return max(int(local.replace(tzinfo=zone).timestamp() * _MILLISECONDS), 0)


class Occurrences:
    """Tells apart what was said twice in the same minute by the same person.

    A log without ids names a message by when, who and what; which of several it is comes last.
    """

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, ...]] = Counter()

    def key(self, *words: str) -> str:
        """Give the key of the next occurrence of these words."""
        self._seen[words] += 1
        return "\n".join((*words, str(self._seen[words])))
