"""Who is who: authors of a source as accounts here, found by name or made."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from parley.portability.imports.derived import derived
from parley.portability.imports.model import Author, Kind
from parley.portability.imports.texts import shown
from storage.accounts import Account
from storage.errors import NotFoundError, UnavailableError
from storage.names import account_name, alternatives
from storage.sql import write_options

NO_PASSWORD = ""
"""Nobody logs in to an account that has this in the place of a password's hash."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An author's account; ``is_new`` where it has still to be made."""

    author: Author
    uid: str
    name: str
    is_new: bool
    can_log_in: bool


class People:
    """Finds accounts for the authors of one source. ``chosen`` names accounts by author."""

    def __init__(self, engine: Engine, kind: Kind, chosen: Mapping[str, str]) -> None:
        self._engine = engine
        self._kind = kind
        self._chosen = dict(chosen)

    def place(self, authors: Iterable[Author]) -> list[Placed]:
        """Find each author's account, or the name of one that can be made; nothing is changed.

        Raises:
            NotFoundError: a chosen account is not there, or is chosen for nobody.
        """
        taken: set[str] = set()
        placed = []
        unused = dict(self._chosen)
        with Session(self._engine) as database:
            for author in authors:
                chosen = self._chosen.get(author.key) or self._chosen.get(author.name)
                for name in (author.key, author.name):
                    unused.pop(name, None)
                found = self._place(database, author, chosen, taken)
                # Two whom the operator calls one person may share an account; others do not.
                taken.add(found.name)
                placed.append(found)
        if unused:
            raise NotFoundError(f"nobody in the file is called {min(unused)}")
        return placed

    def make(self, placed: Iterable[Placed]) -> None:
        """Make the accounts that are new; nobody can log in to them.

        Raises:
            UnavailableError: somebody else has just taken one of the names.
        """
        now = int(time.time())
        new = [_account(one, now) for one in placed if one.is_new]
        try:
            engine = self._engine.execution_options(**write_options)
            with Session(engine) as database, database.begin():
                database.add_all(new)
        except IntegrityError:
            raise UnavailableError("a name was taken just now: try again") from None

    def _place(
        self, database: Session, author: Author, chosen: str | None, taken: set[str]
    ) -> Placed:
        if chosen is not None:
            account = _by_name(database, chosen)
            if account is None:
                raise NotFoundError(f"there is no account {chosen}")
            return _placed(author, account)
        # Made by an earlier import, whatever it is called now.
        uid = derived("person", self._kind, author.key)
        if (account := database.get(Account, uid)) is not None:
            return _placed(author, account)
        names = [account_name(name) for name in author.accounts or (author.name,)]
        for name in names:
            if name not in taken and (account := _by_name(database, name)) is not None:
                return _placed(author, account)
        free = next(
            name
            for name in alternatives(names[0])
            if name not in taken and _by_name(database, name) is None
        )
        return Placed(author, uid, free, is_new=True, can_log_in=False)


def _by_name(database: Session, name: str) -> Account | None:
    return database.scalars(select(Account).where(Account.name == name)).one_or_none()


def _placed(author: Author, account: Account) -> Placed:
    can_log_in = account.password_hash != NO_PASSWORD
    return Placed(author, account.uid, account.name, is_new=False, can_log_in=can_log_in)


def _account(placed: Placed, now: int) -> Account:
    return Account(
        uid=placed.uid,
        name=placed.name,
        display_name=shown(placed.author.name, placed.name),
        password_hash=NO_PASSWORD,
        created_at=now,
    )
