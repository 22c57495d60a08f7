"""What a chat will take: who is in it, and how much was said. Pure."""

from collections.abc import Container
from dataclasses import dataclass, field

from parley.portability.imports.model import Chat
from parley_protocol import limits


class TooManyMembersError(Exception):
    """A group would have more members than a group can have; the text is one line."""


@dataclass
class Survey:
    """``last`` is when each author wrote last; ``involved`` also holds who reacted or is named."""

    posts: int = 0
    left_out: int = 0
    last: dict[str, int] = field(default_factory=dict)
    involved: dict[str, None] = field(default_factory=dict)


def survey(chat: Chat) -> Survey:
    """Read a chat once, without keeping it."""
    found = Survey(involved=dict.fromkeys(chat.members or ()))
    for post in chat.posts():
        if post is None:
            found.left_out += 1
            continue
        found.posts += 1
        found.last[post.author] = post.at
        reacting = (reaction.author for reaction in post.reactions)
        found.involved.update(dict.fromkeys((post.author, *post.mentions, *reacting)))
    return found


def members(chat: Chat, found: Survey, most: int | None) -> tuple[str, ...]:
    """Give the members' keys; where they are more than ``most``, those who wrote last.

    Raises:
        TooManyMembersError: they are more than a group takes, and ``most`` is not given.
    """
    everybody = tuple(found.last) if chat.members is None else chat.members
    if len(everybody) <= (most or limits.GROUP_MAX):
        return everybody
    if most is None:
        raise TooManyMembersError(
            f"{chat.name} has {len(everybody)} members, a group has at most {limits.GROUP_MAX}: "
            f"with --members {limits.GROUP_MAX} those who wrote last become members, "
            "and what the others wrote comes with it"
        )
    return tuple(sorted(everybody, key=lambda key: -found.last.get(key, -1))[:most])


def owner_first(chat: Chat, keys: tuple[str, ...], can_log_in: Container[str]) -> tuple[str, ...]:
    """Put in front who will own the group: who made it, else the first, who can log in."""
    owner = min(keys, key=lambda key: (key not in can_log_in, key != chat.owner), default=None)
    return keys if owner is None else (owner, *(key for key in keys if key != owner))
