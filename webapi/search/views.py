"""Find messages by their words."""

from datetime import datetime
from typing import Annotated

from flask import Blueprint, Response
from msgspec import Meta, Struct

from parley_protocol import rest
from parley_protocol.payloads import Id, for_delivery
from storage.errors import QueryError
from storage.model import Hit
from storage.search.index import Moment
from storage.search.query import QUERY_MAX
from webapi.auth import me
from webapi.database import ledger
from webapi.openapi import encode, endpoint
from webapi.problems import ProblemError

blueprint = Blueprint("search", __name__)
_Cursor = Annotated[str, Meta(pattern="^([0-9]{1,15}-[0-9a-f]{32}-[0-9]{1,16})?$", max_length=66)]


class SearchQuery(Struct, frozen=True, kw_only=True, rename={"sender": "from"}):
    q: Annotated[
        str,
        Meta(
            max_length=QUERY_MAX,
            description='Words, "phrases" and beginnings*; a message holds all of them',
        ),
    ]
    cid: Id | None = None
    sender: Id | None = None
    after: rest.Time | None = None
    before: rest.Time | None = None
    cursor: _Cursor = ""
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


@endpoint(blueprint, "GET", "/v1/search", returns={200: rest.Hits}, problems=[404])
def search(query: SearchQuery) -> Response:
    """Find messages in one's conversations, the newest first.

    ``after`` and ``before`` are of the time of storing: from the first on, up to the second.
    """
    uid = me()
    try:
        found = ledger().search(
            uid,
            query.q,
            limit=query.limit,
            cid=query.cid,
            sender=query.sender,
            since=_milliseconds(query.after) or 0,
            until=_milliseconds(query.before),
            before=_moment(query.cursor),
        )
    except QueryError as error:
        raise ProblemError(422, error.code, str(error), where="$.q") from None
    following = "{}-{}-{}".format(*found.next) if found.next else None
    items = [_show(hit) for hit in found.hits]
    return encode(rest.Hits(items=items, next=following, left_out=found.left_out))


def _show(hit: Hit) -> rest.Hit:
    piece = hit.snippet
    snippet = rest.Snippet(text=piece.text, start=piece.start, highlights=list(piece.highlights))
    return rest.Hit(message=for_delivery(hit.entry), edited=hit.edited, snippet=snippet)


def _milliseconds(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp() * 1000)


def _moment(cursor: str) -> Moment | None:
    if not cursor:
        return None
    stored_at, cid, seq = cursor.split("-")
    return int(stored_at), cid, int(seq)
