"""Rows of the ledger's tables as values, and back. Pure."""

from typing import Any

import msgspec
from msgspec import structs
from sqlalchemy import Row

from parley_protocol.payloads import Entry, SystemChange
from storage.model import Conversation, Member, Parcel

_ID_LENGTH = 32


class _Extra(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The fields that few messages have."""

    reply_to: str | None = None
    target: str | None = None
    emoji: str | None = None
    file: str | None = None
    mentions: tuple[str, ...] = ()
    system: SystemChange | None = None


_NONE = _Extra()
_decode = msgspec.json.Decoder(_Extra).decode
_encode = msgspec.json.Encoder().encode


def entry_row(entry: Entry) -> dict[str, Any]:
    """Give the row of ``messages`` for an entry."""
    extra = _Extra(
        reply_to=entry.reply_to,
        target=entry.target,
        emoji=entry.emoji,
        file=entry.file,
        mentions=entry.mentions,
        system=entry.system,
    )
    return {
        "cid": entry.cid,
        "seq": entry.seq,
        "id": entry.id,
        "sender": entry.sender,
        "device": entry.device,
        "stored_at": entry.stored_at,
        "sent_at": entry.sent_at,
        "type": entry.type,
        "text": entry.text,
        "extra": None if extra == _NONE else _encode(extra).decode(),
    }


def entry(row: Row[Any]) -> Entry:
    """Give the entry in a row of ``messages``."""
    extra = _NONE if row.extra is None else _decode(row.extra)
    return Entry(
        cid=row.cid,
        seq=row.seq,
        id=row.id,
        sender=row.sender,
        device=row.device,
        stored_at=row.stored_at,
        sent_at=row.sent_at,
        type=row.type,
        text=row.text,
        reply_to=extra.reply_to,
        target=extra.target,
        emoji=extra.emoji,
        file=extra.file,
        mentions=extra.mentions,
        system=extra.system,
    )


def member_row(cid: str, member: Member) -> dict[str, Any]:
    """Give the row of ``members`` for a member."""
    return {"cid": cid} | structs.asdict(member)


def conversation_row(conversation: Conversation) -> dict[str, Any]:
    """Give the row of ``conversations`` for a conversation."""
    row = structs.asdict(conversation)
    del row["members"]
    return row


def conversation(row: Row[Any], members: dict[str, Member]) -> Conversation:
    """Give the conversation in a row of ``conversations``."""
    return Conversation(
        row.cid,
        row.type,
        row.name,
        row.head,
        row.created_at,
        row.moved_at,
        members,
        row.archived,
        row.archived_until,
    )


def parcel(row: Row[Any]) -> Parcel:
    """Give the parcel in a row of ``outbox``."""
    uids = row.recipients
    split = tuple(uids[at : at + _ID_LENGTH] for at in range(0, len(uids), _ID_LENGTH))
    return Parcel(row.number, split, row.payload)
