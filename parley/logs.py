"""One form of log line for all services: time, level, service, message."""

import logging
import sys
import time

from config.settings import LogLevel


def set_up(service: str, level: LogLevel) -> None:
    """Send what is logged to stderr, with the time in UTC (RFC 3339)."""
    form = f"%(asctime)s.%(msecs)03dZ %(levelname)-7s {service}: %(message)s"
    formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # They name every request, with addresses and parameters.
    for chatty in ("httpx", "httpcore", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
