"""A batch and a question cost the same number of statements, however much they are about."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from storage.ledger import Ledger
from storage.model import Draft, Mark
from storage.sql import SqlStore
from storage.sql.engine import connect
from tests.statements import counted
from tests.unit.storage.conftest import add_people, draft_dm, draft_group

FEW, MANY = 2, 60


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = connect(ledger_url)
    yield engine
    engine.dispose()


def batch(ledger: Ledger, people: list[str], size: int) -> list[Draft]:
    """Make messages to new pairs, to groups, repeats, and edits of what was sent before."""
    groups = [ledger.create_group(people[0], str(n), people[1:4], now=1) for n in range(size)]
    first = [draft_group(people[0], group.cid) for group in groups]
    ledger.commit(first, now=2)
    edits = [draft_group(d.sender, d.cid, type="edit", target=d.message.id) for d in first]
    pairs = [draft_dm(people[n], people[-1 - n]) for n in range(size)]
    return [*pairs, *first, *edits]


def test_a_batch(engine: Engine) -> None:
    ledger, people = Ledger(SqlStore(engine)), add_people(engine, 2 * MANY)
    costs = []
    for size, some in ((FEW, people[: 2 * FEW]), (MANY, people)):
        drafts = batch(ledger, some, size)
        with counted(engine) as seen:
            ledger.commit(drafts, now=3)
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 11


def test_receipts(engine: Engine) -> None:
    ledger, people = Ledger(SqlStore(engine)), add_people(engine, 2)
    cids = [ledger.create_group(people[0], "", people[1:], now=1).cid for _ in range(MANY)]
    costs = []
    for size, read in ((FEW, 0), (MANY, 1)):
        with counted(engine) as seen:
            assert len(ledger.mark([Mark(people[1], cid, 1, read) for cid in cids[:size]])) == size
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 4


def test_questions(engine: Engine) -> None:
    ledger, (ada, *others) = Ledger(SqlStore(engine)), add_people(engine, 4)
    questions: dict[str, Callable[[list[str]], object]] = {
        "sync": lambda cids: ledger.sync(ada, dict.fromkeys(cids, 1)),
        "a list": lambda cids: ledger.conversations(ada, limit=len(cids)),
        "members": ledger.members,
        "a page": lambda cids: ledger.messages(ada, cids[0], after=0, before=None, limit=50),
    }
    costs: dict[str, list[int]] = {name: [] for name in questions}
    for size in (FEW, MANY):
        cids = [ledger.create_group(ada, "", others, now=1).cid for _ in range(size)]
        ledger.commit([draft_group(ada, cid) for cid in cids], now=2)
        for name, ask in questions.items():
            with counted(engine) as seen:
                ask(cids)
            costs[name].append(len(seen))
    assert all(few == many <= 4 for few, many in costs.values()), costs
