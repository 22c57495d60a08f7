"""Run the indexer as a service."""

import logging
import os
import signal
from collections.abc import Callable
from types import FrameType

from config.settings import Settings
from indexer.worker import Indexer
from storage import open_ledger

_log = logging.getLogger(__name__)
_NICENESS = 10


def run(settings: Settings, tell_ready: Callable[[], None]) -> None:
    """Work until SIGTERM or SIGINT; the portion that was begun is finished first."""
    # Search finds what is not indexed yet, so nobody waits for the indexer.
    os.nice(_NICENESS)
    indexer = Indexer(open_ledger(settings.ledger_url))

    def leave(_signal: int, _frame: FrameType | None) -> None:
        indexer.stop()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    tell_ready()
    _log.info("the indexer works")
    indexer.run()
    _log.info("the indexer has stopped")
