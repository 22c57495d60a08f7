"""The archive: messages that are older than the ledger's window, on ClickHouse."""

from storage.archive.archive import Archive, NoArchive
from storage.archive.clickhouse import ClickHouseArchive
from storage.archive.connection import connect

__all__ = ["Archive", "NoArchive", "open_archive"]

_READING_SECONDS = 5.0


def open_archive(url: str, seconds: float = _READING_SECONDS) -> Archive:
    """Open the archive at ``clickhouse://user@host:port/database``; none where it is empty.

    ``seconds`` is how long a statement may take. The password is taken from the environment
    variable ``CLICKHOUSE_PASSWORD``.
    """
    return ClickHouseArchive(connect(url, seconds)) if url else NoArchive()
