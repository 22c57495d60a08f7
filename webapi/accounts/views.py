"""Sign-up, and one's own account."""

from flask import Blueprint, Response

from parley_protocol import rest
from webapi.accounts import services
from webapi.accounts.passwords import passwords, require_password
from webapi.auth import me
from webapi.database import ledger, milliseconds, reading, seconds
from webapi.openapi import encode, endpoint
from webapi.sessions import services as sessions
from webapi.sessions.addresses import coarse_address
from webapi.sessions.issuer import issuer
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
    session = sessions.begin(issuer(), account.uid, json, coarse_address(), seconds())
    return encode(session, 201)


@endpoint(blueprint, "GET", "/v1/me", returns={200: rest.Account})
def show_me() -> Response:
    """Show one's own account."""
    return encode(services.describe(services.find(reading(), me())))


@endpoint(blueprint, "PATCH", "/v1/me", returns={200: rest.Account})
def change_me(json: rest.ChangeAccount) -> Response:
    """Change one's own account."""
    uid = me()
    return encode(services.describe(services.change_display_name(uid, json.display_name)))


@endpoint(
    blueprint, "POST", "/v1/me/erasure", returns={204: None}, problems=[403], heeds_keys=False
)
def erase_me(json: rest.EraseAccount) -> Response:
    """Erase one's account, and everything that one has said. This cannot be undone."""
    uid = me()
    require_password(uid, json.password)
    ended = sessions.of(uid)
    reading().rollback()
    ledger().erase(uid, milliseconds())
    sessions.disconnect(issuer(), ended, seconds())
    return Response(status=204)
