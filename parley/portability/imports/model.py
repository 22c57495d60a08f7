"""What every parser gives: people, chats and posts, by the keys that they have in the source."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["slack", "whatsapp", "irc"]


class UnreadableError(Exception):
    """The file is not what it should be; the text is one line for the person who named it."""


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody in the source. ``accounts`` are names that the account here may bear, best first."""

    key: str
    name: str
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji that somebody has put to a post."""

    author: str
    emoji: str


@dataclass(frozen=True, slots=True)
class Post:
    """Something said. ``key`` is unique in its chat; ``at`` is in milliseconds since 1970.

    ``reply_to`` is a post's key, ``author`` and ``mentions`` are authors' keys.
    """

    key: str
    author: str
    at: int
    text: str
    reply_to: str | None = None
    mentions: tuple[str, ...] = ()
    edited_at: int | None = None
    reactions: tuple[Reaction, ...] = ()


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation. ``key`` is unique among all chats of the source's kind.

    ``posts`` reads from the beginning each time, by rising time, ``None`` for each thing that no
    message is made of. Where ``members`` is ``None`` those who write are the members.
    """

    key: str
    type: Literal["dm", "group"]
    name: str
    posts: Callable[[], Iterator[Post | None]]
    members: tuple[str, ...] | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """All of a file. ``authors`` may grow while posts are read."""

    kind: Kind
    chats: list[Chat]
    authors: dict[str, Author] = field(default_factory=dict)
