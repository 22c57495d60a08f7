"""What accounts do in the database."""

from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Database

from parley_protocol import rest
from parley_protocol.ids import new_id
from parley_protocol.payloads import AccountChanged, encode
from storage import invitations
from storage.accounts import Account
from storage.sql import SqlUnit
from webapi.database import reading, writing
from webapi.problems import ProblemError


def require_admission(mode: rest.SignUpMode, code: str | None, now: int) -> None:
    """Check that somebody may sign up; whether an invitation is left is settled by ``create``.

    Raises:
        ProblemError: 403, sign-up is closed, or needs an invitation that is good.
    """
    if mode == "closed":
        raise ProblemError(403, "sign_up_closed", "accounts are made by the operator only")
    if mode == "invitation" and code is None:
        raise ProblemError(
            403, "invitation_needed", "an invitation is needed", where="$.invitation"
        )
    if mode == "invitation" and code and not invitations.is_good(reading(), code, now):
        raise _invalid_invitation()


def create(mode: rest.SignUpMode, wanted: rest.SignUp, password_hash: str, now: int) -> Account:
    """Make an account, and use the invitation where one is needed.

    Raises:
        ProblemError: 403, the invitation has just been used up; 409, the name is taken.
    """
    account = Account(
        uid=new_id(),
        name=wanted.name,
        display_name=wanted.display_name or wanted.name,
        password_hash=password_hash,
        created_at=now,
    )
    try:
        with writing() as database:
            database.add(account)
            database.flush()
            database.expunge(account)
            code = wanted.invitation or ""
            if mode == "invitation" and not invitations.take(database, code, now):
                raise _invalid_invitation()
    except IntegrityError:
        raise ProblemError(409, "name_taken", "this name is taken", where="$.name") from None
    return account


def change_display_name(uid: str, display_name: str) -> Account:
    """Change how a person is called, and tell all who know that person."""
    changed = AccountChanged(uid=uid, change="profile", display_name=display_name)
    with writing() as database:
        account = find(database, uid)
        account.display_name = display_name
        database.flush()
        unit = SqlUnit(database.connection())
        unit.post(sorted(unit.acquaintances(uid) | {uid}), encode(changed))
        database.expunge(account)
    return account


def find(database: Database, uid: str) -> Account:
    """Read one's own account.

    Raises:
        ProblemError: 401, it is no more.
    """
    account = database.get(Account, uid)
    if account is None:
        raise ProblemError(401, "unauthorized", "there is no such account")
    return account


def describe(account: Account) -> rest.Account:
    """Show an account to its owner."""
    return rest.Account(
        uid=account.uid,
        name=account.name,
        display_name=account.display_name,
        email=account.email,
        second_factor=account.second_factor_at is not None,
        created_at=datetime.fromtimestamp(account.created_at, UTC),
    )


def _invalid_invitation() -> ProblemError:
    detail = "the invitation is used up, or has expired, or never was"
    return ProblemError(403, "invitation_invalid", detail, where="$.invitation")
