"""Servers that tests of several folders share, and what a whole run says at its end."""

import os
from collections.abc import Iterator

import pytest

from storage.archive.connection import PASSWORD_VARIABLE
from tests.clickhouse import PASSWORD, ClickHouse
from tests.logs import left_out
from tests.postgres import Postgres


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in left_out():
        terminalreporter.write_line(f"left out: {line}")
