"""Pages, lists, receipts and sync."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley_protocol import limits
from parley_protocol.ids import new_id
from storage.errors import NotFoundError
from storage.ledger import Ledger
from storage.model import Conversation, Mark, Missing, Sync
from tests.unit.storage.conftest import Setting, draft_dm, draft_group


def talk(ledger: Ledger, group: Conversation, count: int, now: int = 10) -> None:
    owner = next(iter(group.members))
    ledger.commit([draft_group(owner, group.cid, str(n)) for n in range(count)], now)


@pytest.mark.parametrize(
    ("after", "before", "limit", "expected"),
    [
        (0, None, 3, [1, 2, 3]),
        (8, None, 5, [9, 10]),
        (10, None, 5, []),
        (None, None, 3, [8, 9, 10]),
        (None, 4, 2, [2, 3]),
        (None, 1, 2, []),
        (None, 99, 2, [9, 10]),
    ],
)
def test_pages(
    ledger: Ledger,
    people: list[str],
    after: int | None,
    before: int | None,
    limit: int,
    expected: list[int],
) -> None:
    group = ledger.create_group(people[0], "Compilers", [people[1]], now=1)
    talk(ledger, group, 9)
    entries = ledger.messages(people[1], group.cid, after=after, before=before, limit=limit)
    assert [entry.seq for entry in entries] == expected


def test_one_message(ledger: Ledger, people: list[str]) -> None:
    group = ledger.create_group(people[0], "Compilers", [], now=1)
    assert ledger.message(people[0], group.cid, 1).seq == 1
    for uid, cid, seq in [
        (people[0], group.cid, 2),
        (people[0], group.cid, 0),
        (people[1], group.cid, 1),
        (people[0], new_id(), 1),
    ]:
        with pytest.raises(NotFoundError):
            ledger.message(uid, cid, seq)


def test_conversations_are_listed_last_moved_first(ledger: Ledger, people: list[str]) -> None:
    ada = people[0]
    groups = [ledger.create_group(ada, str(n), [], now=n) for n in range(5)]
    talk(ledger, groups[1], 1, now=9)
    seen: list[str] = []
    before = None
    while page := ledger.conversations(ada, limit=2, before=before):
        seen += [conversation.name for conversation in page]
        before = (page[-1].moved_at, page[-1].cid)
    assert seen == ["1", "4", "3", "2", "0"]
    assert ledger.conversations(people[1], limit=2) == []


def test_receipts_move_forward_only_and_within_the_log(ledger: Ledger, people: list[str]) -> None:
    ada, grace, eve, *_ = people
    group = ledger.create_group(ada, "Compilers", [grace], now=1)
    talk(ledger, group, 4)

    def mark(uid: str, delivered: int, read: int) -> list[tuple[int, int]]:
        moved = ledger.mark([Mark(uid, group.cid, delivered, read)])
        return [(m.mark.delivered, m.mark.read) for m in moved]

    assert mark(grace, 3, 0) == [(3, 0)]
    assert mark(grace, 2, 0) == []
    assert mark(grace, 0, 4) == [(4, 4)]
    assert mark(grace, 99, 99) == [(5, 5)]
    assert mark(eve, 1, 1) == []
    assert ledger.mark([Mark(grace, new_id(), 1, 1)]) == []
    member = ledger.conversation(ada, group.cid).members[grace]
    assert (member.delivered, member.read) == (5, 5)


def test_marks_of_one_batch_are_folded(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    group = ledger.create_group(ada, "Compilers", [grace], now=1)
    talk(ledger, group, 4)
    moved = ledger.mark([Mark(grace, group.cid, d, r) for d, r in [(2, 1), (4, 0), (3, 2)]])
    assert [(m.mark.delivered, m.mark.read, set(m.members)) for m in moved] == [
        (4, 2, {ada, grace})
    ]


def test_who_writes_has_read_what_was_before(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    drafts = [draft_dm(ada, grace), draft_dm(grace, ada)]
    ledger.commit(drafts, now=1)
    pair = ledger.conversation(ada, drafts[0].cid)
    assert pair.head - pair.members[grace].read == 0
    assert pair.head - pair.members[ada].read == 1


def seqs(missing: Missing) -> list[int]:
    return [entry.seq for entry in missing.entries]


def test_sync_gives_what_moved_and_what_is_new(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    quiet, busy, new = (ledger.create_group(ada, name, [grace], now=1) for name in "abc")
    talk(ledger, busy, 3)
    answer = ledger.sync(grace, {quiet.cid: 1, busy.cid: 2})
    assert {m.standing.cid: seqs(m) for m in answer.conversations} == {
        busy.cid: [3, 4],
        new.cid: [1],
    }
    assert all(missing.first_missing is None for missing in answer.conversations)
    assert (answer.left, answer.more) == ([], False)


def test_sync_after_a_long_absence_gives_the_newest_page(ledger: Ledger, people: list[str]) -> None:
    ada = people[0]
    group = ledger.create_group(ada, "Busy", [], now=1)
    talk(ledger, group, limits.SYNC_PAGE + 10)
    (missing,) = ledger.sync(ada, {group.cid: 4}).conversations
    assert seqs(missing) == list(range(12, 62))
    assert missing.first_missing == 5
    (fresh,) = ledger.sync(ada, {}).conversations
    assert fresh.first_missing == 1


def test_sync_names_what_one_is_not_in_any_more(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    group = ledger.create_group(ada, "Compilers", [grace], now=1)
    unknown = new_id()
    ledger.remove_member(ada, group.cid, grace, now=2)
    answer = ledger.sync(grace, {group.cid: 1, unknown: 7})
    assert answer.conversations == []
    assert answer.left == sorted([group.cid, unknown])


def test_a_cursor_beyond_the_head_begins_anew(ledger: Ledger, people: list[str]) -> None:
    """As after a restore: else the device would drop what is numbered from here on."""
    ada = people[0]
    group = ledger.create_group(ada, "Restored", [], now=1)
    answer = ledger.sync(ada, {group.cid: 7})
    assert (answer.conversations, answer.left, answer.more) == ([], [group.cid], True)
    (fresh,) = ledger.sync(ada, {}).conversations
    assert seqs(fresh) == [1]


def test_a_full_answer_to_sync_says_that_there_is_more(ledger: Ledger, people: list[str]) -> None:
    ada = people[0]
    count = limits.SYNC_MAX // limits.SYNC_PAGE + 1
    groups = [ledger.create_group(ada, str(n), [], now=1) for n in range(count)]
    for group in groups:
        talk(ledger, group, limits.SYNC_PAGE)
    cursors: dict[str, int] = {}
    rounds: list[Sync] = []
    while not rounds or rounds[-1].more:
        rounds.append(ledger.sync(ada, cursors))
        cursors |= {m.standing.cid: m.standing.head for m in rounds[-1].conversations}
    assert len(rounds) == 2
    assert set(cursors) == {group.cid for group in groups}


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_cursor_plus_sync_equals_the_log(setting: Setting, data: st.DataObject) -> None:
    """From any cursor, the pages that sync asks for and its own messages are all of the log."""
    ledger, (ada, *_) = setting.ledger, setting.add_people(1)
    group = ledger.create_group(ada, "Busy", [], now=1)
    talk(ledger, group, data.draw(st.integers(0, 70)))
    head = ledger.conversation(ada, group.cid).head
    cursor = data.draw(st.integers(0, head))
    answer = ledger.sync(ada, {group.cid: cursor})
    held = list(range(1, cursor + 1))
    for missing in answer.conversations:
        first = missing.entries[0].seq
        held += range(missing.first_missing or first, first)
        held += seqs(missing)
    assert held == list(range(1, head + 1))
