"""Log in by the provider: where to go, and what to do on coming back."""

import logging

from flask import Blueprint, Response

from parley_protocol import rest
from storage.errors import NotFoundError, UnavailableError
from webapi.accounts.passwords import require_password
from webapi.auth import me
from webapi.database import seconds
from webapi.openapi import encode, endpoint
from webapi.openid import services
from webapi.openid.provider import AwayError, Person, Provider, RefusedError, provider
from webapi.problems import ProblemError
from webapi.second_factor.services import challenge
from webapi.sessions.addresses import coarse_address
from webapi.sessions.issuer import issuer
from webapi.sessions.services import begin_late
from webapi.settings import settings

_log = logging.getLogger(__name__)
blueprint = Blueprint("openid", __name__)


@endpoint(
    blueprint,
    "POST",
    "/v1/openid/logins",
    returns={201: rest.OpenIdLogin},
    problems=[404],
    open_to_all=True,
    strict="log_in",
)
def begin_openid(json: rest.BeginOpenId) -> Response:
    """Begin a login by the provider: go to ``url``, and keep ``login`` for coming back."""
    chosen = _provider()
    if json.redirect not in settings().openid.redirects:
        detail = "openid.redirects does not name this URL"
        raise ProblemError(422, "redirect_unknown", detail, where="$.redirect")
    begun, login = services.begin(json.redirect, json, seconds())
    try:
        url = chosen.authorization_url(begun)
    except AwayError as error:
        raise _away(error) from None
    return encode(rest.OpenIdLogin(url=url, login=login), 201)


@endpoint(
    blueprint,
    "POST",
    "/v1/openid/sessions",
    returns={201: rest.Session},
    problems=[401, 403, 404],
    open_to_all=True,
    strict="log_in",
)
def finish_openid(json: rest.OpenIdAnswer) -> Response:
    """Log in with what the provider has sent back; who is new gets an account."""
    waiting, person = _come_back(json)
    account = services.account_of(person, seconds())
    if account.second_factor_at is not None:
        raise challenge(account.uid, waiting.device, seconds())
    session = begin_late(issuer(), account.uid, waiting.device, coarse_address(), seconds())
    return encode(session, 201)


@endpoint(
    blueprint,
    "PUT",
    "/v1/me/openid",
    returns={204: None},
    problems=[403, 404, 409],
    strict="log_in",
)
def link_openid(json: rest.LinkOpenId) -> Response:
    """Let the person whom the provider vouches for log in to one's own account, from now on."""
    uid = me()
    require_password(uid, json.password)
    _, person = _come_back(json)
    services.link(uid, person, seconds())
    return Response(status=204)


@endpoint(
    blueprint,
    "POST",
    "/v1/me/openid/removal",
    returns={204: None},
    problems=[403],
    strict="log_in",
    heeds_keys=False,
)
def unlink_openid(json: rest.Prove) -> Response:
    """Let nobody log in to one's own account by a provider any more: the password is needed."""
    uid = me()
    require_password(uid, json.password)
    services.unlink(uid)
    return Response(status=204)


def _provider() -> Provider:
    found = provider()
    if found is None:
        raise NotFoundError("this server knows no provider")
    return found


def _come_back(answer: rest.OpenIdAnswer) -> tuple[services.Waiting, Person]:
    chosen = _provider()
    waiting = services.come_back(answer, seconds())
    try:
        return waiting, chosen.person(waiting.begun, answer.code)
    except AwayError as error:
        raise _away(error) from None
    except RefusedError as error:
        _log.info("the OpenID Connect provider does not vouch for somebody: %s", error)
        detail = "the provider does not vouch for you"
        raise ProblemError(401, "openid_refused", detail, where="$.code") from None


def _away(error: AwayError) -> UnavailableError:
    _log.warning("the OpenID Connect provider does not answer: %s", error)
    return UnavailableError("the provider does not answer")
