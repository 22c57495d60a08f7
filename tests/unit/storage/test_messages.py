"""Numbering and storing: the heart of the ledger's contract, on every store."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley_protocol.checks import Refusal
from parley_protocol.ids import new_id, pair_cid
from parley_protocol.payloads import Entry, Forwarded
from storage.ledger import Ledger
from storage.ledger.messages import commit
from storage.model import Draft, Outcome, Stored
from tests.unit.storage.conftest import Setting, draft_dm, draft_group


def stored(outcome: Outcome) -> Stored:
    assert isinstance(outcome, Stored)
    return outcome


def refused(outcome: Outcome) -> Refusal:
    assert isinstance(outcome, Refusal)
    return outcome


def history(ledger: Ledger, uid: str, cid: str) -> list[Entry]:
    return ledger.messages(uid, cid, after=0, before=None, limit=200)


def test_first_message_opens_the_pair_and_both_are_members(
    ledger: Ledger, people: list[str]
) -> None:
    ada, grace, *_ = people
    first, second = ledger.commit([draft_dm(ada, grace), draft_dm(grace, ada)], now=5)
    assert stored(first).opened
    assert not stored(second).opened
    assert [stored(first).entry.seq, stored(second).entry.seq] == [1, 2]
    assert sorted(stored(first).members) == sorted([ada, grace])
    assert stored(first).entry.stored_at == 5
    assert stored(first).entry.cid == pair_cid(grace, ada)


def test_message_to_oneself(ledger: Ledger, people: list[str]) -> None:
    ada = people[0]
    outcome = stored(ledger.commit([draft_dm(ada, ada)], now=1)[0])
    assert outcome.members == (ada,)
    assert history(ledger, ada, pair_cid(ada, ada)) == [outcome.entry]


def test_message_to_nobody_is_refused(ledger: Ledger, people: list[str]) -> None:
    outcomes = ledger.commit([draft_dm(people[0], new_id()), draft_group(people[0], new_id())], 1)
    assert [refused(o).code for o in outcomes] == ["not_found", "not_found"]


def test_a_stranger_cannot_write_to_a_group(ledger: Ledger, people: list[str]) -> None:
    ada, grace, eve, *_ = people
    group = ledger.create_group(ada, "Compilers", [grace], now=1)
    assert refused(ledger.commit([draft_group(eve, group.cid)], now=2)[0]).code == "not_member"
    assert ledger.conversation(ada, group.cid).head == 1


def test_a_repeat_gets_its_first_number(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    draft = draft_dm(ada, grace)
    first, again_in_batch = ledger.commit([draft, draft], now=1)
    (later,) = ledger.commit([draft], now=9)
    assert not stored(first).duplicate
    for repeat in (again_in_batch, later):
        assert stored(repeat).duplicate
        assert stored(repeat).entry == stored(first).entry
    assert len(history(ledger, ada, draft.cid)) == 1


def test_an_id_of_somebody_else_is_refused(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    first = draft_dm(ada, grace)
    second = draft_dm(grace, ada, id=first.message.id)
    assert refused(ledger.commit([first, second], now=1)[1]).code == "id_taken"


def test_a_refused_message_blocks_nothing_behind_it(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    drafts = [draft_dm(ada, grace, "one"), draft_dm(ada, new_id()), draft_dm(ada, grace, "two")]
    outcomes = ledger.commit(drafts, now=1)
    refused(outcomes[1])
    assert [e.text for e in history(ledger, ada, drafts[0].cid)] == ["one", "two"]


@pytest.mark.parametrize(
    ("author", "editor", "kind", "code"),
    [
        ("grace", "grace", "edit", None),
        ("grace", "ada", "edit", "forbidden"),
        ("grace", "grace", "delete", None),
        ("grace", "ada", "delete", None),
        ("ada", "grace", "delete", "forbidden"),
        ("ada", "grace", "reaction", None),
    ],
)
def test_who_may_change_a_message(
    ledger: Ledger, people: list[str], author: str, editor: str, kind: str, code: str | None
) -> None:
    who = {"ada": people[0], "grace": people[1]}
    group = ledger.create_group(people[0], "Compilers", [people[1]], now=1)
    first = draft_group(who[author], group.cid)
    change = draft_group(
        who[editor], group.cid, "changed", type=kind, target=first.message.id, emoji="🙂"
    )
    outcome = ledger.commit([first, change], now=1)[1]
    assert (outcome.code if isinstance(outcome, Refusal) else None) == code


@pytest.mark.parametrize("kind", ["edit", "delete", "reaction"])
def test_a_change_of_an_unknown_message_is_refused(
    ledger: Ledger, people: list[str], kind: str
) -> None:
    draft = draft_dm(people[0], people[1], type=kind, target=new_id(), emoji="🙂")
    assert refused(ledger.commit([draft], now=1)[0]).code == "not_found"


def test_every_field_comes_back(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    first = draft_dm(ada, grace, "الكلام ✨ e\u0301 \u200f 👩‍👩‍👧‍👦")
    origin = Forwarded(sender=people[3], sent_at=5)
    reply = draft_dm(grace, ada, reply_to=first.message.id, mentions=(ada,), forwarded=origin)
    reaction = draft_dm(ada, grace, "", type="reaction", target=reply.message.id, emoji="👍🏽")
    outcomes = ledger.commit([first, reply, reaction], now=7)
    assert history(ledger, ada, first.cid) == [stored(o).entry for o in outcomes]
    assert stored(outcomes[1]).entry.reply_to == first.message.id
    assert stored(outcomes[1]).entry.mentions == (ada,)
    assert stored(outcomes[1]).entry.forwarded == origin
    assert stored(outcomes[2]).entry.emoji == "👍🏽"


def test_texts_come_back_as_they_were(ledger: Ledger, people: list[str]) -> None:
    texts = [
        '"',
        "\\",
        '\\"',
        "{a,b}",
        "NULL",
        "'",
        "%s %(a)s :a $1",
        "\\x41\\n",
        "a\nb\tc",
        " ",
        "🦊",
    ]
    drafts = [draft_dm(people[0], people[1], text) for text in texts]
    ledger.commit(drafts, now=1)
    assert [entry.text for entry in history(ledger, people[0], drafts[0].cid)] == texts


def test_a_hundred_thousand_characters(ledger: Ledger, people: list[str]) -> None:
    text = "🦊" * 100_000
    draft = draft_dm(people[0], people[1], text)
    ledger.commit([draft], now=1)
    assert ledger.message(people[1], draft.cid, 1).text == text


def test_concurrent_commits_leave_no_hole_and_double_nothing(
    setting: Setting, people: list[str]
) -> None:
    group = setting.ledger.create_group(people[0], "Busy", people[1:], now=1)
    drafts = [draft_group(people[n % 5], group.cid, str(n)) for n in range(80)]
    batches = [drafts[at : at + 8] for at in range(0, 80, 4)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda batch: setting.ledger.commit(batch, 2), batches))
    entries = history(setting.ledger, people[0], group.cid)
    assert [entry.seq for entry in entries] == list(range(1, 82))
    assert {entry.text for entry in entries[1:]} == {str(n) for n in range(80)}


def test_an_exception_undoes_everything(setting: Setting, people: list[str]) -> None:
    draft = draft_dm(people[0], people[1])

    def commit_and_fail() -> None:
        with setting.store.writing() as unit:
            commit(unit, [draft], 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        commit_and_fail()
    assert setting.ledger.members([draft.cid]) == {}


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_batching_gives_the_same_history(setting: Setting, data: st.DataObject) -> None:
    """However sends, repeats and batches fall, history is each message once, first come first."""
    ada, grace, *_ = setting.add_people(3)
    pairs = st.sampled_from([(ada, grace), (grace, ada)])
    sent = [draft_dm(*data.draw(pairs), text=str(n)) for n in range(8)]
    arrivals = data.draw(st.lists(st.sampled_from(sent), max_size=20))
    cuts = data.draw(st.lists(st.integers(0, 20), max_size=4).map(sorted))
    for start, end in zip([0, *cuts], [*cuts, len(arrivals)], strict=True):
        setting.ledger.commit(arrivals[start:end], now=1)
    expected: dict[str, Draft] = {}
    for draft in arrivals:
        expected.setdefault(draft.message.id, draft)
    if expected:
        entries = history(setting.ledger, ada, sent[0].cid)
        assert [e.id for e in entries] == list(expected)
        assert [e.seq for e in entries] == list(range(1, len(expected) + 1))
