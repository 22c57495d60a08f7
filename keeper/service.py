"""Run the keeper as a service: its loops, a thread each, none of which delays another."""

import logging
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from types import FrameType
from typing import Protocol

from config.settings import Settings
from keeper.archiver import Archiver
from keeper.indexer import Indexer
from keeper.mailer import Mailer
from storage import open_ledger

_log = logging.getLogger(__name__)
_NICENESS = 10


class Loop(Protocol):
    """Work that goes on until it is told to end."""

    def run(self) -> None:
        """Work until ``stop``; what was begun is finished."""

    def stop(self) -> None:
        """Ask ``run`` to end; in any thread, and more than once."""


def run(settings: Settings, tell_ready: Callable[[], None]) -> None:
    """Work until SIGTERM or SIGINT; the portion that was begun is finished first."""
    # Whoever reads or writes messages comes first.
    os.nice(_NICENESS)
    loops = (Indexer(open_ledger(settings.ledger_url)), Archiver(settings), Mailer(settings))

    def leave(_signal: int, _frame: FrameType | None) -> None:
        _stop(loops)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    tell_ready()
    _log.info("the keeper works")
    work(loops)
    _log.info("the keeper has stopped")


def work(loops: Sequence[Loop]) -> None:
    """Run loops beside each other until all have ended.

    Where one fails, the others are stopped and its error is raised: half a keeper would go unseen.
    """
    with ThreadPoolExecutor(len(loops)) as threads:
        running = [threads.submit(loop.run) for loop in loops]
        wait(running, return_when=FIRST_EXCEPTION)
        _stop(loops)
    for ended in running:
        ended.result()


def _stop(loops: Sequence[Loop]) -> None:
    for loop in loops:
        loop.stop()
