"""The ledger on each of its stores: one contract for all."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from parley_protocol.ids import new_id
from parley_protocol.payloads import Entry, Message
from storage.accounts import Account
from storage.archive import Archive
from storage.archive.clickhouse import ClickHouseArchive
from storage.archive.connection import connect as connect_archive
from storage.archive.memory import MemoryArchive
from storage.archive.mover import Mover
from storage.errors import RivalError, UnavailableError
from storage.ledger import Ledger
from storage.memory import MemoryStore
from storage.model import Draft, Foreign, Found, Opening, Outcome, Sync
from storage.sql import SqlStore
from storage.sql.engine import connect
from storage.unit import Store
from tests.clickhouse import ClickHouse

_SECONDS = 60.0
_LEDGERS = {"sqlite": "sqlite_ledger", "postgresql": "postgres_ledger"}
"""The fixtures that give empty ones."""


@dataclass
class Setting:
    """A ledger, the store and maybe the archive below it, and a way to make people."""

    ledger: Ledger
    store: Store
    add_people: Callable[[int], list[str]]
    archive: Archive | None = None


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, without any tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'parley.db'}"
    database: str = request.getfixturevalue("postgres").new_database()
    return database


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """A database with all tables, and nothing in them."""
    found: str = request.getfixturevalue(_LEDGERS[request.param])
    return found


@pytest.fixture
def clickhouse_archive(clickhouse: ClickHouse) -> Iterator[ClickHouseArchive]:
    """An archive in a new database of the test run's server."""
    with closing(connect_archive(clickhouse.new_database(), _SECONDS)) as connection:
        yield ClickHouseArchive(connection)


def index(ledger: Ledger) -> None:
    """Index all, as the indexer does."""
    while portions := ledger.unindexed():
        for portion in portions:
            ledger.index(portion)


class ArchivingLedger(Ledger):
    """A ledger that moves all it has to its archive before anything is asked of it."""

    def __init__(self, store: Store, archive: Archive) -> None:
        super().__init__(store, archive)
        archive.prepare()
        self._mover = Mover(store, archive, keep=0, rest=lambda _: None)

    def commit(self, drafts: Sequence[Draft], now: int) -> list[Outcome]:
        self._move()
        while True:
            try:
                return list(super().commit_old(drafts, now))
            except UnavailableError:
                # Other threads have moved the conversation three times meanwhile.
                continue

    def bring_in(self, opening: Opening, messages: Sequence[Foreign], now: int) -> int:
        self._move()
        return super().bring_in(opening, messages, now)

    def messages(
        self, uid: str, cid: str, *, after: int | None, before: int | None, limit: int
    ) -> list[Entry]:
        self._move()
        return super().messages(uid, cid, after=after, before=before, limit=limit)

    def message(self, uid: str, cid: str, seq: int) -> Entry:
        self._move()
        return super().message(uid, cid, seq)

    def sync(self, uid: str, cursors: Mapping[str, int]) -> Sync:
        self._move()
        return super().sync(uid, cursors)

    def search(self, uid: str, query: str, **options: Any) -> Found:
        # What is not indexed stays in the ledger, with what is said about it.
        self._mover.move(before=1 << 62)
        return super().search(uid, query, **options)

    def _move(self) -> None:
        # Another thread may be indexing the same.
        with suppress(RivalError):
            index(self)
        assert self._mover.move(before=1 << 62).differ == []


STORES = ["memory", "sqlite", "postgresql"]
"""Where the ledger lies."""
SEAMS = ["sqlite+memory", "postgresql+clickhouse"]
"""A ledger, and the archive to which all of it is moved at once."""


@pytest.fixture(params=STORES + SEAMS)
def setting(request: pytest.FixtureRequest) -> Iterator[Setting]:
    """A new, empty ledger."""
    store, _, archive = request.param.partition("+")
    if store == "memory":
        yield _in_memory()
        return
    engine = connect(request.getfixturevalue(_LEDGERS[store]))
    setting = _on_sql(engine)
    if archive == "memory":
        setting.archive = MemoryArchive()
    elif archive == "clickhouse":
        setting.archive = request.getfixturevalue("clickhouse_archive")
    if setting.archive is not None:
        setting.ledger = ArchivingLedger(setting.store, setting.archive)
    yield setting
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


def message_id() -> str:
    """Make an id of the tests' time, which begins in 1970: older than all that is stored."""
    return "0" * 12 + new_id()[12:]


def draft_dm(sender: str, peer: str, text: str = "hello", **fields: object) -> Draft:
    """Make a message to one person."""
    return Draft(sender, new_id(), "dm", peer, _message(text, fields))


def draft_group(sender: str, gid: str, text: str = "hello", **fields: object) -> Draft:
    """Make a message to a group."""
    return Draft(sender, new_id(), "group", gid, _message(text, fields))


def _message(text: str, fields: dict[str, object]) -> Message:
    return Message(**{"id": message_id(), "sent_at": 1, "text": text} | fields)  # type: ignore[arg-type]


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
