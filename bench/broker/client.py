"""A client without an MQTT library, so that it is not what is measured: 3.1.1, QoS 1."""

import asyncio
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import Any

from broker.core.message import PACKET_IDS
from mqtt.codes import V311
from mqtt.encode import encode
from mqtt.packets import Connect, Subscribe, Subscription
from mqtt.wire import body_range, varint

_PUBLISH, _PUBLISH_LAST, _PUBACK = 0x30, 0x3F, 0x40
_ANSWERS = (0x20, 0x90)
_STAMP = 8
_LAST_ID = 65_535


class Client(asyncio.Protocol):
    """Connects, acknowledges what it receives, and keeps a window of publishes on their way."""

    def __init__(self, connect: Connect, stamped: Callable[[bytes, int], None]) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._connect = connect
        self._stamped = stamped
        self.received = 0
        self._transport: Any = None
        self._rest = b""
        self._packets: Iterator[bytes] | None = None
        self._unanswered = 0
        self._waiting: asyncio.Event | None = None
        self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(encode(self._connect, V311))

    def connection_lost(self, _error: Exception | None) -> None:
        self._is_lost = True
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("refused"))
        if self._waiting is not None:
            self._waiting.set()

    async def subscribe(self, topic: str) -> None:
        """Subscribe, and wait for the answer."""
        self.ready = asyncio.get_running_loop().create_future()
        self._transport.write(encode(Subscribe(1, (Subscription(topic, 1),)), V311))
        await self.ready

    def publish(self, topic: str, window: int, size: int, every: int) -> None:
        """Publish from now on, always ``window`` at once.

        One in ``every`` payloads begins with 1 and the time in nanoseconds, the others with zeros.
        """
        self._say(self._to_one_topic(topic, size, every), window)

    def publish_each(self, messages: Iterator[tuple[str, bytes]], window: int) -> None:
        """Publish each payload on its topic, ``window`` at once, until there are no more."""
        self._say(self._to_many_topics(messages), window)

    def stop(self) -> None:
        """Publish no more."""
        self._packets = None

    async def until_acknowledged(self) -> None:
        """Wait until all that was published has been acknowledged."""
        await self._until(lambda: self._unanswered == 0)

    async def until_received(self, count: int) -> None:
        """Wait until so many messages have come."""
        await self._until(lambda: self.received >= count)

    def close(self) -> None:
        """End the connection."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at, size = 0, len(data)
        out: list[bytes] = []
        while at + 1 < size:
            found = body_range(data, at)
            if found is None or found[1] > size:
                break
            begin, end = found
            length, first = end - at, data[at]
            is_publish = _PUBLISH <= first <= _PUBLISH_LAST
            count = _alike(data, at, length, begin - at + 2 * is_publish)
            if first == _PUBACK:
                self._unanswered -= count
                out.append(self._take(count))
            elif is_publish:
                tail = begin + 2 + (data[begin] << 8 | data[begin + 1])
                out.append(self._receive(data[at : at + count * length], tail - at, length, count))
            elif first in _ANSWERS and not self.ready.done():
                self.ready.set_result(None)
            at += count * length
        self._rest = data[at:]
        if self._waiting is not None:
            self._waiting.set()
        if out:
            self._transport.write(b"".join(out))

    def _receive(self, data: bytes, tail: int, length: int, count: int) -> bytes:
        """Take publishes of one length to one topic; give their acknowledgements."""
        self.received += count
        stamps = data[tail + 2 :: length]
        if stamps.count(0) < count:
            for number, stamp in enumerate(stamps):
                if stamp:
                    self._stamped(data, number * length + tail + 2)
        acks = bytearray(b"\x40\x02\0\0" * count)
        acks[2::4], acks[3::4] = data[tail::length], data[tail + 1 :: length]
        return bytes(acks)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        self._waiting = asyncio.Event()
        while not is_so():
            if self._is_lost:
                raise ConnectionError("the broker has ended the connection")
            self._waiting.clear()
            await self._waiting.wait()

    def _say(self, packets: Iterator[bytes], window: int) -> None:
        self._packets, self._unanswered = packets, 0
        self._transport.write(self._take(window))

    def _take(self, count: int) -> bytes:
        taken = list(islice(self._packets or (), count))
        self._unanswered += len(taken)
        return b"".join(taken)

    def _to_one_topic(self, topic: str, size: int, every: int) -> Iterator[bytes]:
        head, payload = _head(topic, size), b"x" * (size - _STAMP)
        unstamped = bytes(_STAMP) + payload
        for number in _packet_ids():
            if number % every:
                yield head + PACKET_IDS[number] + unstamped
            else:
                stamp = b"\1" + time.monotonic_ns().to_bytes(_STAMP - 1)
                yield head + PACKET_IDS[number] + stamp + payload

    def _to_many_topics(self, messages: Iterator[tuple[str, bytes]]) -> Iterator[bytes]:
        for number, (topic, payload) in zip(_packet_ids(), messages, strict=False):
            yield _head(topic, len(payload)) + PACKET_IDS[number] + payload


def _packet_ids() -> Iterator[int]:
    return cycle(range(1, _LAST_ID + 1))


def _head(topic: str, size: int) -> bytes:
    name = topic.encode()
    return b"\x32" + varint(4 + len(name) + size) + len(name).to_bytes(2) + name


async def connect(port: int, packet: Connect, stamped: Callable[[bytes, int], None]) -> Client:
    """Connect a client, and wait until it is let in."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Client(packet, stamped), "127.0.0.1", port)
    await client.ready
    return client


def _alike(data: bytes, at: int, length: int, head: int) -> int:
    """Count the packets from ``at`` on that have this length and begin with the same bytes.

    Looked at all together: one by one, the generator would be what is measured.
    """
    most = (len(data) - at) // length
    end = at + most * length
    for offset in range(head):
        column = data[at + offset : end : length]
        most = min(most, len(column) - len(column.lstrip(column[:1])))
    return most
