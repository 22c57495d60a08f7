"""What is sent when: in order per conversation, again until it is answered."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parley_client.outbox import Outbox, Outgoing
from tests.unit.clients.python.cases import cases


def outgoing(id: str, cid: str) -> Outgoing:  # noqa: A002 - the table's name
    return Outgoing(id, cid, f"to/{cid}", b"payload")


@cases("outbox")
def test_the_table(case: dict[str, Any]) -> None:
    outbox = Outbox()
    for step in case["steps"]:
        match step:
            case {"add": message}:
                outbox.add(outgoing(**message))
            case {"take": now, "ids": ids}:
                assert [taken.id for taken in outbox.take_due(now)] == ids
            case {"answered": message_id, "known": known}:
                assert outbox.answered(message_id) is known
            case {"connected": True}:
                outbox.connected()
    assert len(outbox) == case["waiting"]


def test_it_says_when_to_look_again() -> None:
    outbox = Outbox([outgoing("1", "a")])
    assert outbox.next_due() == 0
    outbox.take_due(100)
    due = outbox.next_due()
    assert due is not None
    assert 103 < due < 107
    outbox.answered("1")
    assert outbox.next_due() is None


@given(
    st.lists(st.sampled_from("ab"), min_size=1, max_size=30),
    st.lists(st.sampled_from(["take", "answer", "connected"])),
)
def test_messages_of_a_conversation_never_overtake(cids: list[str], steps: list[str]) -> None:
    outbox = Outbox(outgoing(str(number), cid) for number, cid in enumerate(cids))
    now, sent, answered = 0.0, list[Outgoing](), set[str]()
    for step in [*steps, *["connected", "take", "answer"] * len(cids)]:
        if step == "take":
            now += 100
            sent += outbox.take_due(now)
        elif step == "connected":
            outbox.connected()
        else:
            waiting = [found.id for found in sent if found.id not in answered]
            answered |= set(waiting)
            assert all(outbox.answered(message_id) for message_id in set(waiting))
    for cid in set(cids):
        order = list(dict.fromkeys(found.id for found in sent if found.cid == cid))
        assert order == [str(number) for number, other in enumerate(cids) if other == cid]
    assert len(outbox) == 0
