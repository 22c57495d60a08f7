"""When a publisher is told: not before its message is safe."""

from broker.core.access import Anyone
from broker.core.core import Core
from broker.core.limits import Limits
from mqtt.codes import V5, Property, Type
from mqtt.packets import Ack, Publish
from tests.unit.broker.core.peers import MemoryJournal, joined


def durable() -> tuple[Core, MemoryJournal]:
    journal = MemoryJournal()
    core = Core(Limits(safe_seconds=0.01), Anyone(), journal)
    core.now = 1_000.0
    return core, journal


ACK = Ack(Type.PUBACK, 9)


def test_when_every_receiver_has_it_nothing_is_written() -> None:
    core, journal = durable()
    ada, bob, carl = (joined(core, name) for name in ("ada", "bob", "carl"))
    for peer in (bob, carl):
        peer.subscribe("a")
    assert ada.publish("a", b"x") == []
    assert bob.payloads() == [b"x"]
    assert ada.take() == []
    assert carl.payloads() == [b"x"]
    assert ada.take() == [ACK]
    core.now += 1
    core.save_unsafe()
    assert not journal.receivers


def test_a_slow_receiver_is_not_waited_for_but_written_for() -> None:
    core, journal = durable()
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a")
    bob.acknowledges = False
    ada.publish("a", b"x")
    core.save_unsafe()
    assert not journal.receivers
    core.now += 0.02
    core.save_unsafe()
    assert ada.take() == []
    journal.sync(core)
    assert ada.take() == [ACK]
    (message,) = bob.messages()
    bob.send(Ack(Type.PUBACK, message.packet_id))
    assert journal.receivers == {1: []}


def test_for_who_is_away_it_is_written_at_once() -> None:
    core, journal = durable()
    ada, bob, carl = (joined(core, name) for name in ("ada", "bob", "carl"))
    for peer in (bob, carl):
        peer.subscribe("a")
    carl.link.lost()
    assert ada.publish("a", b"x") == []
    assert journal.receivers == {1: ["bob", "carl"]}
    assert bob.payloads() == [b"x"]
    assert journal.receivers == {1: ["carl"]}
    journal.sync(core)
    assert ada.take() == [ACK]
    assert joined(core, "carl").payloads() == [b"x"]
    assert journal.receivers == {1: []}


def test_for_who_is_there_and_has_enough_to_do_it_is_not_written_at_once() -> None:
    journal = MemoryJournal()
    core = Core(Limits(inflight=1), Anyone(), journal)
    core.now = 1_000.0
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a")
    bob.acknowledges = False
    for _ in range(3):
        ada.publish("a", b"x")
    assert not journal.receivers
    bob.acknowledges = True
    while bob.payloads():
        pass
    core.now += 1
    core.save_unsafe()
    assert not journal.receivers
    assert ada.take() == [ACK] * 3


def test_clean_sessions_are_not_waited_for() -> None:
    core, journal = durable()
    ada, bob = joined(core, "ada"), joined(core, "bob", clean=True)
    bob.subscribe("a")
    assert ada.publish("a", b"x") == [ACK]
    assert bob.payloads() == [b"x"]
    assert not journal.receivers
    assert list(journal.sessions) == ["ada"]


def test_the_end_of_a_session_sets_its_messages_free() -> None:
    core, journal = durable()
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a")
    bob.link.lost()
    ada.publish("a", b"x")
    joined(core, "bob", clean=True)
    assert journal.receivers == {1: []}
    assert "bob" not in journal.sessions
    assert ada.take() == [ACK]


def test_subscriptions_are_kept_as_they_are() -> None:
    core, journal = durable()
    ada = joined(core, "ada")
    ada.subscribe("a/+")
    ada.subscribe("b")
    assert journal.sessions == {"ada": ["a/+", "b"]}


def test_retained_messages_are_kept() -> None:
    core, journal = durable()
    ada = joined(core, "ada")
    ada.publish("a", b"x", retain=True)
    assert journal.retained == {"a": b"x"}
    bob = joined(core, "bob", V5, properties={Property.RECEIVE_MAXIMUM: 1})
    assert [p.payload for p in bob.subscribe("a") if isinstance(p, Publish)] == [b"x"]


def test_exactly_once_is_written_before_anybody_gets_it() -> None:
    core, journal = durable()
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a", 2)
    assert ada.publish("a", b"x", 2) == []
    assert journal.receivers == {1: ["bob"]}
    assert bob.take() == []
    journal.sync(core)
    assert ada.take() == [Ack(Type.PUBREC, 9)]
    assert bob.take() == []
    assert journal.ids == {("bob", 1): 1}
    journal.sync(core)
    bob.acknowledges = False
    assert bob.payloads() == [b"x"]
    bob.send(Ack(Type.PUBREC, 1))
    assert journal.receivers == {1: []}
    assert journal.ids == {("bob", 1): 0}
    assert bob.take() == []
    journal.sync(core)
    assert bob.take() == [Ack(Type.PUBREL, 1)]
    bob.send(Ack(Type.PUBCOMP, 1))
    assert journal.ids == {}


def test_a_repeat_of_what_is_not_safe_yet_is_answered_when_it_is() -> None:
    core, journal = durable()
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a", 2)
    ada.publish("a", b"x", 2)
    ada.link.lost()
    ada = joined(core, "ada")
    assert ada.publish("a", b"x", 2, dup=True) == []
    journal.sync(core)
    assert ada.take() == [Ack(Type.PUBREC, 9)]
    journal.sync(core)
    assert bob.payloads() == [b"x"]
