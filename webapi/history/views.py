"""Messages before and after a number, one whole message, and sync."""

from typing import Annotated

from flask import Blueprint, Response
from msgspec import Meta, Struct

from parley_protocol import limits, rest
from parley_protocol.payloads import Entry, Seq, for_delivery
from storage.model import Missing
from webapi.auth import me
from webapi.database import ledger
from webapi.openapi import encode, endpoint
from webapi.problems import ProblemError

blueprint = Blueprint("history", __name__)
_MESSAGES = "/v1/conversations/<id:cid>/messages"


class MessagesQuery(Struct, frozen=True, kw_only=True):
    after: Seq | None = None
    before: Seq | None = None
    limit: Annotated[int, Meta(ge=1, le=limits.PAGE_MAX)] = 50


@endpoint(blueprint, "GET", _MESSAGES, returns={200: rest.Messages}, problems=[404])
def list_messages(cid: str, query: MessagesQuery) -> Response:
    """Give messages by rising seq: the first after a number, or the last before one."""
    uid = me()
    if query.after is not None and query.before is not None:
        raise ProblemError(422, "exclusive", "after and before exclude each other", where="$.after")
    page = ledger().messages(uid, cid, after=query.after, before=query.before, limit=query.limit)
    return encode(rest.Messages(items=_cut(page), next=_following(page, query)))


@endpoint(
    blueprint,
    "GET",
    f"{_MESSAGES}/<int:seq>",
    returns={200: Entry},
    problems=[404],
)
def show_message(cid: str, seq: int) -> Response:
    """Give one message with its whole text."""
    return encode(ledger().message(me(), cid, seq))


@endpoint(
    blueprint,
    "DELETE",
    f"{_MESSAGES}/<int:seq>",
    returns={204: None},
    problems=[404],
)
def hide_message(cid: str, seq: int) -> Response:
    """Delete a message for oneself: it keeps its number, and others still read it.

    To delete it for all, send a message of type `delete`.
    """
    ledger().hide(me(), cid, seq)
    return Response(status=204)


@endpoint(
    blueprint,
    "POST",
    "/v1/sync",
    returns={200: rest.SyncAnswer},
    body_max=limits.PAYLOAD_MAX,
    heeds_keys=False,
)
def sync(json: rest.SyncQuestion) -> Response:
    """Give what a device lacks that names the last seq which it holds of each conversation."""
    found = ledger().sync(me(), json.cursors)
    conversations = [_synced(missing) for missing in found.conversations]
    return encode(rest.SyncAnswer(conversations=conversations, left=found.left, more=found.more))


def _following(page: list[Entry], query: MessagesQuery) -> int | None:
    if query.after is not None:
        return page[-1].seq if len(page) == query.limit else None
    return page[0].seq if page and page[0].seq > 1 else None


def _cut(entries: list[Entry]) -> list[Entry]:
    return [for_delivery(entry) for entry in entries]


def _synced(missing: Missing) -> rest.Synced:
    standing = missing.standing
    return rest.Synced(
        cid=standing.cid,
        type=standing.type,
        name=standing.name,
        head=standing.head,
        read=standing.read,
        messages=_cut(missing.entries),
        first_missing=missing.first_missing,
    )
