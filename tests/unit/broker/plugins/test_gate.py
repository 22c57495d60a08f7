"""The gate: packets in order however they come, nothing past it unasked, nothing read meanwhile."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from amqtt.contexts import BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BasePlugin, BaseTopicPlugin
from hypothesis import given
from hypothesis import strategies as st

from broker.core.access import Anyone
from broker.core.core import Core
from broker.core.figures import Figures
from broker.core.limits import Limits
from broker.net.tcp import TcpConnection
from broker.net.turn import Turn
from broker.plugins import GatedTcp, JudgedRules, Plugins
from mqtt.codes import V5, V311, Property, Reason, Type
from mqtt.decode import decode
from mqtt.encode import encode
from mqtt.packets import (
    Ack,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Ping,
    Publish,
    Suback,
    Subscribe,
    Subscription,
)
from mqtt.wire import body_range

_PACKET_BYTES = 1_000


class Doorkeeper(BaseAuthPlugin):
    async def authenticate(self, **_who: object) -> bool:
        return True


class Thinker(BaseTopicPlugin):
    """Thinks for a turn of the loop, and refuses what has ``no`` in it."""

    async def topic_filtering(self, *, topic: str | None = None, **_more: object) -> bool:
        await asyncio.sleep(0)
        return "no" not in str(topic)


class Transport(asyncio.Transport):
    """Keeps what is written, and whether anything is to be read."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000)})
        self.written = bytearray()
        self.reads = True
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return self.is_closed

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = True


@dataclass
class Place:
    """A broker with plugins, and one connection to it."""

    plugins: list[type[BasePlugin[Any]]]
    version: int = V311
    transport: Transport = field(default_factory=Transport)

    def __post_init__(self) -> None:
        self.core = Core(Limits(packet_bytes=_PACKET_BYTES), JudgedRules(Anyone()))
        context = BaseContext()
        context.config = {"auth": {"on": True}, "topic-check": {"on": True}}
        found = [plugin(context) for plugin in self.plugins]
        self.gate = GatedTcp(Turn(self.core, Figures(self.core)), Plugins(found, {}, 1.0))
        self.gate.connection_made(self.transport)

    async def send(self, *pieces: bytes | Packet) -> list[Packet]:
        """Send pieces, each as soon as something is read, and give what is answered."""
        for piece in pieces:
            self.gate.data_received(piece if isinstance(piece, bytes) else self.encoded(piece))
            if not self.transport.reads:
                await thought()
        await asyncio.sleep(0)
        return self.answers()

    def encoded(self, *packets: Packet) -> bytes:
        return b"".join(encode(packet, self.version) for packet in packets)

    def answers(self) -> list[Packet]:
        data, at, found = bytes(self.transport.written), 0, list[Packet]()
        self.transport.written.clear()
        while at < len(data):
            begin, end = body_range(data, at) or (0, 0)
            found.append(decode(data[at], data[begin:end], self.version))
            at = end
        return found


async def thought() -> None:
    """Wait until no plugin thinks any more."""
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


PLUGINS: list[type[BasePlugin[Any]]] = [Doorkeeper, Thinker]
SAID: list[Packet] = [
    Connect("ada"),
    Subscribe(1, (Subscription("yes/#", 1), Subscription("no", 1))),
    Publish("yes/1", b"one", 1, 1),
    Publish("no/1", b"two", 1, 2),
    Publish("yes/1", b"x" * 300, 1, 3),
    Publish("no/1", b"four", 0),
    Ping(Type.PINGREQ),
    Publish("yes/2", b"five", 1, 4),
]
ANSWERED = [
    Connack(),
    Suback(Type.SUBACK, 1, (Reason.GRANTED_QOS_1, Reason.UNSPECIFIED_ERROR)),
    Publish("yes/1", b"one", 1, 1),
    Ack(Type.PUBACK, 1),
    Ack(Type.PUBACK, 2),
    Publish("yes/1", b"x" * 300, 1, 2),
    Ack(Type.PUBACK, 3),
    Ping(Type.PINGRESP),
    Publish("yes/2", b"five", 1, 3),
    Ack(Type.PUBACK, 4),
]


@given(st.sets(st.integers(1, 430)))
def test_packets_are_taken_in_order_however_they_are_cut(cuts: set[int]) -> None:
    async def work() -> None:
        place = Place(PLUGINS)
        data = place.encoded(*SAID)
        ends = [*sorted(cut for cut in cuts if cut < len(data)), len(data)]
        pieces = [data[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
        assert await place.send(*pieces) == ANSWERED

    run(work())


@pytest.mark.parametrize("plugins", [PLUGINS, [Doorkeeper]])
@pytest.mark.parametrize(
    "data",
    [
        b"\x10\xff\xff\xff\xff\xff",
        b"\x30\xff\xff\x7f" + b"x" * 100,
        b"\x30\x05\x00\x01#zz",
        encode(Connect("eve"), V311),
        b"\xf0\x00",
    ],
    ids=["no length", "too large", "no topic", "a second connect", "no type"],
)
def test_what_is_wrong_is_for_the_link_to_refuse(
    plugins: list[type[BasePlugin[Any]]], data: bytes
) -> None:
    async def work() -> None:
        place = Place(plugins)
        assert await place.send(Connect("ada")) == [Connack()]
        assert await place.send(data) == []
        assert place.transport.is_closed

    run(work())


def test_nothing_is_read_while_a_plugin_thinks() -> None:
    async def work() -> None:
        place = Place(PLUGINS)
        await place.send(Connect("ada"))
        place.gate.data_received(place.encoded(Publish("yes", b"", 1, 1)))
        assert not place.transport.reads
        await thought()
        assert await place.send() == [Ack(Type.PUBACK, 1)]
        assert place.transport.reads

    run(work())


def test_where_only_connections_are_judged_the_rest_passes_at_once() -> None:
    async def work() -> None:
        place = Place([Doorkeeper])
        assert await place.send(place.encoded(Connect("ada")) + b"\xc0") == [Connack()]
        place.gate.data_received(b"\x00\xc0\x00")
        assert place.transport.reads
        assert await place.send() == [Ping(Type.PINGRESP)] * 2

    run(work())


def test_who_is_lost_while_a_plugin_thinks_has_said_goodbye() -> None:
    async def work() -> None:
        place = Place(PLUGINS)
        await place.send(Connect("ada"))
        last_words = Publish("yes", b"kept", retain=True), Disconnect()
        place.gate.data_received(place.encoded(*last_words))
        place.gate.connection_lost(None)
        await thought()
        assert place.core.links == set()
        assert [found.payload for found in place.core.retained.find("yes", 0)] == [b"kept"]

    run(work())


def test_who_is_lost_while_logging_in_is_not_let_in() -> None:
    async def work() -> None:
        place = Place(PLUGINS)
        place.gate.data_received(place.encoded(Connect("ada")))
        place.gate.connection_lost(None)
        await asyncio.sleep(0)
        assert place.core.links == set()
        assert place.core.sessions == {}

    run(work())


def test_a_client_is_not_silent_while_a_plugin_thinks() -> None:
    async def work() -> None:
        place = Place(PLUGINS)
        await place.send(Connect("ada", keep_alive=1))
        place.gate.data_received(place.encoded(Publish("yes", b"", 1, 1)))
        place.core.now += 60
        place.gate.tick(1)
        await thought()
        assert await place.send() == [Ack(Type.PUBACK, 1)]
        place.core.now += 60
        place.gate.tick(1)
        assert place.gate.is_closing

    run(work())


def test_nobody_gets_in_unasked() -> None:
    """Fail closed: rules for plugins, asked without the gate."""
    core = Core(Limits(), JudgedRules(Anyone()))

    async def work() -> None:
        connection, transport = TcpConnection(Turn(core, Figures(core))), Transport()
        connection.connection_made(transport)
        connection.data_received(encode(Connect("ada", V5), V5))
        await asyncio.sleep(0)
        assert transport.written[3] == Reason.NOT_AUTHORIZED
        assert transport.is_closed

    run(work())


def test_an_unknown_alias_is_no_topic() -> None:
    async def work() -> None:
        place = Place(PLUGINS, V5)
        await place.send(Connect("ada", V5))
        said = Publish("", b"", 1, 1, properties={Property.TOPIC_ALIAS: 7})
        assert await place.send(said) == [Disconnect(Reason.PROTOCOL_ERROR)]

    run(work())
