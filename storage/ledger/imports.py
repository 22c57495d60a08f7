"""Bring in what was said elsewhere: numbered by the ledger like everything, with its old times."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from parley_protocol import limits
from parley_protocol.ids import new_id
from parley_protocol.payloads import Entry, SystemChange
from storage.errors import GroupFullError, NotFoundError
from storage.ledger import indexing, outbox, seam
from storage.ledger.seam import Recalled
from storage.model import Conversation, Foreign, Mark, Member, Opening, Undecided
from storage.unit import Key, Unit


def bring_in(
    unit: Unit, opening: Opening, messages: Sequence[Foreign], now: int, recalled: Recalled
) -> int | Undecided:
    """Store those of a batch that are not there yet, in its order; give how many they were.

    A message's ``stored_at`` is the time at which it was said, but never before that of the
    entry before it and never after ``now``: so times rise with the numbers, as everywhere.
    """
    if not messages:
        return 0
    _require_people(unit, opening, messages)
    found = unit.conversations([opening.cid]).get(opening.cid)
    conversation = found or _open(unit, opening, messages, now)
    asked = _keys(opening.cid, messages)
    known = {**recalled.entries, **unit.known(asked)}
    doubtful = seam.doubtful(conversation, asked - known.keys(), recalled)
    if doubtful:
        return Undecided(opening.cid, doubtful, conversation.archived)
    new = list(_unknown({message_id for _, message_id in known}, messages))
    entries = list(_numbered(conversation, new, now))
    unit.append(entries)
    indexing.overlay(unit, entries, recalled)
    _keep_marks(unit, conversation, entries)
    return len(entries)


def announce(unit: Unit, cid: str) -> None:
    """Tell the members' devices of a conversation that has been filled; they fetch the rest."""
    conversation = unit.conversations([cid])[cid]
    outbox.tell_joined(unit, conversation, conversation.members)
    last = range(conversation.head, conversation.head + 1)
    for entry in unit.entries({cid: last}).get(cid, []):
        outbox.tell_entry(unit, entry, conversation.members)


def _require_people(unit: Unit, opening: Opening, messages: Sequence[Foreign]) -> None:
    if len(opening.members) > limits.GROUP_MAX:
        raise GroupFullError(f"a group has at most {limits.GROUP_MAX} members")
    wanted = set(opening.members) | {message.sender for message in messages}
    missing = wanted - unit.people(wanted)
    if missing:
        raise NotFoundError(f"there is no such person: {min(missing)}")


def _open(unit: Unit, opening: Opening, messages: Sequence[Foreign], now: int) -> Conversation:
    begin = min(now, messages[0].message.sent_at)
    owner = opening.members[0] if opening.type == "group" else None
    members = {u: Member(u, "owner" if u == owner else "member") for u in sorted(opening.members)}
    new = Conversation(opening.cid, opening.type, opening.name, 0, begin, begin, members)
    unit.open([new])
    if owner is None:
        return new
    others = tuple(uid for uid in members if uid != owner)
    created = SystemChange(action="created", uids=others, name=opening.name)
    first = Entry(
        cid=new.cid,
        seq=1,
        id=new_id(),
        sender=owner,
        stored_at=begin,
        sent_at=begin,
        type="system",
        system=created,
    )
    unit.append([first])
    # The store has moved the owner's mark; here all stand at the head, as for everybody below.
    members = {uid: replace(m, delivered=1, read=1) for uid, m in members.items()}
    return replace(new, head=1, members=members)


def _keys(cid: str, messages: Sequence[Foreign]) -> set[Key]:
    ids = {(cid, foreign.message.id) for foreign in messages}
    return ids | {(cid, f.message.target) for f in messages if f.message.target}


def _unknown(known: set[str], messages: Sequence[Foreign]) -> Iterator[Foreign]:
    """Leave out what is stored already, and what is about a message that nobody has."""
    for foreign in messages:
        message = foreign.message
        if message.id in known or (message.target is not None and message.target not in known):
            continue
        known.add(message.id)
        yield foreign


def _numbered(conversation: Conversation, new: Sequence[Foreign], now: int) -> Iterator[Entry]:
    stored_at = conversation.moved_at
    for seq, foreign in enumerate(new, conversation.head + 1):
        message = foreign.message
        stored_at = max(stored_at, min(message.sent_at, now))
        yield Entry(
            cid=conversation.cid,
            seq=seq,
            id=message.id,
            sender=foreign.sender,
            stored_at=stored_at,
            sent_at=message.sent_at,
            type=message.type,
            text=message.text,
            reply_to=message.reply_to,
            target=message.target,
            emoji=message.emoji,
            mentions=message.mentions,
            forwarded=message.forwarded,
        )


def _keep_marks(unit: Unit, conversation: Conversation, entries: Sequence[Entry]) -> None:
    """Who had read everything has read what was brought in; the others' marks stay."""
    if not entries:
        return
    cid, head = conversation.cid, entries[-1].seq
    unit.mark(
        Mark(m.uid, cid, head, head)
        if m.read == conversation.head
        else Mark(m.uid, cid, m.delivered, m.read)
        for m in conversation.members.values()
    )
