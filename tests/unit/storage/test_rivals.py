"""Several bridges on one database number the same conversations at the same time."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

import pytest
from sqlalchemy import text

from parley_protocol.ids import pair_cid
from storage import open_ledger
from storage.errors import UnavailableError
from storage.ledger import Ledger
from storage.model import Draft, Mark, Outcome, Stored
from storage.sql.engine import connect
from tests.unit.storage.conftest import add_people, draft_dm, draft_group

_T = TypeVar("_T")
_BRIDGES, _MESSAGES = 4, 120


class Bridge:
    """Commits its share of the plan in batches, and moves receipts, as the real one does."""

    def __init__(self, url: str, seed: int, start: threading.Barrier) -> None:
        self._ledger = open_ledger(url)
        self._chance = random.Random(seed)
        self._start = start

    def work(self, drafts: Sequence[Draft]) -> list[Stored]:
        """Take all messages to their end; give what came of each."""
        left = list(drafts)
        found: list[Outcome] = []
        self._chance.shuffle(left)
        self._start.wait()
        while left:
            size = self._chance.randint(1, 20)
            batch, left = left[:size], left[size:]
            found += self._patiently(partial(self._ledger.commit, batch, 2))
            marks = [Mark(draft.sender, draft.cid, 99, 99) for draft in batch]
            self._patiently(partial(self._ledger.mark, marks))
        assert all(isinstance(outcome, Stored) for outcome in found)
        return [outcome for outcome in found if isinstance(outcome, Stored)]

    @staticmethod
    def _patiently(step: Callable[[], _T]) -> _T:
        while True:
            with suppress(UnavailableError):
                return step()


def plan(ledger: Ledger, people: list[str], chance: random.Random) -> list[Draft]:
    """Make messages to groups and to pairs; the first message of a pair will open it."""
    gids = [ledger.create_group(people[0], "", people[1:], now=1).cid for _ in range(3)]
    drafts = []
    for n in range(_MESSAGES):
        sender, peer = chance.sample(people, 2)
        to_group = draft_group(sender, chance.choice(gids), str(n))
        drafts.append(chance.choice([to_group, draft_dm(sender, peer, str(n))]))
    return drafts


@pytest.mark.parametrize("seed", range(3))
def test_no_holes_and_no_doubles(ledger_url: str, seed: int) -> None:
    engine = connect(ledger_url)
    people = add_people(engine, 6)
    ledger, chance = open_ledger(ledger_url), random.Random(seed)
    drafts = plan(ledger, people, chance)
    # Each message comes to two of the bridges, as one that was not acknowledged in time.
    shares: list[list[Draft]] = [[] for _ in range(_BRIDGES)]
    for draft in drafts:
        for number in chance.sample(range(_BRIDGES), 2):
            shares[number].append(draft)
    start = threading.Barrier(_BRIDGES)
    bridges = [Bridge(ledger_url, seed + number, start) for number in range(_BRIDGES)]
    with ThreadPoolExecutor(_BRIDGES) as pool:
        outcomes = [o for found in pool.map(Bridge.work, bridges, shares) for o in found]
    check(ledger, drafts, outcomes)
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            mine = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            assert connection.scalar(text(mine)) == 0
    engine.dispose()


def check(ledger: Ledger, drafts: list[Draft], outcomes: list[Stored]) -> None:
    """Hold the outcomes against what everybody reads afterwards."""
    seqs = {(outcome.entry.id, outcome.entry.cid, outcome.entry.seq) for outcome in outcomes}
    assert len(seqs) == len(drafts)
    repeats = Counter(outcome.entry.id for outcome in outcomes if outcome.duplicate)
    assert repeats == Counter(draft.message.id for draft in drafts)
    openings = [outcome.entry.cid for outcome in outcomes if outcome.opened]
    pairs = {pair_cid(d.sender, d.target) for d in drafts if d.scope == "dm"}
    # A repeat does not tell of the opening again: who committed it does.
    assert sorted(openings) == sorted(pairs)
    for cid in {draft.cid for draft in drafts}:
        reader = next(draft.sender for draft in drafts if draft.cid == cid)
        entries = ledger.messages(reader, cid, after=0, before=None, limit=200)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        said = [(entry.id, entry.cid, entry.seq) for entry in entries if entry.type == "text"]
        assert sorted(said) == sorted(found for found in seqs if found[1] == cid)
        assert ledger.conversation(reader, cid).head == len(entries)
