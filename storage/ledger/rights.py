"""Who may do what in a conversation. Pure decisions on what the store has read."""

from parley_protocol.checks import Refusal
from parley_protocol.payloads import Entry
from storage.errors import ForbiddenError
from storage.model import Conversation, Draft, Member

_LEADERS = ("owner", "admin")


def message_fault(draft: Draft, conversation: Conversation, target: Entry | None) -> Refusal | None:
    """Say why a member's message cannot be stored; ``target`` is the entry that it is about."""
    message = draft.message
    if any(member.role == "erased" for member in conversation.members.values()):
        return Refusal("forbidden", "this person is no more", message.id)
    if conversation.blocked:
        return Refusal("forbidden", "one of you has blocked the other", message.id)
    if message.type == "file":
        return Refusal("unsupported", "files are not supported yet", message.id)
    if message.target is None:
        return None
    if target is None or target.type in ("system", "erased"):
        return Refusal("not_found", "there is no such message to refer to", message.id)
    return _change_fault(draft, conversation, target)


def _change_fault(draft: Draft, conversation: Conversation, target: Entry) -> Refusal | None:
    message, is_own = draft.message, target.sender == draft.sender
    if message.type == "edit" and not is_own:
        return Refusal("forbidden", "only its author can edit a message", message.id)
    role = conversation.members[draft.sender].role
    if message.type == "delete" and not is_own and role not in _LEADERS:
        return Refusal("forbidden", "only its author or an admin can delete it", message.id)
    return None


def require_leader(member: Member) -> None:
    """Let owners and admins pass."""
    if member.role not in _LEADERS:
        raise ForbiddenError("only an owner or an admin can do this")


def require_owner(member: Member) -> None:
    """Let the owner pass."""
    if member.role != "owner":
        raise ForbiddenError("only the owner can do this")


def require_removal(actor: Member, member: Member) -> None:
    """Let everybody leave, admins remove plain members, and the owner anyone."""
    if actor.uid == member.uid or actor.role == "owner":
        return
    require_leader(actor)
    if member.role != "member":
        raise ForbiddenError("only the owner can remove an owner or an admin")


def successor(conversation: Conversation, leaving: str) -> Member | None:
    """Name who owns a group after its owner has left: the longest-known admin, else member."""
    others = [m for uid, m in sorted(conversation.members.items()) if uid != leaving]
    admins = [member for member in others if member.role == "admin"]
    return next(iter(admins or others), None)
