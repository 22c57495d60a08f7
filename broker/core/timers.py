"""What is due later: wills that wait, and the ends of sessions whose clients are away."""

import heapq
from collections.abc import Iterator
from itertools import count

from broker.core.session import Session
from mqtt.packets import Will

_SPARE = 1_000


class Timers:
    """A heap of times. What a client's return has called off is swept out once it is the most.

    A session's end counts where it is the last that was set, a will where the session still has it.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Session, Will | None]] = []
        self._numbers = count(1)
        self._sweep_at = _SPARE

    def __len__(self) -> int:
        return len(self._heap)

    def end_session(self, session: Session, due: float) -> None:
        """Let a session end, unless its client is back by then."""
        session.timer = self._add(due, session, None)

    def publish_will(self, session: Session, due: float, will: Will) -> None:
        """Let a session's will be published, unless it is called off."""
        session.will = will
        self._add(due, session, will)

    def due(self, now: float) -> Iterator[tuple[Session, Will | None]]:
        """Take what is due: a session with its will, or with ``None`` where it ends."""
        while self._heap and self._heap[0][0] <= now:
            entry = heapq.heappop(self._heap)
            if _counts(entry):
                _, _, session, will = entry
                yield session, will

    def _add(self, due: float, session: Session, will: Will | None) -> int:
        number = next(self._numbers)
        heapq.heappush(self._heap, (due, number, session, will))
        if len(self._heap) > self._sweep_at:
            self._heap = list(filter(_counts, self._heap))
            heapq.heapify(self._heap)
            self._sweep_at = 2 * len(self._heap) + _SPARE
        return number


def _counts(entry: tuple[float, int, Session, Will | None]) -> bool:
    _, number, session, will = entry
    return session.timer == number if will is None else session.will is will
