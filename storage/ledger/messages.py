"""Number and store what devices send: the one place where a message gets its ``seq``."""

from collections.abc import Sequence

from parley_protocol.checks import Refusal
from parley_protocol.payloads import Entry
from storage.ledger import indexing, seam
from storage.ledger.rights import message_fault
from storage.ledger.seam import NOTHING_RECALLED, Recalled
from storage.model import Conversation, Draft, Member, Outcome, Stored, Undecided
from storage.unit import Key, Pair, Unit

_Addressed = tuple[Draft, str]
"""A draft and the id of its conversation."""


def commit(
    unit: Unit, drafts: Sequence[Draft], now: int, recalled: Recalled = NOTHING_RECALLED
) -> list[Outcome]:
    """Decide and write a batch with a constant number of statements, whatever its length."""
    addressed = [(draft, draft.cid) for draft in drafts]
    batch = _Batch(unit, addressed, now, recalled)
    outcomes = [batch.take(draft, cid) for draft, cid in addressed]
    unit.open(batch.opened.values())
    unit.append(batch.entries)
    indexing.overlay(unit, batch.entries, recalled)
    return outcomes


class _Batch:
    """What the decisions of one batch need to know, kept up to date between them."""

    def __init__(
        self, unit: Unit, drafts: Sequence[_Addressed], now: int, recalled: Recalled
    ) -> None:
        self._now = now
        self._recalled = recalled
        self._conversations = unit.addressed({cid for _, cid in drafts})
        strangers = self._strangers(drafts)
        self._people = unit.people({uid for pair in strangers for uid in pair})
        self._blocked = unit.blocks.between(strangers)
        self._known = {**recalled.entries, **unit.known(_keys(drafts))}
        self._heads = {cid: found.head for cid, found in self._conversations.items()}
        self.opened: dict[str, Conversation] = {}
        self.entries: list[Entry] = []

    def take(self, draft: Draft, cid: str) -> Outcome:
        """Decide one draft and note what has to be written for it."""
        if self._blocked and frozenset((draft.sender, draft.target)) in self._blocked:
            return _refuse(draft, "forbidden", "one of you has blocked the other")
        conversation = self._conversations.get(cid) or self._open(draft, cid)
        if conversation is None:
            return _refuse(draft, "not_found", "there is no such conversation")
        if draft.sender not in conversation.members:
            return _refuse(draft, "not_member", "you are not in this conversation")
        known = self._known.get((cid, draft.message.id))
        if known is not None:
            return _repeat(draft, known, conversation)
        if conversation.archived:
            unknown = _keys([(draft, cid)]) - self._known.keys()
            doubtful = seam.doubtful(conversation, unknown, self._recalled)
            if doubtful:
                return Undecided(cid, doubtful, conversation.archived)
        target = self._known.get((cid, draft.message.target or ""))
        fault = message_fault(draft, conversation, target)
        return fault or self._store(draft, conversation)

    def _strangers(self, drafts: Sequence[_Addressed]) -> set[Pair]:
        pairs = [d for d, cid in drafts if d.scope == "dm" and cid not in self._conversations]
        return {frozenset((draft.sender, draft.target)) for draft in pairs}

    def _open(self, draft: Draft, cid: str) -> Conversation | None:
        both = {draft.sender, draft.target}
        if draft.scope != "dm" or not both <= self._people:
            return None
        conversation = new_dm(cid, both, self._now)
        self._conversations[cid] = conversation
        self._heads[cid] = 0
        self.opened[cid] = conversation
        return conversation

    def _store(self, draft: Draft, conversation: Conversation) -> Stored:
        cid = conversation.cid
        seq = self._heads[cid] + 1
        entry = _entry(draft, cid, seq, self._now)
        self._heads[cid] = seq
        self._known[cid, entry.id] = entry
        self.entries.append(entry)
        opened = seq == 1 and cid in self.opened
        return Stored(entry, tuple(conversation.members), opened=opened)


def new_dm(cid: str, uids: set[str], now: int) -> Conversation:
    """Make the conversation of a pair, or of a person with themself."""
    members = {uid: Member(uid, "member") for uid in sorted(uids)}
    return Conversation(cid, "dm", "", 0, now, now, members)


def _keys(drafts: Sequence[_Addressed]) -> set[Key]:
    ids = {(cid, draft.message.id) for draft, cid in drafts}
    targets = {(cid, draft.message.target) for draft, cid in drafts if draft.message.target}
    return ids | targets


def _repeat(draft: Draft, known: Entry, conversation: Conversation) -> Outcome:
    if known.sender != draft.sender:
        return _refuse(draft, "id_taken", "another message bears this id")
    return Stored(known, tuple(conversation.members), duplicate=True)


def _entry(draft: Draft, cid: str, seq: int, now: int) -> Entry:
    message = draft.message
    return Entry(
        cid=cid,
        seq=seq,
        id=message.id,
        sender=draft.sender,
        device=draft.device,
        stored_at=now,
        sent_at=message.sent_at,
        type=message.type,
        text=message.text,
        reply_to=message.reply_to,
        target=message.target,
        emoji=message.emoji,
        file=message.file,
        mentions=message.mentions,
        forwarded=message.forwarded,
    )


def _refuse(draft: Draft, code: str, detail: str) -> Refusal:
    return Refusal(code, detail, draft.message.id)  # type: ignore[arg-type]
