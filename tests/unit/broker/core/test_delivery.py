"""Delivery, by the standard: qualities, redelivery, queues, retained messages, options."""

import functools
import operator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt.codes import V5, V311, Property, Reason, Type
from mqtt.encode import encode
from mqtt.packets import Ack, Disconnect, Packet, Publish, Suback, Unsubscribe
from tests.unit.broker.core.peers import joined, new_core

BOTH = pytest.mark.parametrize("version", [V311, V5])


def numbers(*found: int) -> list[bytes]:
    return [str(number).encode() for number in found]


@BOTH
@pytest.mark.parametrize("published", [0, 1, 2])
@pytest.mark.parametrize("subscribed", [0, 1, 2])
def test_the_lower_quality_counts(version: int, published: int, subscribed: int) -> None:
    core = new_core()
    ada, bob = joined(core, "ada", version), joined(core, "bob", version)
    bob.subscribe("a/b", subscribed)
    for payload in numbers(1, 2):
        ada.publish("a/b", payload, published)
        ada.take()
    received = bob.messages()
    assert [message.payload for message in received] == numbers(1, 2)
    assert {message.qos for message in received} == {min(published, subscribed)}


def test_a_publisher_is_told_when_every_receiver_has_it_or_none_is_there() -> None:
    ada = joined(new_core(), "ada")
    ada.acknowledges = False
    assert ada.publish("a", b"x") == [Ack(Type.PUBACK, 9)]
    assert ada.publish("a", b"x", 2) == [Ack(Type.PUBREC, 9)]
    assert ada.send(Ack(Type.PUBREL, 9)) == [Ack(Type.PUBCOMP, 9)]


def test_exactly_once_is_not_twice() -> None:
    core = new_core()
    ada, bob = joined(core, "ada"), joined(core, "bob")
    ada.acknowledges = False
    bob.subscribe("a", 2)
    ada.publish("a", b"x", 2)
    ada.send(Publish("a", b"x", 2, 9, dup=True))
    ada.send(Ack(Type.PUBREL, 9))
    assert bob.payloads() == [b"x"]


@BOTH
@pytest.mark.parametrize("qos", [1, 2])
def test_what_was_not_acknowledged_comes_again_in_order(version: int, qos: int) -> None:
    core = new_core()
    ada, bob = joined(core, "ada"), joined(core, "bob", version)
    bob.subscribe("a", qos)
    bob.acknowledges = False
    for payload in numbers(1, 2, 3):
        ada.publish("a", payload, qos)
        ada.take()
    first = bob.messages()
    bob.link.lost()
    ada.publish("a", b"4", qos)
    again = joined(core, "bob", version)
    second = again.messages()
    assert [message.payload for message in second] == numbers(1, 2, 3, 4)
    assert [message.dup for message in second] == [True, True, True, False]
    assert [m.packet_id for m in second[:3]] == [m.packet_id for m in first]


def test_after_pubrec_only_pubrel_comes_again() -> None:
    core = new_core()
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a", 2)
    bob.acknowledges = False
    ada.publish("a", b"x", 2)
    (message,) = bob.messages()
    assert bob.send(Ack(Type.PUBREC, message.packet_id)) == [Ack(Type.PUBREL, message.packet_id)]
    bob.link.lost()
    again = joined(core, "bob")
    assert again.take() == [Ack(Type.PUBREL, message.packet_id)]


def test_the_window_is_the_receivers() -> None:
    core = new_core()
    ada = joined(core, "ada")
    bob = joined(core, "bob", V5, properties={Property.RECEIVE_MAXIMUM: 2})
    bob.subscribe("a")
    bob.acknowledges = False
    for payload in numbers(1, 2, 3, 4):
        ada.publish("a", payload)
    first = bob.messages()
    assert [message.payload for message in first] == numbers(1, 2)
    bob.acknowledges = True
    bob.send(Ack(Type.PUBACK, first[0].packet_id))
    bob.send(Ack(Type.PUBACK, first[1].packet_id))
    assert core.sessions["bob"].queue is None


def test_a_slow_reader_loses_qos_0_and_gets_qos_1_later() -> None:
    core = new_core()
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a")
    bob.link.opened(is_open=False)
    ada.publish("a", b"0", 0)
    ada.publish("a", b"1", 1)
    assert bob.payloads() == []
    bob.link.opened(is_open=True)
    assert bob.payloads() == [b"1"]
    assert core.dropped["slow_reader"] == 1


@pytest.mark.parametrize("limits", [{"queue_messages": 2}, {"queue_bytes": 2}])
def test_a_full_queue_keeps_the_newest(limits: dict[str, int]) -> None:
    core = new_core(**limits)
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a")
    bob.link.lost()
    for payload in numbers(1, 2, 3, 4):
        ada.publish("a", payload)
    assert joined(core, "bob").payloads() == numbers(3, 4)
    assert core.dropped["queue_full"] == 2


def test_messages_expire_and_say_how_long_they_still_live() -> None:
    core = new_core()
    ada, bob = joined(core, "ada", V5), joined(core, "bob", V5)
    bob.subscribe("a")
    bob.link.lost()
    ada.publish("a", b"short", properties={Property.MESSAGE_EXPIRY_INTERVAL: 5})
    ada.publish("a", b"long", properties={Property.MESSAGE_EXPIRY_INTERVAL: 50})
    core.now += 10
    (message,) = joined(core, "bob", V5).messages()
    assert message.payload == b"long"
    assert message.properties == {Property.MESSAGE_EXPIRY_INTERVAL: 40}


def test_properties_are_passed_on() -> None:
    core = new_core()
    ada, bob, old = joined(core, "ada", V5), joined(core, "bob", V5), joined(core, "old")
    bob.subscribe("a")
    old.subscribe("a")
    said = {
        Property.CONTENT_TYPE: "text/plain",
        Property.RESPONSE_TOPIC: "answers",
        Property.CORRELATION_DATA: b"7",
        Property.USER_PROPERTY: (("a", "b"), ("a", "b")),
    }
    ada.publish("a", b"x", properties=said)
    assert bob.messages()[0].properties == said
    assert old.payloads() == [b"x"]


def test_a_packet_that_is_too_large_for_its_receiver_is_left_out() -> None:
    core = new_core()
    ada = joined(core, "ada")
    bob = joined(core, "bob", V5, properties={Property.MAXIMUM_PACKET_SIZE: 30})
    bob.subscribe("a")
    ada.publish("a", b"x" * 40)
    ada.publish("a", b"y")
    assert bob.payloads() == [b"y"]


def test_topic_aliases() -> None:
    core = new_core()
    ada, bob = joined(core, "ada", V5), joined(core, "bob", V5)
    bob.subscribe("a")
    ada.publish("a", b"1", properties={Property.TOPIC_ALIAS: 3})
    ada.publish("", b"2", properties={Property.TOPIC_ALIAS: 3})
    assert bob.payloads() == numbers(1, 2)
    ended = ada.publish("", b"3", properties={Property.TOPIC_ALIAS: 4})
    assert ended == [Disconnect(Reason.PROTOCOL_ERROR)]


def published(packets: list[Packet]) -> list[Publish]:
    return [packet for packet in packets if isinstance(packet, Publish)]


def test_retained_messages() -> None:
    core = new_core()
    ada, bob = joined(core, "ada", V5), joined(core, "bob", V5)
    ada.publish("a/b", b"kept", retain=True)
    ada.publish("a/c", b"gone", retain=True)
    ada.publish("a/c", b"", retain=True)
    (message,) = published(bob.subscribe("a/+"))
    assert (message.payload, message.retain) == (b"kept", True)
    assert not published(bob.subscribe("a/+", retain_handling=1))
    assert not published(bob.subscribe("a/+", retain_handling=2))
    assert published(bob.subscribe("a/+", retain_as_published=True))[0].retain
    ada.publish("a/b", b"new", retain=True)
    assert bob.messages()[0].retain


def test_no_local() -> None:
    core = new_core()
    ada, bob = joined(core, "ada", V5), joined(core, "bob", V5)
    for peer in (ada, bob):
        peer.subscribe("a", no_local=True)
    ada.publish("a", b"x")
    assert (ada.payloads(), bob.payloads()) == ([], [b"x"])


def test_shared_subscriptions_share() -> None:
    core = new_core()
    ada = joined(core, "ada")
    members = [joined(core, f"member-{number}", V5) for number in range(3)]
    for member in members:
        member.subscribe("$share/g/a")
    for payload in numbers(*range(9)):
        ada.publish("a", payload)
    received = [member.payloads() for member in members]
    assert [len(found) for found in received] == [3, 3, 3]
    assert sorted(functools.reduce(operator.iadd, received, [])) == numbers(*range(9))


def test_unsubscribing() -> None:
    core = new_core()
    ada, bob = joined(core, "ada"), joined(core, "bob", V5)
    bob.subscribe("a")
    reasons = (Reason.SUCCESS, Reason.NO_SUBSCRIPTION_EXISTED)
    assert bob.send(Unsubscribe(3, ("a", "b"))) == [Suback(Type.UNSUBACK, 3, reasons)]
    ada.publish("a", b"x")
    assert bob.payloads() == []


@given(st.data())
def test_any_cut_of_the_stream_means_the_same(data: st.DataObject) -> None:
    core = new_core()
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a")
    payloads = [b"x" * data.draw(st.sampled_from([0, 5, 200, 20_000])) for _ in range(4)]
    packets: list[Packet] = [Publish("a", p, 1, n) for n, p in enumerate(payloads, 1)]
    stream = b"".join(encode(packet, V311) for packet in packets)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    for begin, end in pairwise([0, *cuts, len(stream)]):
        ada.link.feed(stream[begin:end])
    assert bob.payloads() == payloads
    assert [a.packet_id for a in ada.take() if isinstance(a, Ack)] == [1, 2, 3, 4]


def test_byte_by_byte() -> None:
    core = new_core()
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a")
    for byte in encode(Publish("a", b"x" * 300, 1, 1), V311):
        ada.link.feed(bytes((byte,)))
    assert bob.payloads() == [b"x" * 300]
