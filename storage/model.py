"""What the ledger takes and gives: plain values, the same for every store."""

from typing import Literal

from msgspec import Struct

from parley_protocol.checks import Refusal
from parley_protocol.ids import pair_cid
from parley_protocol.payloads import Entry, Message, Rights, Role
from parley_protocol.topics import Scope
from storage.search.index import Moment
from storage.search.snippets import Snippet

USUAL_RIGHTS = Rights()
"""Of a group whose owner has not said otherwise."""
ConversationType = Literal["dm", "group"]


class Draft(Struct, frozen=True):
    """A message that a device has sent and that has no number yet.

    ``target`` is the other person's uid in a ``dm`` and the gid in a ``group``.
    """

    sender: str
    device: str
    scope: Scope
    target: str
    message: Message

    @property
    def cid(self) -> str:
        """The conversation that the message is for."""
        return pair_cid(self.sender, self.target) if self.scope == "dm" else self.target


class Stored(Struct, frozen=True):
    """A draft is in the ledger, now or since an earlier attempt (``duplicate``).

    ``members`` are those of the conversation at this commit. ``opened`` says that the draft is
    the first message of a pair, so that both have to be told of the conversation.
    """

    entry: Entry
    members: tuple[str, ...]
    duplicate: bool = False
    opened: bool = False


class Undecided(Struct, frozen=True):
    """A draft whose id or target is not in the ledger, and may be in the archive.

    ``keys`` are what to ask the archive for, ``archived`` is how far it reached.
    """

    cid: str
    keys: frozenset[tuple[str, str]]
    archived: int


Decided = Stored | Refusal
Outcome = Decided | Undecided


class Opening(Struct, frozen=True):
    """A conversation that an import fills. The first of a group's ``members`` will own it."""

    cid: str
    type: ConversationType
    name: str
    members: tuple[str, ...]


class Foreign(Struct, frozen=True):
    """A message from elsewhere; its ``sent_at`` is the time at which it was said there."""

    sender: str
    message: Message


class Mark(Struct, frozen=True):
    """How far a person has received and read a conversation."""

    uid: str
    cid: str
    delivered: int
    read: int


class Moved(Struct, frozen=True):
    """A mark that has moved a member's receipt, and whom to tell."""

    mark: Mark
    members: tuple[str, ...]


class Member(Struct, frozen=True, gc=False):
    """A member of a conversation; ``delivered`` and ``read`` are seqs, cumulative."""

    uid: str
    role: Role
    delivered: int = 0
    read: int = 0


class Conversation(Struct, frozen=True):
    """A conversation with all of its members. Times are milliseconds since 1970.

    ``head`` is the number of the last entry, ``moved_at`` the time when it was stored.
    Entries up to ``archived`` are in the archive alone; the newest of them was stored at
    ``archived_until``. Messages are kept for ``retention_days``, ``None`` is for ever; up to
    ``forgotten`` they are forgotten for their age. ``rewrites`` counts how often entries have been.
    A pair is ``blocked`` where one of them has blocked the other.
    """

    cid: str
    type: ConversationType
    name: str
    head: int
    created_at: int
    moved_at: int
    members: dict[str, Member]
    archived: int = 0
    archived_until: int = 0
    retention_days: int | None = None
    forgotten: int = 0
    rewrites: int = 0
    blocked: bool = False
    rights: Rights = USUAL_RIGHTS


class Standing(Struct, frozen=True):
    """Where a conversation stands for one of its members."""

    cid: str
    type: ConversationType
    name: str
    head: int
    read: int
    archived: int
    archived_until: int


class Parcel(Struct, frozen=True):
    """A committed change that its recipients have not been told yet.

    ``payload`` is ready for the inbox; without recipients it is an order to the broker, see
    ``parley_protocol.control``. ``number`` counts up in the order of commits.
    ``request`` is the id of the HTTP request that made the change.
    """

    number: int
    recipients: tuple[str, ...]
    payload: bytes
    request: str | None = None


class Missing(Struct, frozen=True):
    """What a device lacks of one conversation; see ``parley_protocol.rest.Synced``."""

    standing: Standing
    entries: list[Entry]
    first_missing: int | None


class Sync(Struct, frozen=True):
    """The answer to a device's cursors."""

    conversations: list[Missing]
    left: list[str]
    more: bool


class Hit(Struct, frozen=True):
    """A message that was found, with the text that it has now, and where in it."""

    entry: Entry
    edited: bool
    snippet: Snippet


class Found(Struct, frozen=True):
    """A page of hits, the newest first; ``next`` is where the following page begins.

    ``left_out`` counts the newest entries that search has not reached yet: mostly none.
    """

    hits: list[Hit]
    next: Moment | None
    left_out: int
