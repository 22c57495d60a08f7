"""What a store must offer for search: reads and writes of its index, and no decisions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from storage.search.query import Query

Place = tuple[str, int]
"""A conversation's id and a message's seq."""

Moment = tuple[int, str, int]
"""When a message was stored, its conversation and its seq: found messages come by it, falling."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """A message as the index holds it. ``text_seq`` is the seq of the entry with its text:
    its own, or that of its last edit. ``words`` are of that text; see ``storage.search.words``.
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
        """When it was."""
        return self.stored_at, self.cid, self.seq


@dataclass(frozen=True, slots=True)
class Lag:
    """A conversation whose entries after ``indexed``, up to ``head``, are not in the index."""

    cid: str
    indexed: int
    head: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: ``query``, in conversations of which ``reader`` is a member.

    ``since`` and ``until`` are milliseconds since 1970, the second not included; ``before`` is
    the last message of the page before. ``few`` names all of the reader's conversations where
    they are few enough for the index to tell them apart by itself.
    """

    reader: str
    query: Query
    cid: str | None
    sender: str | None
    since: int
    until: int
    before: Moment | None
    few: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the index of bounded size, and when its oldest and newest message were stored."""

    number: int
    oldest: int
    newest: int


class SearchIndex(Protocol):
    """The index of one transaction."""

    def lags(self, limit: int) -> list[Lag]:
        """Find conversations that are not wholly indexed."""

    def lags_of(self, uid: str) -> list[Lag]:
        """Find a person's conversations that are not wholly indexed."""

    def indexed(self, places: Collection[Place]) -> set[Place]:
        """Say which of these messages the index holds."""

    def put(self, messages: Sequence[Indexed]) -> None:
        """Add messages, or give those that are there another text."""

    def drop(self, places: Collection[Place]) -> None:
        """Take messages out; those that are not there are passed over."""

    def advance(self, reached: Mapping[str, int]) -> None:
        """Note up to which seq conversations are indexed."""

    def zones(self) -> list[Zone]:
        """Give the index's parts in any order."""

    def find(self, wanted: Wanted, zones: Iterable[Zone], limit: int) -> list[Indexed]:
        """Find the newest messages in some of the parts, newest first (``Moment``)."""
