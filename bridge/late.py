"""Messages that only the archive can decide: asked beside the loop, so that no other waits."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from storage.errors import UnavailableError
from storage.model import Decided, Draft

_log = logging.getLogger(__name__)
_BATCHES = 100
"""Batches that wait at most; to those beyond nobody answers, and their senders repeat them."""

Decision = tuple[Draft, Decided]


class Latecomers:
    """Repeats and changes of what is archived, on their way through ``decide``.

    While the archive is away they stay without an answer: their senders repeat them, after
    growing pauses.
    """

    def __init__(self, decide: Callable[[Sequence[Draft]], list[Decision]]) -> None:
        self._decide = decide
        self._waiting: queue.Queue[Sequence[Draft]] = queue.Queue(_BATCHES)
        self._decided: queue.SimpleQueue[Decision] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="late", daemon=True).start()

    def take(self, drafts: Sequence[Draft]) -> None:
        """Begin to decide messages."""
        try:
            self._waiting.put_nowait(drafts)
        except queue.Full:
            _log.warning("%d messages stay without an answer: too many wait", len(drafts))

    def decided(self) -> list[Decision]:
        """Give what has been decided since the last call."""
        return [self._decided.get() for _ in range(self._decided.qsize())]

    def _work(self) -> None:
        while True:
            drafts = self._waiting.get()
            try:
                for decision in self._decide(drafts):
                    self._decided.put(decision)
            except UnavailableError as error:
                _log.warning("%d messages stay without an answer: %s", len(drafts), error)
