"""Migrations: up, down, and equal to the models, on every database."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from storage.accounts import Base
from storage.sql.engine import connect
from storage.sql.migrate import downgrade, is_current, migrate
from storage.sql.tables import is_described


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'parley.db'}"
    database: str = request.getfixturevalue("postgres").new_database()
    return database


def test_up_and_down_and_up(url: str) -> None:
    assert not is_current(url)
    migrate(url)
    migrate(url)
    assert is_current(url)
    downgrade(url)
    assert not is_current(url)
    engine = connect(url)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    engine.dispose()
    migrate(url)
    assert is_current(url)


def test_the_schema_is_that_of_the_models(url: str) -> None:
    migrate(url)
    engine = connect(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_described})
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert differences == []
