"""The bridge's link to a broker: one session, whatever becomes of its connections.

It lives in its caller's thread: it reads, writes, keeps alive and connects again while the caller
waits for something, and only then. What comes meanwhile is kept by the broker and the system.
"""

import logging
import random
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from bridge.connection import Connection, LostError
from bridge.stream import Received, Stream
from mqtt.codes import V311, Reason, Type
from mqtt.encode import encode
from mqtt.errors import PacketError
from mqtt.packets import Connack, Connect, Disconnect, Packet, Suback, Subscribe, Subscription
from mqtt.wire import varint
from parley_protocol import topics
from parley_protocol.tokens import Claims

_log = logging.getLogger(__name__)
_KEEP_ALIVE = 30
_CONNECT_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_IDS, _SUBSCRIBE_ID = 65_534, 65_535
_QOS_0, _QOS_1, _DUP = 0x30, 0x32, 0x08
_PUBACK = b"\x40\x02"
_PACKET_IDS = tuple(number.to_bytes(2) for number in range(65_536))


class Link:
    """Receive what devices send, and publish. Connects again by itself, on the same session.

    Publishes at QoS 1 are numbered: ``published`` is the last one's number, and up to ``confirmed``
    the broker has all of them. Those that it may not have are sent again on a new connection.
    """

    def __init__(
        self, url: str, claims: Claims, token: str, tell_ready: Callable[[], None]
    ) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 1883)
        self._connect = Connect(
            claims.client_id,
            clean_start=False,
            keep_alive=_KEEP_ALIVE,
            username=claims.sub,
            password=token.encode(),
        )
        self._tell_ready = tell_ready
        self._connection: Connection | None = None
        self._connections = 0
        self._stream = Stream(0)
        self._retry_at, self._pause = 0.0, _FIRST_PAUSE
        self._is_admitted = False
        self._unconfirmed: dict[int, bytes] = {}
        self.published = 0
        self.confirmed = 0

    def receive(self, *, limit: int, seconds: float) -> list[Received]:
        """Wait for a publish, and take what else is there, up to ``limit``.

        It comes back sooner, with nothing, when the broker has confirmed more.
        """
        before = self.confirmed
        self._serve(seconds, lambda: bool(self._stream.publishes) or self.confirmed > before)
        waiting = self._stream.publishes
        batch, self._stream.publishes = waiting[:limit], waiting[limit:]
        return batch

    def acknowledge(self, batch: Iterable[Received]) -> None:
        """Let the broker forget publishes, in the order in which they came (section 4.6)."""
        if not self._is_admitted:
            return
        now = self._connections
        known = [_PACKET_IDS[r.packet_id] for r in batch if r.packet_id and r.connection == now]
        self._write(b"".join([_PUBACK + packet_id for packet_id in known]))

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Hand a message to the broker, in the order of calls.

        Without a connection one of QoS 1 waits here, and one of QoS 0 is lost.
        """
        name = topic.encode()
        head = len(name).to_bytes(2) + name
        if not qos:
            body = head + payload
            packet = bytes((_QOS_0,)) + varint(len(body)) + body
        else:
            self.published += 1
            packet_id = _packet_id(self.published)
            body = head + _PACKET_IDS[packet_id] + payload
            packet = bytes((_QOS_1,)) + varint(len(body)) + body
            self._unconfirmed[packet_id] = packet
        if self._is_admitted:
            self._write(packet)

    def settle(self, seconds: float) -> bool:
        """Wait until the broker has everything that was published; tell whether it has."""
        self._serve(seconds, lambda: self.confirmed == self.published)
        return self.confirmed == self.published

    def rest(self, seconds: float) -> None:
        """Wait, and keep the connection alive meanwhile."""
        self._serve(seconds, lambda: False)

    def stop(self) -> None:
        """Leave; the broker keeps the session and what was not acknowledged."""
        if self._connection is not None:
            self._write(encode(Disconnect(), V311))
        if self._connection is not None:
            self._connection.close()

    def _serve(self, seconds: float, is_enough: Callable[[], bool]) -> None:
        """Go on at least once, and until it is enough or the time is over."""
        deadline = time.monotonic() + seconds
        self._go_on(0 if is_enough() else seconds)
        while not is_enough() and (left := deadline - time.monotonic()) > 0:
            self._go_on(left)

    def _go_on(self, seconds: float) -> None:
        try:
            if self._connection is None:
                self._open(seconds)
                return
            data = self._connection.exchange(seconds)
            if data:
                self._stream.feed(data)
                self._take_news()
        except LostError as error:
            self._lose(str(error))
        except PacketError as error:
            self._lose(f"it does not keep to MQTT: {error}")

    def _open(self, seconds: float) -> None:
        left = self._retry_at - time.monotonic()
        if left > 0:
            time.sleep(min(left, seconds))
            return
        self._connection = Connection(self._address, _CONNECT_SECONDS, _KEEP_ALIVE)
        self._connections += 1
        self._stream = Stream(self._connections)
        self._connection.write(encode(self._connect, V311))

    def _take_news(self) -> None:
        others, self._stream.others = self._stream.others, []
        for packet in others:
            self._take(packet)
        confirmed, self._stream.confirmed = self._stream.confirmed, []
        for packet_id in confirmed:
            self._unconfirmed.pop(packet_id, None)
        while (
            self.confirmed < self.published
            and _packet_id(self.confirmed + 1) not in self._unconfirmed
        ):
            self.confirmed += 1

    def _take(self, packet: Packet) -> None:
        match packet:
            case Connack(reason=Reason.SUCCESS):
                self._resume()
            case Connack(reason=reason):
                raise LostError(f"the broker refuses the bridge: {_words(reason)}")
            case Suback(type=Type.SUBACK, reasons=(reason, *_)):
                if reason >= Reason.UNSPECIFIED_ERROR:
                    raise LostError("the broker does not let the bridge subscribe")
                self._pause = _FIRST_PAUSE
                self._tell_ready()

    def _resume(self) -> None:
        """Subscribe, and send again what the broker may not have (section 4.4)."""
        _log.info("connected to the broker at %s:%s", *self._address)
        self._is_admitted = True
        wanted = Subscribe(_SUBSCRIBE_ID, (Subscription(topics.SENT_MESSAGES, 1),))
        self._write(encode(wanted, V311))
        for packet in self._unconfirmed.values():
            self._write(bytes((packet[0] | _DUP,)) + packet[1:])

    def _write(self, data: bytes) -> None:
        if self._connection is None or not data:
            return
        try:
            self._connection.write(data)
        except LostError as error:
            self._lose(str(error))

    def _lose(self, why: str) -> None:
        """Let go of the connection, and of what came by it: the broker sends that again."""
        if self._connection is not None:
            self._connection.close()
        _log.warning("no connection to the broker: %s", why)
        self._connection, self._is_admitted = None, False
        self._stream = Stream(self._connections)
        self._retry_at = time.monotonic() + self._pause * random.uniform(0.5, 1)  # noqa: S311
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


def _packet_id(number: int) -> int:
    """Give a publish's packet id; fewer than all are ever on their way at once."""
    return (number - 1) % _IDS + 1


def _words(reason: Reason) -> str:
    return reason.name.lower().replace("_", " ")
