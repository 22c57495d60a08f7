"""Bringing in what was said elsewhere, on every store."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley_protocol.ids import new_id, pair_cid
from parley_protocol.payloads import ConversationChanged, Entry, Message, decode_down
from storage.errors import GroupFullError, NotFoundError
from storage.ledger import Ledger
from storage.model import Foreign, Mark, Opening
from tests.unit.storage.conftest import Setting, draft_dm, draft_group, message_id
from tests.unit.storage.test_messages import history

LATER = 1_000


def foreign(sender: str, at: int, text: str = "old", **fields: object) -> Foreign:
    message = {"id": message_id(), "sent_at": at, "text": text} | fields
    return Foreign(sender, Message(**message))  # type: ignore[arg-type]


def group(*members: str) -> Opening:
    return Opening(new_id(), "group", "Old friends", members)


def test_a_group_is_opened_with_its_owner_and_its_time(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    opening = group(grace, ada)
    assert ledger.bring_in(opening, [foreign(ada, 10), foreign(grace, 20)], LATER) == 2
    found = ledger.conversation(ada, opening.cid)
    assert (found.name, found.created_at, found.moved_at, found.head) == ("Old friends", 10, 20, 3)
    assert {uid: m.role for uid, m in found.members.items()} == {grace: "owner", ada: "member"}
    created, *said = history(ledger, ada, opening.cid)
    assert (created.type, created.sender, created.stored_at) == ("system", grace, 10)
    assert [(e.seq, e.stored_at, e.sent_at) for e in said] == [(2, 10, 10), (3, 20, 20)]


def test_nothing_that_was_brought_in_is_unread(ledger: Ledger, people: list[str]) -> None:
    opening = group(*people)
    for at in (1, 5):
        ledger.bring_in(opening, [foreign(people[0], at), foreign(people[1], at + 1)], LATER)
    for uid in people:
        member = ledger.conversation(uid, opening.cid).members[uid]
        assert (member.delivered, member.read) == (5, 5)


def test_a_second_time_stores_nothing(ledger: Ledger, people: list[str]) -> None:
    opening = group(*people)
    batch = [foreign(people[n % 2], n) for n in range(5)]
    assert ledger.bring_in(opening, [*batch, batch[0]], LATER) == 5
    before = history(ledger, people[0], opening.cid)
    assert ledger.bring_in(opening, batch, LATER) == 0
    assert ledger.bring_in(opening, [batch[4], foreign(people[0], 9)], LATER) == 1
    assert history(ledger, people[0], opening.cid)[:-1] == before


def test_times_rise_with_the_numbers(ledger: Ledger, people: list[str]) -> None:
    """A clock that went back, and one that was ahead, leave ``sent_at`` alone."""
    ada, grace, *_ = people
    opening = Opening(pair_cid(ada, grace), "dm", "", (ada, grace))
    ledger.bring_in(opening, [foreign(ada, at) for at in (50, 40, 9_999)], LATER)
    ledger.bring_in(opening, [foreign(ada, 60)], LATER)
    entries = history(ledger, grace, opening.cid)
    assert [entry.stored_at for entry in entries] == [50, 50, LATER, LATER]
    assert [entry.sent_at for entry in entries] == [50, 40, 9_999, 60]


def test_a_pair_that_has_talked_goes_on(ledger: Ledger, people: list[str]) -> None:
    """What is unread stays unread, whoever's old messages come after it."""
    ada, grace, *_ = people
    ledger.commit([draft_dm(ada, grace, "live")], now=70)
    opening = Opening(pair_cid(ada, grace), "dm", "", (ada, grace))
    assert ledger.bring_in(opening, [foreign(grace, 10)], LATER) == 1
    entries = history(ledger, ada, opening.cid)
    assert [(e.seq, e.text, e.stored_at) for e in entries] == [(1, "live", 70), (2, "old", 70)]
    members = ledger.conversation(ada, opening.cid).members
    assert (members[ada].read, members[grace].read) == (2, 0)
    assert ledger.mark([Mark(grace, opening.cid, 2, 2)])


def test_a_conversation_of_nothing_is_not_opened(ledger: Ledger, people: list[str]) -> None:
    opening = group(*people)
    assert ledger.bring_in(opening, [], LATER) == 0
    assert ledger.members([opening.cid]) == {}


def test_people_go_on_talking_in_it(ledger: Ledger, people: list[str]) -> None:
    opening = group(*people)
    ledger.bring_in(opening, [foreign(people[0], 3)], LATER)
    ledger.commit([draft_group(people[1], opening.cid, "new")], now=LATER)
    assert [e.seq for e in history(ledger, people[0], opening.cid)] == [1, 2, 3]


def test_who_has_left_is_still_the_author(ledger: Ledger, people: list[str]) -> None:
    ada, grace, gone, *_ = people
    opening = group(ada, grace)
    ledger.bring_in(opening, [foreign(gone, 3)], LATER)
    assert history(ledger, ada, opening.cid)[-1].sender == gone
    with pytest.raises(NotFoundError):
        ledger.conversation(gone, opening.cid)


def test_reactions_and_edits_need_their_message(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    opening = group(ada, grace)
    first = foreign(ada, 1, "teh")
    target = first.message.id
    batch = [
        first,
        foreign(ada, 2, "the", type="edit", target=target),
        foreign(grace, 3, "", type="reaction", emoji="👍", target=target),
        foreign(grace, 4, "", type="reaction", emoji="👍", target=new_id()),
    ]
    assert ledger.bring_in(opening, batch, LATER) == 3
    found = [(e.type, e.target, e.emoji) for e in history(ledger, ada, opening.cid)[1:]]
    assert found == [("text", None, None), ("edit", target, None), ("reaction", target, "👍")]


def test_who_is_nobody_is_refused(ledger: Ledger, people: list[str]) -> None:
    nobody = new_id()
    for opening, batch in [
        (group(people[0], nobody), [foreign(people[0], 1)]),
        (group(people[0]), [foreign(nobody, 1)]),
    ]:
        with pytest.raises(NotFoundError, match=nobody):
            ledger.bring_in(opening, batch, LATER)
        assert ledger.members([opening.cid]) == {}


def test_a_group_too_large_is_refused(setting: Setting) -> None:
    people = setting.add_people(101)
    with pytest.raises(GroupFullError):
        setting.ledger.bring_in(group(*people), [foreign(people[0], 1)], LATER)


def test_devices_are_told_once_all_is_there(ledger: Ledger, people: list[str]) -> None:
    opening = group(people[0], people[1])
    ledger.bring_in(opening, [foreign(people[0], 1), foreign(people[1], 2, "last")], LATER)
    assert ledger.parcels(10) == []
    ledger.announce(opening.cid)
    parcels = ledger.parcels(10)
    assert {parcel.recipients for parcel in parcels} == {tuple(sorted(people[:2]))}
    joined, last = (decode_down(parcel.payload) for parcel in parcels)
    assert isinstance(joined, ConversationChanged)
    assert (joined.cid, joined.change) == (opening.cid, "joined")
    assert isinstance(last, Entry)
    assert (last.seq, last.text) == (3, "last")


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    times=st.lists(st.integers(0, 2 * LATER), min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=3).map(sorted),
    again=st.integers(0, 12),
)
def test_any_batching_gives_the_same_log(
    setting: Setting, times: list[int], cuts: list[int], again: int
) -> None:
    """However a file is cut into batches, and wherever an import was killed and begun anew."""
    ada, grace = setting.add_people(2)
    opening, whole = group(ada, grace), group(ada, grace)
    batch = [foreign((ada, grace)[n % 2], at) for n, at in enumerate(times)]
    setting.ledger.bring_in(opening, batch[:again], LATER)
    for start, end in zip([0, *cuts], [*cuts, len(batch)], strict=True):
        setting.ledger.bring_in(opening, batch[start:end], LATER)
    setting.ledger.bring_in(whole, batch, LATER)
    logs = [history(setting.ledger, ada, cid)[1:] for cid in (opening.cid, whole.cid)]
    seen = [[(e.seq, e.id, e.stored_at, e.sent_at) for e in log] for log in logs]
    assert seen[0] == seen[1]
    assert [e.id for e in logs[0]] == [f.message.id for f in batch]
