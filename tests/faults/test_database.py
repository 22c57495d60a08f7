"""PostgreSQL goes away under a working bridge, in every way that it can, and comes back."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import pytest
from sqlalchemy import Engine

from bridge.stream import Received
from bridge.worker import Worker
from parley_protocol import topics
from parley_protocol.ids import new_id, pair_cid
from parley_protocol.payloads import Entry, Message, decode_down, encode
from storage.errors import UnavailableError
from storage.ledger import Ledger
from storage.sql import SqlStore
from storage.sql.engine import connect
from storage.sql.migrate import migrate
from tests.postgres import Postgres
from tests.unit.storage.conftest import add_people

_MESSAGES, _BATCH = 900, 20
_AWAY = [200, 400, 600]
"""After how many messages the server goes away."""

Away = Callable[[Postgres], None]
WAYS: dict[str, Away] = {
    "stopped": lambda server: server.stop("fast"),
    "stopped at once": lambda server: server.stop("immediate"),
    "killed": Postgres.kill,
}


class QueueBroker:
    """A broker that hands out what was sent, and keeps what it gets."""

    def __init__(self) -> None:
        self.sent: queue.SimpleQueue[Received] = queue.SimpleQueue()
        self.inbox: list[Entry] = []
        self.acknowledged = 0
        self.further = threading.Condition()
        self.pause = threading.Event()
        self.published = 0

    @property
    def confirmed(self) -> int:
        return self.published

    def receive(self, *, limit: int, seconds: float) -> list[Received]:
        batch: list[Received] = []
        try:
            batch.append(self.sent.get(timeout=seconds))
            while len(batch) < limit:
                batch.append(self.sent.get_nowait())
        except queue.Empty:
            pass
        return batch

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        self.published += qos
        entry = decode_down(payload)
        if isinstance(entry, Entry) and topic == topics.inbox(entry.sender):
            self.inbox.append(entry)

    def settle(self, seconds: float) -> bool:
        return seconds >= 0

    def rest(self, seconds: float) -> None:
        self.pause.wait(seconds)

    def acknowledge(self, batch: Iterable[Received]) -> None:
        with self.further:
            self.acknowledged += len(list(batch))
            self.further.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait until so many messages are at their end."""
        with self.further:
            assert self.further.wait_for(lambda: self.acknowledged >= count, timeout=60)


@pytest.fixture
def server() -> Iterator[Postgres]:
    with Postgres() as running:
        yield running


@pytest.fixture
def engine(server: Postgres) -> Iterator[Engine]:
    url = server.new_database()
    migrate(url)
    engine = connect(url)
    yield engine
    engine.dispose()


def test_nothing_is_lost_or_doubled(server: Postgres, engine: Engine) -> None:
    ada, grace = add_people(engine, 2)
    broker, ledger = QueueBroker(), Ledger(SqlStore(engine))
    worker = Worker(broker, ledger, batch=_BATCH)
    bridge = threading.Thread(target=worker.run)
    bridge.start()
    topic, left = str(topics.Send(ada, new_id(), "dm", grace, "message")), iter(range(_MESSAGES))
    try:
        for count, go_away in zip(_AWAY, WAYS.values(), strict=True):
            send(broker, topic, left, 200)
            # In the middle of its work, with batches behind it and before it.
            broker.wait_for(count - 100)
            go_away(server)
            send(broker, topic, left, 50)
            server.start()
        send(broker, topic, left, _MESSAGES)
        broker.wait_for(_MESSAGES)
    finally:
        worker.stop()
        bridge.join()
    stored = history(ledger, grace, pair_cid(ada, grace))
    assert [entry.seq for entry in stored] == list(range(1, _MESSAGES + 1))
    assert [entry.text for entry in stored] == [str(n) for n in range(_MESSAGES)]
    assert broker.inbox == stored


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_is_told_and_then_goes_on(server: Postgres, engine: Engine, way: str) -> None:
    ada, grace = add_people(engine, 2)
    ledger = Ledger(SqlStore(engine))
    cid = ledger.create_group(ada, "Compilers", [grace], now=1).cid
    WAYS[way](server)
    with pytest.raises(UnavailableError):
        ledger.conversation(ada, cid)
    with pytest.raises(UnavailableError):
        ledger.rename(ada, cid, "Linkers", now=2)
    server.start()
    # The pool still holds connections to the server that is gone.
    assert ledger.conversation(ada, cid).name == "Compilers"
    assert ledger.rename(ada, cid, "Linkers", now=3).head == 2


def send(broker: QueueBroker, topic: str, numbers: Iterator[int], count: int) -> None:
    """Let the next messages reach the broker."""
    for number in islice(numbers, count):
        payload = encode(Message(id=new_id(), sent_at=1, text=str(number)))
        broker.sent.put(Received(topic, payload, 1, 1))


def history(ledger: Ledger, uid: str, cid: str) -> list[Entry]:
    """Read a whole conversation, page by page."""
    found: list[Entry] = []
    while page := ledger.messages(uid, cid, after=len(found), before=None, limit=200):
        found += page
    return found
