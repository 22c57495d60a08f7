"""What links do in the database."""

import secrets
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from parley_protocol import limits, rest
from storage.errors import NotFoundError
from storage.ledger import groups, rights
from storage.ledger.conversations import group_of_member
from storage.model import Conversation
from storage.personal import Link
from storage.sql import SqlUnit
from webapi.database import reading, writing
from webapi.problems import ProblemError
from webapi.times import utc

_MILLISECONDS = 1_000


def make(uid: str, cid: str, wanted: rest.MakeLink, now: int) -> Link:
    """Make a link into a group.

    Raises:
        ProblemError: 409, it has too many.
    """
    life = wanted.expires_in
    made = Link(
        code=secrets.token_hex(16),
        cid=cid,
        maker=uid,
        created_at=now,
        expires_at=None if life is None else now + life * _MILLISECONDS,
        uses_left=wanted.uses,
    )
    with writing() as database:
        _require_right(database, uid, cid)
        count = select(func.count()).select_from(Link).where(Link.cid == cid)
        if database.scalars(count).one() >= limits.LINKS_MAX:
            raise ProblemError(409, "too_many_links", "take one of the group's links back first")
        database.add(made)
        database.flush()
        database.expunge(made)
    return made


def of_group(uid: str, cid: str) -> Sequence[Link]:
    """Give the links into a group, the newest first."""
    _require_right(reading(), uid, cid)
    newest_first = (Link.created_at.desc(), Link.code)
    return reading().scalars(select(Link).where(Link.cid == cid).order_by(*newest_first)).all()


def take_back(uid: str, cid: str, code: str) -> None:
    """Take a link back.

    Raises:
        NotFoundError: the group has no such link.
    """
    with writing() as database:
        _require_right(database, uid, cid)
        link = database.get(Link, code)
        if link is None or link.cid != cid:
            raise NotFoundError("there is no such link")
        database.delete(link)


def show(uid: str, code: str, now: int) -> rest.Invitation:
    """Say where a link leads; see ``come_in``."""
    link = _good(reading().get(Link, code), now)
    group = SqlUnit(reading().connection()).conversations([link.cid])[link.cid]
    members = group.members
    return rest.Invitation(name=group.name, members=len(members), is_member=uid in members)


def come_in(uid: str, code: str, now: int) -> Conversation:
    """Let somebody into the group that a link leads to.

    Raises:
        NotFoundError: there is no such link.
        ProblemError: 410, it is used up or too old.
        GroupFullError: the group has no room.
    """
    with writing() as database:
        # The group first: all who change it wait for each other there.
        found = database.get(Link, code)
        unit = SqlUnit(database.connection(), locking=True)
        before = unit.conversations([found.cid] if found else [])
        link = _good(database.get(Link, code, populate_existing=True), now)
        group = groups.come_in(unit, uid, link.cid, now)
        if uid not in before[link.cid].members and link.uses_left is not None:
            link.uses_left -= 1
    return group


def describe(link: Link) -> rest.Link:
    """Describe a link to who may let people join."""
    return rest.Link(
        code=link.code,
        maker=link.maker,
        created_at=utc(link.created_at),
        expires_at=None if link.expires_at is None else utc(link.expires_at),
        uses_left=link.uses_left,
    )


def _require_right(database: Database, uid: str, cid: str) -> None:
    group = group_of_member(SqlUnit(database.connection()), uid, cid)
    rights.require(group.members[uid], group.rights.add)


def _good(link: Link | None, now: int) -> Link:
    if link is None:
        raise NotFoundError("there is no such link")
    is_old = link.expires_at is not None and link.expires_at <= now
    if is_old or link.uses_left == 0:
        raise ProblemError(410, "link_expired", "this link leads nowhere any more")
    return link
