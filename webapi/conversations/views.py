"""One-to-one conversations and groups. Every access goes through the asker's uid."""

from typing import Annotated

from flask import Blueprint, Response
from msgspec import Meta, Struct

from parley_protocol import rest
from parley_protocol.payloads import Rights
from storage.model import Conversation
from webapi.auth import me
from webapi.conversations import preferences
from webapi.conversations.presenter import present
from webapi.database import ledger, milliseconds
from webapi.openapi import encode, endpoint

blueprint = Blueprint("conversations", __name__)
_ONE = "/v1/conversations/<id:cid>"


class ConversationsQuery(Struct, frozen=True, kw_only=True):
    cursor: Annotated[str, Meta(pattern="^([0-9]{1,15}-[0-9a-f]{32})?$", max_length=48)] = ""
    limit: Annotated[int, Meta(ge=1, le=50)] = 50


@endpoint(
    blueprint,
    "POST",
    "/v1/conversations/dm",
    returns={200: rest.Conversation, 201: rest.Conversation},
    problems=[403, 404],
)
def open_dm(json: rest.OpenDm) -> Response:
    """Give the conversation with somebody; it is opened at first use."""
    uid = me()
    conversation, new = ledger().open_dm(uid, json.peer, milliseconds())
    return _show(conversation, uid, 201 if new else 200)


@endpoint(
    blueprint,
    "POST",
    "/v1/conversations/group",
    returns={201: rest.Conversation},
    problems=[403, 404, 409],
)
def create_group(json: rest.CreateGroup) -> Response:
    """Make a group; who asks becomes its owner."""
    uid = me()
    group = ledger().create_group(uid, json.name, json.members, milliseconds())
    return _show(group, uid, 201)


@endpoint(blueprint, "GET", "/v1/conversations", returns={200: rest.Conversations})
def list_conversations(query: ConversationsQuery) -> Response:
    """List one's conversations, the last moved first."""
    uid = me()
    moved_at, _, cid = query.cursor.partition("-")
    before = (int(moved_at), cid) if cid else None
    found = ledger().conversations(uid, limit=query.limit + 1, before=before)
    page = found[: query.limit]
    following = f"{page[-1].moved_at}-{page[-1].cid}" if len(found) > query.limit else None
    return encode(rest.Conversations(items=present(page, uid), next=following))


@endpoint(blueprint, "GET", _ONE, returns={200: rest.Conversation}, problems=[404])
def show_conversation(cid: str) -> Response:
    """Show one of one's conversations, with its members."""
    uid = me()
    return _show(ledger().conversation(uid, cid), uid)


@endpoint(blueprint, "PATCH", _ONE, returns={200: rest.Conversation}, problems=[403, 404, 409])
def rename_group(cid: str, json: rest.RenameGroup) -> Response:
    """Give a group another name; its owner and admins may."""
    uid = me()
    return _show(ledger().rename(uid, cid, json.name, milliseconds()), uid)


@endpoint(
    blueprint,
    "PATCH",
    f"{_ONE}/preferences",
    returns={200: rest.Conversation},
    problems=[404],
)
def change_preferences(cid: str, json: rest.ChangePreferences) -> Response:
    """Pin, archive or mute a conversation, mark it as unread, or keep a draft, on all devices."""
    uid = me()
    return _show(preferences.change(uid, cid, json), uid)


@endpoint(
    blueprint,
    "POST",
    f"{_ONE}/members",
    returns={200: rest.Conversation},
    problems=[403, 404, 409],
)
def add_members(cid: str, json: rest.AddMembers) -> Response:
    """Let people join a group; its owner and admins may."""
    uid = me()
    return _show(ledger().add_members(uid, cid, json.uids, milliseconds()), uid)


@endpoint(
    blueprint,
    "DELETE",
    f"{_ONE}/members/<id:uid>",
    returns={204: None},
    problems=[403, 404, 409],
)
def remove_member(cid: str, uid: str) -> Response:
    """Take a member out of a group; or leave it, where the member is oneself."""
    ledger().remove_member(me(), cid, uid, milliseconds())
    return Response(status=204)


@endpoint(
    blueprint,
    "PUT",
    f"{_ONE}/members/<id:uid>",
    returns={200: rest.Conversation},
    problems=[403, 404, 409],
)
def set_role(cid: str, uid: str, json: rest.SetRole) -> Response:
    """Give a member another role; the owner may."""
    asker = me()
    group = ledger().set_role(asker, cid, uid, json.role, milliseconds())
    return _show(group, asker)


@endpoint(
    blueprint,
    "PUT",
    f"{_ONE}/rights",
    returns={200: rest.Conversation},
    problems=[403, 404, 409],
)
def set_rights(cid: str, json: Rights) -> Response:
    """Say which role may do what in a group; the owner may."""
    asker = me()
    return _show(ledger().set_rights(asker, cid, json, milliseconds()), asker)


@endpoint(
    blueprint,
    "PUT",
    f"{_ONE}/retention",
    returns={200: rest.Conversation},
    problems=[403, 404],
)
def set_retention(cid: str, json: rest.SetRetention) -> Response:
    """Say for how many days messages are kept; a group's owner may, and both of a pair."""
    asker = me()
    group = ledger().set_retention(asker, cid, json.days, milliseconds())
    return _show(group, asker)


def _show(conversation: Conversation, uid: str, status: int = 200) -> Response:
    return encode(present([conversation], uid)[0], status)
