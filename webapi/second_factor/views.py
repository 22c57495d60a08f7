"""Turn the second factor on and off, and log in with it."""

from flask import Blueprint, Response

from parley_protocol import rest
from webapi.accounts.passwords import require_password
from webapi.auth import me
from webapi.database import seconds
from webapi.openapi import encode, endpoint
from webapi.problems import ProblemError, code_invalid
from webapi.second_factor import services
from webapi.sessions.addresses import coarse_address
from webapi.sessions.issuer import issuer
from webapi.sessions.services import begin_late

blueprint = Blueprint("second_factor", __name__)


@endpoint(
    blueprint,
    "POST",
    "/v1/me/second-factor",
    returns={201: rest.SecondFactor},
    problems=[403, 409],
    strict="log_in",
    heeds_keys=False,
)
def begin_second_factor(json: rest.Prove) -> Response:
    """Make a secret for an authenticator application; it counts when it is confirmed."""
    uid = me()
    require_password(uid, json.password)
    return encode(services.begin(uid, seconds()), 201)


@endpoint(
    blueprint,
    "POST",
    "/v1/me/second-factor/confirmation",
    returns={200: rest.RecoveryCodes},
    problems=[403, 409],
    strict="log_in",
    heeds_keys=False,
)
def confirm_second_factor(json: rest.Confirm) -> Response:
    """Turn the second factor on, by a first code; recovery codes are shown this once."""
    codes = services.confirm(me(), json.code, seconds())
    if codes is None:
        raise code_invalid()
    return encode(codes)


@endpoint(
    blueprint,
    "POST",
    "/v1/me/second-factor/removal",
    returns={204: None},
    problems=[403],
    strict="log_in",
    heeds_keys=False,
)
def remove_second_factor(json: rest.RemoveSecondFactor) -> Response:
    """Turn the second factor off, by the password and a code, or a recovery code."""
    uid = me()
    require_password(uid, json.password)
    if not services.remove(uid, json.code, seconds()):
        raise code_invalid()
    return Response(status=204)


@endpoint(
    blueprint,
    "POST",
    "/v1/sessions/second-factor",
    returns={201: rest.Session},
    problems=[401, 403],
    open_to_all=True,
    strict="log_in",
)
def answer_challenge(json: rest.AnswerChallenge) -> Response:
    """Go on with a login that asked for the second factor, by a code or a recovery code."""
    passed = services.answer(json.challenge, json.code, seconds())
    if passed is None:
        raise ProblemError(401, "wrong_code", "the code is wrong", where="$.code")
    uid, device = passed
    return encode(begin_late(issuer(), uid, device, coarse_address(), seconds()), 201)
