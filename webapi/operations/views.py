"""Whether the API lives and can do its work. Limits do not count these requests."""

from flask import Blueprint, Response
from sqlalchemy import text

from parley_protocol import rest
from webapi.database import reading
from webapi.openapi import encode, endpoint

blueprint = Blueprint("operations", __name__)


@endpoint(blueprint, "GET", "/health", returns={200: rest.Health}, open_to_all=True)
def show_health() -> Response:
    """Tell that the API lives. Whoever gets no answer may start it anew."""
    return encode(rest.Health(status="ok"))


@endpoint(blueprint, "GET", "/ready", returns={200: rest.Health}, open_to_all=True)
def show_readiness() -> Response:
    """Tell whether the API can do its work; where not, ``detail`` names what does not answer."""
    reading().execute(text("SELECT 1"))
    return encode(rest.Health(status="ok"))
