"""Receipts: cumulative, at most one a second per conversation."""

from typing import Any

from parley_client.receipts import Receipts
from parley_protocol.payloads import Receipt
from tests.unit.clients.python.cases import cases


@cases("receipts")
def test_the_table(case: dict[str, Any]) -> None:
    receipts = Receipts()
    for step in case["steps"]:
        if "note" in step:
            receipts.note(step["note"]["cid"], Receipt(**step["note"]))
        else:
            told = [receipt for _, receipt in receipts.take_due(step["take"])]
            assert told == [Receipt(**wanted) for wanted in step["told"]]


def test_it_says_when_to_look_again() -> None:
    receipts = Receipts()
    assert receipts.next_due() is None
    receipts.note("a", Receipt(cid="a", delivered=1))
    assert receipts.next_due() == 0
    receipts.take_due(5)
    assert receipts.next_due() is None
    receipts.note("a", Receipt(cid="a", delivered=2))
    assert receipts.next_due() == 6
