"""Sign-up, login, refresh, logout, and one's own account."""

from flask import Blueprint, Response
from sqlalchemy import select

from parley_protocol import rest
from storage.accounts import Account
from webapi.accounts import services
from webapi.accounts.passwords import passwords, require_password
from webapi.accounts.sessions import issuer
from webapi.auth import identity, me
from webapi.database import ledger, milliseconds, reading, seconds, writing
from webapi.openapi import encode, endpoint
from webapi.problems import ProblemError
from webapi.settings import settings

blueprint = Blueprint("accounts", __name__)


@endpoint(
    blueprint,
    "POST",
    "/v1/accounts",
    returns={201: rest.Session},
    problems=[403, 409],
    open_to_all=True,
    strict="sign_up",
)
def sign_up(json: rest.SignUp) -> Response:
    """Make an account, and begin a session for the device that asks."""
    mode = settings().accounts.sign_up
    services.require_admission(mode, json.invitation, seconds())
    account = services.create(mode, json, passwords().hash(json.password), seconds())
    return encode(services.log_in(issuer(), account.uid, json, seconds()), 201)


@endpoint(
    blueprint,
    "POST",
    "/v1/sessions",
    returns={201: rest.Session},
    problems=[401, 409],
    open_to_all=True,
    strict="log_in",
)
def log_in(json: rest.Login) -> Response:
    """Begin a session for a device; it replaces the device's last one."""
    by = Account.email if "@" in json.name else Account.name
    query = select(Account.uid, Account.password_hash).where(by == json.name.lower())
    found = reading().execute(query).one_or_none()
    if not passwords().check(found.password_hash if found else None, json.password) or not found:
        raise ProblemError(401, "wrong_credentials", "the name or the password is wrong")
    if passwords().is_outdated(found.password_hash):
        _rehash(found.uid, json.password)
    return encode(services.log_in(issuer(), found.uid, json, seconds()), 201)


@endpoint(
    blueprint,
    "POST",
    "/v1/sessions/refresh",
    returns={200: rest.Session},
    problems=[401],
    open_to_all=True,
    strict="refresh",
)
def refresh(json: rest.Refresh) -> Response:
    """Exchange a refresh token for new tokens; the old one is spent."""
    return encode(services.refresh(issuer(), json.refresh_token, seconds()))


@endpoint(blueprint, "DELETE", "/v1/sessions/current", returns={204: None})
def log_out() -> Response:
    """End the session of the device that asks."""
    claims = identity()
    services.log_out(claims.sub, claims.device)
    return Response(status=204)


@endpoint(blueprint, "GET", "/v1/me", returns={200: rest.Account})
def show_me() -> Response:
    """Show one's own account."""
    return encode(services.describe(services.find(reading(), me())))


@endpoint(blueprint, "PATCH", "/v1/me", returns={200: rest.Account})
def change_me(json: rest.ChangeAccount) -> Response:
    """Change one's own account."""
    uid = me()
    return encode(services.describe(services.change_display_name(uid, json.display_name)))


@endpoint(blueprint, "POST", "/v1/me/erasure", returns={204: None}, problems=[403])
def erase_me(json: rest.EraseAccount) -> Response:
    """Erase one's account, and everything that one has said. This cannot be undone."""
    uid = me()
    require_password(uid, json.password)
    reading().rollback()
    ledger().erase(uid, milliseconds())
    return Response(status=204)


def _rehash(uid: str, password: str) -> None:
    stored = passwords().hash(password)
    with writing() as database:
        services.find(database, uid).password_hash = stored
