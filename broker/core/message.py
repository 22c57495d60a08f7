"""An application message on its way, and how it is written for a receiver."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from msgspec import Struct

from mqtt import properties as props
from mqtt.codes import V5, V311, Property
from mqtt.properties import NONE, Properties
from mqtt.wire import varint

PACKET_IDS = tuple(number.to_bytes(2) for number in range(65_536))
"""Packet ids as bytes, by number."""

PUBACKS = tuple(b"\x40\x02" + packet_id for packet_id in PACKET_IDS)
"""Acknowledgements of QoS 1, by packet id."""

FIELD_KEPT_MAX = 512
"""Bytes: what is remembered of topics is not remembered of longer ones, so that it stays small."""

_PART_BYTES = 50
_PUBLISH = 0x30
_DUP = 3

Encoded: TypeAlias = tuple[bytes, bytes]
"""What stands before and behind the packet id of a PUBLISH at QoS 1 without anything special."""


class Message(Struct, gc=False, eq=False):
    """What was published once, shared by all its receivers.

    ``field`` is the topic with its length before it, as it stands in a packet. ``waiting`` counts
    the persistent sessions that have not acknowledged the message; when none is left, or the
    journal has it, ``publisher``, a link, is told. Times are in seconds since 1970.
    """

    field: bytes
    payload: bytes
    born: float
    qos: int = 1
    publisher: Any = None
    packet_id: int = 0
    encoded: Encoded | None = None
    encoded_v5: Encoded | None = None
    waiting: int = 0
    number: int = 0
    retain: bool = False
    properties: Properties = NONE
    expires_at: float | None = None

    @property
    def topic(self) -> str:
        """The topic's name."""
        return self.field[2:].decode()

    @property
    def size(self) -> int:
        """About how many bytes it takes: its payload, and its properties where it has any."""
        return len(self.payload) + sum(map(_size, self.properties.values()))

    def plain(self) -> Encoded:
        """Encode for receivers that speak 3.1.1; done once."""
        if self.encoded is None:
            self.encoded = _around_packet_id(self.field, self.payload)
        return self.encoded

    def plain_for(self, version: int) -> Encoded | None:
        """Encode for receivers that speak ``version``; ``None`` where properties go with it."""
        if version == V311:
            return self.encoded or self.plain()
        return None if self.properties else self.encoded_v5 or self.plain_v5()

    def plain_v5(self) -> Encoded:
        """Encode for receivers that speak 5.0, where the message has no properties; done once."""
        if self.encoded_v5 is None:
            self.encoded_v5 = _around_packet_id(self.field, b"\0" + self.payload)
        return self.encoded_v5


class Delivery(Struct, gc=False, eq=False):
    """A message for one receiver, where it differs from the plain form."""

    message: Message
    qos: int
    retain: bool = False
    ids: tuple[int, ...] = ()


Item: TypeAlias = Message | Delivery
"""What a session queues: a bare message stands for a plain delivery at QoS 1."""


def field_of(topic: str) -> bytes:
    """Give a topic as it stands in a packet."""
    name = topic.encode()
    return len(name).to_bytes(2) + name


def make(  # noqa: PLR0913 - a message is what it is
    field: bytes,
    payload: bytes,
    qos: int,
    now: float,
    *,
    retain: bool = False,
    properties: Properties = NONE,
) -> Message:
    """Make a message of any kind."""
    life = properties.get(Property.MESSAGE_EXPIRY_INTERVAL)
    return Message(
        field,
        payload,
        now,
        qos,
        retain=retain,
        properties=properties,
        expires_at=None if life is None else now + life,
    )


def for_many(
    topics: Iterable[bytes],
    payload: bytes,
    now: float,
    publisher: Any,  # noqa: ANN401 - as of a message
) -> Iterator[Message]:
    """Make a message at QoS 1 for each topic; topics of one length have the same before them."""
    size, length, head = -1, b"", b""
    for topic in topics:
        if len(topic) != size:
            size = len(topic)
            length = size.to_bytes(2)
            head = b"\x32" + varint(2 + size + 2 + len(payload))
        field = length + topic
        yield Message(field, payload, now, 1, publisher, 0, (head + field, payload))


def message_of(item: Item) -> Message:
    """Give the message of a queued item."""
    return item.message if isinstance(item, Delivery) else item


def qos_of(item: Item) -> int:
    """Give the quality with which an item is delivered."""
    return item.qos if isinstance(item, Delivery) else 1


def write(  # noqa: PLR0913 - what a PUBLISH consists of
    item: Item,
    packet_id: int,
    version: int,
    now: float,
    *,
    dup: bool = False,
    alias: int = 0,
    is_alias_known: bool = False,
) -> bytes:
    """Write a PUBLISH for a receiver that speaks ``version``.

    A known topic alias stands in place of the topic (section 3.3.2.3.4); 0 is none.
    """
    if isinstance(item, Message):
        item = Delivery(item, 1)
    message = item.message
    first = _PUBLISH | item.qos << 1 | item.retain | (dup << _DUP if item.qos else 0)
    body = b"\0\0" if is_alias_known else message.field
    if item.qos:
        body += PACKET_IDS[packet_id]
    if version == V5:
        body += _properties(message, item.ids, alias, now)
    body += message.payload
    return bytes((first,)) + varint(len(body)) + body


def _size(value: object) -> int:
    """Count what is long, and what may be many."""
    if isinstance(value, str | bytes):
        return len(value)
    return sum(_PART_BYTES + _size(part) for part in value) if isinstance(value, tuple) else 0


def _around_packet_id(field: bytes, tail: bytes) -> Encoded:
    return b"\x32" + varint(len(field) + 2 + len(tail)) + field, tail


def _properties(message: Message, ids: tuple[int, ...], alias: int, now: float) -> bytes:
    found = message.properties
    if message.expires_at is not None:
        left = max(0, round(message.expires_at - now))
        found = {**found, Property.MESSAGE_EXPIRY_INTERVAL: left}
    if ids:
        found = {**found, Property.SUBSCRIPTION_IDENTIFIER: ids}
    if alias:
        found = {**found, Property.TOPIC_ALIAS: alias}
    return props.write(found) if found else b"\0"
