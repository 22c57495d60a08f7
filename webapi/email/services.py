"""What e-mail addresses do in the database."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Database

from storage import tickets
from storage.accounts import Account
from webapi import letters
from webapi.accounts.services import find
from webapi.database import writing
from webapi.mail import CODE_SECONDS, post
from webapi.problems import ProblemError, code_invalid


def begin(uid: str, email: str, now: int) -> None:
    """Mail a code to an address; whose it is by now, its owner alone learns, by ``confirm``."""
    with writing() as database:
        name = find(database, uid).name
        tickets.withdraw(database, "email", uid)
        code = tickets.issue(database, "email", uid, email, expires_at=now + CODE_SECONDS)
        post(database, letters.confirm_email(email, name, code), now)


def confirm(uid: str, code: str, now: int) -> Account:
    """Give an account the address that a code was mailed to.

    Raises:
        ProblemError: 403, the code is not good; 409, another account has the address.
    """
    try:
        with writing() as database:
            ticket = tickets.take(database, "email", code, now)
            if ticket is None or ticket.uid != uid:
                raise code_invalid()
            account = find(database, uid)
            _tell_earlier(database, account, now)
            account.email = ticket.content
            database.flush()
            database.expunge(account)
            return account
    except IntegrityError:
        raise ProblemError(409, "email_taken", "another account has this address") from None


def remove(uid: str, now: int) -> None:
    """Take an account's address away."""
    with writing() as database:
        account = find(database, uid)
        _tell_earlier(database, account, now)
        account.email = None


def _tell_earlier(database: Database, account: Account, now: int) -> None:
    if account.email is not None:
        post(database, letters.email_changed(account.email, account.name), now)
