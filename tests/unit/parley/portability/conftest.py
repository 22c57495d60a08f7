"""A ledger on SQLite, as an operator's commands find it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from config.settings import Settings
from parley.portability.place import Place
from parley.prepare import prepare
from parley_protocol.ids import new_id
from parley_protocol.payloads import Entry
from storage.accounts import Account, Session
from storage.ledger import Ledger
from storage.sql import SqlStore
from storage.sql.engine import connect


class House:
    """A ledger on SQLite, and who has an account there."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.ledger = Ledger(SqlStore(engine))
        self.place = Place(engine, self.ledger)

    def sign_up(self, name: str, display_name: str = "") -> str:
        shown = display_name or name
        row = {"uid": new_id(), "name": name, "display_name": shown, "created_at": 0}
        with self.engine.begin() as connection:
            connection.execute(insert(Account), [row | {"password_hash": "some hash"}])
        return row["uid"]  # type: ignore[return-value]

    def open_session(self, uid: str, device_name: str) -> None:
        row: dict[str, object] = {
            "sid": new_id(),
            "uid": uid,
            "device": new_id(),
            "device_name": device_name,
        }
        row |= {"refresh_hash": "a refresh hash", "created_at": 0, "expires_at": 0}
        with self.engine.begin() as connection:
            connection.execute(insert(Session), [row])

    def accounts(self) -> dict[str, Account]:
        with self.engine.connect() as connection:
            rows = connection.execute(select(Account.__table__)).mappings().all()
        return {row["name"]: Account(**row) for row in rows}

    def log(self, uid: str, cid: str) -> list[Entry]:
        return self.ledger.messages(uid, cid, after=0, before=None, limit=100_000)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings(data=str(tmp_path / "data"))
    prepare(settings)
    engine = connect(settings.ledger_url)
    yield House(engine)
    engine.dispose()
