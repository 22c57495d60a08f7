"""Every bound holds, and says so by its reason code; nothing that a client sends grows the core."""

import pytest

from broker.core.access import Anyone
from broker.core.core import Core
from broker.core.limits import Limits
from broker.core.message import FIELD_KEPT_MAX
from mqtt.codes import V5, V311, Property, Reason, Type
from mqtt.encode import encode
from mqtt.packets import (
    Ack,
    Connect,
    Disconnect,
    Ping,
    Publish,
    Suback,
    Subscribe,
    Subscription,
    Will,
)
from tests.unit.broker.core.peers import MemoryJournal, Peer, joined, new_core

BOTH = pytest.mark.parametrize("version", [V311, V5])


def tick(core: Core, seconds: int = 1) -> None:
    core.now += seconds
    core.tick()


def numbers(*found: int) -> list[bytes]:
    return [str(number).encode() for number in found]


# What one client may send.


@pytest.mark.parametrize("limits", [{"packets_per_second": 5}, {"bytes_per_second": 40}])
def test_who_sends_too_much_is_let_go(limits: dict[str, int]) -> None:
    core = new_core(**limits)
    ada = joined(core, "ada", V5)
    for _ in range(3):
        tick(core)
        for _ in range(5):
            ada.publish("a", b"x", 0)
    assert not ada.link.is_closing
    tick(core)
    for _ in range(6):
        ada.publish("a", b"x", 0)
    tick(core)
    assert ada.take() == [Disconnect(Reason.MESSAGE_RATE_TOO_HIGH)]


def test_a_broker_that_was_held_up_counts_its_clients_no_faster_for_it() -> None:
    core = new_core(packets_per_second=5)
    ada = joined(core, "ada", V5)
    tick(core)
    for _ in range(15):
        ada.publish("a", b"x", 0)
    tick(core, 3)
    assert not ada.link.is_closing


def test_a_packet_of_exactly_the_limit_and_one_byte_over_it() -> None:
    core = new_core(packet_bytes=200)
    ada = joined(core, "ada", V5)
    head = len(encode(Publish("a", b"", 0), V5)) + 1
    ada.publish("a", b"x" * (200 - head), 0)
    assert not ada.link.is_closing
    assert ada.publish("a", b"x" * (201 - head), 0) == [Disconnect(Reason.PACKET_TOO_LARGE)]


def test_a_packet_that_will_be_too_large_is_not_waited_for() -> None:
    ada = joined(new_core(packet_bytes=200), "ada", V5)
    ada.link.feed(b"\x30\xff\xff\xff\x7f")
    assert ada.take() == [Disconnect(Reason.PACKET_TOO_LARGE)]


def test_who_is_not_let_in_yet_may_say_little() -> None:
    core = new_core(connect_bytes=200)
    connect = Connect("ada", password=b"x" * 200, username="ada")
    peer = Peer(core)
    peer.link.feed(encode(connect, V311)[:10])
    assert peer.link.is_closing
    assert core.counts.refused == {"packet_too_large": 1}


@BOTH
@pytest.mark.parametrize("qos", [1, 2])
def test_too_many_publishes_at_once(version: int, qos: int) -> None:
    """Only 5.0 tells a client how many are taken; in 3.1.1 there is no such bound."""
    core = new_core(receive_maximum=3)
    ada = joined(core, "ada", version)
    hang = joined(core, "hang")
    hang.subscribe("a", 2)
    ada.acknowledges = False
    core.journal = MemoryJournal()
    packets = [Publish("a", b"x", qos, number) for number in range(1, 5)]
    answers = ada.send(*packets)
    too_many = [Disconnect(Reason.RECEIVE_MAXIMUM_EXCEEDED)] if version == V5 else []
    assert [packet for packet in answers if isinstance(packet, Disconnect)] == too_many


# All clients together.


@BOTH
def test_too_many_connections(version: int) -> None:
    core = new_core(connections=2)
    joined(core, "ada")
    bob = joined(core, "bob")
    refused = Reason.QUOTA_EXCEEDED if version == V5 else Reason.SERVER_UNAVAILABLE
    assert Peer(core, version).connect("eve").reason is refused
    bob.link.lost()
    assert Peer(core, version).connect("eve").reason is Reason.SUCCESS


def test_too_many_connections_a_second() -> None:
    core = new_core(connects_per_second=2)
    joined(core, "ada")
    joined(core, "bob")
    assert Peer(core, V5).connect("eve").reason is Reason.CONNECTION_RATE_EXCEEDED
    tick(core)
    assert Peer(core, V5).connect("eve").reason is Reason.SUCCESS


def test_who_comes_where_too_many_wait_already_is_not_even_heard() -> None:
    core = new_core(connections=2, connects_per_second=1)
    silent = [Peer(core) for _ in range(3)]
    assert not core.is_crowded
    silent.append(Peer(core))
    assert core.is_crowded
    core.now += 11
    core.tick()
    assert not core.links


# What waits for a client.


def test_a_message_that_is_too_old_leaves_the_queue() -> None:
    core = new_core(queue_seconds=10)
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a")
    bob.link.lost()
    ada.publish("a", b"old")
    core.now += 11
    ada.publish("a", b"new")
    assert joined(core, "bob").payloads() == [b"new"]
    assert core.dropped["queue_full"] == 1


def test_properties_take_room_in_a_queue_too() -> None:
    core = new_core(queue_bytes=2_500)
    ada, bob = joined(core, "ada", V5), joined(core, "bob", V5)
    bob.subscribe("a")
    bob.link.lost()
    for number in range(4):
        pairs = (("", ""),) * 6 + (("number", str(number)),)
        ada.publish("a", b"", properties={Property.USER_PROPERTY: pairs})
    waiting = core.sessions["bob"].queue
    assert waiting is not None
    assert waiting.size <= 2_500
    came = joined(core, "bob", V5).messages()
    left = [message.properties[Property.USER_PROPERTY][-1][1] for message in came]
    assert left == ["2", "3"]
    assert waiting.size == 0


def test_all_queues_together_have_a_bound() -> None:
    core = new_core(all_queues_bytes=100)
    ada = joined(core, "ada")
    for name in ("bob", "eve"):
        peer = joined(core, name)
        peer.subscribe(name)
        peer.link.lost()
    for number in range(4):
        ada.publish("bob", b"%30d" % number)
    for number in range(2):
        ada.publish("eve", b"%30d" % number)
    assert core.queued_bytes <= 100
    assert core.dropped == {"all_queues_full": 3}
    assert [int(found) for found in joined(core, "bob").payloads()] == [1, 2, 3]
    assert core.queued_bytes == 0
    ada.publish("eve", b"%30d" % 2)
    assert [int(found) for found in joined(core, "eve").payloads()] == [2]


def test_what_waits_for_a_session_that_ends_counts_no_more() -> None:
    core = new_core()
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a")
    bob.link.lost()
    ada.publish("a", b"x")
    assert core.queued_bytes == 1
    Peer(core).connect("bob", clean=True)
    assert core.queued_bytes == 0


@BOTH
def test_too_many_sessions(version: int) -> None:
    core = new_core(sessions=2)
    for name in ("ada", "bob"):
        joined(core, name).link.lost()
    refused = Reason.QUOTA_EXCEEDED if version == V5 else Reason.SERVER_UNAVAILABLE
    assert Peer(core, version).connect("eve").reason is refused
    assert Peer(core, version).connect("bob").reason is Reason.SUCCESS


@pytest.mark.parametrize("limits", [{"retained_messages": 1}, {"retained_bytes": 8}])
def test_too_much_is_not_retained(limits: dict[str, int]) -> None:
    core = new_core(**limits)
    ada = joined(core, "ada", V5)
    ada.publish("a", b"first", retain=True)
    full = [Ack(Type.PUBACK, 9, Reason.QUOTA_EXCEEDED)]
    assert ada.publish("b", b"more", retain=True) == full
    joined(core, "bob", will=Will("c", b"gone", 0, retain=True)).link.lost()
    assert core.retained.count == 1
    assert ada.publish("a", b"second", retain=True) != full
    ada.publish("a", b"", retain=True)
    assert ada.publish("b", b"more", retain=True) != full


def test_what_is_released_and_never_completed_counts_as_in_flight() -> None:
    """Else a client that never sends PUBCOMP would use up all packet ids."""
    core = new_core(inflight=3)
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a", 2)
    bob.acknowledges = False
    taken: list[Publish] = []
    for number in range(6):
        ada.publish("a", b"%d" % number, 2)
        ada.take()
        taken += bob.messages()
        for message in taken:
            bob.send(Ack(Type.PUBREC, message.packet_id))
    assert [message.payload for message in taken] == numbers(0, 1, 2)
    for message in taken[:2]:
        bob.link.feed(encode(Ack(Type.PUBCOMP, message.packet_id), V311))
    assert [message.payload for message in bob.messages()] == numbers(3, 4)
    bob.link.lost()
    again = joined(core, "bob")
    again.acknowledges = False
    assert [message.payload for message in again.messages()] == numbers(3, 4)
    assert again.messages() == []


@pytest.mark.parametrize("qos", [1, 2])
def test_what_comes_again_keeps_to_the_new_connections_window(qos: int) -> None:
    core = new_core()
    ada, bob = joined(core, "ada"), joined(core, "bob", V5)
    bob.subscribe("a", qos)
    bob.acknowledges = False
    for number in range(5):
        ada.publish("a", b"%d" % number, qos)
        ada.take()
    before = {message.payload: message.packet_id for message in bob.messages()}
    bob.link.lost()
    ada.publish("a", b"5", qos)
    ada.take()
    bob = joined(core, "bob", V5, properties={Property.RECEIVE_MAXIMUM: 2})
    bob.acknowledges = False
    kind, came = (Type.PUBACK if qos == 1 else Type.PUBREC), list[Publish]()
    while messages := bob.messages():
        came += messages
        assert len(messages) <= 2
        for message in messages:
            bob.link.feed(encode(Ack(kind, message.packet_id), V5))
            if qos == 2:
                bob.link.feed(encode(Ack(Type.PUBCOMP, message.packet_id), V5))
    assert [message.payload for message in came] == numbers(0, 1, 2, 3, 4, 5)
    assert [message.dup for message in came] == [True] * 5 + [False]
    assert {message.payload: message.packet_id for message in came[:5]} == before


class Service(Anyone):
    is_service = True


def test_a_service_has_much_on_its_way_but_not_of_a_backlog() -> None:
    """What is said now would be behind all of that."""
    core = Core(Limits(inflight=2, service_inflight=4), Service())
    ada, bridge = joined(core, "ada"), joined(core, "bridge")
    bridge.subscribe("#")
    bridge.link.lost()
    for number in range(10):
        ada.publish("away", b"%d" % number)
    bridge = joined(core, "bridge")
    bridge.acknowledges = False
    assert len(bridge.messages()) == 2
    ada.publish("now", b"now")
    bridge.acknowledges = True
    came = bridge.send(Ack(Type.PUBACK, 1), Ack(Type.PUBACK, 2))
    assert [p.payload for p in came if isinstance(p, Publish)] == [b"now", b"2"]
    while bridge.payloads():
        pass
    bridge.acknowledges = False
    for number in range(10):
        ada.publish("a", b"%d" % number)
    assert [message.payload for message in bridge.messages()] == numbers(0, 1, 2, 3)


def test_a_turn_writes_no_more_than_a_write_buffer() -> None:
    core = new_core(write_buffer=1_000)
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a")
    bob.acknowledges = False
    payloads = [b"%03d" % number + b"x" * 97 for number in range(40)]
    for payload in payloads:
        ada.publish("a", payload)
    bob.link.lost()
    again, came = joined(core, "bob"), list[bytes]()
    again.acknowledges = False
    while written := sum(map(len, again.link.out)):
        assert written <= 1_000 + 110
        came += again.payloads()
    assert came == payloads


def test_retained_messages_that_do_not_fit_into_a_write_buffer_are_left_out() -> None:
    core = new_core(write_buffer=1_000, queue_messages=10)
    ada, bob = joined(core, "ada"), joined(core, "bob")
    for number in range(100):
        ada.publish(f"a/{number}", b"x" * 100, 1, retain=True)
    twice = (Subscription("a/+", 0), Subscription("a/+", 0))
    sent = bob.send(Subscribe(1, twice))
    assert 5 < len(sent) < 12
    assert bob.messages() == []
    assert len(bob.subscribe("a/#", 1)) < 12
    bob.payloads()
    assert core.dropped["slow_reader"] == 2


def test_what_is_too_large_for_its_receiver_is_left_out_at_every_quality() -> None:
    core = new_core()
    ada = joined(core, "ada")
    bob = joined(core, "bob", V5, properties={Property.MAXIMUM_PACKET_SIZE: 100})
    bob.subscribe("a", 2)
    for qos in (0, 1, 2):
        ada.publish("a", b"x" * 100, qos)
        ada.take()
    assert bob.payloads() == []
    assert core.dropped["too_large"] == 3
    bob.link.lost()
    ada.publish("a", b"y" * 50)
    bob = joined(core, "bob", V5, properties={Property.MAXIMUM_PACKET_SIZE: 100})
    bob.acknowledges = False
    assert bob.payloads() == [b"y" * 50]
    bob.link.lost()
    bob = joined(core, "bob", V5, properties={Property.MAXIMUM_PACKET_SIZE: 40})
    assert bob.payloads() == []
    assert not core.sessions["bob"].inflight


# What the core remembers.


def test_topics_have_few_levels() -> None:
    core = new_core(topic_levels=3)
    ada = joined(core, "ada", V5)
    assert ada.publish("a/b/c", b"x") == [Ack(Type.PUBACK, 9, Reason.SUCCESS)]
    assert ada.publish("a/b/c/d", b"x") == [Ack(Type.PUBACK, 9, Reason.TOPIC_NAME_INVALID)]
    assert ada.subscribe("a/+/+") == [Suback(Type.SUBACK, 7, (Reason.GRANTED_QOS_1,))]
    assert ada.subscribe("a/+/+/+") == [Suback(Type.SUBACK, 7, (Reason.TOPIC_FILTER_INVALID,))]
    will = Will("a/b/c/d", b"x")
    assert Peer(core, V5).connect("bob", will=will).reason is Reason.TOPIC_NAME_INVALID


def test_topics_of_nothing_but_levels_harm_nobody() -> None:
    core = new_core()
    ada, bob = joined(core, "ada", V5), joined(core, "bob", V5)
    bob.subscribe("/".join("+" * 32_000))
    bob.subscribe("#")
    ada.publish("/" * 65_000, b"x", retain=True)
    ada.publish("/" * 127, b"y", retain=True)
    assert bob.payloads() == [b"y"]
    assert not ada.link.is_closing


def test_a_session_has_so_many_subscriptions() -> None:
    core = new_core(subscriptions=2)
    ada = joined(core, "ada", V5)
    wanted = tuple(Subscription(topic_filter, 1) for topic_filter in ("a", "b", "c"))
    reasons = (Reason.GRANTED_QOS_1, Reason.GRANTED_QOS_1, Reason.QUOTA_EXCEEDED)
    assert ada.send(Subscribe(1, wanted)) == [Suback(Type.SUBACK, 1, reasons)]
    assert ada.subscribe("b", 2) == [Suback(Type.SUBACK, 7, (Reason.GRANTED_QOS_2,))]
    assert sorted(core.sessions["ada"].subscriptions) == ["a", "b"]


def test_long_topics_are_not_remembered() -> None:
    core = new_core()
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("#")
    for number in range(3):
        topic = "a" * FIELD_KEPT_MAX + str(number)
        ada.publish(topic, b"x")
        ada.publish(topic, b"y")
    assert bob.payloads() == [b"x", b"y"] * 3
    assert not core.index.routes
    assert not ada.link.topics


@BOTH
def test_two_clients_of_one_name_that_both_come_back_leave_nothing_behind(version: int) -> None:
    core = new_core()
    will = Will(
        "gone", b"x", properties={Property.WILL_DELAY_INTERVAL: 60} if version == V5 else {}
    )
    earlier = joined(core, "ada", version, will=will)
    earlier.subscribe("a")
    for turn in range(5_000):
        core.now += 0.001
        if turn % 1_000 == 0:
            core.tick()
        later = joined(core, "ada", version, will=will)
        ended = [Disconnect(Reason.SESSION_TAKEN_OVER)] if version == V5 else []
        assert [packet for packet in earlier.read() if isinstance(packet, Disconnect)] == ended
        assert earlier.link.is_closing
        earlier = later
        core.dirty.clear()
    assert core.links == {earlier.link}
    assert list(core.sessions) == ["ada"]
    assert core.counts.connected == 1
    assert len(core.timers) < 3_000
    joined(core, "bob").publish("a", b"still here")
    assert earlier.payloads() == [b"still here"]


# Packet ids.


@BOTH
def test_a_packet_id_is_free_again_once_it_is_acknowledged(version: int) -> None:
    core = new_core()
    ada, bob = joined(core, "ada", version), joined(core, "bob", version)
    ada.acknowledges = False
    bob.subscribe("a", 2)
    for payload in (b"1", b"2"):
        assert ada.send(Publish("a", payload, 1, 5)) == [Ack(Type.PUBACK, 5)]
    for payload in (b"3", b"4"):
        assert ada.send(Publish("a", payload, 2, 5)) == [Ack(Type.PUBREC, 5)]
        assert ada.send(Publish("a", b"not a new one", 2, 5)) == [Ack(Type.PUBREC, 5)]
        assert ada.send(Ack(Type.PUBREL, 5)) == [Ack(Type.PUBCOMP, 5)]
    assert bob.payloads() == numbers(1, 2, 3, 4)


def test_packet_ids_go_round_and_pass_by_those_in_use() -> None:
    core = new_core()
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a", 1)
    bob.acknowledges = False
    ada.publish("a", b"held")
    (held,) = bob.messages()
    core.sessions["bob"].packet_id = 65_533
    ids = []
    for _ in range(4):
        ada.publish("a", b"x")
        ids += [message.packet_id for message in bob.messages()]
    assert ids == [65_534, 65_535, held.packet_id + 1, held.packet_id + 2]


@pytest.mark.parametrize("kind", [Type.PUBACK, Type.PUBREC, Type.PUBREL, Type.PUBCOMP])
def test_acknowledgements_of_nothing_change_nothing(kind: Type) -> None:
    core = new_core()
    ada = joined(core, "ada", V5)
    ada.acknowledges = False
    answer = {Type.PUBREC: Type.PUBREL, Type.PUBREL: Type.PUBCOMP}.get(kind)
    said = [Ack(answer, 77, Reason.PACKET_ID_NOT_FOUND)] if answer else []
    assert ada.send(Ack(kind, 77)) == said
    assert ada.send(Ping(Type.PINGREQ)) == [Ping(Type.PINGRESP)]
