"""``parley erase``: close an account for whoever runs the house."""

import time

import click
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from config.settings import Settings
from parley.options import UnusableError
from parley.portability.place import Place, ledger_of
from storage.accounts import Account
from storage.errors import LedgerError


def run(settings: Settings, name: str, *, is_sure: bool) -> None:
    """Erase the account that bears a name, after a question unless one is sure.

    Raises:
        UnusableError: there is no such account, or the database does not answer.
    """
    with ledger_of(settings) as place:
        uid = _uid_of(place, name)
        if not is_sure:
            click.confirm(f"Erase {name}, and all that {name} has said, for ever?", abort=True)
        try:
            place.ledger.erase(uid, time.time_ns() // 1_000_000)
        except LedgerError as error:
            raise UnusableError(str(error)) from None
    click.echo(f"The account {name} is closed; the keeper forgets what {name} has said.")


def _uid_of(place: Place, name: str) -> str:
    named = select(Account.uid).where(Account.name == name, Account.erased_at.is_(None))
    with Database(place.engine) as database:
        uid = database.scalar(named)
    if uid is None:
        raise UnusableError(f"there is no account {name}")
    return uid
