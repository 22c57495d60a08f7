"""Clients of a core, without sockets: packets in, packets out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from broker.core.access import Anyone
from broker.core.core import Core
from broker.core.limits import Limits
from broker.core.link import Link
from broker.core.message import Message
from broker.core.session import Session
from mqtt.codes import V5, V311, Property, Type
from mqtt.decode import decode
from mqtt.encode import encode
from mqtt.packets import Ack, Connack, Connect, Packet, Publish, Subscribe, Subscription
from mqtt.properties import NONE, Properties
from mqtt.wire import body_range


def new_core(**limits: Any) -> Core:
    core = Core(Limits(**limits), Anyone())
    core.now = 1_000.0
    return core


class MemoryJournal:
    """Keeps in memory what it is given; it is safe when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Message] = []
        self.receivers: dict[int, list[str]] = {}
        self.steps: list[Callable[[], None]] = []
        self.ids: dict[tuple[str, int], int] = {}
        self.sessions: dict[str, list[str]] = {}
        self.retained: dict[str, bytes] = {}

    def store(
        self, message: Message, client_ids: list[str], _origin: tuple[str, int] | None = None
    ) -> None:
        message.number = len(self.receivers) + 1
        self.receivers[message.number] = client_ids
        self.waiting.append(message)

    def arrived(self, message: Message, client_id: str) -> None:
        if message.waiting:
            self.receivers[message.number].remove(client_id)
        else:
            self.receivers[message.number] = []

    def then(self, step: Callable[[], None]) -> None:
        self.steps.append(step)

    def sent(self, client_id: str, packet_id: int, number: int) -> None:
        self.ids[client_id, packet_id] = number

    def sent_complete(self, client_id: str, packet_id: int) -> None:
        self.ids.pop((client_id, packet_id), None)

    def received_complete(self, client_id: str, packet_id: int) -> None:
        pass

    def keep_session(self, session: Session) -> None:
        self.sessions[session.client_id] = sorted(session.subscriptions)

    def end_session(self, client_id: str) -> None:
        self.sessions.pop(client_id, None)

    def retain(self, message: Message) -> None:
        self.retained[message.topic] = message.payload

    def sync(self, core: Core) -> None:
        """Be on disk."""
        waiting, self.waiting = self.waiting, []
        steps, self.steps = self.steps, []
        core.stored(waiting)
        for step in steps:
            step()


@dataclass
class Peer:
    """One connection. ``acknowledges`` tells whether it answers what it receives by itself."""

    core: Core
    version: int = V311
    acknowledges: bool = True
    link: Link = field(init=False)

    def __post_init__(self) -> None:
        self.link = Link(self.core)

    def send(self, *packets: Packet) -> list[Packet]:
        """Send packets in one piece, and give what has been answered."""
        self.link.feed(b"".join(encode(packet, self.version) for packet in packets))
        return self.take()

    def take(self) -> list[Packet]:
        """Give what has come, and acknowledge it."""
        packets = self.read()
        for packet in packets if self.acknowledges else ():
            if isinstance(packet, Publish) and packet.qos:
                kind = Type.PUBACK if packet.qos == 1 else Type.PUBREC
                self.link.feed(encode(Ack(kind, packet.packet_id), self.version))
            elif isinstance(packet, Ack) and packet.type is Type.PUBREC:
                self.link.feed(encode(Ack(Type.PUBREL, packet.packet_id), self.version))
            elif isinstance(packet, Ack) and packet.type is Type.PUBREL:
                self.link.feed(encode(Ack(Type.PUBCOMP, packet.packet_id), self.version))
        return packets

    def read(self) -> list[Packet]:
        data, at, found = self.link.take_out(), 0, list[Packet]()
        self.link.sent()
        while at < len(data):
            begin, end = body_range(data, at) or (0, 0)
            found.append(decode(data[at], data[begin:end], self.version))
            at = end
        return found

    def connect(
        self, client_id: str, *, clean: bool = True, properties: Properties = NONE, **options: Any
    ) -> Connack:
        connect = Connect(client_id, self.version, clean, properties=properties, **options)
        self.link.feed(encode(connect, self.version))
        data = self.link.out.pop(0)
        begin, end = body_range(data, 0) or (0, 0)
        answer = decode(data[0], data[begin:end], self.version)
        assert isinstance(answer, Connack)
        return answer

    def subscribe(self, topic_filter: str, qos: int = 1, **options: Any) -> list[Packet]:
        return self.send(Subscribe(7, (Subscription(topic_filter, qos, **options),)))

    def publish(self, topic: str, payload: bytes, qos: int = 1, **options: Any) -> list[Packet]:
        return self.send(Publish(topic, payload, qos, 9 if qos else 0, **options))

    def payloads(self) -> list[bytes]:
        """Give the payloads that have come."""
        return [packet.payload for packet in self.take() if isinstance(packet, Publish)]

    def messages(self) -> list[Publish]:
        return [packet for packet in self.take() if isinstance(packet, Publish)]


def joined(
    core: Core, client_id: str, version: int = V311, *, clean: bool = False, **options: Any
) -> Peer:
    """Connect a client; in 5.0 its session lasts for an hour unless it is clean."""
    peer = Peer(core, version)
    lasting = {Property.SESSION_EXPIRY_INTERVAL: 3600} if version == V5 and not clean else {}
    properties = {**lasting, **options.pop("properties", {})}
    peer.connect(client_id, clean=clean, properties=properties, **options)
    return peer
