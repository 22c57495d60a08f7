"""Show conversations to one of their members."""

from collections.abc import Sequence

from sqlalchemy import select

from parley_protocol import rest
from storage.accounts import Account
from storage.model import Conversation, Member
from storage.personal import Preference
from webapi.conversations import preferences
from webapi.database import reading
from webapi.times import utc

_ROLES = ("owner", "admin", "member", "erased")


def present(conversations: Sequence[Conversation], uid: str) -> list[rest.Conversation]:
    """Describe conversations; their members' names take one statement for all of them."""
    uids = {member for conversation in conversations for member in conversation.members}
    accounts = reading().scalars(select(Account).where(Account.uid.in_(uids))).all()
    names = {account.uid: account for account in accounts}
    kept = preferences.of(reading(), uid, [conversation.cid for conversation in conversations])
    return [describe(c, uid, _members(c, names), kept.get(c.cid)) for c in conversations]


def describe(
    conversation: Conversation,
    uid: str,
    members: list[rest.Member],
    preference: Preference | None,
) -> rest.Conversation:
    """Describe a conversation as its member sees it, and keeps it."""
    read = conversation.members[uid].read
    return rest.Conversation(
        cid=conversation.cid,
        type=conversation.type,
        name=conversation.name,
        head=conversation.head,
        read=read,
        unread=conversation.head - read,
        created_at=utc(conversation.created_at),
        retention_days=conversation.retention_days,
        blocked=conversation.blocked,
        rights=conversation.rights,
        preferences=preferences.describe(preference, read),
        members=members,
    )


def describe_member(member: Member, person: Account | rest.Person) -> rest.Member:
    """Describe a member as others see them."""
    return rest.Member(
        uid=member.uid,
        name=person.name,
        display_name=person.display_name,
        role=member.role,
        delivered=member.delivered,
        read=member.read,
    )


def _members(conversation: Conversation, names: dict[str, Account]) -> list[rest.Member]:
    return sorted(
        (describe_member(member, names[member.uid]) for member in conversation.members.values()),
        key=lambda member: (_ROLES.index(member.role), member.name),
    )
