"""Receipts: cumulative, never backwards, never beyond the head."""

from collections.abc import Sequence

from storage.model import Conversation, Mark, Moved
from storage.unit import Unit


def mark(unit: Unit, marks: Sequence[Mark]) -> list[Moved]:
    """Apply marks; several of one person in one conversation become one."""
    conversations = unit.conversations({mark.cid for mark in marks})
    moved: dict[tuple[str, str], Moved] = {}
    for asked in marks:
        conversation = conversations.get(asked.cid)
        if conversation is None or asked.uid not in conversation.members:
            continue
        earlier = moved.get((asked.uid, asked.cid))
        step = _step(asked, conversation, earlier.mark if earlier else None)
        if step is not None:
            told = (asked.uid,) if conversation.blocked else tuple(conversation.members)
            moved[asked.uid, asked.cid] = Moved(step, told)
    unit.mark(found.mark for found in moved.values())
    return list(moved.values())


def _step(asked: Mark, conversation: Conversation, earlier: Mark | None) -> Mark | None:
    """Give the mark after ``asked``, or ``None`` where it changes nothing."""
    held = earlier or conversation.members[asked.uid]
    read = max(held.read, min(asked.read, conversation.head))
    delivered = max(held.delivered, min(asked.delivered, conversation.head), read)
    if (read, delivered) == (held.read, held.delivered):
        return None
    return Mark(asked.uid, asked.cid, delivered, read)
