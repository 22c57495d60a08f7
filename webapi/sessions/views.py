"""Login, refresh, logout, and the list of one's devices."""

from typing import Annotated

from flask import Blueprint, Response
from msgspec import Meta, Struct
from sqlalchemy import select

from parley_protocol import rest
from storage.accounts import Account
from storage.errors import NotFoundError
from webapi.accounts.passwords import passwords
from webapi.auth import identity, me
from webapi.database import reading, seconds, writing
from webapi.openapi import encode, endpoint
from webapi.problems import ProblemError
from webapi.second_factor.services import challenge
from webapi.sessions import services
from webapi.sessions.addresses import coarse_address
from webapi.sessions.issuer import issuer

blueprint = Blueprint("sessions", __name__)


class SessionsQuery(Struct, frozen=True, kw_only=True):
    cursor: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$", max_length=32)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


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
    query = select(Account).where(by == json.name.lower())
    found = reading().scalars(query).one_or_none()
    if not passwords().check(found.password_hash if found else None, json.password) or not found:
        raise ProblemError(401, "wrong_credentials", "the name or the password is wrong")
    if passwords().is_outdated(found.password_hash):
        _rehash(found.uid, json.password)
    if found.second_factor_at is not None:
        raise challenge(found.uid, json, seconds())
    return encode(services.begin(issuer(), found.uid, json, coarse_address(), seconds()), 201)


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
    return encode(services.refresh(issuer(), json.refresh_token, coarse_address(), seconds()))


@endpoint(blueprint, "GET", "/v1/sessions", returns={200: rest.DeviceSessions})
def list_sessions(query: SessionsQuery) -> Response:
    """List one's devices, the one that logged in last first."""
    claims = identity()
    found = services.page(claims.sub, query.cursor, query.limit + 1, seconds())
    shown = found[: query.limit]
    items = [services.describe(session, claims.device) for session in shown]
    more = len(found) > query.limit
    return encode(rest.DeviceSessions(items=items, next=shown[-1].sid if more else None))


@endpoint(blueprint, "DELETE", "/v1/sessions", returns={204: None})
def end_other_sessions() -> Response:
    """End the sessions of all one's devices but the one that asks."""
    claims = identity()
    with writing() as database:
        services.end_others(database, issuer(), claims.sub, claims.device, seconds())
    return Response(status=204)


@endpoint(blueprint, "DELETE", "/v1/sessions/<id:device>", returns={204: None}, problems=[404])
def end_session(device: str) -> Response:
    """End the session of one of one's devices; it is disconnected within a second."""
    if not services.end(issuer(), me(), device, seconds()):
        raise NotFoundError("there is no such session")
    return Response(status=204)


@endpoint(blueprint, "DELETE", "/v1/sessions/current", returns={204: None})
def log_out() -> Response:
    """End the session of the device that asks."""
    claims = identity()
    services.end(issuer(), claims.sub, claims.device, seconds())
    return Response(status=204)


def _rehash(uid: str, password: str) -> None:
    stored = passwords().hash(password)
    with writing() as database:
        account = database.get(Account, uid)
        if account is not None:
            account.password_hash = stored
