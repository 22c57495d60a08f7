"""Payloads: UTF-8 JSON objects, non-ASCII unescaped; unknown fields are ignored.

What goes up carries its kind in the topic. What comes down carries it in the field ``kind``,
because one inbox holds all of them. Fields that hold their default are left out.
Times are milliseconds since 1970 (UTC).
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from parley_protocol import limits

Id = Annotated[
    str,
    Meta(pattern="^[0-9a-f]{32}$", max_length=32, description="A UUID as 32 lower-case hex digits"),
]
Seq = Annotated[int, Meta(ge=0, le=2**53 - 1, description="A number in a conversation, from 1")]
Milliseconds = Annotated[
    int, Meta(ge=0, le=2**53 - 1, description="Milliseconds since 1970-01-01T00:00:00Z")
]
Emoji = Annotated[str, Meta(min_length=1, max_length=limits.EMOJI_MAX)]
Mentions = Annotated[tuple[Id, ...], Meta(max_length=limits.MENTIONS_MAX)]
Text = Annotated[
    str, Meta(max_length=limits.TEXT_MAX, description="1 to 100,000 characters; none is U+0000")
]
SentType = Literal["text", "file", "edit", "delete", "reaction"]
EntryType = Literal["text", "file", "edit", "delete", "reaction", "system", "erased", "hidden"]
Role = Literal["owner", "admin", "member", "erased"]
LeastRole = Literal["owner", "admin", "member"]
RejectedCode = Literal[
    "malformed",
    "too_long",
    "not_found",
    "not_member",
    "forbidden",
    "id_taken",
    "unsupported",
    "internal",
]


class Forwarded(Struct, frozen=True, kw_only=True):
    """Who said first what is passed on, and when. It is the sender's word: nobody checks it."""

    sender: Id = msgspec.field(name="from")
    sent_at: Milliseconds


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a device sends to a conversation. ``sent_at`` is its clock: shown, never used to order.

    An ``edit``, ``delete`` or ``reaction`` names the message that it is about in ``target``.
    """

    id: Id
    sent_at: Milliseconds
    type: SentType = "text"
    text: Text = ""
    reply_to: Id | None = None
    target: Id | None = None
    emoji: Emoji | None = None
    file: Id | None = None
    mentions: Mentions = ()
    forwarded: Forwarded | None = None


class Receipt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a person's devices have received and read a conversation; cumulative."""

    cid: Id
    delivered: Seq = 0
    read: Seq = 0


class Typing(Struct, frozen=True, kw_only=True):
    """Whether the sender is writing just now."""

    on: bool


class Rights(Struct, frozen=True, kw_only=True):
    """The least role that may do something in a group.

    It may write to it, let people join, give it another name, and delete what others have said.
    Reactions and receipts are everybody's.
    """

    post: LeastRole = "member"
    add: LeastRole = "admin"
    rename: LeastRole = "admin"
    delete: LeastRole = "admin"


class SystemChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change of a group's members, roles, name or retention, as an entry of its log.

    ``days`` is for how long its messages are kept; none is for ever. Who comes by a link adds
    themself.
    """

    action: Literal["created", "renamed", "added", "removed", "left", "role", "retention", "rights"]
    uids: tuple[Id, ...] = ()
    name: str | None = None
    role: Role | None = None
    days: int | None = None
    rights: Rights | None = None


class Entry(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="kind",
    tag="message",
    gc=False,
):
    """A stored message: numbered, allowed, and the same for everyone who reads it.

    Its arrival at the sender's own devices is the acknowledgement that it is stored.
    ``partial`` says that ``text`` is only the beginning of a long text. One that is ``erased``
    has its number, its author and its time still, and nothing of what it said; so has one that is
    ``hidden``, which its reader has deleted for themself.
    """

    cid: Id
    seq: Seq
    id: Id
    sender: Id = msgspec.field(name="from")
    stored_at: Milliseconds
    sent_at: Milliseconds
    device: Id | None = None
    type: EntryType = "text"
    text: Text = ""
    partial: bool = False
    reply_to: Id | None = None
    target: Id | None = None
    emoji: Emoji | None = None
    file: Id | None = None
    mentions: Mentions = ()
    forwarded: Forwarded | None = None
    system: SystemChange | None = None


class Rejected(Struct, frozen=True, kw_only=True, tag_field="kind", tag="rejected"):
    """The answer to a message that was not stored and never will be under this id.

    ``id`` is empty where the payload was too broken to tell.
    """

    id: str
    code: RejectedCode
    detail: str
    device: Id


class ReceiptMoved(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="receipt"
):
    """A member's receipt has moved."""

    cid: Id
    uid: Id
    delivered: Seq = 0
    read: Seq = 0


class ConversationChanged(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="conversation"
):
    """The person has joined a conversation, is no longer in it, or keeps it otherwise now.

    For ``preferences``, ask ``GET /v1/conversations/{cid}``.
    """

    cid: Id
    change: Literal["joined", "left", "preferences"]
    type: Literal["dm", "group"]
    name: str = ""


class MessageHidden(Struct, frozen=True, kw_only=True, tag_field="kind", tag="hidden"):
    """The person has deleted a message for themself, on one of the devices."""

    cid: Id
    seq: Seq


class AccountChanged(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="account"
):
    """Somebody's profile has changed, or one of the person's own sessions has ended.

    Of somebody who is ``erased``, a device forgets the name and all messages. Who is ``blocked`` is
    so by the person whose device is told.
    """

    uid: Id
    change: Literal["profile", "session_ended", "erased", "blocked", "unblocked"]
    display_name: str | None = None
    device: Id | None = None


class TypingShown(Struct, frozen=True, kw_only=True, tag_field="kind", tag="typing"):
    """Somebody is writing, or has stopped; live, never queued."""

    cid: Id
    uid: Id
    on: bool


Inbox = Entry | Rejected | ReceiptMoved | ConversationChanged | MessageHidden | AccountChanged
Live = TypingShown
Down = Inbox | Live

encode = msgspec.json.Encoder().encode
decode_message = msgspec.json.Decoder(Message).decode
decode_receipt = msgspec.json.Decoder(Receipt).decode
decode_typing = msgspec.json.Decoder(Typing).decode
decode_down = msgspec.json.Decoder(Inbox | Live).decode


def for_delivery(entry: Entry) -> Entry:
    """Cut a text of more than ``limits.PARTIAL_OVER`` bytes to its beginning.

    A long text to 100 members must not become 40 MB of queues.
    """
    if len(entry.text) <= limits.PARTIAL_OVER // 4:
        return entry
    if len(entry.text.encode()) <= limits.PARTIAL_OVER:
        return entry
    return msgspec.structs.replace(
        entry, text=entry.text[: limits.PARTIAL_CHARACTERS], partial=True
    )


def emptied(entry: Entry, kind: EntryType = "erased") -> Entry:
    """Forget what an entry said: its number, author and time are left."""
    return Entry(
        cid=entry.cid,
        seq=entry.seq,
        id=entry.id,
        sender=entry.sender,
        stored_at=entry.stored_at,
        sent_at=entry.stored_at,
        type=kind,
    )
