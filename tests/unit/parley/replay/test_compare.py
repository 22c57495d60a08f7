"""The comparison must see every kind of difference."""

import pytest

from parley.replay.compare import Expected, expected, messages, mismatches
from parley.replay.plan import Group, Line
from parley_protocol.ids import new_id
from parley_protocol.payloads import Entry, SystemChange

ADA, GRACE = new_id(), new_id()
GROUP = Group(["ada", "grace"], [Line(0, "ada", "one", None), Line(2, "grace", "two", 0)])
IDS = {0: new_id(), 2: new_id()}
WANTED = expected(GROUP, {"ada": ADA, "grace": GRACE}, IDS)


def entry(seq: int, sender: str, text: str, reply_to: str | None = None) -> Entry:
    return Entry(
        cid=new_id(),
        seq=seq,
        id=new_id(),
        sender=sender,
        text=text,
        reply_to=reply_to,
        stored_at=1,
        sent_at=1,
    )


CREATED = Entry(
    cid=new_id(),
    seq=1,
    id=new_id(),
    sender=ADA,
    stored_at=1,
    sent_at=1,
    type="system",
    system=SystemChange(action="created"),
)
ONE, TWO = entry(2, ADA, "one"), entry(3, GRACE, "two", IDS[0])


def test_what_is_expected() -> None:
    assert [Expected(ADA, "one", None), Expected(GRACE, "two", IDS[0])] == WANTED


def test_system_entries_are_no_messages() -> None:
    assert messages([CREATED, ONE]) == [ONE]


@pytest.mark.parametrize(
    ("seen", "count"),
    [
        ([CREATED, ONE, TWO], 0),
        ([CREATED, ONE], 1),
        ([CREATED, TWO], 3),
        ([CREATED, ONE, TWO, TWO], 2),
        ([CREATED, ONE, ONE, TWO], 3),
        ([CREATED, TWO, ONE], 4),
        ([CREATED, ONE, entry(3, ADA, "two", IDS[0])], 1),
        ([CREATED, ONE, entry(3, GRACE, "two ", IDS[0])], 1),
        ([CREATED, ONE, entry(3, GRACE, "two")], 1),
        ([], 2),
    ],
)
def test_differences_are_counted(seen: list[Entry], count: int) -> None:
    assert mismatches(WANTED, seen) == count
