"""Run the archiver as a service."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from config.settings import Settings, SettingsError
from storage.archive import open_archive
from storage.archive.mover import Mover
from storage.errors import UnavailableError
from storage.sql import SqlStore
from storage.sql.engine import connect

_log = logging.getLogger(__name__)
_DAY = 24 * 60 * 60 * 1000
_COPYING_SECONDS = 60.0
"""How long ClickHouse may take for a block."""
_PAUSE_SECONDS = 600.0
_RETRY_SECONDS = 5.0
_NICENESS = 10


class _StoppedError(Exception):
    """The archiver leaves between two transactions."""


def run(settings: Settings, tell_ready: Callable[[], None]) -> None:
    """Move what is old, again and again, until SIGTERM or SIGINT.

    Raises:
        SettingsError: the settings name no archive.
    """
    if not settings.archive.url:
        raise SettingsError("archive.url is empty: there is nowhere to move old messages")
    stopping = threading.Event()

    def leave(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    # Whoever reads or writes messages comes first.
    os.nice(_NICENESS)
    archiver = _Archiver(settings, stopping)
    tell_ready()
    _log.info("the archiver works")
    while not stopping.wait(archiver.turn()):
        pass
    _log.info("the archiver has stopped")


class _Archiver:
    def __init__(self, settings: Settings, stopping: threading.Event) -> None:
        self._window = settings.archive.after_days * _DAY
        self._stopping = stopping
        self._archive = open_archive(settings.archive.url, _COPYING_SECONDS)
        store = SqlStore(connect(settings.ledger_url))
        self._mover = Mover(store, self._archive, rest=self._rest)

    def turn(self) -> float:
        """Make one pass, and give the seconds until the next one."""
        try:
            self._archive.prepare()
            moved = self._mover.move(before=time.time_ns() // 1_000_000 - self._window)
        except UnavailableError as error:
            _log.warning("waiting: %s", error)
            return _RETRY_SECONDS
        except _StoppedError:
            return 0
        if moved.rows:
            _log.info("%d messages are in the archive now", moved.rows)
        return _PAUSE_SECONDS

    def _rest(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise _StoppedError
