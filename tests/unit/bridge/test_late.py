"""What only the archive can decide: it is asked beside the loop, and nobody else waits."""

import threading
from collections.abc import Collection

import pytest

from bridge.stream import Received
from bridge.worker import Worker
from parley_protocol import topics
from parley_protocol.ids import new_id, pair_cid
from parley_protocol.payloads import Entry, Message, Rejected, encode
from storage.archive.memory import MemoryArchive
from storage.archive.mover import Mover
from storage.errors import UnavailableError
from storage.ledger import Ledger
from storage.memory import MemoryStore
from storage.unit import Key
from tests.platform import wait
from tests.unit.bridge.test_worker import ListBroker
from tests.unit.storage.conftest import index


class GatedArchive(MemoryArchive):
    """An archive that can be slow, away, or broken."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.asked = threading.Event()
        self.error: Exception | None = None

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:
        self.asked.set()
        assert self.gate.wait(60)
        if self.error is not None:
            raise self.error
        return super().known(keys)


class Scene:
    """A pair whose first message is archived, and the bridge between them."""

    def __init__(self) -> None:
        self.broker = ListBroker()
        store = MemoryStore()
        self.archive = GatedArchive()
        self.ledger = Ledger(store, self.archive)
        self.worker = Worker(self.broker, self.ledger, batch=10, now=lambda: 42)
        self.ada, self.grace = sorted(new_id() for _ in range(2))
        self.device = new_id()
        store.add_people(self.ada, self.grace)
        self.old = self.payload("old")
        self.send(self.old)
        self.worker.turn(0)
        index(self.ledger)
        Mover(store, self.archive, keep=0, rest=lambda _: None).move(1 << 62)
        self.broker.said.clear()

    def payload(self, text: str, **fields: str) -> bytes:
        # At the time of the test's clock.
        made = "0" * 12 + new_id()[12:]
        return encode(Message(id=made, sent_at=1, text=text, **fields))  # type: ignore[arg-type]

    def send(self, payload: bytes, sender: str = "") -> None:
        sender = sender or self.ada
        peer = self.grace if sender == self.ada else self.ada
        topic = str(topics.Send(sender, self.device, "dm", peer, "message"))
        self.broker.waiting.append(Received(topic, payload, 1, 1))

    def turn_until(self, count: int) -> list[Entry | Rejected]:
        """Let the bridge work until somebody has got so much."""

        def got() -> list[Entry | Rejected]:
            self.worker.turn(0)
            inbox = self.broker.inbox(self.ada)
            return [body for body in inbox if isinstance(body, Entry | Rejected)]

        wait(lambda: len(got()) >= count)
        return got()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_repeat_of_what_is_archived_is_answered_with_its_number(scene: Scene) -> None:
    scene.send(scene.old)
    (entry,) = scene.turn_until(1)
    assert isinstance(entry, Entry)
    assert (entry.seq, entry.text) == (1, "old")
    assert scene.ledger.conversation(scene.ada, pair_cid(scene.ada, scene.grace)).head == 1


def test_nobody_waits_for_one_who_waits_for_the_archive(scene: Scene) -> None:
    scene.archive.gate.clear()
    scene.send(scene.old)
    scene.worker.turn(0)
    assert scene.archive.asked.wait(60)
    young = encode(Message(id=new_id(), sent_at=1, text="young"))
    scene.send(young, scene.grace)
    (first,) = scene.turn_until(1)
    assert isinstance(first, Entry)
    assert (first.seq, first.text) == (2, "young")
    assert scene.broker.waiting == []
    scene.archive.gate.set()
    texts = [entry.text for entry in scene.turn_until(2) if isinstance(entry, Entry)]
    assert texts == ["young", "old"]


def test_while_the_archive_is_away_there_is_no_answer(scene: Scene) -> None:
    scene.archive.error = UnavailableError("away")
    scene.send(scene.old)
    scene.worker.turn(0)
    assert scene.archive.asked.wait(60)
    scene.archive.error = None
    scene.send(scene.payload("", type="delete", target=new_id()))
    (answer,) = scene.turn_until(1)
    assert isinstance(answer, Rejected)
    assert answer.code == "not_found"
    assert len(scene.broker.acknowledged) == 3
    scene.send(scene.old)
    entry = scene.turn_until(2)[-1]
    assert isinstance(entry, Entry)
    assert entry.seq == 1


def test_what_breaks_the_archive_is_rejected_and_blocks_nothing(scene: Scene) -> None:
    scene.archive.error = RuntimeError("broken")
    scene.send(scene.old)
    (answer,) = scene.turn_until(1)
    assert isinstance(answer, Rejected)
    assert answer.code == "internal"
