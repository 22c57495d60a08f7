"""Connections by the standard: sessions, take-over, wills, time, limits, what must not be sent."""

from typing import Any

import pytest

from broker.core.access import Anyone, Identity, RefusedError
from broker.core.core import Core
from broker.core.limits import Limits
from mqtt.codes import V5, V311, Property, Reason, Type
from mqtt.packets import (
    Ack,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Ping,
    Suback,
    Will,
)
from tests.unit.broker.core.peers import Peer, joined, new_core

BOTH = pytest.mark.parametrize("version", [V311, V5])
LAST_WORDS = Will("wills", b"bye", 1)


def wait(core: Core, seconds: float) -> None:
    """Let time pass as the network's clock does."""
    for _ in range(int(seconds)):
        core.now += 1
        core.tick()


def watcher(core: Core) -> Peer:
    peer = joined(core, "watcher", V5)
    peer.link.keep_alive = 0
    peer.subscribe("wills")
    return peer


@BOTH
def test_a_session_is_kept_or_begun_anew(version: int) -> None:
    core = new_core()
    joined(core, "ada", version).link.lost()
    again = Peer(core, version)
    lasting = {Property.SESSION_EXPIRY_INTERVAL: 60} if version == V5 else {}
    assert again.connect("ada", clean=False, properties=lasting).session_present
    again.link.lost()
    assert not Peer(core, version).connect("ada", clean=True).session_present


@BOTH
def test_a_clean_session_ends_with_its_connection(version: int) -> None:
    core = new_core()
    ada = joined(core, "ada", version, clean=True)
    ada.subscribe("a")
    ada.link.lost()
    assert not core.sessions
    assert not core.index.route(b"\0\1a").targets


def test_a_session_ends_when_its_time_is_over() -> None:
    core = new_core()
    lasting = {Property.SESSION_EXPIRY_INTERVAL: 10}
    joined(core, "ada", V5, properties=lasting).link.lost()
    wait(core, 9)
    assert "ada" in core.sessions
    joined(core, "ada", V5, properties=lasting).link.lost()
    wait(core, 9)
    assert "ada" in core.sessions
    wait(core, 2)
    assert not core.sessions


@BOTH
def test_a_second_connection_takes_the_session_over(version: int) -> None:
    core = new_core()
    first = joined(core, "ada", version)
    first.subscribe("a")
    second = joined(core, "ada", version)
    assert first.link.is_closing
    ended: list[Packet] = [Disconnect(Reason.SESSION_TAKEN_OVER)] if version == V5 else []
    assert first.take() == ended
    joined(core, "bob").publish("a", b"x")
    assert (first.payloads(), second.payloads()) == ([], [b"x"])


def test_a_client_without_a_name_is_given_one() -> None:
    core = new_core()
    assigned = Peer(core, V5).connect("").properties[Property.ASSIGNED_CLIENT_IDENTIFIER]
    assert assigned in core.sessions
    assert Peer(core).connect("").reason is Reason.SUCCESS
    assert Peer(core).connect("", clean=False).reason is Reason.CLIENT_ID_NOT_VALID


@pytest.mark.parametrize("ended", ["lost", "protocol", "asked", "complained"])
def test_a_will_is_published_when_the_client_is_lost(ended: str) -> None:
    core = new_core()
    receiver, ada = watcher(core), joined(core, "ada", V5, will=LAST_WORDS)
    if ended == "lost":
        ada.link.lost()
    elif ended == "protocol":
        ada.link.feed(b"\xd0\x00")
    elif ended == "asked":
        ada.send(Disconnect(Reason.DISCONNECT_WITH_WILL))
    else:
        ada.send(Disconnect(Reason.UNSPECIFIED_ERROR))
    assert receiver.payloads() == [b"bye"]


def test_who_says_goodbye_leaves_no_will() -> None:
    core = new_core()
    receiver, ada = watcher(core), joined(core, "ada", will=LAST_WORDS)
    ada.send(Disconnect())
    assert receiver.payloads() == []


def test_a_will_waits_and_is_called_off_by_a_return() -> None:
    core = new_core()
    receiver = watcher(core)
    will = Will("wills", b"late", 1, properties={Property.WILL_DELAY_INTERVAL: 5})
    joined(core, "ada", V5, will=will).link.lost()
    wait(core, 4)
    assert receiver.payloads() == []
    joined(core, "ada", V5, will=will).link.lost()
    wait(core, 4)
    assert receiver.payloads() == []
    wait(core, 2)
    (message,) = receiver.messages()
    assert (message.payload, message.properties) == (b"late", {})


def test_a_will_waits_no_longer_than_its_session() -> None:
    core = new_core()
    receiver = watcher(core)
    will = Will("wills", b"now", 1, properties={Property.WILL_DELAY_INTERVAL: 500})
    joined(core, "ada", V5, will=will, clean=True).link.lost()
    assert receiver.payloads() == [b"now"]
    lasting = {Property.SESSION_EXPIRY_INTERVAL: 3}
    joined(core, "bob", V5, will=will, properties=lasting).link.lost()
    wait(core, 4)
    assert receiver.payloads() == [b"now"]


def test_silence_ends_a_connection() -> None:
    core = new_core()
    ada = joined(core, "ada", V5, keep_alive=10)
    wait(core, 14)
    assert ada.send(Ping(Type.PINGREQ)) == [Ping(Type.PINGRESP)]
    wait(core, 14)
    assert not ada.link.is_closing
    wait(core, 2)
    assert ada.take() == [Disconnect(Reason.KEEP_ALIVE_TIMEOUT)]


def test_a_long_keep_alive_is_shortened() -> None:
    core = new_core(keep_alive_most=60)
    answer = Peer(core, V5).connect("ada", keep_alive=120)
    assert answer.properties[Property.SERVER_KEEP_ALIVE] == 60
    assert Property.SERVER_KEEP_ALIVE not in Peer(core, V5).connect("bob", keep_alive=30).properties


def test_who_does_not_log_in_is_let_go_however_slowly_it_speaks() -> None:
    core = new_core(connect_seconds=5)
    peer = Peer(core)
    for byte in b"\x10\x10\x00\x04MQ":
        peer.link.feed(bytes((byte,)))
        wait(core, 1)
    assert peer.link.is_closing
    assert not core.links


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xd0\x00", Reason.PROTOCOL_ERROR),
        (b"\x90\x04\x00\x01\x00\x00", Reason.PROTOCOL_ERROR),
        (b"\x20\x03\x00\x00\x00", Reason.PROTOCOL_ERROR),
        (b"\x30\x04\x00\x01+\x00", Reason.TOPIC_NAME_INVALID),
        (b"\x30\x80\x80\x80\x80\x01", Reason.MALFORMED_PACKET),
        (b"\x30\x04\x00\x01\xff\x00", Reason.MALFORMED_PACKET),
        (b"\x30\x04\x00\x01\x00\x00", Reason.MALFORMED_PACKET),
        (b"\x30\x06\x00\x03\xed\xa0\x80\x00", Reason.MALFORMED_PACKET),
        (b"\x82\x07\x00\x01\x00\x00\x01\x00\x00", Reason.MALFORMED_PACKET),
        (b"\x82\x07\x00\x01\x00\x00\x01\xc0\x00", Reason.MALFORMED_PACKET),
        (b"\x00\x00", Reason.MALFORMED_PACKET),
        (b"\xf0\x00", Reason.PROTOCOL_ERROR),
        (b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01a", Reason.PROTOCOL_ERROR),
        (b"\x30\x06\x00\x01a\x02\x0b\x01", Reason.PROTOCOL_ERROR),
    ],
)
def test_what_a_client_must_not_send(data: bytes, reason: Reason) -> None:
    core = new_core()
    receiver, ada = watcher(core), joined(core, "ada", V5, will=LAST_WORDS)
    ada.link.feed(data)
    assert ada.take() == [Disconnect(reason)]
    assert ada.link.is_closing
    assert receiver.payloads() == [b"bye"]


@pytest.mark.parametrize(
    "data", [b"\xc0\x00", b"\x30\x03\x00\x01a", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 50]
)
def test_what_is_no_connect_gets_no_answer(data: bytes) -> None:
    peer = Peer(new_core())
    peer.link.feed(data)
    assert peer.link.is_closing
    assert peer.take() == []


@pytest.mark.parametrize("level", [0, 1, 3, 6, 0x84, 255])
def test_a_version_that_is_not_spoken(level: int) -> None:
    core = new_core()
    peer = Peer(core)
    peer.link.feed(b"\x10\x0d\x00\x04MQTT" + bytes((level,)) + b"\x02\x00\x00\x00\x01a")
    assert peer.take() == [Connack(Reason.UNSUPPORTED_PROTOCOL_VERSION)]
    assert peer.link.is_closing


class Locked(Anyone):
    """Lets in who knows the word, for ten seconds, and onto one topic."""

    def __init__(self, expires_at: float | None = None) -> None:
        super().__init__()
        self.expires_at = expires_at

    def admit(self, connect: Connect, now: float) -> Identity:
        return self.renew(self, connect.password or b"", now)

    def renew(self, _identity: Identity, data: bytes, now: float) -> Identity:
        if data != b"word":
            raise RefusedError(Reason.NOT_AUTHORIZED, "the wrong word")
        return Locked(now + 10)

    def may_publish(self, topic: str) -> bool:
        return topic == "mine"

    def may_subscribe(self, topic_filter: str) -> Reason:
        return Reason.GRANTED_QOS_1 if topic_filter == "mine" else Reason.NOT_AUTHORIZED


def locked() -> Core:
    core = Core(Limits(), Locked())
    core.now = 1_000.0
    return core


def enter(
    core: Core, version: int = V5, password: bytes = b"word", **options: Any
) -> tuple[Peer, Connack]:
    peer = Peer(core, version)
    method = {Property.AUTHENTICATION_METHOD: "word"} if version == V5 else {}
    return peer, peer.connect(
        "ada", username="ada", password=password, properties=method, **options
    )


@BOTH
def test_who_is_not_let_in(version: int) -> None:
    peer, answer = enter(locked(), version, b"guess")
    assert answer.reason is Reason.NOT_AUTHORIZED
    assert peer.link.is_closing


def test_a_will_must_be_allowed() -> None:
    assert enter(locked(), will=Will("theirs", b""))[1].reason is Reason.NOT_AUTHORIZED


def test_what_is_not_allowed_is_answered_and_goes_nowhere() -> None:
    core = locked()
    ada, _ = enter(core)
    assert ada.publish("theirs", b"x") == [Ack(Type.PUBACK, 9, Reason.NOT_AUTHORIZED)]
    assert ada.subscribe("theirs") == [Suback(Type.SUBACK, 7, (Reason.NOT_AUTHORIZED,))]
    assert ada.subscribe("mine", 2) == [Suback(Type.SUBACK, 7, (Reason.GRANTED_QOS_1,))]
    ada.publish("mine", b"x")
    assert core.dropped["not_authorized"] == 1


def test_credentials_end_and_can_be_renewed() -> None:
    core = locked()
    ada, _ = enter(core)
    wait(core, 8)
    method = {Property.AUTHENTICATION_METHOD: "word"}
    renewed = Auth(Reason.REAUTHENTICATE, {**method, Property.AUTHENTICATION_DATA: b"word"})
    assert ada.send(renewed) == [Auth(properties=method)]
    wait(core, 8)
    assert not ada.link.is_closing
    wait(core, 3)
    assert ada.take() == [Disconnect(Reason.NOT_AUTHORIZED)]


def test_credentials_that_are_no_good_end_the_connection() -> None:
    core = locked()
    ada, _ = enter(core)
    said = {Property.AUTHENTICATION_METHOD: "word", Property.AUTHENTICATION_DATA: b"guess"}
    assert ada.send(Auth(Reason.REAUTHENTICATE, said)) == [Disconnect(Reason.NOT_AUTHORIZED)]


def test_a_session_can_be_shortened_at_the_end_but_not_begun() -> None:
    core = new_core()
    ada = joined(core, "ada", V5)
    ada.send(Disconnect(properties={Property.SESSION_EXPIRY_INTERVAL: 0}))
    assert not core.sessions
    bob = joined(core, "bob", V5, clean=True)
    answer = bob.send(Disconnect(properties={Property.SESSION_EXPIRY_INTERVAL: 60}))
    assert answer == [Disconnect(Reason.PROTOCOL_ERROR)]
