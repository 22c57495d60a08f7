"""Whether the API lives and can do its work, and its figures. Limits do not count these."""

import hmac
from ipaddress import ip_address
from typing import cast

from flask import Blueprint, Response, current_app, request
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import text

from parley_protocol import rest
from webapi.database import reading
from webapi.openapi import encode, endpoint
from webapi.operations.figures import Figures
from webapi.operations.watch import KEY
from webapi.problems import ProblemError
from webapi.settings import settings

blueprint = Blueprint("operations", __name__)
_FORWARDED = ("Forwarded", "X-Forwarded-For")


@endpoint(blueprint, "GET", "/health", returns={200: rest.Health}, open_to_all=True)
def show_health() -> Response:
    """Tell that the API lives. Whoever gets no answer may start it anew."""
    return encode(rest.Health(status="ok"))


@endpoint(blueprint, "GET", "/ready", returns={200: rest.Health}, open_to_all=True)
def show_readiness() -> Response:
    """Tell whether the API can do its work; where not, ``detail`` names what does not answer."""
    reading().execute(text("SELECT 1"))
    return encode(rest.Health(status="ok"))


@blueprint.get("/metrics")
def show_figures() -> Response:
    """Show figures to Prometheus on this machine, or to who has the token for it."""
    if not (_is_near() or _has_token()):
        raise ProblemError(403, "forbidden", "figures are shown on this machine, or for a token")
    figures = cast("Figures", current_app.extensions[KEY])
    return Response(figures.show(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _is_near() -> bool:
    """Tell whether the request is from this machine, and not just passed on by a proxy on it."""
    is_passed_on = any(name in request.headers for name in _FORWARDED)
    return ip_address(request.remote_addr or "::").is_loopback and not is_passed_on


def _has_token() -> bool:
    token = settings().api.metrics_token
    given = request.headers.get("Authorization", "").encode()
    return bool(token) and hmac.compare_digest(given, f"Bearer {token}".encode())
