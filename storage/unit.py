"""What a store must offer: reads and writes inside one transaction, and no decisions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from parley_protocol.payloads import Entry, Rights, Role
from storage.model import Conversation, Mark, Member, Parcel, Standing
from storage.search.index import Place, SearchIndex

Key = tuple[str, str]
"""A conversation's id and a message's id."""
Pair = frozenset[str]
"""Two uids."""
Spans = Mapping[str, range]
"""Seqs by conversation."""


class Unit(Protocol):
    """One transaction. Its writes become durable together when the store's block ends."""

    @property
    def index(self) -> SearchIndex:
        """The search index."""

    @property
    def forgetting(self) -> "Forgetting":
        """What is needed to forget."""

    @property
    def blocks(self) -> "Blocks":
        """Who wants to hear nothing of whom."""

    def people(self, uids: Collection[str]) -> set[str]:
        """Say which of ``uids`` are accounts that are not erased."""

    def conversations(self, cids: Collection[str]) -> dict[str, Conversation]:
        """Read conversations by id; in a writing unit they are locked until its end."""

    def addressed(self, cids: Collection[str]) -> dict[str, Conversation]:
        """Read conversations as ``conversations`` does, but for their members' receipts."""

    def conversations_of(
        self, uid: str, *, limit: int, before: tuple[int, str] | None
    ) -> list[Conversation]:
        """Read a person's conversations, the last moved first, after ``(moved_at, cid)``."""

    def standing(self, uid: str, cid: str) -> Standing | None:
        """Give where a conversation stands for a person, if that person is a member."""

    def standings(self, uid: str) -> list[Standing]:
        """Give where each of a person's conversations stands, the last moved first."""

    def acquaintances(self, uid: str) -> set[str]:
        """Give everybody who shares a conversation with a person, that person included."""

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:
        """Find the entries that bear these ids."""

    def numbered(self, places: Collection[Place]) -> dict[Place, Entry]:
        """Find entries by conversation and seq."""

    def entries(self, spans: Spans) -> dict[str, list[Entry]]:
        """Read, per conversation, the entries with these seqs, by rising seq."""

    def hidden(self, uid: str, spans: Spans) -> set[Place]:
        """Say which of these entries a person has deleted for themself."""

    def hide(self, uid: str, place: Place) -> None:
        """Delete an entry for one person; once more is no harm."""

    def open(self, conversations: Iterable[Conversation]) -> None:
        """Add new conversations with their members."""

    def append(self, entries: Sequence[Entry]) -> None:
        """Add numbered entries, and move heads and the senders' read marks to them."""

    def rename(self, cid: str, name: str) -> None:
        """Give a conversation another name."""

    def set_rights(self, cid: str, rights: Rights) -> None:
        """Say which role may do what in a conversation."""

    def join(self, cid: str, members: Iterable[Member]) -> None:
        """Add members."""

    def leave(self, cid: str, uids: Collection[str]) -> None:
        """Take members out."""

    def set_role(self, cid: str, uid: str, role: Role) -> None:
        """Give a member another role."""

    def mark(self, marks: Iterable[Mark]) -> None:
        """Set members' receipts."""

    def post(self, recipients: Collection[str], payload: bytes) -> None:
        """Add a parcel to the outbox; without recipients it is an order to the broker."""

    def parcels(self, limit: int) -> list[Parcel]:
        """Read the oldest parcels."""

    def settle(self, numbers: Collection[int]) -> None:
        """Take told parcels out of the outbox."""

    def movable(self, *, before: int, keep: int, after: str, limit: int) -> dict[str, range]:
        """Find what can go to the archive, in ``limit`` conversations behind the cid ``after``.

        Per conversation it is what follows the archived entries and was stored before a time,
        up to the first entry that was not, and but for the last ``keep`` of all.
        """

    def prune(self, cid: str, through: int, until: int) -> None:
        """Drop entries up to a seq, which are archived; the newest was stored at ``until``.

        The search index is left as it is.
        """


class Forgetting(Protocol):
    """What a store must offer to forget what was said, within one transaction."""

    def set_retention(self, cid: str, days: int | None) -> None:
        """Note for how many days a conversation's messages are kept."""

    def outdated(self, *, now: int, after: str, limit: int) -> dict[str, range]:
        """Find what is older than its conversation keeps, in ``limit`` behind the cid ``after``.

        Per conversation it is what follows the forgotten entries, up to the first entry that is
        young enough. Entries that are archived are among them.
        """

    def note_forgotten(self, cid: str, through: int) -> None:
        """Note that a conversation's entries up to a seq are forgotten for their age."""

    def unforgotten(self, cid: str, span: range, sender: str | None, limit: int) -> list[int]:
        """Find the first seqs of entries that still say something, maybe of one sender.

        What the system says of a group's changes is never forgotten.
        """

    def forget(self, cid: str, seqs: Collection[int]) -> None:
        """Take from entries what they said, and count that the conversation was rewritten."""

    def begin_erasure(self, uid: str, now: int) -> None:
        """End a person's sessions, make their account a stone without a name, and note the job."""

    def erasures(self) -> list[str]:
        """Give the people of whom not everything is forgotten yet."""

    def end_erasure(self, uid: str) -> None:
        """Note that everything is forgotten."""

    def ever_in(self, uid: str) -> set[str]:
        """Give the conversations in which a person is or was."""


class Blocks(Protocol):
    """What a store must offer to keep people from each other, within one transaction."""

    def between(self, pairs: Collection[Pair]) -> set[Pair]:
        """Say in which of these pairs one has blocked the other."""

    def add(self, uid: str, other: str) -> None:
        """Note that a person wants to hear nothing of another; once more is no harm."""

    def drop(self, uid: str, other: str) -> None:
        """Forget it."""

    def close(self, cid: str, *, blocked: bool) -> None:
        """Note of a pair's conversation whether one of them has blocked the other."""


class Store(Protocol):
    """Where the ledger lies."""

    def reading(self) -> AbstractContextManager[Unit]:
        """Begin a transaction that sees one state of the store and changes nothing."""

    def writing(self) -> AbstractContextManager[Unit]:
        """Begin a transaction that is durable at the block's end, or undone by an exception."""

    def wipe(self) -> bool:
        """Take off the disk what was deleted, as far as the store can; tell whether it is done.

        It can wait for a reader who still sees what was before.
        """
