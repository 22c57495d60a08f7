"""Parcels for the bridge: what the API has changed and members' devices have to be told."""

from collections.abc import Collection

from parley_protocol.payloads import (
    AccountChanged,
    ConversationChanged,
    Entry,
    MessageHidden,
    encode,
    for_delivery,
)
from storage.model import Conversation, ConversationType
from storage.unit import Unit


def tell_joined(unit: Unit, conversation: Conversation, uids: Collection[str]) -> None:
    """Tell people that they are in a conversation now."""
    joined = ConversationChanged(
        cid=conversation.cid, change="joined", type=conversation.type, name=conversation.name
    )
    _post(unit, uids, encode(joined))


def tell_left(unit: Unit, conversation: Conversation, uid: str) -> None:
    """Tell somebody that a conversation is closed to them; the last they hear of it."""
    left = ConversationChanged(cid=conversation.cid, change="left", type=conversation.type)
    _post(unit, [uid], encode(left))


def tell_preferences(unit: Unit, cid: str, kind: ConversationType, uid: str) -> None:
    """Tell somebody's devices that one of them keeps a conversation otherwise now."""
    changed = ConversationChanged(cid=cid, change="preferences", type=kind)
    _post(unit, [uid], encode(changed))


def tell_block(unit: Unit, uid: str, other: str, *, blocked: bool) -> None:
    """Tell a person's devices that somebody is blocked, or is not any more."""
    changed = AccountChanged(uid=other, change="blocked" if blocked else "unblocked")
    _post(unit, [uid], encode(changed))


def tell_hidden(unit: Unit, uid: str, cid: str, seq: int) -> None:
    """Tell a person's devices that a message is deleted for that person."""
    _post(unit, [uid], encode(MessageHidden(cid=cid, seq=seq)))


def tell_entry(unit: Unit, entry: Entry, uids: Collection[str]) -> None:
    """Deliver an entry that the API has added to the log."""
    _post(unit, uids, encode(for_delivery(entry)))


def _post(unit: Unit, uids: Collection[str], payload: bytes) -> None:
    if uids:
        unit.post(uids, payload)
