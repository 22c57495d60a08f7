"""Who may do what in a conversation. Pure decisions on what the store has read."""

from parley_protocol.checks import Refusal
from parley_protocol.payloads import Entry, LeastRole
from storage.errors import ForbiddenError
from storage.model import Conversation, Draft, Member

_RANKS = ("owner", "admin", "member")
_WORDS = {"owner": "the owner", "admin": "the owner and admins"}
_SPOKEN = frozenset({"text", "file", "edit"})


def message_fault(draft: Draft, conversation: Conversation, target: Entry | None) -> Refusal | None:
    """Say why a member's message cannot be stored; ``target`` is the entry that it is about."""
    message = draft.message
    if conversation.type == "dm" and _is_of_the_erased(conversation):
        return Refusal("forbidden", "this person is no more", message.id)
    if conversation.blocked:
        return Refusal("forbidden", "one of you has blocked the other", message.id)
    if message.type == "file":
        return Refusal("unsupported", "files are not supported yet", message.id)
    least = conversation.rights.post
    if message.type in _SPOKEN and not _has(conversation.members[draft.sender], least):
        return Refusal("forbidden", f"only {_WORDS[least]} can write here", message.id)
    return None if message.target is None else _target_fault(draft, conversation, target)


def _is_of_the_erased(pair: Conversation) -> bool:
    # Out of groups they are taken; in those it would be asked of a hundred for each message.
    return any(member.role == "erased" for member in pair.members.values())


def _target_fault(draft: Draft, conversation: Conversation, target: Entry | None) -> Refusal | None:
    message = draft.message
    if target is None or target.type in ("system", "erased"):
        return Refusal("not_found", "there is no such message to refer to", message.id)
    return _change_fault(draft, conversation, target)


def _change_fault(draft: Draft, conversation: Conversation, target: Entry) -> Refusal | None:
    message, is_own = draft.message, target.sender == draft.sender
    if message.type == "edit" and not is_own:
        return Refusal("forbidden", "only its author can edit a message", message.id)
    own, least = conversation.members[draft.sender], conversation.rights.delete
    if message.type == "delete" and not is_own and not _may_delete(conversation, own):
        detail = "only its author can delete it"
        if conversation.type == "group":
            detail = f"only its author and {_WORDS[least]} can delete it"
        return Refusal("forbidden", detail, message.id)
    return None


def _may_delete(conversation: Conversation, member: Member) -> bool:
    return conversation.type == "group" and _has(member, conversation.rights.delete)


def require(member: Member, least: LeastRole) -> None:
    """Let those pass whose role is enough."""
    if not _has(member, least):
        raise ForbiddenError(f"only {_WORDS[least]} can do this")


def _has(member: Member, least: LeastRole) -> bool:
    return member.role in _RANKS and _RANKS.index(member.role) <= _RANKS.index(least)


def require_removal(actor: Member, member: Member) -> None:
    """Let everybody leave, admins remove plain members, and the owner anyone."""
    if actor.uid == member.uid or actor.role == "owner":
        return
    require(actor, "admin")
    if member.role != "member":
        raise ForbiddenError("only the owner can remove an owner or an admin")


def successor(conversation: Conversation, leaving: str) -> Member | None:
    """Name who owns a group after its owner has left: the longest-known admin, else member."""
    others = [m for uid, m in sorted(conversation.members.items()) if uid != leaving]
    admins = [member for member in others if member.role == "admin"]
    return next(iter(admins or others), None)
