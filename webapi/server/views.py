"""What a client has to know before it logs in."""

from importlib.metadata import version

from flask import Blueprint, Response, request

from config.settings import broker_urls
from parley_protocol import rest
from webapi.openapi import encode, endpoint
from webapi.settings import settings

blueprint = Blueprint("server", __name__)


@endpoint(blueprint, "GET", "/v1/server", returns={200: rest.Server}, open_to_all=True)
def show_server() -> Response:
    """Tell where the broker is, and who can sign up."""
    chosen = settings()
    host = request.host.rpartition(":")[0] if _has_port(request.host) else request.host
    mqtt, websocket = broker_urls(chosen, host)
    return encode(
        rest.Server(
            name=chosen.name,
            version=version("parley"),
            mqtt=mqtt,
            websocket=websocket,
            sign_up=chosen.accounts.sign_up,
            openid=bool(chosen.openid.issuer),
        )
    )


def _has_port(host: str) -> bool:
    return ":" in host.rpartition("]")[2]
