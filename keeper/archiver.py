"""The archiver's loop: forget what is to be forgotten, and move what is old."""

import logging
import threading
import time

from config.settings import Settings
from storage.archive import open_archive
from storage.archive.mover import Mover
from storage.errors import UnavailableError
from storage.forgetter import Forgetter
from storage.sql import SqlStore
from storage.sql.engine import connect

_log = logging.getLogger(__name__)
_DAY = 24 * 60 * 60 * 1000
_COPYING_SECONDS = 60.0
"""How long ClickHouse may take for a block."""
_PAUSE_SECONDS = 600.0
_LOOK_SECONDS = 5.0
"""How long somebody who leaves for ever waits until it is begun."""


class _StoppedError(Exception):
    """The archiver leaves between two transactions."""


class Archiver:
    """Forgets and moves, again and again. No two may work on one ledger at a time."""

    def __init__(self, settings: Settings) -> None:
        self._window = settings.archive.after_days * _DAY
        self._stopping = threading.Event()
        url = settings.archive.url
        self._archive = open_archive(url, _COPYING_SECONDS) if url else None
        store = SqlStore(connect(settings.ledger_url))
        self._forgetter = Forgetter(store, self._archive, rest=self._rest)
        self._mover = Mover(store, self._archive, rest=self._rest) if self._archive else None
        self._due = 0.0

    def run(self) -> None:
        """Work until ``stop``; a transaction that was begun is finished."""
        while not self._stopping.wait(self._turn()):
            pass

    def stop(self) -> None:
        """Ask ``run`` to end."""
        self._stopping.set()

    def _turn(self) -> float:
        """Make one pass, and give the seconds until the next one."""
        now = time.time_ns() // 1_000_000
        try:
            if self._archive is not None:
                self._archive.prepare()
            self._forgetter.erase()
            if time.monotonic() >= self._due:
                self._forgetter.sweep(now)
                self._move(now)
                self._due = time.monotonic() + _PAUSE_SECONDS
            self._forgetter.wipe(now)
        except UnavailableError as error:
            _log.warning("waiting: %s", error)
        except _StoppedError:
            return 0
        return _LOOK_SECONDS

    def _move(self, now: int) -> None:
        moved = self._mover.move(before=now - self._window) if self._mover else None
        if moved and moved.rows:
            _log.info("%d messages are in the archive now", moved.rows)

    def _rest(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise _StoppedError
