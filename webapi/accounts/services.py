"""What accounts do in the database."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Database

from parley_protocol import rest
from parley_protocol.ids import new_id
from parley_protocol.payloads import AccountChanged, encode
from storage import invitations
from storage.accounts import Account, Session
from storage.sql import SqlUnit
from webapi.accounts.sessions import Issuer, Turn
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


def log_in(issuer: Issuer, uid: str, wanted: rest.SignUp | rest.Login, now: int) -> rest.Session:
    """Begin a session for a device; it replaces the device's last one.

    Raises:
        ProblemError: 409, the device is somebody else's.
    """
    session, secret = issuer.open(uid, wanted.device or new_id(), wanted.device_name, now)
    with writing() as database:
        query = select(Session).where(Session.device == session.device)
        earlier = database.scalars(query).one_or_none()
        if earlier is not None and earlier.uid != uid:
            raise ProblemError(
                409, "device_taken", "this device is somebody else's", where="$.device"
            )
        if earlier is not None:
            database.delete(earlier)
            database.flush()
        database.add(session)
        return issuer.answer(session, secret, now)


def refresh(issuer: Issuer, token: str, now: int) -> rest.Session:
    """Turn a refresh token; one that is used again ends its session.

    Raises:
        ProblemError: 401, the session has ended.
    """
    sid, _, secret = token.partition(".")
    with writing() as database:
        session = database.get(Session, sid, with_for_update=True)
        if session is not None and session.expires_at > now:
            outcome, fresh = issuer.turn(session, secret, now)
            if outcome is Turn.GOOD:
                return issuer.answer(session, fresh, now)
            _end(database, session)
    raise ProblemError(401, "session_ended", "log in again")


def log_out(uid: str, device: str) -> None:
    """End a device's session."""
    with writing() as database:
        query = select(Session).where(Session.uid == uid, Session.device == device)
        session = database.scalars(query).one_or_none()
        if session is not None:
            _end(database, session)


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
        created_at=datetime.fromtimestamp(account.created_at, UTC),
    )


def _invalid_invitation() -> ProblemError:
    detail = "the invitation is used up, or has expired, or never was"
    return ProblemError(403, "invitation_invalid", detail, where="$.invitation")


def _end(database: Database, session: Session) -> None:
    ended = AccountChanged(uid=session.uid, change="session_ended", device=session.device)
    database.delete(session)
    database.flush()
    SqlUnit(database.connection()).post([session.uid], encode(ended))
