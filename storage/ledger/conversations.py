"""Open pairs, and find a conversation for one who is in it."""

from parley_protocol.ids import pair_cid
from storage.errors import NotFoundError, WrongTypeError
from storage.ledger.blocks import require_peace
from storage.ledger.messages import new_dm
from storage.ledger.outbox import tell_joined
from storage.model import Conversation
from storage.unit import Unit


def any_(unit: Unit, cid: str) -> Conversation:
    """Give a conversation, whoever is in it."""
    conversation = unit.conversations([cid]).get(cid)
    if conversation is None:
        raise NotFoundError("there is no such conversation")
    return conversation


def of_member(unit: Unit, uid: str, cid: str) -> Conversation:
    """Give a conversation; for one who is not in it there is none."""
    conversation = any_(unit, cid)
    own = conversation.members.get(uid)
    if own is None or own.role == "erased":
        raise NotFoundError("there is no such conversation")
    return conversation


def group_of_member(unit: Unit, uid: str, cid: str) -> Conversation:
    """Give a group of which the asker is a member."""
    conversation = of_member(unit, uid, cid)
    if conversation.type != "group":
        raise WrongTypeError("this is not a group")
    return conversation


def open_dm(unit: Unit, uid: str, peer: str, now: int) -> tuple[Conversation, bool]:
    """Give the conversation of a pair, opening it at first use."""
    cid = pair_cid(uid, peer)
    found = unit.conversations([cid]).get(cid)
    if found is not None:
        return found, False
    if not {uid, peer} <= unit.people([uid, peer]):
        raise NotFoundError("there is no such person")
    require_peace(unit, uid, [peer])
    conversation = new_dm(cid, {uid, peer}, now)
    unit.open([conversation])
    tell_joined(unit, conversation, conversation.members)
    return conversation, True
