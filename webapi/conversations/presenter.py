"""Show conversations to one of their members."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from parley_protocol import rest
from storage.accounts import Account
from storage.model import Conversation, Member
from webapi.database import reading

_ROLES = ("owner", "admin", "member", "erased")


def present(conversations: Sequence[Conversation], uid: str) -> list[rest.Conversation]:
    """Describe conversations; their members' names take one statement for all of them."""
    uids = {member for conversation in conversations for member in conversation.members}
    accounts = reading().scalars(select(Account).where(Account.uid.in_(uids))).all()
    names = {account.uid: account for account in accounts}
    return [_present(conversation, uid, names) for conversation in conversations]


def _present(conversation: Conversation, uid: str, names: dict[str, Account]) -> rest.Conversation:
    read = conversation.members[uid].read
    return rest.Conversation(
        cid=conversation.cid,
        type=conversation.type,
        name=conversation.name,
        head=conversation.head,
        read=read,
        unread=conversation.head - read,
        created_at=datetime.fromtimestamp(conversation.created_at / 1000, UTC),
        retention_days=conversation.retention_days,
        members=sorted(
            (_member(member, names[member.uid]) for member in conversation.members.values()),
            key=lambda member: (_ROLES.index(member.role), member.name),
        ),
    )


def _member(member: Member, account: Account) -> rest.Member:
    return rest.Member(
        uid=member.uid,
        name=account.name,
        display_name=account.display_name,
        role=member.role,
        delivered=member.delivered,
        read=member.read,
    )
