"""Who has blocked somebody hears nothing of that person, and is not heard by them."""

from collections.abc import Collection

from parley_protocol.ids import pair_cid
from storage.errors import ForbiddenError, NotFoundError
from storage.ledger.outbox import tell_block
from storage.unit import Unit


def block(unit: Unit, uid: str, other: str) -> None:
    """Block somebody. What both have said before stays."""
    if uid == other:
        raise ForbiddenError("nobody can block themself")
    if not unit.people([other]):
        raise NotFoundError("there is no such person")
    _lock(unit, uid, other)
    unit.blocks.add(uid, other)
    unit.blocks.close(pair_cid(uid, other), blocked=True)
    tell_block(unit, uid, other, blocked=True)


def unblock(unit: Unit, uid: str, other: str) -> None:
    """Take a block back; the other's stays, where there is one."""
    _lock(unit, uid, other)
    unit.blocks.drop(uid, other)
    left = bool(unit.blocks.between([frozenset((uid, other))]))
    unit.blocks.close(pair_cid(uid, other), blocked=left)
    tell_block(unit, uid, other, blocked=False)


def require_peace(unit: Unit, uid: str, others: Collection[str]) -> None:
    """Let those pass of whom nobody has blocked ``uid``, or is blocked by them."""
    if unit.blocks.between([frozenset((uid, other)) for other in others if other != uid]):
        raise ForbiddenError("one of you has blocked the other")


def _lock(unit: Unit, uid: str, other: str) -> None:
    """Hold the pair's conversation, so that nothing is said in it meanwhile."""
    unit.conversations([pair_cid(uid, other)])
