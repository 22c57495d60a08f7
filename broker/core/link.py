"""One connection: bytes in, packets understood, bytes out."""

from broker.core import lives, requests
from broker.core.access import Identity
from broker.core.core import Core
from broker.core.message import (
    FIELD_KEPT_MAX,
    PACKET_IDS,
    PUBACKS,
    Item,
    Message,
    message_of,
    write,
)
from broker.core.session import Session
from mqtt.codes import V5, V311, Reason
from mqtt.decode import decode
from mqtt.encode import encode
from mqtt.errors import PacketError, protocol_error
from mqtt.packets import Connect, Disconnect, Packet, Will
from mqtt.wire import body_range

_CONNECT = 0x10
_PUBACK, _PUBACK_LENGTH = 0x40, 2
_PLAIN_PUBLISH, _LEAST = 0x32, 4
_ONE_BYTE = 0x80
_KNOWN_TOPICS = 1_000


class Link:
    """A client's connection. Whoever owns the socket feeds it, and sends what is in ``out``.

    ``is_open`` is false while no more messages are taken: the socket ``is_paused``, or this turn's
    share is written. ``is_closing`` says that the socket is to be closed when ``out`` is sent.
    """

    __slots__ = (
        "alias_most",
        "aliases",
        "core",
        "heard",
        "identity",
        "is_closing",
        "is_open",
        "is_paused",
        "keep_alive",
        "many",
        "method",
        "needed",
        "out",
        "packet_most",
        "packets",
        "pending",
        "receive_most",
        "received",
        "sent_aliases",
        "session",
        "topics",
        "unconfirmed",
        "unsent",
        "version",
        "will",
    )

    def __init__(self, core: Core) -> None:
        self.core = core
        self.out: list[bytes] = []
        self.is_open = True
        self.is_paused = False
        self.is_closing = False
        self.version = V311
        self.session: Session | None = None
        self.identity: Identity | None = None
        self.method: str | None = None
        self.will: Will | None = None
        self.keep_alive = 0.0
        self.many: bytes | None = None
        self.heard = core.now
        self.packet_most = 0
        self.alias_most = 0
        self.receive_most = 0
        self.sent_aliases: dict[bytes, int] | None = None
        self.pending: bytearray | None = None
        self.needed = 0
        self.topics: set[bytes] | None = None
        self.aliases: dict[int, bytes] | None = None
        self.unconfirmed = 0
        self.unsent = 0
        self.packets = 0
        self.received = 0
        core.links.add(self)

    def feed(self, data: bytes) -> None:
        """Take bytes as they come from the network."""
        if self.is_closing or not data:
            return
        if self.session is not None:
            self.heard = self.core.now
        self.received += len(data)
        if self.pending is not None:
            self.pending += data
            if len(self.pending) < self.needed:
                return
            data = bytes(self.pending)
            self.pending = None
        try:
            self._take(data)
        except PacketError as error:
            self._refuse_packet(error.reason)

    def lost(self) -> None:
        """Take note that the network has ended the connection."""
        self.leave(is_normal=False)

    def end(self, reason: Reason, *, is_normal: bool = False) -> None:
        """End the connection from this side, with a reason where the client understands it."""
        if not self.is_closing:
            self.core.counts.ended[reason.name.lower()] += 1
            if self.session is not None and self.version == V5:
                self.write(Disconnect(reason))
            self.leave(is_normal=is_normal)

    def send(self, data: bytes) -> None:
        """Write bytes, at the end of this turn; nothing more where the connection is over."""
        if self.is_closing:
            return
        if not self.out:
            self.core.dirty.append(self)
        self.out.append(data)

    def deliver(self, data: bytes) -> None:
        """Write a message; where that fills a write buffer within a turn, take no more in it."""
        self.send(data)
        self.unsent += len(data)
        if self.unsent > self.core.limits.write_buffer:
            self._see_room()

    def take_out(self) -> bytes:
        """Take what was written. ``sent`` is to be called when it was sent."""
        data = self.out[0] if len(self.out) == 1 else b"".join(self.out)
        self.out.clear()
        self.unsent = 0
        return data

    def sent(self) -> None:
        """Take note that a turn is over."""
        if not self.is_open:
            self._see_room()

    def write(self, packet: Packet) -> None:
        """Write a packet."""
        self.send(encode(packet, self.version))

    @property
    def is_plain(self) -> bool:
        """Whether messages need neither an alias nor a look at their size."""
        return not self.packet_most and not self.alias_most

    def encode(
        self, item: Item, packet_id: int, *, dup: bool = False, may_alias: bool = True
    ) -> bytes:
        """Encode a message for this client, by an alias where it takes one more.

        What is not sent right away must have none: others would be sent by it before.
        """
        field, now = message_of(item).field, self.core.now
        if not may_alias:
            return write(item, packet_id, self.version, now, dup=dup)
        aliases = self.sent_aliases or {}
        alias = aliases.get(field, 0)
        known = alias > 0
        if not known and len(aliases) < self.alias_most:
            alias = aliases[field] = len(aliases) + 1
            self.sent_aliases = aliases
        return write(item, packet_id, self.version, now, dup=dup, alias=alias, is_alias_known=known)

    def forget_alias(self, field: bytes) -> None:
        """Take back the alias of a message that was not sent; it is the last where it is new."""
        if self.sent_aliases and self.sent_aliases.get(field) == len(self.sent_aliases):
            del self.sent_aliases[field]

    def confirm(self, message: Message) -> None:
        """Acknowledge a publish of this client."""
        if message.qos == 1:
            self.unconfirmed -= 1
            self.send(PUBACKS[message.packet_id])
        else:
            # It counts until PUBREL (section 3.3.4).
            self.send(b"\x50\x02" + PACKET_IDS[message.packet_id])

    def opened(self, *, is_open: bool) -> None:
        """Take note whether the socket takes more."""
        self.is_paused = not is_open
        self._see_room()

    def _see_room(self) -> None:
        self.is_open = not self.is_paused and self.unsent <= self.core.limits.write_buffer
        if self.session is not None:
            self.session.note_readiness()
            self.core.refill(self.session)

    def tick(self, seconds: float) -> None:
        """Look whether the client keeps its time, and its rates of the last ``seconds``."""
        limits, core = self.core.limits, self.core
        silent = core.now - self.heard
        if self.session is None:
            if silent > limits.connect_seconds:
                core.counts.refused["connect_timeout"] += 1
                self.leave(is_normal=False)
        elif self.keep_alive and silent > self.keep_alive:
            self.end(Reason.KEEP_ALIVE_TIMEOUT)
        elif self.identity is not None:
            if self.identity.expires_at is not None and core.now >= self.identity.expires_at:
                self.end(Reason.NOT_AUTHORIZED)
            elif not self.identity.is_service and (
                self.packets > limits.packets_per_second * seconds
                or self.received > limits.bytes_per_second * seconds
            ):
                self.end(Reason.MESSAGE_RATE_TOO_HIGH)
        if self.received:
            self._count_received()

    def _count_received(self) -> None:
        counts = self.core.counts
        counts.received_packets += self.packets
        counts.received_bytes += self.received
        self.packets = self.received = 0

    def _take(self, data: bytes) -> None:  # noqa: C901, PLR0912, PLR0915 - see below
        """Take packets one by one.

        The two that a chat sends all day, a plain PUBLISH at QoS 1 and its PUBACK, are taken right
        here: at that rate every call and every lookup counts.
        """
        core, at, size, needed = self.core, 0, len(data), 0
        publish, receive_most = core.publish_plain, self.receive_most
        session, topics, is_v5 = self.session, self.topics, self.version == V5
        most = core.limits.packet_bytes if session is not None else core.limits.connect_bytes
        if session is None and data[0] != _CONNECT:
            raise protocol_error("not a CONNECT at first")
        while at + 1 < size:
            first, end, body = data[at], at + 2 + data[at + 1], at + 2
            if data[at + 1] >= _ONE_BYTE:
                found = body_range(data, at)
                if found is None:
                    break
                body, end = found
                if end - at > most:
                    raise PacketError("too large", Reason.PACKET_TOO_LARGE)
            if end > size:
                needed = end - at
                break
            self.packets += 1
            if first == _PUBACK and end - body == _PUBACK_LENGTH and session is not None:
                if session.second:
                    self._packet(first, data[body:end])
                else:
                    item = session.inflight.pop(data[body] << 8 | data[body + 1], None)
                    if item.__class__ is not Message or item.number:
                        if item is not None:
                            core.arrived(session, item)
                    elif session.expiry:
                        item.waiting -= 1
                        if not item.waiting:
                            core.confirm(item)
                    if not session.is_ready:
                        core.refill(session)
                at = end
                continue
            if first == _PLAIN_PUBLISH and topics is not None and end - body > _LEAST:
                tail = body + 2 + (data[body] << 8 | data[body + 1])
                field = data[body:tail]
                start = tail + 2
                if (
                    field in topics
                    and start + is_v5 <= end
                    and (packet_id := data[tail] << 8 | data[tail + 1])
                    and self.unconfirmed < receive_most
                    and not (is_v5 and data[start])
                ):
                    self.unconfirmed += 1
                    encoded = (data[at:tail], data[start:end])
                    if is_v5:
                        payload = data[start + 1 : end]
                        message = Message(
                            field, payload, core.now, 1, self, packet_id, None, encoded
                        )
                    else:
                        message = Message(field, encoded[1], core.now, 1, self, packet_id, encoded)
                    publish(message)
                    at = end
                    continue
            self._packet(first, data[body:end])
            if self.is_closing:
                return
            session, topics, is_v5 = self.session, self.topics, self.version == V5
            receive_most, most = self.receive_most, core.limits.packet_bytes
            at = end
        if at < size:
            self.pending = bytearray(data[at:])
            self.needed = needed or size - at + 1

    def _packet(self, first: int, body: bytes) -> None:
        if (
            self.many is not None
            and first == _PLAIN_PUBLISH
            and self.version == V311
            and body.startswith(self.many)
            and requests.publish_to_many(self, body)
        ):
            return
        packet = decode(first, body, self.version)
        if isinstance(packet, Connect):
            if self.session is not None:
                raise protocol_error("a second CONNECT")
            self.version = packet.version
        requests.handle(self, packet)

    def _refuse_packet(self, reason: Reason) -> None:
        if self.session is not None:
            self.end(reason)
            return
        self.core.counts.refused[reason.name.lower()] += 1
        if reason is Reason.UNSUPPORTED_PROTOCOL_VERSION:
            requests.refuse(self, reason)
        else:
            # Who does not speak MQTT gets no answer (section 4.13.1).
            self.leave(is_normal=True)

    def leave(self, *, is_normal: bool) -> None:
        """Be over; the will is published where the end is not ``is_normal``."""
        if self.is_closing:
            return
        self.is_closing = True
        self.pending = None
        self.core.links.discard(self)
        self._count_received()
        session, self.session = self.session, None
        self.core.counts.connected -= session is not None
        will = None if is_normal else self.will
        if session is not None and session.link is self:
            lives.lost(self.core, session, will)
        elif will is not None and session is not None:
            lives.publish_will(self.core, will)
        self.core.dirty.append(self)

    def allow(self, field: bytes) -> None:
        """Note that the client may publish on a topic, so that it is not asked again."""
        if len(field) > FIELD_KEPT_MAX:
            return
        if self.topics is None or len(self.topics) >= _KNOWN_TOPICS:
            self.topics = set()
        self.topics.add(field)
