"""The indexer's loop: look what is not indexed, and index it portion by portion."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from storage.errors import UnavailableError
from storage.ledger import Ledger

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_IDLE_SECONDS = 0.5
"""How long a message may wait for the indexer; search looks through what waits by itself."""
_UNAVAILABLE_SECONDS = 2.0
_REST = 1.0
"""Rest after each portion, as a part of the time it took: others write, too, and on SQLite one
at a time. Where they write much, a portion takes long, and so does the rest."""
_LOOK_REST = 20.0
"""The same after looking and finding nothing, which reads all conversations' heads."""


class Indexer:
    """Keeps the search index of a ledger. Several at once do no harm, and no good."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until ``stop``; a portion that was begun is finished."""
        while not self._stopping.is_set():
            began = time.monotonic()
            if not self.round():
                took = time.monotonic() - began
                self._stopping.wait(max(_IDLE_SECONDS, took * _LOOK_REST))

    def stop(self) -> None:
        """Ask ``run`` to end."""
        self._stopping.set()

    def round(self) -> bool:
        """Index what is not indexed, up to a bound; tell whether there was anything."""
        portions = self._patiently(self._ledger.unindexed) or []
        for portion in portions:
            if self._stopping.is_set():
                break
            began = time.monotonic()
            self._patiently(lambda portion=portion: self._ledger.index(portion))  # type: ignore[misc]
            self._stopping.wait((time.monotonic() - began) * _REST)
        return bool(portions)

    def _patiently(self, step: Callable[[], _T]) -> _T | None:
        """Wait for a database that is away; ``None`` where ``stop`` was called meanwhile."""
        while not self._stopping.is_set():
            try:
                return step()
            except UnavailableError as error:
                _log.warning("waiting: %s", error)
                self._stopping.wait(_UNAVAILABLE_SECONDS)
        return None
