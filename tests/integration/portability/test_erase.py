"""``parley erase`` as an operator types it."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from storage.accounts import Account
from storage.sql.tables import erasures
from tests.integration.conftest import Type


@pytest.fixture
def ada(data: Path, tmp_path: Path, type_: Type) -> Path:
    """A folder with an account ada."""
    file = tmp_path / "2004-11-15.log"
    file.write_text("[10:00] <ada> hello\n")
    type_("import", "irc", file, "--data", data, "--group", "#g")
    return data


def erased(data: Path) -> list[str]:
    """Give the people who are to be forgotten."""
    engine = create_engine(f"sqlite:///{data / 'parley.db'}")
    with engine.connect() as connection:
        is_gone = Account.erased_at.is_not(None)
        gone = set(connection.scalars(select(Account.uid).where(is_gone)))
        found = list(connection.scalars(select(erasures.c.uid)))
    engine.dispose()
    assert gone == set(found)
    return found


def test_an_account_is_erased_once(ada: Path, type_: Type) -> None:
    status, out, error = type_("erase", "ada", "--yes", "--data", ada)
    assert (status, out.count("\n"), error) == (0, 1, "")
    assert len(erased(ada)) == 1
    status, out, error = type_("erase", "ada", "--yes", "--data", ada)
    assert (status, out, error) == (2, "", "parley: there is no account ada\n")


def test_it_asks_first(ada: Path, type_: Type) -> None:
    """Nobody is there to answer."""
    status, _, _ = type_("erase", "ada", "--data", ada)
    assert status != 0
    assert erased(ada) == []


def test_mistakes(data: Path, tmp_path: Path, type_: Type) -> None:
    for folder, words in ((data, "no account nobody"), (tmp_path / "none", "no database")):
        status, out, error = type_("erase", "nobody", "--data", folder)
        assert (status, out, error.count("\n")) == (2, "", 1)
        assert words in error
