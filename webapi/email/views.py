"""Change one's e-mail address, and confirm the new one."""

from flask import Blueprint, Response

from parley_protocol import rest
from webapi.accounts.passwords import require_password
from webapi.accounts.services import describe
from webapi.auth import me
from webapi.database import seconds
from webapi.email import services
from webapi.openapi import encode, endpoint

blueprint = Blueprint("email", __name__)


@endpoint(
    blueprint,
    "PUT",
    "/v1/me/email",
    returns={202: None, 204: None},
    problems=[403],
    strict="log_in",
)
def change_email(json: rest.ChangeEmail) -> Response:
    """Begin to change one's address: a code is mailed to the new one. ``null`` removes it."""
    uid = me()
    require_password(uid, json.password)
    if json.email is None:
        services.remove(uid, seconds())
        return Response(status=204)
    services.begin(uid, json.email.lower(), seconds())
    return Response(status=202)


@endpoint(
    blueprint,
    "POST",
    "/v1/me/email/confirmation",
    returns={200: rest.Account},
    problems=[403, 409],
    strict="log_in",
    heeds_keys=False,
)
def confirm_email(json: rest.Confirm) -> Response:
    """Make an address one's own, by the code that was mailed to it."""
    return encode(describe(services.confirm(me(), json.code, seconds())))
