"""What a store must offer for search: reads and writes of its index, and no decisions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from storage.search.query import Query
from storage.search.zones import Zone

Place = tuple[str, int]
"""A conversation's id and a message's seq."""

Moment = tuple[int, str, int]
"""When a message was stored, its conversation and its seq: what is found is sorted by it."""


class Indexed(Struct, frozen=True, gc=False):
    """A message as the index holds it.

    ``text_seq`` is the seq of the entry with its text: its own, or that of its last edit; 0 where
    it is deleted. ``words`` are of that text; see ``storage.search.words``.
    """

    cid: str
    seq: int
    sender: str
    stored_at: int
    text_seq: int
    words: str

    @property
    def place(self) -> Place:
        """Where the message is."""
        return self.cid, self.seq

    @property
    def moment(self) -> Moment:
        """When it was stored."""
        return self.stored_at, self.cid, self.seq


class Lag(Struct, frozen=True):
    """A conversation whose entries after ``indexed``, up to ``head``, are not in the index."""

    cid: str
    indexed: int
    head: int


class Wanted(Struct, frozen=True):
    """What ``reader`` looks for, in conversations of which they are a member.

    Times are milliseconds since 1970; ``until`` is not included. ``before`` is the last message
    of the page before.
    """

    reader: str
    query: Query
    cid: str | None
    sender: str | None
    since: int
    until: int
    before: Moment | None

    def fits(self, message: Indexed) -> bool:
        """Tell whether a message in a conversation of the reader's is looked for."""
        return (
            self.cid in {None, message.cid}
            and self.sender in {None, message.sender}
            and self.since <= message.stored_at < self.until
            and (self.before is None or message.moment < self.before)
            and all(pattern.matches(message.words) for pattern in self.query)
        )


class SearchIndex(Protocol):
    """The index, within one transaction."""

    def lags(self, limit: int) -> list[Lag]:
        """Find conversations that are not wholly indexed, those that lack least first."""

    def lags_of(self, uid: str) -> list[Lag]:
        """Find a person's conversations that are not wholly indexed."""

    def reached(self, cids: Collection[str]) -> dict[str, int]:
        """Say up to which seq conversations are indexed; locked until a writing unit's end."""

    def at(self, places: Collection[Place]) -> dict[Place, Indexed]:
        """Give those of these messages that are in the index."""

    def within(self, spans: Mapping[str, range]) -> list[Indexed]:
        """Give the messages with these seqs of conversations."""

    def changed_since(self, uid: str) -> set[Place]:
        """Give a person's archived messages that the index holds: it knows better."""

    def add(self, messages: Sequence[Indexed]) -> None:
        """Add messages that are not there yet."""

    def change(self, messages: Sequence[Indexed]) -> None:
        """Give messages that are there another text."""

    def drop(self, places: Collection[Place]) -> None:
        """Take messages out; those that are not there are passed over."""

    def drop_within(self, cid: str, span: range, sender: str | None = None) -> None:
        """Take out the messages with these seqs, maybe of one sender."""

    def condense(self, *, anew: bool) -> bool:
        """Write a part of the index again, without what was taken out; tell whether there is more.

        ``anew`` begins from the first part.
        """

    def advance(self, reached: Mapping[str, int]) -> None:
        """Note up to which seq conversations are indexed."""

    def zones(self) -> list[Zone]:
        """Give the index's zones that hold messages, in any order."""

    def find(self, wanted: Wanted, zones: Iterable[Zone], limit: int) -> list[Indexed]:
        """Find the newest messages in some of the zones, the newest first."""
