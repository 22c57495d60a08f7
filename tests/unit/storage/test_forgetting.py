"""What is forgotten is gone, its number stays, and everything else is as it was."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley_protocol.ids import new_id, pair_cid
from parley_protocol.payloads import AccountChanged, Entry, decode_down, emptied
from storage.errors import ForbiddenError, NotFoundError
from storage.forgetter import Forgetter
from storage.ledger import Ledger
from storage.model import Draft, Stored
from tests.unit.storage.conftest import Setting, draft_dm, draft_group, index

DAY = 24 * 3600 * 1000


def forgetter(setting: Setting) -> Forgetter:
    return Forgetter(setting.store, setting.archive, rest=lambda _: None)


def say(ledger: Ledger, drafts: Sequence[Draft], now: int) -> list[Entry]:
    outcomes = ledger.commit(drafts, now)
    return [outcome.entry for outcome in outcomes if isinstance(outcome, Stored)]


def entries(ledger: Ledger, uid: str, cid: str) -> list[Entry]:
    found = ledger.messages(uid, cid, after=0, before=None, limit=200)
    assert [entry.seq for entry in found] == list(range(1, len(found) + 1))
    return found


def texts(ledger: Ledger, uid: str, cid: str) -> list[str]:
    found = entries(ledger, uid, cid)
    return [entry.type if entry.type != "text" else entry.text for entry in found]


def test_old_messages_are_forgotten_where_the_owner_says_so(
    setting: Setting, people: list[str]
) -> None:
    ledger, (ada, bob, *_) = setting.ledger, people
    cid = ledger.create_group(ada, "Short", [bob], now=0).cid
    other = ledger.create_group(ada, "Long", [bob], now=0).cid
    for now in (1 * DAY, 2 * DAY, 3 * DAY):
        for gid in (cid, other):
            say(ledger, [draft_group(bob, gid, f"day {now // DAY}", mentions=(ada,))], now)
    changed = ledger.set_retention(ada, cid, 5, now=4 * DAY)
    assert changed.retention_days == ledger.conversation(bob, cid).retention_days == 5
    index(ledger)
    forgetter(setting).sweep(6 * DAY + 1)
    assert texts(ledger, bob, cid) == ["system", "erased", "day 2", "day 3", "system"]
    forgetter(setting).sweep(9 * DAY)
    assert texts(ledger, bob, cid) == ["system", "erased", "erased", "erased", "system"]
    assert texts(ledger, bob, other) == ["system", "day 1", "day 2", "day 3"]
    if setting.archive is None:
        found = ledger.search(ada, "day", limit=10)
        assert {hit.entry.cid for hit in found.hits} == {other}
    entry = ledger.message(ada, cid, 2)
    assert entry == emptied(entry)
    assert (entry.sender, entry.stored_at) == (bob, 1 * DAY)


def test_for_ever_again(setting: Setting, people: list[str]) -> None:
    ledger, ada = setting.ledger, people[0]
    cid = ledger.create_group(ada, "Notes", [], now=0).cid
    say(ledger, [draft_group(ada, cid, "kept")], DAY)
    ledger.set_retention(ada, cid, 1, now=DAY)
    ledger.set_retention(ada, cid, None, now=DAY)
    index(ledger)
    forgetter(setting).sweep(99 * DAY)
    assert "kept" in texts(ledger, ada, cid)


def test_who_may_say_how_long(ledger: Ledger, people: list[str]) -> None:
    ada, bob, eve, *_ = people
    cid = ledger.create_group(ada, "Group", [bob], now=0).cid
    ledger.set_role(ada, cid, bob, "admin", now=0)
    with pytest.raises(ForbiddenError):
        ledger.set_retention(bob, cid, 1, now=0)
    with pytest.raises(NotFoundError):
        ledger.set_retention(eve, cid, 1, now=0)


def test_what_either_of_a_pair_wants_forgotten_is(setting: Setting, people: list[str]) -> None:
    ledger, (ada, bob, eve, *_) = setting.ledger, people
    draft = draft_dm(ada, bob, "soon gone")
    say(ledger, [draft], now=0)
    ledger.set_retention(bob, draft.cid, 1, now=0)
    with pytest.raises(NotFoundError):
        ledger.set_retention(eve, draft.cid, None, now=0)
    index(ledger)
    forgetter(setting).sweep(2 * DAY)
    assert texts(ledger, ada, draft.cid) == ["erased", "system"]


def test_a_repeat_of_what_is_forgotten_is_answered(setting: Setting, people: list[str]) -> None:
    ledger, (ada, bob, *_) = setting.ledger, people
    cid = ledger.create_group(ada, "Group", [bob], now=0).cid
    draft = draft_group(bob, cid, "once")
    (first,) = say(ledger, [draft], now=0)
    ledger.set_retention(ada, cid, 1, now=0)
    index(ledger)
    forgetter(setting).sweep(9 * DAY)
    (again,) = ledger.commit([draft], 9 * DAY)
    assert isinstance(again, Stored)
    assert (again.entry.seq, again.duplicate, again.entry.text) == (first.seq, True, "")
    (edit,) = ledger.commit([draft_group(bob, cid, "x", type="edit", target=first.id)], 9 * DAY)
    assert not isinstance(edit, Stored)


def test_an_erased_person_is_forgotten_everywhere(setting: Setting, people: list[str]) -> None:
    ledger, (ada, bob, eve, *_) = setting.ledger, people
    group = ledger.create_group(ada, "Group", [bob, eve], now=0).cid
    left = ledger.create_group(bob, "Left", [ada], now=0).cid
    pair = pair_cid(ada, bob)
    say(ledger, [draft_group(ada, group, "of ada"), draft_group(bob, group, "of bob")], now=1)
    say(ledger, [draft_dm(ada, bob, "to bob"), draft_dm(bob, ada, "to ada")], now=1)
    say(ledger, [draft_group(ada, left, "and gone")], now=1)
    ledger.remove_member(ada, left, ada, now=2)
    index(ledger)
    ledger.settle([parcel.number for parcel in ledger.parcels(100)])
    ledger.erase(ada, now=3)
    told = [(set(p.recipients), decode_down(p.payload)) for p in ledger.parcels(100)]
    assert ({ada, bob, eve}, AccountChanged(uid=ada, change="erased")) in told
    assert ledger.conversation(bob, group).members.keys() == {bob, eve}
    assert ledger.conversation(bob, pair).members[ada].role == "erased"
    index(ledger)
    forgetter(setting).erase()
    assert texts(ledger, bob, group) == ["system", "erased", "of bob", "system", "system"]
    assert texts(ledger, bob, pair) == ["erased", "to ada"]
    assert texts(ledger, bob, left) == ["system", "erased", "system"]
    with setting.store.reading() as unit:
        assert unit.forgetting.erasures() == []


def test_who_is_erased_can_do_nothing_more(ledger: Ledger, people: list[str]) -> None:
    ada, bob, eve, *_ = people
    pair, _ = ledger.open_dm(ada, bob, now=0)
    ledger.erase(ada, now=1)
    for draft in (draft_dm(ada, bob), draft_dm(bob, ada), draft_dm(ada, eve), draft_dm(eve, ada)):
        (outcome,) = ledger.commit([draft], now=2)
        assert not isinstance(outcome, Stored)
    with pytest.raises(NotFoundError):
        ledger.conversation(ada, pair.cid)
    with pytest.raises(NotFoundError):
        ledger.create_group(ada, "Again", [bob], now=2)
    with pytest.raises(NotFoundError):
        ledger.create_group(bob, "Again", [ada], now=2)
    with pytest.raises(NotFoundError):
        ledger.open_dm(eve, ada, now=2)


def test_what_is_not_indexed_yet_waits(setting: Setting, people: list[str]) -> None:
    """Else the indexer would bring back what it has read before."""
    ledger, (ada, bob, *_) = setting.ledger, people
    cid = ledger.create_group(ada, "Group", [bob], now=0).cid
    say(ledger, [draft_group(ada, cid, "secret")], now=1)
    ledger.erase(ada, now=2)
    forgetter(setting).erase()
    with setting.store.reading() as unit:
        assert unit.forgetting.erasures() == [ada]
    index(ledger)
    forgetter(setting).erase()
    assert "secret" not in texts(ledger, bob, cid)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["say", "say", "edit", "index", "sweep", "erase"]),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    max_size=30,
)


class Story:
    """A group in which people say things and leave for ever, as time passes."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.ledger, self.now = setting, setting.ledger, 0
        self.watcher, *self.others = setting.add_people(5)
        self.cid = self.ledger.create_group(self.watcher, "Group", self.others, now=0).cid
        self.ledger.set_retention(self.watcher, self.cid, 3, now=0)
        self.said: dict[str, Entry] = {}
        self.erased: set[str] = set()

    def step(self, step: str, uid: str) -> None:
        if step == "index":
            index(self.ledger)
        elif step == "sweep":
            forgetter(self.setting).sweep(self.now)
        elif uid not in self.erased and step == "erase":
            self.ledger.erase(uid, self.now)
            self.erased.add(uid)
        elif uid not in self.erased:
            own = [e.id for e in self.said.values() if e.sender == uid and e.type == "text"]
            fields = {"type": "edit", "target": own[-1]} if own and step == "edit" else {}
            draft = draft_group(uid, self.cid, new_id(), **fields)
            self.said |= {entry.id: entry for entry in say(self.ledger, [draft], self.now)}

    def is_gone(self, entry: Entry) -> bool:
        return entry.sender in self.erased or entry.stored_at < self.now - 3 * DAY


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_any_order_of_saying_and_forgetting(
    setting: Setting, steps: list[tuple[str, int, int]]
) -> None:
    """Of the erased nothing is left, of what is too old neither, and all else is there."""
    story = Story(setting)
    for step, who, halves in steps:
        story.now += halves * DAY // 2
        story.step(step, story.others[who])
    story.step("index", "")
    story.step("sweep", "")
    forgetter(setting).erase()
    found = entries(story.ledger, story.watcher, story.cid)
    for entry in found:
        if entry.type != "system":
            said = story.said[entry.id]
            assert entry == (emptied(said) if story.is_gone(said) else said)
    if setting.archive is not None:
        return
    with setting.store.reading() as unit:
        kept = {(e.cid, e.seq) for e in found if e.type == "text"}
        assert unit.index.at([(e.cid, e.seq) for e in found]).keys() == kept
