"""Rows of the ledger's tables as values, and back. Pure."""

from typing import Any

import msgspec
from msgspec import structs
from sqlalchemy import Row

from parley_protocol.payloads import Entry, Rights
from storage.extra import pack, unpack
from storage.model import USUAL_RIGHTS, Conversation, Member, Parcel
from storage.sql.rosters import new_roster

_ID_LENGTH = 32
_unpack_rights = msgspec.json.Decoder(Rights).decode


def entry_row(entry: Entry) -> dict[str, Any]:
    """Give the row of ``messages`` for an entry."""
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
        "extra": pack(entry),
    }


def entry(row: Row[Any]) -> Entry:
    """Give the entry in a row of ``messages``."""
    # By place: by name it takes twice as long.
    cid, seq, id_, sender, device, stored_at, sent_at, type_, text, extra = tuple(row)
    more = unpack(extra)
    return Entry(
        cid=cid,
        seq=seq,
        id=id_,
        sender=sender,
        device=device,
        stored_at=stored_at,
        sent_at=sent_at,
        type=type_,
        text=text,
        reply_to=more.reply_to,
        target=more.target,
        emoji=more.emoji,
        file=more.file,
        mentions=more.mentions,
        forwarded=more.forwarded,
        system=more.system,
    )


def member_row(cid: str, member: Member) -> dict[str, Any]:
    """Give the row of ``members`` for a member."""
    return {"cid": cid} | structs.asdict(member)


def conversation_row(conversation: Conversation) -> dict[str, Any]:
    """Give the row of ``conversations`` for a conversation."""
    row = structs.asdict(conversation)
    del row["members"]
    row["rights"] = pack_rights(conversation.rights)
    return row | {"roster": new_roster()}


def roster(row: Row[Any]) -> tuple[str, int]:
    """Give the id of the conversation in a row, and its roster."""
    return row[0], row[-1]


def pack_rights(rights: Rights) -> str | None:
    """Give the column ``rights``: empty for those that most groups have."""
    return None if rights == USUAL_RIGHTS else msgspec.json.encode(rights).decode()


def conversation(row: Row[Any], members: dict[str, Member]) -> Conversation:
    """Give the conversation in a row of ``conversations``."""
    cid, type_, name, head, created_at, moved_at, *more, rights, _ = tuple(row)
    more.append(USUAL_RIGHTS if rights is None else _unpack_rights(rights))
    return Conversation(cid, type_, name, head, created_at, moved_at, members, *more)


def parcel(row: Row[Any]) -> Parcel:
    """Give the parcel in a row of ``outbox``."""
    uids = row.recipients
    split = tuple(uids[at : at + _ID_LENGTH] for at in range(0, len(uids), _ID_LENGTH))
    return Parcel(row.number, split, row.payload, row.request)
