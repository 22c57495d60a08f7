"""One form of log line for all services: time, level, service, message and fields.

Whoever logs may add fields: ``extra={"fields": {"port": 1883}}``.
"""

import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping

from config.settings import Log


def set_up(service: str, log: Log) -> None:
    """Send what is logged to stderr, with the time in UTC (RFC 3339)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLine(service) if log.format == "json" else TextLine(service))
    logging.basicConfig(level=log.level.upper(), handlers=[handler], force=True)
    # They name every request, with addresses and parameters.
    for chatty in ("httpx", "httpcore", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class _Line(logging.Formatter):
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self, service: str) -> None:
        super().__init__(f"%(asctime)s %(levelname)-7s {service}: %(message)s")
        self.converter = time.gmtime
        self.service = service


class TextLine(_Line):
    """For people: fields stand behind the message."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return " ".join((super().formatMessage(record), *_words(_fields(record))))


class JsonLine(_Line):
    """For programs: a JSON object in ASCII, fields beside what every line has."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            **_fields(record),
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "service": self.service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    fields: Mapping[str, object] = getattr(record, "fields", {})
    return fields


def _words(fields: Mapping[str, object]) -> Iterator[str]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _words(value)
        else:
            yield f"{name}={value}"
