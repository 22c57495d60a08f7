"""Which message is to be sent now. Pure; times are seconds of any steady clock.

In each conversation at most one message is unanswered, so that a loss cannot reorder what a
person says. It is sent again, with growing pauses and after each reconnect, until the answer.
"""

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way: where it belongs, and what is published where."""

    id: str
    cid: str
    topic: str
    payload: bytes


@dataclass(slots=True)
class _Line:
    """The messages of one conversation, first come first served."""

    waiting: deque[Outgoing]
    due: float = 0.0
    pause: float = _FIRST_PAUSE


class Outbox:
    """Messages that have no answer yet."""

    def __init__(self, waiting: Iterable[Outgoing] = ()) -> None:
        self._lines: dict[str, _Line] = {}
        self._cids: dict[str, str] = {}
        for outgoing in waiting:
            self.add(outgoing)

    def __len__(self) -> int:
        return len(self._cids)

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._cids

    def add(self, outgoing: Outgoing) -> None:
        """Put a message at the end of its conversation's line."""
        self._cids[outgoing.id] = outgoing.cid
        self._lines.setdefault(outgoing.cid, _Line(deque())).waiting.append(outgoing)

    def take_due(self, now: float) -> list[Outgoing]:
        """Give what is to be sent now, and set when it is to be sent again."""
        due = [line for line in self._lines.values() if line.due <= now]
        for line in due:
            line.due = now + line.pause * random.uniform(0.75, 1.25)  # noqa: S311 - spread
            line.pause = min(2 * line.pause, _LONGEST_PAUSE)
        return [line.waiting[0] for line in due]

    def next_due(self) -> float | None:
        """Say when something is to be sent; ``None`` where nothing waits."""
        return min((line.due for line in self._lines.values()), default=None)

    def answered(self, message_id: str) -> bool:
        """Take a message out whose answer has come; the next in its line is due at once."""
        cid = self._cids.pop(message_id, None)
        if cid is None:
            return False
        line = self._lines[cid]
        line.waiting = deque(kept for kept in line.waiting if kept.id != message_id)
        line.due, line.pause = 0.0, _FIRST_PAUSE
        if not line.waiting:
            del self._lines[cid]
        return True

    def connected(self) -> None:
        """Make the first of each line due: what was sent before may be lost."""
        for line in self._lines.values():
            line.due, line.pause = 0.0, _FIRST_PAUSE
