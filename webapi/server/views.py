"""What a client has to know before it logs in."""

from importlib.metadata import version
from typing import cast

from flask import Blueprint, Response, current_app, request
from sqlalchemy import text

from config.settings import Settings, broker_urls
from parley_protocol import rest
from webapi.database import reading
from webapi.openapi import encode, endpoint

KEY = "parley_settings"
blueprint = Blueprint("server", __name__)


@endpoint(blueprint, "GET", "/v1/server", returns={200: rest.Server}, open_to_all=True)
def show_server() -> Response:
    """Tell where the broker is."""
    settings = cast("Settings", current_app.extensions[KEY])
    host = request.host.rpartition(":")[0] if _has_port(request.host) else request.host
    mqtt, websocket = broker_urls(settings, host)
    return encode(
        rest.Server(name=settings.name, version=version("parley"), mqtt=mqtt, websocket=websocket)
    )


@endpoint(blueprint, "GET", "/health", returns={200: rest.Health}, open_to_all=True)
def show_health() -> Response:
    """Tell whether the API can do its work: its database answers."""
    reading().execute(text("SELECT 1"))
    return encode(rest.Health(status="ok"))


def _has_port(host: str) -> bool:
    return ":" in host.rpartition("]")[2]
