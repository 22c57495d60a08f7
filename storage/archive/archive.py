"""What an archive must offer: messages are stored in it, found in it, and forgotten at most."""

from collections.abc import Collection, Mapping, Sequence
from typing import NoReturn, Protocol

from parley_protocol.payloads import Entry
from storage.archive.digest import NO_TEXTS, Digest, Texts
from storage.errors import UnavailableError
from storage.search.index import Indexed, Place, Wanted
from storage.unit import Key, Spans


class Archive(Protocol):
    """Every method raises ``UnavailableError`` where the archive does not answer."""

    def prepare(self) -> None:
        """Make the tables, or bring them to the newest schema."""

    def store(self, entries: Sequence[Entry], texts: Texts = NO_TEXTS) -> None:
        """Add entries. To add the same again changes nothing for a reader."""

    def digests(self, spans: Spans) -> dict[str, Digest]:
        """Sum up, per conversation, what is there under these seqs."""

    def drop(self, spans: Spans) -> None:
        """Take out the entries with these seqs; they are gone at return."""

    def entries(self, spans: Spans) -> dict[str, list[Entry]]:
        """Read, per conversation, the entries with these seqs, by rising seq."""

    def numbered(self, places: Collection[Place]) -> dict[Place, Entry]:
        """Find entries by conversation and seq."""

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:
        """Find the entries that bear these ids."""

    def shown(self, places: Collection[Place]) -> set[Place]:
        """Say which of these messages search can find."""

    def find(
        self, wanted: Wanted, spans: Spans, besides: frozenset[Place], limit: int
    ) -> list[Indexed]:
        """Find the newest messages with these seqs, the newest first, ``besides`` left out.

        Whether the reader may read them is not looked at.
        """

    def first_since(self, times: Mapping[str, int]) -> dict[str, int]:
        """Give, per conversation, the first seq that was stored at a time or later."""

    def forget(self, spans: Spans) -> None:
        """Take from entries with these seqs what they said; no reader finds it at return."""

    def forget_sender(self, uid: str, cids: Collection[str]) -> None:
        """Take from a person's entries what they said; no reader finds it at return."""


class NoArchive:
    """The archive of a ledger that has none, or whose settings do not name it any more."""

    def prepare(self) -> None:
        _say_so()

    def store(self, entries: Sequence[Entry], texts: Texts = NO_TEXTS) -> None:  # noqa: ARG002 - the interface's
        _say_so()

    def digests(self, spans: Spans) -> dict[str, Digest]:  # noqa: ARG002 - likewise
        _say_so()

    def drop(self, spans: Spans) -> None:  # noqa: ARG002 - likewise
        _say_so()

    def entries(self, spans: Spans) -> dict[str, list[Entry]]:  # noqa: ARG002 - likewise
        _say_so()

    def numbered(self, places: Collection[Place]) -> dict[Place, Entry]:  # noqa: ARG002 - likewise
        _say_so()

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:  # noqa: ARG002 - likewise
        _say_so()

    def shown(self, places: Collection[Place]) -> set[Place]:  # noqa: ARG002 - likewise
        _say_so()

    def find(
        self,
        wanted: Wanted,  # noqa: ARG002 - likewise
        spans: Spans,  # noqa: ARG002 - likewise
        besides: frozenset[Place],  # noqa: ARG002 - likewise
        limit: int,  # noqa: ARG002 - likewise
    ) -> list[Indexed]:
        _say_so()

    def first_since(self, times: Mapping[str, int]) -> dict[str, int]:  # noqa: ARG002 - likewise
        _say_so()

    def forget(self, spans: Spans) -> None:  # noqa: ARG002 - likewise
        _say_so()

    def forget_sender(self, uid: str, cids: Collection[str]) -> None:  # noqa: ARG002 - likewise
        _say_so()


def _say_so() -> NoReturn:
    raise UnavailableError("the settings name no archive")
