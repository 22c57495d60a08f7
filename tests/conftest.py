"""Servers that tests of several folders share, and what a whole run says at its end."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, inspect

from storage.archive.connection import PASSWORD_VARIABLE
from storage.sql.engine import connect
from storage.sql.migrate import migrate
from tests.clickhouse import PASSWORD, ClickHouse
from tests.logs import left_out
from tests.postgres import Postgres

# Nothing is wrong with a test because the machine is slow.
settings.register_profile("parley", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("parley")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of the test run's own."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """A ClickHouse server of the test run's own; its password is in the environment."""
    os.environ[PASSWORD_VARIABLE] = PASSWORD
    with ClickHouse(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger's database without any rows, to be copied."""
    file = tmp_path_factory.mktemp("tables") / "parley.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_ledger(sqlite_tables: Path, tmp_path: Path) -> str:
    """The URL of an empty ledger of the test's own."""
    return f"sqlite:///{shutil.copy(sqlite_tables, tmp_path)}"


@pytest.fixture(scope="session")
def postgres_tables(postgres: Postgres) -> Iterator[tuple[str, Engine]]:
    """A ledger's database, which one test after the other empties for itself."""
    url = postgres.new_database()
    migrate(url)
    engine = connect(url)
    yield url, engine
    engine.dispose()


@pytest.fixture
def postgres_ledger(postgres_tables: tuple[str, Engine]) -> str:
    """The URL of an empty ledger; to make a database for each would take ten times as long."""
    url, engine = postgres_tables
    with engine.begin() as connection:
        tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
        connection.exec_driver_sql(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY")
    return url


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in left_out():
        terminalreporter.write_line(f"left out: {line}")
