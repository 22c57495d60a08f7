"""The ledger as the bridge and the API see it: one method, one transaction."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from parley_protocol.payloads import Entry, Rights, Role, emptied
from storage.archive import Archive, NoArchive
from storage.errors import NotFoundError, RivalError, UnavailableError
from storage.ledger import (
    blocks,
    conversations,
    forgetting,
    groups,
    history,
    imports,
    indexing,
    messages,
    receipts,
    search,
)
from storage.ledger.seam import NOTHING_RECALLED, Reading, Recalled
from storage.model import (
    Conversation,
    Decided,
    Draft,
    Foreign,
    Found,
    Mark,
    Moved,
    Opening,
    Outcome,
    Parcel,
    Sync,
    Undecided,
)
from storage.search.index import Lag, Moment, Wanted
from storage.search.query import parse
from storage.unit import Store, Unit

_T = TypeVar("_T")
_RIVALS = 3
"""How often a step is begun again at once, before it counts as unavailable."""
_NEVER = 2**53
_MOVES_MAX = 3
"""How often a decision is tried anew because the archiver has moved the conversation meanwhile."""
_ON_THE_MOVE = "the conversation is being moved to the archive"


class Ledger:
    """Everything that needs a number or a member. ``now`` is in milliseconds since 1970.

    Methods for a person take the asker's ``uid`` first and raise ``storage.errors.LedgerError``
    where that person may not: a conversation that one is not in does not exist.
    """

    def __init__(self, store: Store, archive: Archive | None = None) -> None:
        self._store = store
        self._archive = archive or NoArchive()

    def commit(self, drafts: Sequence[Draft], now: int) -> list[Outcome]:
        """Number and store a batch in one transaction; the outcomes are in the drafts' order.

        The archive is not waited for: what cannot be decided without it is left ``Undecided``.
        """
        return self._commit(drafts, now, NOTHING_RECALLED)

    def commit_old(self, drafts: Sequence[Draft], now: int) -> list[Decided]:
        """Number and store a batch, asking the archive where ``commit`` leaves one undecided.

        Raises:
            UnavailableError: the archive does not answer; what could be decided is stored.
        """
        outcomes = dict(enumerate(self._commit(drafts, now, NOTHING_RECALLED)))
        for _ in range(_MOVES_MAX):
            doubts = {n: found for n, found in outcomes.items() if isinstance(found, Undecided)}
            if not doubts:
                return [found for found in outcomes.values() if not isinstance(found, Undecided)]
            recalled = self._recall(doubts.values())
            again = self._commit([drafts[n] for n in doubts], now, recalled)
            outcomes |= dict(zip(doubts, again, strict=True))
        raise UnavailableError(_ON_THE_MOVE)

    def bring_in(self, opening: Opening, messages: Sequence[Foreign], now: int) -> int:
        """Store a batch of what was said elsewhere, opening its conversation at first use.

        Give how many were new: what is there already, by id, is left as it is.

        Raises:
            UnavailableError: the archive, which has to be asked, does not answer.
        """
        recalled = NOTHING_RECALLED
        for _ in range(_MOVES_MAX):
            with self._store.writing() as unit:
                found = imports.bring_in(unit, opening, messages, now, recalled)
            if not isinstance(found, Undecided):
                return found
            recalled = self._recall([found])
        raise UnavailableError(_ON_THE_MOVE)

    def announce(self, cid: str) -> None:
        """Tell the members' devices of a conversation that has been brought in."""
        with self._store.writing() as unit:
            imports.announce(unit, cid)

    def mark(self, marks: Sequence[Mark]) -> list[Moved]:
        """Move receipts forward; what does not move one, or is not a member's, is left out."""
        with self._store.writing() as unit:
            return receipts.mark(unit, marks)

    def members(self, cids: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Give the members of conversations."""
        with self._store.reading() as unit:
            found = unit.addressed(cids)
        return {cid: tuple(conversation.members) for cid, conversation in found.items()}

    def listeners(self, cids: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Give who is shown what members are just doing: nobody, where one has blocked another."""
        with self._store.reading() as unit:
            found = unit.conversations(cids)
        return {cid: () if c.blocked else tuple(c.members) for cid, c in found.items()}

    def block(self, uid: str, other: str) -> None:
        """Keep somebody's messages, receipts and typing away, and one's own from them."""
        self._write(lambda unit: blocks.block(unit, uid, other))

    def unblock(self, uid: str, other: str) -> None:
        """Take a block back."""
        self._write(lambda unit: blocks.unblock(unit, uid, other))

    def parcels(self, limit: int) -> list[Parcel]:
        """Read the oldest parcels of the outbox."""
        with self._store.reading() as unit:
            return unit.parcels(limit)

    def settle(self, numbers: Collection[int]) -> None:
        """Forget parcels whose recipients have been told."""
        with self._store.writing() as unit:
            unit.settle(numbers)

    def open_dm(self, uid: str, peer: str, now: int) -> tuple[Conversation, bool]:
        """Give the conversation with ``peer``, and whether it is new."""
        return self._write(lambda unit: conversations.open_dm(unit, uid, peer, now))

    def conversation(self, uid: str, cid: str) -> Conversation:
        """Give a conversation of the asker's."""
        with self._store.reading() as unit:
            return conversations.of_member(unit, uid, cid)

    def any_conversation(self, cid: str) -> Conversation:
        """Give any conversation, for whoever runs the house, if nobody is in it, too."""
        with self._store.reading() as unit:
            return conversations.any_(unit, cid)

    def conversations(
        self, uid: str, *, limit: int, before: tuple[int, str] | None = None
    ) -> list[Conversation]:
        """Give the asker's conversations, the last moved first, after ``(moved_at, cid)``."""
        with self._store.reading() as unit:
            return unit.conversations_of(uid, limit=limit, before=before)

    def create_group(self, uid: str, name: str, members: Collection[str], now: int) -> Conversation:
        """Make a group that the asker owns."""
        with self._store.writing() as unit:
            return groups.create(unit, uid, name, members, now)

    def rename(self, uid: str, cid: str, name: str, now: int) -> Conversation:
        """Give a group another name; owners and admins may."""
        with self._store.writing() as unit:
            return groups.rename(unit, uid, cid, name, now)

    def add_members(self, uid: str, cid: str, uids: Collection[str], now: int) -> Conversation:
        """Let people join a group; owners and admins may. Who is in it already stays as is."""
        with self._store.writing() as unit:
            return groups.add(unit, uid, cid, uids, now)

    def remove_member(self, uid: str, cid: str, member: str, now: int) -> None:
        """Take a member out of a group, or leave it oneself."""
        with self._store.writing() as unit:
            groups.remove(unit, uid, cid, member, now)

    def set_role(self, uid: str, cid: str, member: str, role: Role, now: int) -> Conversation:
        """Give a member another role; the owner may."""
        with self._store.writing() as unit:
            return groups.set_role(unit, uid, cid, member, role, now)

    def set_rights(self, uid: str, cid: str, rights: Rights, now: int) -> Conversation:
        """Say which role may do what in a group; the owner may."""
        with self._store.writing() as unit:
            return groups.set_rights(unit, uid, cid, rights, now)

    def set_retention(self, uid: str, cid: str, days: int | None, now: int) -> Conversation:
        """Say for how many days messages are kept; a group's owner may, and both of a pair."""
        with self._store.writing() as unit:
            return groups.set_retention(unit, uid, cid, days, now)

    def erase(self, uid: str, now: int) -> None:
        """Close an account; everything that the person said is forgotten from now on."""
        with self._store.writing() as unit:
            forgetting.erase(unit, uid, now)

    def messages(
        self, uid: str, cid: str, *, after: int | None, before: int | None, limit: int
    ) -> list[Entry]:
        """Read a page of history by rising seq: the first after ``after``, else the last before."""
        with self._store.reading() as unit:
            found = history.page(unit, uid, cid, after=after, before=before, limit=limit)
        return self._whole(found)[cid]

    def log(self, cid: str, *, after: int, limit: int) -> list[Entry]:
        """Read on in any conversation, for whoever runs the house: members are not asked."""
        with self._store.reading() as unit:
            found = history.log(unit, cid, after=after, limit=limit)
        return self._whole(found)[cid]

    def message(self, uid: str, cid: str, seq: int) -> Entry:
        """Read one entry with its whole text."""
        with self._store.reading() as unit:
            found = history.one(unit, uid, cid, seq)
        entries = self._whole(found)[cid]
        if not entries:
            raise NotFoundError("there is no such message")
        return entries[0]

    def hide(self, uid: str, cid: str, seq: int) -> None:
        """Delete a message for its reader alone."""
        with self._store.writing() as unit:
            history.hide(unit, uid, cid, seq)

    def sync(self, uid: str, cursors: Mapping[str, int]) -> Sync:
        """Give what a device lacks that holds ``cursors``."""
        with self._store.reading() as unit:
            lacking = history.lacking(unit, uid, cursors)
        return history.answer(lacking, cursors, self._whole(lacking.found))

    def search(  # noqa: PLR0913 - each narrows it further
        self,
        uid: str,
        query: str,
        *,
        limit: int,
        cid: str | None = None,
        sender: str | None = None,
        since: int = 0,
        until: int | None = None,
        before: Moment | None = None,
    ) -> Found:
        """Find messages in the asker's conversations, the newest first; see ``parse``.

        ``since`` and ``until`` are times of storing, the second not included; ``before`` is
        ``next`` of the page before.

        Raises:
            QueryError: the query holds no word, or is too long.
            UnavailableError: the archive, which may hold some of the page, does not answer.
        """
        end = _NEVER if until is None else until
        wanted = Wanted(uid, parse(query), cid, sender, since, end, before)
        with self._store.reading() as unit:
            recent = search.recent(unit, wanted, limit)
        old = recent.old
        older = self._archive.find(old.wanted, old.spans, old.besides, limit + 1) if old else []
        found, lacking = search.page(recent, older, limit)
        archived = self._archive.numbered(lacking) if lacking else {}
        with self._store.reading() as unit:
            hidden = search.hidden(unit, uid, found)
        return search.answer(recent, wanted, found, archived, hidden, limit)

    def unindexed(self) -> list[list[Lag]]:
        """Plan a round of indexing: portions for ``index``, none where all is indexed."""
        with self._store.reading() as unit:
            return indexing.portions(unit)

    def index(self, portion: Sequence[Lag]) -> None:
        """Bring a portion of entries into the search index, in one short transaction."""
        with self._store.reading() as unit:
            changes = indexing.read(unit, portion)
        with self._store.writing() as unit:
            indexing.write(unit, changes)

    def _write(self, step: Callable[[Unit], _T]) -> _T:
        """Take a step that may open what somebody else is just opening, too."""
        for _ in range(_RIVALS):
            with suppress(RivalError), self._store.writing() as unit:
                return step(unit)
        with self._store.writing() as unit:
            return step(unit)

    def _commit(self, drafts: Sequence[Draft], now: int, recalled: Recalled) -> list[Outcome]:
        return self._write(lambda unit: messages.commit(unit, drafts, now, recalled))

    def _whole(self, found: Reading) -> defaultdict[str, list[Entry]]:
        """Put what the archive has before what the ledger has; it is asked only if need be."""
        whole = defaultdict(list, self._archive.entries(found.old) if found.old else {})
        for cid, entries in found.recent.items():
            whole[cid] = whole[cid] + entries
        for cid in {cid for cid, _ in found.hidden}:
            whole[cid] = [
                emptied(e, "hidden") if (cid, e.seq) in found.hidden else e for e in whole[cid]
            ]
        return whole

    def _recall(self, doubts: Collection[Undecided]) -> Recalled:
        keys = frozenset(key for doubt in doubts for key in doubt.keys)
        archived = {doubt.cid: doubt.archived for doubt in doubts}
        found = self._archive.known(keys)
        # What is beyond was copied and not counted, maybe before the ledger was restored.
        entries = {key: entry for key, entry in found.items() if entry.seq <= archived[entry.cid]}
        shown = self._archive.shown({(entry.cid, entry.seq) for entry in entries.values()})
        return Recalled(keys, archived, entries, frozenset(shown))
