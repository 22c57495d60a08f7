"""Who is in a conversation is remembered, and yet never older than the batch that asks."""

import random

import pytest
from sqlalchemy import text

from parley_protocol.checks import Refusal
from storage import open_ledger
from storage.ledger import Ledger
from storage.model import Member, Outcome, Stored
from storage.sql.engine import connect
from storage.sql.migrate import migrate
from storage.sql.rosters import Rosters
from tests.unit.storage.conftest import add_people, draft_dm, draft_group


def people_on(url: str, count: int) -> list[str]:
    migrate(url)
    engine = connect(url)
    people = add_people(engine, count)
    engine.dispose()
    return people


def say(ledger: Ledger, uid: str, cid: str) -> Outcome:
    (outcome,) = ledger.commit([draft_group(uid, cid)], now=2)
    return outcome


@pytest.mark.parametrize("seed", range(3))
def test_what_another_process_changes_is_seen_by_the_next_batch(url: str, seed: int) -> None:
    chance = random.Random(seed)
    owner, *others = people_on(url, 6)
    api, bridges = open_ledger(url), [open_ledger(url) for _ in range(2)]
    cid = api.create_group(owner, "", others[:2], now=1).cid
    inside = {owner, *others[:2]}
    for _ in range(25):
        uid = chance.choice(others)
        if uid in inside:
            api.remove_member(owner, cid, uid, now=1)
        else:
            api.add_members(owner, cid, [uid], now=1)
        inside ^= {uid}
        for sender in (uid, owner):
            outcome = say(chance.choice(bridges), sender, cid)
            if sender in inside:
                assert isinstance(outcome, Stored)
                assert set(outcome.members) == inside
            else:
                assert isinstance(outcome, Refusal)
                assert outcome.code == "not_member"
        assert set(chance.choice(bridges).members([cid])[cid]) == inside


def test_roles_are_seen_by_the_next_batch(url: str) -> None:
    owner, ada, bob = people_on(url, 3)
    api, bridge = open_ledger(url), open_ledger(url)
    cid = api.create_group(owner, "", [ada, bob], now=1).cid
    said = [draft_group(bob, cid) for _ in range(2)]
    bridge.commit(said, now=2)
    found = []
    for draft, role in zip(said, ("member", "admin"), strict=True):
        if role == "admin":
            api.set_role(owner, cid, ada, "admin", now=2)
        delete = draft_group(ada, cid, type="delete", text="", target=draft.message.id)
        found += bridge.commit([delete], now=3)
    assert [type(outcome) for outcome in found] == [Refusal, Stored]


def test_who_is_erased_is_written_to_no_more(url: str) -> None:
    ada, bob = people_on(url, 2)
    api, bridge = open_ledger(url), open_ledger(url)
    assert isinstance(bridge.commit([draft_dm(ada, bob)], now=1)[0], Stored)
    assert isinstance(bridge.commit([draft_dm(ada, bob)], now=1)[0], Stored)
    api.erase(bob, now=2)
    (outcome,) = bridge.commit([draft_dm(ada, bob)], now=3)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "forbidden"


def test_members_are_read_once(url: str) -> None:
    owner, *others = people_on(url, 3)
    cid = open_ledger(url).create_group(owner, "", others, now=1).cid
    bridge = open_ledger(url)
    first = say(bridge, owner, cid)
    engine = connect(url)
    with engine.begin() as connection:
        # Not so by any way of Parley's: the roster's number stays.
        connection.execute(text("UPDATE members SET role = 'erased'"))
    engine.dispose()
    second = say(bridge, owner, cid)
    assert isinstance(first, Stored)
    assert isinstance(second, Stored)
    assert second.members == first.members


def test_the_last_used_are_remembered() -> None:
    rosters = Rosters(members_max=5)
    two = {uid: Member(uid, "member") for uid in ("ada", "bob")}
    for cid in ("a", "b"):
        rosters.keep(cid, 1, two)
    assert rosters.get("a", 1) == two
    assert rosters.get("a", 2) is None
    rosters.keep("c", 1, two)
    assert [cid for cid in "abc" if rosters.get(cid, 1)] == ["a", "c"]
    rosters.keep("a", 2, {})
    rosters.keep("d", 1, two)
    assert [cid for cid in "abcd" if rosters.get(cid, 1)] == ["c", "d"]
