"""Eclipse Paho for Python, in both versions, over TCP and WebSocket."""

import contextlib
import queue
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.integration.clients.conftest import HOST, Place

V311, V5 = MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5


def properties(kind: int, **values: Any) -> Properties:
    found = Properties(kind)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(found, name, value)
    return found


class Client:
    """A Paho client whose callbacks are queues."""

    def __init__(
        self, place: Place, transport: str, version: MQTTProtocolVersion, client_id: str
    ) -> None:
        self.version = version
        self._port = place.of(transport)
        self._paho = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=version,
            transport="websockets" if transport == "websockets" else "tcp",
            **({} if version == V5 else {"clean_session": False}),
        )
        self.messages: queue.Queue[paho.MQTTMessage] = queue.Queue()
        self._events: queue.Queue[Any] = queue.Queue()
        self._paho.on_connect = lambda _c, _u, flags, _r, _p: self._events.put(
            flags.session_present
        )
        self._paho.on_message = lambda _c, _u, message: self.messages.put(message)
        self._paho.on_subscribe = lambda _c, _u, _m, reasons, _p: self._events.put(reasons)

    def will(self, topic: str, payload: bytes) -> None:
        self._paho.will_set(topic, payload, 1)

    def connect(self) -> bool:
        """Connect; tell whether there was a session."""
        lasting: dict[str, Any] = {}
        if self.version == V5:
            expiry = properties(PacketTypes.CONNECT, SessionExpiryInterval=600)
            lasting = {"clean_start": False, "properties": expiry}
        self._paho.connect(HOST, self._port, 60, **lasting)
        self._paho.loop_start()
        return bool(self._events.get(timeout=20))

    def subscribe(self, topic: str, qos: int, **options: Any) -> None:
        chosen = {"options": SubscribeOptions(qos, **options)} if options else {"qos": qos}
        self._paho.subscribe(topic, **chosen)
        (reason,) = self._events.get(timeout=20)
        assert reason.value == qos

    def publish(self, topic: str, payload: bytes, qos: int, **options: Any) -> None:
        """Publish, and wait until it is acknowledged."""
        self._paho.publish(topic, payload, qos, **options).wait_for_publish(20)

    def take(self) -> paho.MQTTMessage:
        return self.messages.get(timeout=20)

    def leave(self) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()

    def vanish(self) -> None:
        """Close the socket without a word."""
        self._paho.loop_stop()
        found = self._paho.socket()
        assert found is not None
        found.close()


Make = Any


@pytest.fixture(params=["tcp", "websockets"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[V311, V5], ids=["3.1.1", "5.0"])
def make(request: pytest.FixtureRequest, anonymous: Place, transport: str) -> Iterator[Make]:
    """Make clients of a version and a transport, with sessions that stay."""
    with contextlib.ExitStack() as stack:

        def one(name: str | None = None) -> Client:
            client = Client(anonymous, transport, request.param, name or uuid4().hex)
            stack.callback(client.leave)
            return client

        yield one


def test_every_quality_arrives_in_order(make: Make) -> None:
    topic, ada, bob = uuid4().hex, make(), make()
    assert not ada.connect()
    bob.connect()
    bob.subscribe(topic, 2)
    for number in range(9):
        ada.publish(topic, b"%d" % number, number % 3)
    came = [bob.take() for _ in range(9)]
    # The standard orders messages of one quality (section 4.6), not those of several.
    for qos in range(3):
        found = [message.payload for message in came if message.qos == qos]
        assert found == [b"%d" % number for number in range(qos, 9, 3)]


def test_a_retained_message(make: Make) -> None:
    topic, ada, bob = uuid4().hex, make(), make()
    for client in (ada, bob):
        client.connect()
    ada.publish(topic, b"kept", 1, retain=True)
    bob.subscribe(topic, 1)
    message = bob.take()
    assert (message.payload, message.retain) == (b"kept", True)
    ada.publish(topic, b"", 1, retain=True)
    assert bob.take().payload == b""
    carl = make()
    carl.connect()
    carl.subscribe(topic, 1)
    ada.publish(topic, b"live", 1)
    message = carl.take()
    assert (message.payload, message.retain) == (b"live", False)


def test_a_will(make: Make) -> None:
    topic, ada, bob = uuid4().hex, make(), make()
    bob.connect()
    bob.subscribe(topic, 1)
    ada.will(topic, b"bye")
    ada.connect()
    ada.vanish()
    assert bob.take().payload == b"bye"


@pytest.mark.parametrize("qos", [1, 2])
def test_a_session_is_resumed(make: Make, qos: int) -> None:
    topic, name, ada = uuid4().hex, uuid4().hex, make()
    ada.connect()
    first = make(name)
    assert not first.connect()
    first.subscribe(topic, qos)
    first.leave()
    for number in range(5):
        ada.publish(topic, b"%d" % number, qos)
    second = make(name)
    assert second.connect()
    assert [second.take().payload for _ in range(5)] == [b"%d" % n for n in range(5)]


def test_properties_and_options_of_5(anonymous: Place, transport: str) -> None:
    topic = uuid4().hex
    ada, bob = (Client(anonymous, transport, V5, uuid4().hex) for _ in range(2))
    for client in (ada, bob):
        client.connect()
        client.subscribe(topic, 1, noLocal=True, retainAsPublished=True)
    said = properties(
        PacketTypes.PUBLISH,
        UserProperty=[("a", "b"), ("a", "c")],
        ResponseTopic="answers",
        CorrelationData=b"7",
        ContentType="text/plain",
        PayloadFormatIndicator=1,
    )
    ada.publish(topic, b"question", 1, properties=said, retain=True)
    message = bob.take()
    assert message.retain
    assert message.properties is not None
    assert vars(message.properties).items() >= vars(said).items()
    bob.publish(topic, b"", 1, retain=True)
    assert ada.take().payload == b""
    assert bob.messages.empty()
    ada.leave()
    bob.leave()
