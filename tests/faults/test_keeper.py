"""The keeper and ClickHouse are killed in the middle of moves: nothing lost, nothing doubled."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from config import keys
from parley_protocol.payloads import Entry
from storage.archive.clickhouse import ClickHouseArchive
from storage.archive.connection import NativeConnection
from storage.archive.connection import connect as connect_archive
from storage.archive.mover import KEEP
from storage.ledger import Ledger
from storage.sql import SqlStore
from storage.sql.engine import connect
from storage.sql.tables import conversations
from tests.clickhouse import ClickHouse
from tests.platform import wait
from tests.unit.storage.conftest import add_people, draft_group, index

_GROUPS, _MESSAGES = 6, 1_500
_KILLS = 4
pytestmark = pytest.mark.timeout(600)


class House:
    """A filled ledger, its archive, and the keeper as a process of its own."""

    def __init__(
        self, folder: Path, archive_url: str, connection: NativeConnection, engine: Engine
    ) -> None:
        self.engine = engine
        self.ledger = Ledger(SqlStore(engine), ClickHouseArchive(connection))
        (self.uid,) = add_people(engine, 1)
        self.cids = [self._talk(n) for n in range(_GROUPS)]
        # What is not indexed is not moved.
        index(self.ledger)
        keys.create(folder)
        self._log = folder / "keeper.log"
        self._started: list[subprocess.Popen[bytes]] = []
        self._settings = folder / "parley.toml"
        self._settings.write_text(
            f"data = '{folder}'\n[ledger]\nurl = '{engine.url}'\n"
            f"[archive]\nurl = '{archive_url}'\nafter_days = 0\n"
        )

    def _talk(self, number: int) -> str:
        cid = self.ledger.create_group(self.uid, str(number), [], now=1).cid
        drafts = [draft_group(self.uid, cid, f"{number} {n}") for n in range(_MESSAGES)]
        self.ledger.commit(drafts, now=number * 3_000_000_000 + 1)
        return cid

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "parley", "keeper", "--config", str(self._settings)]
        with self._log.open("ab") as log:
            keeper = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self._started.append(keeper)
        return keeper

    def close(self) -> None:
        """End whatever a test that failed has left."""
        for keeper in self._started:
            keeper.kill()
            keeper.wait()

    def log(self) -> str:
        return self._log.read_text()

    def archived(self) -> int:
        with self.engine.connect() as connection:
            return int(connection.scalar(select(func.sum(conversations.c.archived))) or 0)

    def history(self, cid: str) -> list[Entry]:
        found: list[Entry] = []
        while page := self.ledger.messages(
            self.uid, cid, after=len(found), before=None, limit=KEEP
        ):
            found += page
        return found


@pytest.fixture(params=["sqlite_ledger", "postgres_ledger"])
def house(
    request: pytest.FixtureRequest, tmp_path: Path, clickhouse: ClickHouse
) -> Iterator[House]:
    engine = connect(request.getfixturevalue(request.param))
    archive_url = clickhouse.new_database()
    with (
        closing(connect_archive(archive_url, 60)) as connection,
        closing(House(tmp_path, archive_url, connection, engine)) as house,
    ):
        yield house
    engine.dispose()


def test_kills_in_the_middle_of_moves(house: House, clickhouse: ClickHouse) -> None:
    before = {cid: house.history(cid) for cid in house.cids}
    for number in range(_KILLS):
        archived = house.archived()
        keeper = house.start()
        wait(lambda archived=archived: house.archived() > archived, house.log)  # type: ignore[misc]
        if number % 2:
            clickhouse.kill()
        keeper.kill()
        keeper.wait()
        if number % 2:
            clickhouse.start()
        assert {cid: house.history(cid) for cid in house.cids} == before
    keeper = house.start()
    wait(lambda: house.archived() == _GROUPS * (_MESSAGES + 1 - KEEP), house.log)
    keeper.send_signal(signal.SIGTERM)
    assert keeper.wait(60) == 0
    assert {cid: house.history(cid) for cid in house.cids} == before
    assert "Traceback" not in house.log()


def test_while_clickhouse_is_away_only_the_archive_waits(
    house: House, clickhouse: ClickHouse
) -> None:
    clickhouse.kill()
    keeper = house.start()
    wait(lambda: "waiting: the archive does not answer" in house.log(), house.log)
    wait(lambda: not house.ledger.unindexed(), house.log)
    clickhouse.start()
    wait(lambda: house.archived() > 0, house.log)
    keeper.send_signal(signal.SIGTERM)
    assert keeper.wait(60) == 0
    assert "Traceback" not in house.log()
