"""The bridge's loop on a ledger in memory and a broker that is a list."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager

import pytest

from bridge.stream import Received
from bridge.worker import StoppedError, Worker
from parley_protocol import control, limits, topics
from parley_protocol.control import EndedSession
from parley_protocol.ids import new_id, pair_cid
from parley_protocol.payloads import (
    AccountChanged,
    ConversationChanged,
    Entry,
    Message,
    Receipt,
    ReceiptMoved,
    Rejected,
    Typing,
    TypingShown,
    decode_down,
    encode,
)
from storage.errors import UnavailableError
from storage.ledger import Ledger
from storage.memory import MemoryStore, MemoryUnit
from storage.model import Draft, Outcome
from storage.origin import request_id


class ListBroker:
    """A broker that hands out what it is given and keeps what it gets."""

    def __init__(self) -> None:
        self.waiting: list[Received] = []
        self.said: list[tuple[str, object, int]] = []
        self.acknowledged: list[Received] = []
        self.published = self.confirmed = self.rested = 0
        self.is_slow = False

    def receive(self, *, limit: int, seconds: float) -> list[Received]:
        assert seconds >= 0
        batch, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return batch

    def acknowledge(self, batch: Iterable[Received]) -> None:
        self.acknowledged += batch

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        read = control.decode if topic == topics.CONTROL else decode_down
        self.said.append((topic, read(payload), qos))
        self.published += qos
        if not self.is_slow:
            self.confirmed = self.published

    def settle(self, seconds: float) -> bool:
        assert seconds >= 0
        return self.confirmed == self.published

    def rest(self, seconds: float) -> None:
        assert seconds >= 0
        self.rested += 1

    def inbox(self, uid: str) -> list[object]:
        return [body for topic, body, _ in self.said if topic == topics.inbox(uid)]


class FragileStore:
    """A store in memory that can be away."""

    def __init__(self) -> None:
        self._store = MemoryStore()
        self.add_people = self._store.add_people
        self.reading = self._store.reading
        self.wipe = self._store.wipe
        self.away = 0

    def writing(self) -> AbstractContextManager[MemoryUnit]:
        if self.away:
            self.away -= 1
            raise UnavailableError("away")
        return self._store.writing()


class PoisonedLedger(Ledger):
    """A ledger that breaks on one text."""

    def commit(self, drafts: Sequence[Draft], now: int) -> list[Outcome]:
        if any(draft.message.text == "poison" for draft in drafts):
            raise RuntimeError("poison")
        return super().commit(drafts, now)


class Setting:
    def __init__(self) -> None:
        self.broker = ListBroker()
        self.store = FragileStore()
        self.ledger = PoisonedLedger(self.store)
        self.worker = Worker(self.broker, self.ledger, batch=10, now=lambda: 42)
        self.ada, self.grace, self.eve = sorted(new_id() for _ in range(3))
        self.device = new_id()
        self.store.add_people(self.ada, self.grace, self.eve)

    def send(self, uid: str, scope: topics.Scope, target: str, payload: bytes) -> None:
        self.send_kind("message", uid, scope, target, payload)

    def send_kind(
        self, kind: topics.Kind, uid: str, scope: topics.Scope, target: str, payload: bytes
    ) -> None:
        topic = str(topics.Send(uid, self.device, scope, target, kind))
        self.broker.waiting.append(Received(topic, payload, 1, len(self.broker.waiting) + 1))

    def turn(self) -> None:
        self.worker.turn(0)


@pytest.fixture
def setting() -> Setting:
    return Setting()


def message(text: str = "hello", mid: str | None = None) -> bytes:
    return encode(Message(id=mid or new_id(), sent_at=1, text=text))


def test_a_message_is_stored_delivered_and_then_acknowledged(setting: Setting) -> None:
    s = setting
    s.send(s.ada, "dm", s.grace, message("hello"))
    s.turn()
    cid = pair_cid(s.ada, s.grace)
    joined, entry = s.broker.inbox(s.grace)
    assert joined == ConversationChanged(cid=cid, change="joined", type="dm")
    assert isinstance(entry, Entry)
    assert (entry.seq, entry.text, entry.sender, entry.stored_at) == (1, "hello", s.ada, 42)
    assert s.broker.inbox(s.ada) == [joined, entry]
    assert s.ledger.message(s.grace, cid, 1) == entry
    assert len(s.broker.acknowledged) == 1


def test_the_sender_hears_of_it_last(setting: Setting) -> None:
    s = setting
    group = s.ledger.create_group(s.ada, "Compilers", [s.grace, s.eve], now=1)
    s.turn()
    s.broker.said.clear()
    for sender in (s.ada, s.grace, s.eve):
        s.send(sender, "group", group.cid, message())
    s.turn()
    order = [topic for topic, _, _ in s.broker.said]
    assert [order[2], order[5], order[8]] == [topics.inbox(u) for u in (s.ada, s.grace, s.eve)]


def test_an_order_is_given_after_what_was_said_before_it(setting: Setting) -> None:
    s = setting
    word = AccountChanged(uid=s.ada, change="session_ended", device=s.device)
    order = EndedSession(uid=s.ada, device=s.device, sid=new_id(), until=1, is_over=True)
    with s.store.writing() as unit:
        unit.post([s.ada], encode(word))
        unit.post((), control.encode(order))
    s.turn()
    assert s.broker.said == [(topics.inbox(s.ada), word, 1), (topics.CONTROL, order, 1)]
    s.turn()
    assert len(s.broker.said) == 2


def test_a_repeat_is_delivered_again_with_its_first_number(setting: Setting) -> None:
    s = setting
    payload = message()
    s.send(s.ada, "dm", s.grace, payload)
    s.turn()
    s.send(s.ada, "dm", s.grace, payload)
    s.turn()
    _, first, second = s.broker.inbox(s.grace)
    assert first == second
    assert s.broker.inbox(s.ada)[-1] == first


def test_rejected_goes_to_the_sender_and_blocks_nothing(setting: Setting) -> None:
    s = setting
    too_long = new_id()
    s.send(s.ada, "dm", s.grace, b"\xff\x00 broken")
    s.send(s.ada, "dm", s.grace, message("x" * (limits.TEXT_MAX + 1), too_long))
    s.send(s.ada, "group", new_id(), message())
    s.send(s.ada, "dm", s.grace, message("fine"))
    s.turn()
    rejected = [body for body in s.broker.inbox(s.ada) if isinstance(body, Rejected)]
    assert {(r.code, r.device) for r in rejected} == {
        (code, s.device) for code in ("malformed", "too_long", "not_found")
    }
    assert too_long in {r.id for r in rejected}
    assert [e.text for e in s.broker.inbox(s.grace) if isinstance(e, Entry)] == ["fine"]
    assert len(s.broker.acknowledged) == 4


def test_no_text_reaches_the_log(setting: Setting, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    s = setting
    s.send(s.ada, "dm", s.grace, message("a secret"))
    s.send(s.ada, "dm", s.grace, b'{"id": 5, "text": "a secret"}')
    s.turn()
    assert "malformed" in caplog.text
    assert "secret" not in caplog.text


def test_the_log_names_the_request_that_a_change_came_from(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    s = setting
    token = request_id.set("req-1")
    s.ledger.create_group(s.ada, "Compilers", [s.grace], now=1)
    request_id.reset(token)
    with caplog.at_level("INFO"):
        s.turn()
    told = [record.__dict__["fields"]["request"] for record in caplog.records]
    assert set(told) == {"req-1"}


def test_a_long_text_is_delivered_in_part_and_stored_whole(setting: Setting) -> None:
    s = setting
    s.send(s.ada, "dm", s.grace, message("ü" * limits.TEXT_MAX))
    s.turn()
    entry = s.broker.inbox(s.grace)[-1]
    assert isinstance(entry, Entry)
    assert (entry.partial, entry.text) == (True, "ü" * limits.PARTIAL_CHARACTERS)
    assert s.ledger.message(s.grace, entry.cid, 1).text == "ü" * limits.TEXT_MAX


def test_what_the_api_numbered_before_is_delivered_before(setting: Setting) -> None:
    s = setting
    group = s.ledger.create_group(s.ada, "Compilers", [s.grace], now=1)
    s.ledger.rename(s.ada, group.cid, "Linkers", now=2)
    s.send(s.grace, "group", group.cid, message())
    s.turn()
    entries = [body for body in s.broker.inbox(s.ada) if isinstance(body, Entry)]
    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert s.ledger.parcels(10) == []


def test_nothing_is_acknowledged_before_the_broker_has_what_came_of_it(setting: Setting) -> None:
    s = setting
    s.broker.is_slow = True
    s.send(s.ada, "dm", s.grace, message())
    s.turn()
    first = s.broker.published
    s.send(s.grace, "dm", s.ada, message())
    s.turn()
    assert len(s.broker.inbox(s.ada)) == 3
    assert s.broker.acknowledged == []
    s.broker.confirmed = first
    s.turn()
    assert [r.packet_id for r in s.broker.acknowledged] == [1]
    s.broker.confirmed = s.broker.published
    s.turn()
    assert len(s.broker.acknowledged) == 2


def test_parcels_stay_until_the_broker_has_them(setting: Setting) -> None:
    s = setting
    s.ledger.create_group(s.ada, "Compilers", [s.grace], now=1)
    s.send(s.ada, "dm", s.grace, message())
    s.broker.is_slow = True
    s.turn()
    assert s.broker.acknowledged == []
    assert len(s.ledger.parcels(10)) == 2
    s.worker.stop()
    with pytest.raises(StoppedError):
        s.turn()
    assert len(s.ledger.parcels(10)) == 2
    s.broker.is_slow = False
    s.broker.confirmed = s.broker.published
    s.turn()
    assert s.ledger.parcels(10) == []
    assert len(s.broker.acknowledged) == 1
    assert len(s.broker.inbox(s.grace)) == 4


def test_it_leaves_when_the_broker_has_everything(setting: Setting) -> None:
    s = setting
    s.send(s.ada, "dm", s.grace, message())
    s.broker.is_slow = True
    s.turn()
    s.worker.stop()
    s.worker.run()
    assert s.broker.acknowledged == []
    s.broker.confirmed = s.broker.published
    s.worker.run()
    assert len(s.broker.acknowledged) == 1


def test_a_database_that_is_away_is_waited_for(setting: Setting) -> None:
    s = setting
    s.store.away = 1
    s.send(s.ada, "dm", s.grace, message())
    s.turn()
    assert s.broker.rested == 1
    assert len(s.broker.acknowledged) == 1
    assert len(s.broker.inbox(s.grace)) == 2


def test_what_cannot_be_stored_blocks_nothing(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    s = setting
    for text in ("one", "poison", "two"):
        s.send(s.ada, "dm", s.grace, message(text))
    s.turn()
    assert [e.text for e in s.broker.inbox(s.grace) if isinstance(e, Entry)] == ["one", "two"]
    assert [b.code for b in s.broker.inbox(s.ada) if isinstance(b, Rejected)] == ["internal"]
    assert len(s.broker.acknowledged) == 3
    assert "poison" not in caplog.text


def test_receipts_are_told_to_the_members(setting: Setting) -> None:
    s = setting
    s.send(s.ada, "dm", s.grace, message())
    s.turn()
    cid = pair_cid(s.ada, s.grace)
    receipt = encode(Receipt(cid=cid, delivered=1))
    s.send_kind("receipt", s.grace, "dm", s.ada, receipt)
    s.send_kind("receipt", s.eve, "dm", s.ada, receipt)
    s.turn()
    moved = ReceiptMoved(cid=cid, uid=s.grace, delivered=1)
    assert s.broker.inbox(s.ada)[-1] == moved
    assert s.broker.inbox(s.grace)[-1] == moved
    assert s.broker.inbox(s.eve) == []


def test_typing_is_shown_to_the_others_and_never_queued(setting: Setting) -> None:
    s = setting
    group = s.ledger.create_group(s.ada, "Compilers", [s.grace], now=1)
    s.turn()
    s.broker.said.clear()
    for uid in (s.ada, s.eve):
        s.send_kind("typing", uid, "group", group.cid, encode(Typing(on=True)))
    s.turn()
    shown = TypingShown(cid=group.cid, uid=s.ada, on=True)
    assert s.broker.said == [(topics.live(s.grace), shown, 0)]


def test_who_was_removed_gets_nothing_any_more(setting: Setting) -> None:
    s = setting
    group = s.ledger.create_group(s.ada, "Compilers", [s.grace, s.eve], now=1)
    s.turn()
    payload = message()
    s.send(s.ada, "group", group.cid, payload)
    s.turn()
    s.ledger.remove_member(s.ada, group.cid, s.grace, now=2)
    s.turn()
    s.broker.said.clear()
    for again in (payload, message()):
        s.send(s.ada, "group", group.cid, again)
    s.turn()
    assert s.broker.inbox(s.grace) == []
    assert len(s.broker.inbox(s.eve)) == 2
