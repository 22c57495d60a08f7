"""The indexer's loop, on a ledger in memory."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from keeper.indexer import Indexer
from parley_protocol.ids import new_id
from storage.errors import UnavailableError
from storage.ledger import Ledger
from storage.memory import MemoryStore, MemoryUnit
from storage.model import Conversation
from tests.unit.storage.conftest import draft_group


class Store(MemoryStore):
    """A store that can be away for a number of transactions."""

    def __init__(self) -> None:
        super().__init__()
        self.away = 0
        self.indexed = threading.Event()

    @contextmanager
    def reading(self) -> Iterator[MemoryUnit]:
        if self.away:
            self.away -= 1
            raise UnavailableError("the database does not answer")
        with super().reading() as unit:
            yield unit
        if not unit.index.lags(1):
            self.indexed.set()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def group(store: Store) -> Conversation:
    """A group of one with 1,000 messages, in which others write, too."""
    ledger, ada = Ledger(store), new_id()
    store.add_people(ada)
    group = ledger.create_group(ada, "Busy", [], now=1)
    ledger.commit([draft_group(ada, group.cid, f"tea {n}") for n in range(1000)], now=2)
    return group


def owner(group: Conversation) -> str:
    return next(iter(group.members))


def test_rounds_until_all_is_indexed(store: Store, group: Conversation) -> None:
    indexer, ledger = Indexer(Ledger(store)), Ledger(store)
    assert ledger.search(owner(group), "tea", limit=1).left_out
    while indexer.round():
        pass
    assert ledger.unindexed() == []
    found = ledger.search(owner(group), "tea", limit=1001)
    assert (len(found.hits), found.left_out) == (1000, 0)


def test_it_runs_until_it_is_stopped_and_waits_for_the_database(
    store: Store, group: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keeper.indexer._UNAVAILABLE_SECONDS", 0)
    indexer = Indexer(Ledger(store))
    store.away = 3
    running = threading.Thread(target=indexer.run)
    running.start()
    assert store.indexed.wait(30)
    indexer.stop()
    running.join(30)
    assert not running.is_alive()
    assert len(Ledger(store).search(owner(group), "tea", limit=1001).hits) == 1000


def test_stopped_it_does_not_wait_for_the_database(store: Store) -> None:
    indexer = Indexer(Ledger(store))
    store.away = 1 << 30
    running = threading.Thread(target=indexer.run)
    running.start()
    indexer.stop()
    running.join(30)
    assert not running.is_alive()
