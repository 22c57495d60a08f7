"""Groups: who may change what, what the log says of it, and who is told."""

from collections.abc import Callable

import pytest

from parley_protocol import limits
from parley_protocol.checks import Refusal
from parley_protocol.ids import new_id
from parley_protocol.payloads import ConversationChanged, Entry, Rights, decode_down
from storage.errors import (
    ForbiddenError,
    GroupFullError,
    LedgerError,
    NotFoundError,
    WrongTypeError,
)
from storage.ledger import Ledger
from storage.model import Stored
from tests.unit.storage.conftest import Setting, draft_group

Step = Callable[[Ledger, str, str, list[str]], object]


def told(ledger: Ledger) -> list[tuple[set[str], object]]:
    """Empty the outbox, as the bridge does."""
    parcels = ledger.parcels(100)
    ledger.settle([parcel.number for parcel in parcels])
    return [(set(parcel.recipients), decode_down(parcel.payload)) for parcel in parcels]


def log(ledger: Ledger, uid: str, cid: str) -> list[str]:
    entries = ledger.messages(uid, cid, after=0, before=None, limit=200)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    return [entry.system.action if entry.system else entry.text for entry in entries]


def roles(ledger: Ledger, uid: str, cid: str) -> dict[str, str]:
    members = ledger.conversation(uid, cid).members
    return {member.uid: member.role for member in members.values()}


def test_a_new_group(ledger: Ledger, people: list[str]) -> None:
    ada, grace, edith, *_ = people
    group = ledger.create_group(ada, "Compilers", [grace, edith, ada], now=3)
    assert group == ledger.conversation(grace, group.cid)
    assert (group.type, group.name, group.head, group.moved_at) == ("group", "Compilers", 1, 3)
    assert roles(ledger, ada, group.cid) == {ada: "owner", grace: "member", edith: "member"}
    (first, joined), (second, entry) = told(ledger)
    assert first == second == {ada, grace, edith}
    assert joined == ConversationChanged(
        cid=group.cid, change="joined", type="group", name="Compilers"
    )
    assert isinstance(entry, Entry)
    assert entry.system is not None
    assert (entry.system.action, entry.sender) == ("created", ada)
    assert told(ledger) == []


def test_adding_and_removing(ledger: Ledger, people: list[str]) -> None:
    ada, grace, edith, *_ = people
    cid = ledger.create_group(ada, "Compilers", [grace], now=1).cid
    told(ledger)
    group = ledger.add_members(ada, cid, [edith, grace], now=2)
    assert group == ledger.conversation(edith, cid)
    assert [to for to, _ in told(ledger)] == [{edith}, {ada, grace, edith}]
    ledger.remove_member(ada, cid, grace, now=3)
    (to_grace, left), (to_rest, entry) = told(ledger)
    assert to_grace == {grace}
    assert left == ConversationChanged(cid=cid, change="left", type="group")
    assert to_rest == {ada, edith}
    assert isinstance(entry, Entry)
    assert log(ledger, ada, cid) == ["created", "added", "removed"]
    with pytest.raises(NotFoundError):
        ledger.conversation(grace, cid)
    with pytest.raises(NotFoundError):
        ledger.messages(grace, cid, after=0, before=None, limit=1)


def test_who_was_removed_gets_no_later_message(ledger: Ledger, people: list[str]) -> None:
    ada, grace, edith, *_ = people
    cid = ledger.create_group(ada, "Compilers", [grace, edith], now=1).cid
    first = draft_group(ada, cid)
    ledger.commit([first], now=2)
    ledger.remove_member(ada, cid, grace, now=3)
    for outcome in ledger.commit([draft_group(ada, cid), first], now=4):
        assert isinstance(outcome, Stored)
        assert set(outcome.members) == {ada, edith}


def test_the_newcomer_reads_all_history_and_has_only_the_news_unread(
    ledger: Ledger, people: list[str]
) -> None:
    ada, grace, *_ = people
    cid = ledger.create_group(ada, "Compilers", [], now=1).cid
    ledger.commit([draft_group(ada, cid, "before")], now=2)
    group = ledger.add_members(ada, cid, [grace], now=3)
    assert log(ledger, grace, cid) == ["created", "before", "added"]
    assert group.head - group.members[grace].read == 1


def test_adding_members_again_changes_nothing(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    group = ledger.create_group(ada, "Compilers", [grace], now=1)
    told(ledger)
    assert ledger.add_members(ada, group.cid, [grace], now=2) == group
    assert told(ledger) == []


def test_a_group_has_at_most_a_hundred_members(setting: Setting) -> None:
    ledger, (ada, *others) = setting.ledger, setting.add_people(limits.GROUP_MAX + 1)
    with pytest.raises(GroupFullError):
        ledger.create_group(ada, "Too many", others, now=1)
    group = ledger.create_group(ada, "Full", others[:-1], now=1)
    assert len(group.members) == limits.GROUP_MAX
    with pytest.raises(GroupFullError):
        ledger.add_members(ada, group.cid, others[-1:], now=2)
    assert len(ledger.conversation(ada, group.cid).members) == limits.GROUP_MAX


def test_unknown_people_cannot_be_added(ledger: Ledger, people: list[str]) -> None:
    with pytest.raises(NotFoundError):
        ledger.create_group(people[0], "Ghosts", [new_id()], now=1)
    group = ledger.create_group(people[0], "Compilers", [], now=1)
    with pytest.raises(NotFoundError):
        ledger.add_members(people[0], group.cid, [new_id()], now=2)


STEPS: dict[str, Step] = {
    "rename": lambda ledger, uid, cid, _: ledger.rename(uid, cid, "New", 5),
    "add": lambda ledger, uid, cid, p: ledger.add_members(uid, cid, [p[4]], 5),
    "remove member": lambda ledger, uid, cid, p: ledger.remove_member(uid, cid, p[2], 5),
    "remove admin": lambda ledger, uid, cid, p: ledger.remove_member(uid, cid, p[1], 5),
    "remove owner": lambda ledger, uid, cid, p: ledger.remove_member(uid, cid, p[0], 5),
    "promote": lambda ledger, uid, cid, p: ledger.set_role(uid, cid, p[2], "admin", 5),
    "rights": lambda ledger, uid, cid, _: ledger.set_rights(uid, cid, Rights(post="admin"), 5),
    "read": lambda ledger, uid, cid, _: ledger.conversation(uid, cid),
}
OWNER, ADMIN, MEMBER, STRANGER = range(4)
ACCESS = {
    "rename": {OWNER, ADMIN},
    "add": {OWNER, ADMIN},
    "remove member": {OWNER, ADMIN, MEMBER},  # the member is the one who goes
    "remove admin": {OWNER, ADMIN},  # the admin is the one who goes
    "remove owner": {OWNER},
    "promote": {OWNER},
    "rights": {OWNER},
    "read": {OWNER, ADMIN, MEMBER},
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("who", [OWNER, ADMIN, MEMBER, STRANGER])
def test_access(ledger: Ledger, people: list[str], step: str, who: int) -> None:
    cid = ledger.create_group(people[OWNER], "Compilers", people[1:3], now=1).cid
    ledger.set_role(people[OWNER], cid, people[ADMIN], "admin", now=2)
    before = ledger.conversation(people[OWNER], cid)
    if who in ACCESS[step]:
        STEPS[step](ledger, people[who], cid, people)
        return
    with pytest.raises(NotFoundError if who == STRANGER else ForbiddenError):
        STEPS[step](ledger, people[who], cid, people)
    assert ledger.conversation(people[OWNER], cid) == before


def test_other_rights_hold_until_they_are_changed_again(ledger: Ledger, people: list[str]) -> None:
    ada, grace, edith, *_ = people
    cid = ledger.create_group(ada, "Compilers", [grace], now=1).cid
    group = ledger.set_rights(ada, cid, Rights(post="owner", add="member"), now=2)
    assert group == ledger.conversation(grace, cid)
    assert ledger.set_rights(ada, cid, group.rights, now=3) == group
    (refused,) = ledger.commit([draft_group(grace, cid)], now=4)
    assert isinstance(refused, Refusal)
    ledger.add_members(grace, cid, [edith], now=5)
    group = ledger.set_rights(ada, cid, Rights(), now=6)
    assert group == ledger.conversation(grace, cid)
    (stored,) = ledger.commit([draft_group(grace, cid)], now=7)
    assert isinstance(stored, Stored)


def test_handing_a_group_over(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    cid = ledger.create_group(ada, "Compilers", [grace], now=1).cid
    with pytest.raises(ForbiddenError):
        ledger.set_role(ada, cid, ada, "member", now=2)
    group = ledger.set_role(ada, cid, grace, "owner", now=2)
    assert group == ledger.conversation(ada, cid)
    assert roles(ledger, ada, cid) == {ada: "admin", grace: "owner"}
    assert log(ledger, ada, cid) == ["created", "role", "role"]


@pytest.mark.parametrize(("admin", "heir"), [(None, 1), (2, 2)])
def test_when_the_owner_leaves_somebody_else_owns(
    ledger: Ledger, people: list[str], admin: int | None, heir: int
) -> None:
    cid = ledger.create_group(people[0], "Compilers", people[1:4], now=1).cid
    if admin is not None:
        ledger.set_role(people[0], cid, people[admin], "admin", now=2)
    ledger.remove_member(people[0], cid, people[0], now=3)
    owners = [uid for uid, role in roles(ledger, people[1], cid).items() if role == "owner"]
    assert owners == [people[heir]]


def test_the_last_one_to_leave(ledger: Ledger, people: list[str]) -> None:
    cid = ledger.create_group(people[0], "Compilers", [], now=1).cid
    ledger.remove_member(people[0], cid, people[0], now=2)
    assert ledger.members([cid]) == {cid: ()}


@pytest.mark.parametrize("step", ["rename", "add", "remove member", "promote"])
def test_a_pair_is_not_a_group(ledger: Ledger, people: list[str], step: str) -> None:
    pair, new = ledger.open_dm(people[0], people[2], now=1)
    assert new
    assert ledger.open_dm(people[2], people[0], now=2) == (pair, False)
    with pytest.raises(WrongTypeError):
        STEPS[step](ledger, people[0], pair.cid, people)


def test_opening_a_pair_tells_both_once(ledger: Ledger, people: list[str]) -> None:
    pair, _ = ledger.open_dm(people[0], people[1], now=1)
    ledger.open_dm(people[1], people[0], now=2)
    joined = ConversationChanged(cid=pair.cid, change="joined", type="dm")
    assert told(ledger) == [({people[0], people[1]}, joined)]


def test_a_pair_with_nobody(ledger: Ledger, people: list[str]) -> None:
    with pytest.raises(LedgerError):
        ledger.open_dm(people[0], new_id(), now=1)
