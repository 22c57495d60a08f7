"""Times as the API shows them."""

from datetime import UTC, datetime

_MILLISECONDS = 1_000


def utc(milliseconds: int) -> datetime:
    """Show a time of the ledger."""
    return datetime.fromtimestamp(milliseconds / _MILLISECONDS, UTC)


def stamp(time: datetime) -> int:
    """Give a time as the ledger has it: milliseconds since 1970."""
    return round(time.timestamp() * _MILLISECONDS)
