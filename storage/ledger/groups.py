"""Changes of a group: each is an entry of its log and a parcel for its members, in one go."""

from collections.abc import Collection

from msgspec.structs import replace

from parley_protocol import limits
from parley_protocol.ids import new_id
from parley_protocol.payloads import Entry, Rights, Role, SystemChange
from storage.errors import ForbiddenError, GroupFullError, NotFoundError
from storage.ledger import outbox, rights
from storage.ledger.blocks import require_peace
from storage.ledger.conversations import group_of_member, of_member
from storage.model import Conversation, Member
from storage.unit import Unit


def create(unit: Unit, uid: str, name: str, members: Collection[str], now: int) -> Conversation:
    """Make a group with its owner and first members."""
    others = sorted(set(members) - {uid})
    _require_room(1 + len(others))
    _require_people(unit, [uid, *others])
    require_peace(unit, uid, others)
    people = {uid: Member(uid, "owner")} | {other: Member(other, "member") for other in others}
    group = Conversation(new_id(), "group", name, 0, now, now, people)
    unit.open([group])
    outbox.tell_joined(unit, group, people)
    return _log(
        unit, group, uid, SystemChange(action="created", uids=tuple(others), name=name), now
    )


def rename(unit: Unit, uid: str, cid: str, name: str, now: int) -> Conversation:
    """Give a group another name."""
    group = group_of_member(unit, uid, cid)
    rights.require(group.members[uid], group.rights.rename)
    unit.rename(cid, name)
    change = SystemChange(action="renamed", name=name)
    return _log(unit, replace(group, name=name), uid, change, now)


def add(unit: Unit, uid: str, cid: str, uids: Collection[str], now: int) -> Conversation:
    """Let people join who are not in the group yet; they may read all of its history."""
    group = group_of_member(unit, uid, cid)
    rights.require(group.members[uid], group.rights.add)
    new = sorted(set(uids) - group.members.keys())
    if not new:
        return group
    _require_room(len(group.members) + len(new))
    _require_people(unit, new)
    require_peace(unit, uid, new)
    return _join(unit, group, uid, new, now)


def come_in(unit: Unit, uid: str, cid: str, now: int) -> Conversation:
    """Let somebody in who has a link to the group; whoever is in it already stays as is."""
    group = unit.conversations([cid])[cid]
    return group if uid in group.members else _join(unit, group, uid, [uid], now)


def _join(unit: Unit, group: Conversation, uid: str, new: list[str], now: int) -> Conversation:
    _require_room(len(group.members) + len(new))
    joining = {other: Member(other, "member", group.head, group.head) for other in new}
    unit.join(group.cid, joining.values())
    group = replace(group, members=group.members | joining)
    outbox.tell_joined(unit, group, new)
    return _log(unit, group, uid, SystemChange(action="added", uids=tuple(new)), now)


def remove(unit: Unit, uid: str, cid: str, member: str, now: int) -> None:
    """Take a member out; from this commit on nothing of the group reaches that member."""
    group = group_of_member(unit, uid, cid)
    if member not in group.members:
        raise NotFoundError("there is no such member")
    rights.require_removal(group.members[uid], group.members[member])
    unit.leave(cid, [member])
    outbox.tell_left(unit, group, member)
    heir = rights.successor(group, member) if group.members[member].role == "owner" else None
    group = replace(group, members={u: m for u, m in group.members.items() if u != member})
    action = SystemChange(action="left" if uid == member else "removed", uids=(member,))
    group = _log(unit, group, uid, action, now)
    if heir is not None:
        _give_role(unit, group, uid, heir.uid, "owner", now)


def set_role(  # noqa: PLR0913 - who, where, whom, what, when
    unit: Unit, uid: str, cid: str, member: str, role: Role, now: int
) -> Conversation:
    """Give a member another role; a new owner makes the old one an admin."""
    group = group_of_member(unit, uid, cid)
    rights.require(group.members[uid], "owner")
    if member not in group.members:
        raise NotFoundError("there is no such member")
    if member == uid and role != "owner":
        raise ForbiddenError("make another member the owner first")
    if group.members[member].role == role:
        return group
    if role == "owner":
        group = _give_role(unit, group, uid, uid, "admin", now)
    return _give_role(unit, group, uid, member, role, now)


def set_retention(unit: Unit, uid: str, cid: str, days: int | None, now: int) -> Conversation:
    """Say for how many days messages are kept; ``None`` is for ever.

    A pair has no owner: what either of them wants forgotten is.
    """
    group = of_member(unit, uid, cid)
    if group.type == "group":
        rights.require(group.members[uid], "owner")
    if group.retention_days == days:
        return group
    unit.forgetting.set_retention(cid, days)
    change = SystemChange(action="retention", days=days)
    return _log(unit, replace(group, retention_days=days), uid, change, now)


def set_rights(unit: Unit, uid: str, cid: str, wanted: Rights, now: int) -> Conversation:
    """Say which role may do what."""
    group = group_of_member(unit, uid, cid)
    rights.require(group.members[uid], "owner")
    if group.rights == wanted:
        return group
    unit.set_rights(cid, wanted)
    change = SystemChange(action="rights", rights=wanted)
    return _log(unit, replace(group, rights=wanted), uid, change, now)


def _give_role(  # noqa: PLR0913 - who, where, whom, what, when
    unit: Unit, group: Conversation, actor: str, member: str, role: Role, now: int
) -> Conversation:
    unit.set_role(group.cid, member, role)
    changed = replace(group.members[member], role=role)
    group = replace(group, members=group.members | {member: changed})
    return _log(unit, group, actor, SystemChange(action="role", uids=(member,), role=role), now)


def _log(
    unit: Unit, group: Conversation, actor: str, change: SystemChange, now: int
) -> Conversation:
    """Number a change, store it, and post it to all who are members after it."""
    entry = Entry(
        cid=group.cid,
        seq=group.head + 1,
        id=new_id(),
        sender=actor,
        stored_at=now,
        sent_at=now,
        type="system",
        system=change,
    )
    unit.append([entry])
    outbox.tell_entry(unit, entry, group.members)
    return replace(group, head=entry.seq, moved_at=now, members=_after(group, entry))


def _after(group: Conversation, entry: Entry) -> dict[str, Member]:
    """Give the members as ``Unit.append`` has left them: who writes has read what was before."""
    author = group.members.get(entry.sender)
    if author is None:
        return group.members
    return group.members | {author.uid: replace(author, delivered=entry.seq, read=entry.seq)}


def _require_room(members: int) -> None:
    if members > limits.GROUP_MAX:
        raise GroupFullError(f"a group has at most {limits.GROUP_MAX} members")


def _require_people(unit: Unit, uids: Collection[str]) -> None:
    missing = set(uids) - unit.people(uids)
    if missing:
        raise NotFoundError(f"there is no such person: {min(missing)}")
