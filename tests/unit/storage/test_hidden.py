"""What somebody deletes for themself is gone for that person alone."""

import pytest

from parley_protocol.ids import new_id
from parley_protocol.payloads import MessageHidden, emptied
from storage.errors import NotFoundError
from storage.ledger import Ledger
from tests.unit.storage.conftest import draft_dm, draft_group, index
from tests.unit.storage.test_groups import told


def test_it_is_gone_for_its_reader_alone(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    drafts = [draft_dm(ada, grace, f"word {number}") for number in range(3)]
    ledger.commit(drafts, now=1)
    cid = drafts[0].cid
    before = ledger.messages(grace, cid, after=0, before=None, limit=9)
    for _ in range(2):
        ledger.hide(grace, cid, 2)
    after = [before[0], emptied(before[1], "hidden"), before[2]]
    assert ledger.messages(grace, cid, after=0, before=None, limit=9) == after
    assert ledger.message(grace, cid, 2) == after[1]
    (missing,) = ledger.sync(grace, {cid: 1}).conversations
    assert missing.entries == after[1:]
    assert ledger.messages(ada, cid, after=0, before=None, limit=9) == before


def test_search_does_not_find_it(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    drafts = [draft_dm(ada, grace, f"word {number}") for number in range(3)]
    ledger.commit(drafts, now=1)
    index(ledger)
    ledger.hide(grace, drafts[0].cid, 2)
    found = {uid: ledger.search(uid, "word", limit=9).hits for uid in (ada, grace)}
    assert [hit.entry.seq for hit in found[ada]] == [3, 2, 1]
    assert [hit.entry.seq for hit in found[grace]] == [3, 1]


def test_ones_own_devices_are_told(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    cid = ledger.create_group(ada, "Compilers", [grace], now=1).cid
    ledger.commit([draft_group(ada, cid)], now=2)
    told(ledger)
    ledger.hide(grace, cid, 2)
    assert told(ledger) == [({grace}, MessageHidden(cid=cid, seq=2))]


def test_what_is_not_there_cannot_be_hidden(ledger: Ledger, people: list[str]) -> None:
    ada, grace, eve, *_ = people
    cid = ledger.create_group(ada, "Compilers", [grace], now=1).cid
    for uid, where, seq in ((eve, cid, 1), (ada, new_id(), 1), (ada, cid, 2), (ada, cid, 0)):
        with pytest.raises(NotFoundError):
            ledger.hide(uid, where, seq)
