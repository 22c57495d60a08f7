"""Change one's password, or set a new one by a mailed code."""

from flask import Blueprint, Response

from parley_protocol import rest
from webapi.accounts.passwords import passwords, require_password
from webapi.auth import identity
from webapi.database import seconds
from webapi.openapi import endpoint
from webapi.passwords import services

blueprint = Blueprint("passwords", __name__)


@endpoint(
    blueprint,
    "PUT",
    "/v1/me/password",
    returns={204: None},
    problems=[403],
    strict="log_in",
)
def change_password(json: rest.ChangePassword) -> Response:
    """Change one's password; all one's other devices are logged out."""
    claims = identity()
    require_password(claims.sub, json.password)
    services.change(claims, passwords().hash(json.new_password), seconds())
    return Response(status=204)


@endpoint(
    blueprint,
    "POST",
    "/v1/password-resets",
    returns={202: None},
    open_to_all=True,
    strict="log_in",
)
def ask_for_reset(json: rest.AskForReset) -> Response:
    """Have a code mailed to an account's address; the answer does not say if there is one."""
    services.begin(json.email.lower(), seconds())
    return Response(status=202)


@endpoint(
    blueprint,
    "POST",
    "/v1/password-resets/confirmation",
    returns={204: None},
    problems=[403],
    open_to_all=True,
    strict="log_in",
)
def reset_password(json: rest.ResetPassword) -> Response:
    """Set a new password by a mailed code; all one's devices are logged out."""
    services.finish(json.code, passwords().hash(json.new_password), seconds())
    return Response(status=204)
