"""The ledger on each of its stores: one contract for all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from parley_protocol.ids import new_id
from parley_protocol.payloads import Message
from storage.accounts import Account
from storage.ledger import Ledger
from storage.memory import MemoryStore
from storage.model import Draft
from storage.sql import SqlStore
from storage.sql.engine import connect
from storage.sql.migrate import migrate
from storage.unit import Store
from tests.postgres import Postgres


@dataclass
class Setting:
    """A ledger, the store below it, and a way to make people."""

    ledger: Ledger
    store: Store
    add_people: Callable[[int], list[str]]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server of the test run's own."""
    with Postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, without any tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'parley.db'}"
    database: str = request.getfixturevalue("postgres").new_database()
    return database


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def setting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Setting]:
    """A new, empty ledger."""
    if request.param == "memory":
        yield _in_memory()
        return
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'parley.db'}"
    else:
        url = request.getfixturevalue("postgres").new_database()
    migrate(url)
    engine = connect(url)
    yield _on_sql(engine)
    engine.dispose()


@pytest.fixture
def ledger(setting: Setting) -> Ledger:
    """The ledger of the setting."""
    return setting.ledger


@pytest.fixture
def people(setting: Setting) -> list[str]:
    """Five accounts, by uid."""
    return setting.add_people(5)


def add_people(engine: Engine, count: int) -> list[str]:
    """Make accounts in a database; give their uids."""
    uids = sorted(new_id() for _ in range(count))
    row = {"display_name": "", "password_hash": "", "created_at": 0}
    with engine.begin() as connection:
        connection.execute(insert(Account), [row | {"uid": u, "name": u} for u in uids])
    return uids


def draft_dm(sender: str, peer: str, text: str = "hello", **fields: object) -> Draft:
    """Make a message to one person."""
    return Draft(sender, new_id(), "dm", peer, _message(text, fields))


def draft_group(sender: str, gid: str, text: str = "hello", **fields: object) -> Draft:
    """Make a message to a group."""
    return Draft(sender, new_id(), "group", gid, _message(text, fields))


def _message(text: str, fields: dict[str, object]) -> Message:
    return Message(**{"id": new_id(), "sent_at": 1, "text": text} | fields)  # type: ignore[arg-type]


def _in_memory() -> Setting:
    store = MemoryStore()

    def add_people(count: int) -> list[str]:
        uids = sorted(new_id() for _ in range(count))
        store.add_people(*uids)
        return uids

    return Setting(Ledger(store), store, add_people)


def _on_sql(engine: Engine) -> Setting:
    store = SqlStore(engine)
    return Setting(Ledger(store), store, partial(add_people, engine))
