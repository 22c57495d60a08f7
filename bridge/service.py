"""Run the bridge as a service."""

import logging
import signal
import time
from collections.abc import Callable
from types import FrameType

from bridge.link import Link
from bridge.worker import Worker
from config import keys
from config.settings import Settings
from parley_protocol import tokens
from storage import open_ledger

_log = logging.getLogger(__name__)


def run(settings: Settings, tell_ready: Callable[[], None]) -> None:
    """Work until SIGTERM or SIGINT; the batch that was begun is finished first."""
    token = keys.bridge_token(settings.folder)
    claims = tokens.verify(keys.public_key(settings.folder), token, now=int(time.time()))
    link = Link(settings.broker_url, claims, token, tell_ready)
    worker = Worker(
        link,
        open_ledger(settings.ledger_url, settings.archive.url),
        batch=settings.bridge.batch,
        fans_out=settings.broker.engine == "parley",
    )

    def leave(_signal: int, _frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    _log.info("the bridge works")
    worker.run()
    link.stop()
    _log.info("the bridge has stopped")
