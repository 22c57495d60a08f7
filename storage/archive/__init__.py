"""The archive: messages that are older than the ledger's window, on ClickHouse."""

from storage.archive.archive import Archive, NoArchive

__all__ = ["Archive", "NoArchive", "open_archive"]

_READING_SECONDS = 5.0


def open_archive(url: str, seconds: float = _READING_SECONDS) -> Archive:
    """Open the archive at ``clickhouse://user@host:port/database``; none where it is empty.

    ``seconds`` is how long a statement may take. The password is taken from the environment
    variable ``CLICKHOUSE_PASSWORD``.
    """
    if not url:
        return NoArchive()
    # Most have none, and loading the driver is the half of a small service's start.
    from storage.archive.clickhouse import ClickHouseArchive  # noqa: PLC0415
    from storage.archive.connection import connect  # noqa: PLC0415

    return ClickHouseArchive(connect(url, seconds))
