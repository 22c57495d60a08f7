"""Make and take back links into a group, and come in by one."""

from flask import Blueprint, Response

from parley_protocol import rest
from webapi.auth import me
from webapi.conversations.presenter import present
from webapi.database import milliseconds
from webapi.links import services
from webapi.openapi import encode, endpoint

blueprint = Blueprint("links", __name__)
_OF_GROUP = "/v1/conversations/<id:cid>/links"
_ONE = "/v1/links/<id:code>"


@endpoint(blueprint, "POST", _OF_GROUP, returns={201: rest.Link}, problems=[403, 404, 409])
def make_link(cid: str, json: rest.MakeLink) -> Response:
    """Make a link into a group; who may let people join may."""
    made = services.make(me(), cid, json, milliseconds())
    return encode(services.describe(made), 201)


@endpoint(blueprint, "GET", _OF_GROUP, returns={200: rest.Links}, problems=[403, 404, 409])
def list_links(cid: str) -> Response:
    """List the links into a group, the newest first."""
    found = services.of_group(me(), cid)
    return encode(rest.Links(items=[services.describe(link) for link in found]))


@endpoint(
    blueprint,
    "DELETE",
    f"{_OF_GROUP}/<id:code>",
    returns={204: None},
    problems=[403, 404, 409],
)
def take_link_back(cid: str, code: str) -> Response:
    """Take a link back; who is in the group by it stays."""
    services.take_back(me(), cid, code)
    return Response(status=204)


@endpoint(blueprint, "GET", _ONE, returns={200: rest.Invitation}, problems=[404, 410])
def show_link(code: str) -> Response:
    """Show where a link leads."""
    return encode(services.show(me(), code, milliseconds()))


@endpoint(blueprint, "POST", _ONE, returns={200: rest.Conversation}, problems=[404, 409, 410])
def come_in(code: str) -> Response:
    """Join a group by a link."""
    uid = me()
    group = services.come_in(uid, code, milliseconds())
    return encode(present([group], uid)[0])
