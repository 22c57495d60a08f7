"""Report somebody, or one message."""

from flask import Blueprint, Response

from parley_protocol import rest
from webapi.auth import me
from webapi.openapi import encode, endpoint
from webapi.reports import services

blueprint = Blueprint("reports", __name__)


@endpoint(blueprint, "POST", "/v1/reports", returns={201: rest.Reported}, problems=[404])
def report(json: rest.Report) -> Response:
    """Tell the moderators of somebody, or of a message in one of one's conversations."""
    return encode(rest.Reported(id=services.report(me(), json)), 201)
