"""What logins by a provider do in the database."""

import secrets
from itertools import islice

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Database

from parley_protocol import rest
from parley_protocol.ids import new_id
from storage import tickets
from storage.accounts import Account, Identity
from storage.names import account_name, alternatives
from webapi.database import writing
from webapi.openid.provider import Begun, Person
from webapi.problems import ProblemError
from webapi.seal import seal
from webapi.settings import settings

_LOGIN_SECONDS = 600
_NAMES_TRIED = 1_000
_NOBODYS_NAME = "person"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A login that waits for somebody to come back from the provider."""

    begun: Begun
    device: rest.Device


def begin(redirect: str, device: rest.Device, now: int) -> tuple[Begun, str]:
    """Begin a login; give what it begins with, and the secret that its end takes."""
    begun = Begun(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        redirect=redirect,
    )
    kept = rest.Device(device=device.device, device_name=device.device_name)
    content = seal().close(msgspec.json.encode(Waiting(begun=begun, device=kept))).decode()
    with writing() as database:
        until = now + _LOGIN_SECONDS
        return begun, tickets.issue(database, "openid", None, content, expires_at=until)


def come_back(answer: rest.OpenIdAnswer, now: int) -> Waiting:
    """Give the login that somebody has come back from, once.

    Raises:
        ProblemError: 401, there is none, or it began with another state.
    """
    with writing() as database:
        ticket = tickets.take(database, "openid", answer.login, now)
    opened = seal().open(ticket.content.encode()) if ticket else None
    if opened is None:
        raise ProblemError(401, "login_ended", "begin anew", where="$.login")
    waiting = msgspec.json.decode(opened, type=Waiting)
    if not secrets.compare_digest(waiting.begun.state.encode(), answer.state.encode()):
        raise ProblemError(401, "login_ended", "this is another login's", where="$.state")
    return waiting


def account_of(person: Person, now: int) -> Account:
    """Find somebody's account, or make it.

    Raises:
        ProblemError: 403, there is none, and sign-up by the provider is closed.
    """
    with writing() as database:
        mine = Identity.issuer == person.issuer, Identity.subject == person.subject
        found = select(Account).join(Identity, Identity.uid == Account.uid).where(*mine)
        account = database.scalars(found).one_or_none()
        if account is None:
            if not settings().openid.sign_up:
                detail = "the provider knows you, but there is no account of yours here"
                raise ProblemError(403, "sign_up_closed", detail)
            account = _make(database, person, now)
        database.flush()
        database.expunge(account)
        return account


def link(uid: str, person: Person, now: int) -> None:
    """Let somebody log in to an account by the provider, too.

    Raises:
        ProblemError: 409, that person has an account.
    """
    with writing() as database:
        mine = Identity.issuer == person.issuer, Identity.subject == person.subject
        identity = database.scalars(select(Identity).where(*mine)).one_or_none()
        if identity is None:
            database.add(_identity(uid, person, now))
        elif identity.uid != uid:
            raise ProblemError(409, "identity_taken", "another account is this person's")


def unlink(uid: str) -> None:
    """Let an account be opened by no provider any more."""
    with writing() as database:
        database.execute(delete(Identity).where(Identity.uid == uid))


def _make(database: Database, person: Person, now: int) -> Account:
    account = Account(
        uid=new_id(),
        name=_free_name(database, person),
        display_name="",
        password_hash="",
        created_at=now,
        email=_free_email(database, person),
    )
    account.display_name = _shown(person.name) or account.name
    database.add(account)
    database.flush()
    database.add(_identity(account.uid, person, now))
    return account


def _identity(uid: str, person: Person, now: int) -> Identity:
    return Identity(issuer=person.issuer, subject=person.subject, uid=uid, created_at=now)


def _free_name(database: Database, person: Person) -> str:
    wanted = person.username or (person.email or _NOBODYS_NAME).partition("@")[0]
    names = list(islice(alternatives(account_name(wanted)), _NAMES_TRIED))
    taken = set(database.scalars(select(Account.name).where(Account.name.in_(names))))
    return next(name for name in names if name not in taken)


def _free_email(database: Database, person: Person) -> str | None:
    try:
        email = msgspec.convert(person.email, rest.Email)
    except msgspec.ValidationError:
        return None
    has_owner = select(Account.uid).where(Account.email == email)
    return None if database.scalar(has_owner) else email


def _shown(name: str) -> str:
    try:
        return msgspec.convert(name, rest.ShownName)
    except msgspec.ValidationError:
        return ""
