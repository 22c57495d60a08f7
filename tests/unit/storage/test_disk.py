"""What is forgotten is not on the disk any more: the stores' files are searched for it."""

from collections.abc import Iterable
from contextlib import closing
from itertools import chain
from pathlib import Path
from random import choices
from string import ascii_lowercase, digits

import pytest
from sqlalchemy import Engine, text

from storage.archive.clickhouse import ClickHouseArchive
from storage.archive.connection import PASSWORD_VARIABLE
from storage.archive.connection import connect as connect_archive
from storage.archive.memory import MemoryArchive
from storage.archive.mover import Mover
from storage.forgetter import Forgetter
from storage.ledger import Ledger
from storage.model import Draft
from storage.sql import SqlStore
from storage.sql.engine import connect
from storage.sql.migrate import migrate
from tests.clickhouse import PASSWORD, ClickHouse
from tests.platform import wait
from tests.postgres import Postgres
from tests.unit.storage.conftest import add_people, draft_group, index

DAY = 24 * 3600 * 1000
MESSAGES = 300
"""In each conversation: enough that its rows and words lie on many pages."""


class Talk:
    """Two people talk in three groups: what one says, and what one group keeps, is forgotten."""

    def __init__(self, engine: Engine, archive: ClickHouseArchive | None = None) -> None:
        self.store = SqlStore(engine)
        self.archive = archive or MemoryArchive()
        self.ledger = Ledger(self.store, self.archive)
        self.ada, self.bob = add_people(engine, 2)
        self.kept, self.forgotten = list[str](), list[str]()
        group = self._group("Group", days=None)
        short = self._group("Short", days=1)
        left = self._group("Left", days=None)
        of_ada = [self._draft(self.ada, group, self.forgotten) for _ in range(MESSAGES)]
        of_bob = [self._draft(self.bob, group, self.kept) for _ in range(MESSAGES)]
        old = [self._draft(self.bob, short, self.forgotten) for _ in range(MESSAGES)]
        gone = [self._draft(self.ada, left, self.forgotten) for _ in range(MESSAGES)]
        edits = [
            self._draft(self.ada, left, self.forgotten, type="edit", target=draft.message.id)
            for draft in gone[::10]
        ]
        drafts = [*chain.from_iterable(zip(of_ada, of_bob, old, gone, strict=True)), *edits]
        for at in range(0, len(drafts), 100):
            self.ledger.commit(drafts[at : at + 100], now=1)
        index(self.ledger)

    def _group(self, name: str, days: int | None) -> str:
        cid = self.ledger.create_group(self.bob, name, [self.ada], now=0).cid
        if days:
            self.ledger.set_retention(self.bob, cid, days, now=0)
        return cid

    def _draft(self, uid: str, cid: str, among: list[str], **fields: object) -> Draft:
        """Say two words that nobody ever said; so long that an index holds their ends as such."""
        words = ["".join(choices(ascii_lowercase + digits, k=28)) for _ in range(2)]
        among += [word[8:] for word in words]
        return draft_group(uid, cid, " ".join(words), **fields)

    def move(self) -> None:
        assert Mover(self.store, self.archive, keep=9, rest=lambda _: None).move(DAY).rows > 600

    def forget(self) -> None:
        self.ledger.erase(self.ada, now=2)
        index(self.ledger)
        forgetter = Forgetter(self.store, self.archive, rest=lambda _: None)
        forgetter.sweep(9 * DAY)
        forgetter.erase()
        forgetter.wipe(9 * DAY)


def on_disk(folder: Path, words: Iterable[str]) -> set[str]:
    """Give those of some words that stand in some file of a folder."""
    wanted = set(words)
    found = set[str]()
    for file in [path for path in folder.rglob("*") if path.is_file()]:
        try:
            content = file.read_bytes()
        except FileNotFoundError:  # ClickHouse has merged it away
            continue
        found |= {word for word in wanted - found if word.encode() in content}
    return found


@pytest.mark.parametrize("is_moved", [False, True], ids=["in the ledger", "archived"])
def test_on_sqlite(tmp_path: Path, *, is_moved: bool) -> None:
    """File, log and search index; the connections stay open as those of services do."""
    url = f"sqlite:///{tmp_path / 'parley.db'}"
    migrate(url)
    engine = connect(url)
    talk = Talk(engine)
    assert on_disk(tmp_path, talk.forgotten) == set(talk.forgotten)
    if is_moved:
        talk.move()
    talk.forget()
    assert on_disk(tmp_path, talk.forgotten) == set()
    if not is_moved:
        assert on_disk(tmp_path, talk.kept) == set(talk.kept)
    engine.dispose()


def test_on_postgresql_when_its_tables_are_written_again(postgres: Postgres) -> None:
    """As the page on erasure tells the operator; the log of writes, which turns over, is left."""
    url = postgres.new_database()
    migrate(url)
    engine = connect(url)
    talk = Talk(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
        name = text("SELECT oid FROM pg_database WHERE datname = current_database()")
        files = postgres.files(plain.scalar(name) or 0)
        plain.execute(text("CHECKPOINT"))
        assert on_disk(files, talk.forgotten) == set(talk.forgotten)
        talk.forget()
        plain.execute(text("VACUUM FULL messages, search_messages, accounts"))
        plain.execute(text("CHECKPOINT"))
        assert on_disk(files, talk.forgotten) == set()
        assert on_disk(files, talk.kept) == set(talk.kept)
    engine.dispose()


def test_on_clickhouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that were written again are deleted by the server itself, after a while.

    It packs texts, here so that most of such words stay as they are.
    """
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    folder = tmp_path / "clickhouse"
    folder.mkdir()
    url = f"sqlite:///{tmp_path / 'parley.db'}"
    migrate(url)
    engine = connect(url)
    with (
        ClickHouse(folder, compression="lz4") as server,
        closing(connect_archive(server.new_database(), 60)) as connection,
    ):
        archive = ClickHouseArchive(connection)
        archive.prepare()
        talk = Talk(engine, archive)
        talk.move()
        assert len(on_disk(folder, talk.forgotten)) > len(talk.forgotten) / 3
        talk.forget()
        wait(lambda: not on_disk(folder, talk.forgotten))
        assert len(on_disk(folder, talk.kept)) > len(talk.kept) / 3
    engine.dispose()
