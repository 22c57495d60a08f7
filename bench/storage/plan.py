"""How much is measured, and helpers that every figure needs."""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import insert

from parley_protocol.ids import new_id
from storage.accounts import Account
from storage.sql.engine import connect
from storage.sql.migrate import migrate
from tests.postgres import Postgres

Line = dict[str, object]
STORES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Plan:
    """Runs of each kind, and messages in a full ledger."""

    rounds: int
    size: int


@contextmanager
def databases() -> Iterator["Databases"]:
    """Run a PostgreSQL server, and make a folder for SQLite; both are gone afterwards."""
    with TemporaryDirectory(prefix="parley-bench-") as folder, Postgres() as server:
        yield Databases(Path(folder), server)


class Databases:
    """New, empty ledgers on either store."""

    def __init__(self, folder: Path, server: Postgres) -> None:
        self.server = server
        self._folder = folder

    @contextmanager
    def new(self, store: str) -> Iterator[str]:
        """Make a database with Parley's tables; give its URL; drop it afterwards."""
        if store == "postgresql":
            url = self.server.new_database()
            migrate(url)
            yield url
            self.server.drop_database(url)
            return
        with TemporaryDirectory(dir=self._folder) as folder:
            url = f"sqlite:///{folder}/parley.db"
            migrate(url)
            yield url


def add_people(url: str, count: int) -> list[str]:
    """Make accounts; give their uids."""
    engine = connect(url)
    uids = [new_id() for _ in range(count)]
    row = {"display_name": "", "password_hash": "", "created_at": 0}
    with engine.begin() as connection:
        connection.execute(insert(Account), [row | {"uid": uid, "name": uid} for uid in uids])
    engine.dispose()
    return uids


def percentile(values: Sequence[float], share: int) -> float:
    """Give the value that ``share`` of a hundred values do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]
