"""A short storm; ``make faults`` is a long one."""

from pathlib import Path

from tests.clickhouse import ClickHouse
from tests.faults.storm import storm
from tests.postgres import Postgres

_SECONDS = 15.0


async def test_what_was_sent_is_found_once_and_in_order(
    tmp_path: Path, postgres: Postgres, clickhouse: ClickHouse
) -> None:
    report = await storm(tmp_path, postgres, clickhouse, _SECONDS)
    assert (report.mismatches, report.tracebacks) == (0, 0)
    assert min(report.kills.values()) > 0
    assert report.archived > 0
