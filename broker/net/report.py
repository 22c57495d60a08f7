"""What was refused, ended and thrown away, told in the log, however often it happens."""

import logging
from collections import Counter

from broker.core.core import Core

_log = logging.getLogger(__name__)
_OVERLOAD = frozenset(
    {
        "connection_rate_exceeded",
        "message_rate_too_high",
        "queue_full",
        "quota_exceeded",
        "slow_reader",
    }
)


class Report:
    """Tells what has come since it last told: a line for each kind, with counts by reason."""

    def __init__(self, core: Core) -> None:
        self._counters = {
            "connections refused": core.counts.refused,
            "connections ended": core.counts.ended,
            "messages dropped": core.dropped,
        }
        self._told: dict[str, Counter[str]] = {kind: Counter() for kind in self._counters}

    def tell(self) -> None:
        """Log what is new; what comes of too much to do is a warning."""
        for kind, counter in self._counters.items():
            new = counter - self._told[kind]
            self._told[kind] = counter.copy()
            if new:
                level = logging.WARNING if new.keys() & _OVERLOAD else logging.INFO
                _log.log(level, kind, extra={"fields": {"reasons": dict(new)}})
