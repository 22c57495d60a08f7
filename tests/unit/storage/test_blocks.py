"""Blocks: nothing one to one goes either way, and all comes back when they are taken back."""

import pytest

from parley_protocol.checks import Refusal
from parley_protocol.ids import new_id
from parley_protocol.payloads import AccountChanged
from storage.errors import ForbiddenError, NotFoundError
from storage.ledger import Ledger
from storage.model import Mark, Stored
from tests.unit.storage.conftest import draft_dm, draft_group
from tests.unit.storage.test_groups import told


def code(outcome: object) -> str:
    return outcome.code if isinstance(outcome, Refusal) else "stored"


def said(ledger: Ledger, sender: str, peer: str) -> str:
    return code(*ledger.commit([draft_dm(sender, peer)], now=5))


@pytest.mark.parametrize("is_new", [True, False])
def test_nothing_goes_either_way_until_both_have_taken_it_back(
    ledger: Ledger, people: list[str], *, is_new: bool
) -> None:
    ada, grace, edith, *_ = people
    if not is_new:
        assert said(ledger, ada, grace) == "stored"
    ledger.block(ada, grace)
    ledger.block(ada, grace)
    assert [said(ledger, ada, grace), said(ledger, grace, ada)] == ["forbidden", "forbidden"]
    assert said(ledger, ada, edith) == said(ledger, grace, edith) == "stored"
    ledger.block(grace, ada)
    ledger.unblock(ada, grace)
    assert [said(ledger, ada, grace), said(ledger, grace, ada)] == ["forbidden", "forbidden"]
    ledger.unblock(grace, ada)
    assert [said(ledger, ada, grace), said(ledger, grace, ada)] == ["stored", "stored"]


def test_a_pair_that_is_blocked_is_not_opened(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    ledger.block(ada, grace)
    for one, other in ((ada, grace), (grace, ada)):
        with pytest.raises(ForbiddenError):
            ledger.open_dm(one, other, now=1)


def test_receipts_and_typing_are_not_shown(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    (stored,) = ledger.commit([draft_dm(ada, grace)], now=1)
    assert isinstance(stored, Stored)
    cid = stored.entry.cid
    assert set(ledger.listeners([cid])[cid]) == {ada, grace}
    ledger.block(ada, grace)
    (moved,) = ledger.mark([Mark(grace, cid, 1, 1)])
    assert moved.members == (grace,)
    assert ledger.listeners([cid]) == {cid: ()}
    assert ledger.conversation(ada, cid).blocked
    ledger.unblock(ada, grace)
    assert set(ledger.listeners([cid])[cid]) == {ada, grace}


def test_groups_stay_but_nobody_adds_the_other(ledger: Ledger, people: list[str]) -> None:
    ada, grace, edith, *_ = people
    cid = ledger.create_group(ada, "Compilers", [grace], now=1).cid
    ledger.block(grace, ada)
    assert code(*ledger.commit([draft_group(ada, cid)], now=2)) == "stored"
    ledger.remove_member(ada, cid, grace, now=3)
    with pytest.raises(ForbiddenError):
        ledger.add_members(ada, cid, [edith, grace], now=4)
    with pytest.raises(ForbiddenError):
        ledger.create_group(ada, "Linkers", [grace], now=4)
    assert set(ledger.add_members(ada, cid, [edith], now=5).members) == {ada, edith}


def test_only_ones_own_devices_are_told(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    ledger.block(ada, grace)
    ledger.unblock(ada, grace)
    changes = [AccountChanged(uid=grace, change=how) for how in ("blocked", "unblocked")]
    assert told(ledger) == [({ada}, change) for change in changes]


def test_whom_one_cannot_block(ledger: Ledger, people: list[str]) -> None:
    with pytest.raises(NotFoundError):
        ledger.block(people[0], new_id())
    with pytest.raises(ForbiddenError):
        ledger.block(people[0], people[0])
