"""What passwords do in the database."""

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from parley_protocol.tokens import Claims
from storage import tickets
from storage.accounts import Account
from webapi import letters
from webapi.accounts.services import find
from webapi.database import writing
from webapi.mail import CODE_SECONDS, post
from webapi.problems import code_invalid
from webapi.sessions.issuer import issuer
from webapi.sessions.services import end_others


def change(claims: Claims, password_hash: str, now: int) -> None:
    """Set a password, and end the sessions of all devices but the one that asks."""
    with writing() as database:
        account = find(database, claims.sub)
        _set(database, account, password_hash, now)
        end_others(database, issuer(), account.uid, claims.device, now)


def begin(email: str, now: int) -> None:
    """Mail a code to an account's address.

    Where there is none the same is written, for nobody: the time taken tells nothing.
    """
    with writing() as database:
        found = select(Account.uid, Account.name).where(Account.email == email)
        row = database.execute(found).one_or_none()
        uid, name = (row.uid, row.name) if row else (None, "")
        tickets.withdraw(database, "password", uid)
        code = tickets.issue(database, "password", uid, "", expires_at=now + CODE_SECONDS)
        letter = letters.reset_password(email if uid else None, name, code)
        post(database, letter, now)


def finish(code: str, password_hash: str, now: int) -> None:
    """Set a password by a mailed code, and end the sessions of all devices.

    Raises:
        ProblemError: 403, the code is not good.
    """
    with writing() as database:
        ticket = tickets.take(database, "password", code, now)
        if ticket is None or ticket.uid is None:
            raise code_invalid()
        account = find(database, ticket.uid)
        _set(database, account, password_hash, now)
        end_others(database, issuer(), account.uid, None, now)


def _set(database: Database, account: Account, password_hash: str, now: int) -> None:
    account.password_hash = password_hash
    if account.email is not None:
        post(database, letters.password_changed(account.email, account.name), now)
