"""A client without an MQTT library, so that it is not what is measured: 3.1.1, QoS 1."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from broker.core.message import PACKET_IDS, PUBACKS
from mqtt.codes import V311
from mqtt.encode import encode
from mqtt.packets import Connect, Subscribe, Subscription
from mqtt.wire import body_range, varint

_PUBLISH, _PUBLISH_LAST, _PUBACK = 0x30, 0x3F, 0x40
_ANSWERS = (0x20, 0x90)
_STAMP = 8
_ONE_BYTE = 0x7F
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
        self._packet_id = 0
        self._head, self._payload, self._unstamped, self._every = b"", b"", b"", 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(encode(self._connect, V311))

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("refused"))

    async def subscribe(self, topic: str) -> None:
        """Subscribe, and wait for the answer."""
        self.ready = asyncio.get_running_loop().create_future()
        self._transport.write(encode(Subscribe(1, (Subscription(topic, 1),)), V311))
        await self.ready

    def publish(self, topic: str, window: int, size: int, every: int) -> None:
        """Publish from now on, always ``window`` at once.

        One in ``every`` payloads begins with 1 and the time in nanoseconds, the others with zeros.
        """
        name = topic.encode()
        self._head = b"\x32" + varint(4 + len(name) + size) + len(name).to_bytes(2) + name
        self._payload, self._every = b"x" * (size - _STAMP), every
        self._unstamped = bytes(_STAMP) + self._payload
        self._transport.write(b"".join(self._one() for _ in range(window)))

    def stop(self) -> None:
        """Publish no more."""
        self._payload = b""

    def close(self) -> None:
        """End the connection."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:  # noqa: C901 - one loop, for speed
        if self._rest:
            data = self._rest + data
        at, size, out, received = 0, len(data), [], 0
        while at + 1 < size:
            begin, length = at + 2, data[at + 1]
            if length > _ONE_BYTE:
                found = body_range(data, at)
                if found is None:
                    break
                begin, end = found
            else:
                end = begin + length
            if end > size:
                break
            first = data[at]
            if first == _PUBACK:
                if self._payload:
                    out.append(self._one())
            elif first >= _PUBLISH and first <= _PUBLISH_LAST:
                tail = begin + 2 + (data[begin] << 8 | data[begin + 1])
                out.append(PUBACKS[data[tail] << 8 | data[tail + 1]])
                received += 1
                if data[tail + 2]:
                    self._stamped(data, tail + 2)
            elif first in _ANSWERS and not self.ready.done():
                self.ready.set_result(None)
            at = end
        self._rest = data[at:]
        self.received += received
        if out:
            self._transport.write(b"".join(out))

    def _one(self) -> bytes:
        number = self._packet_id = self._packet_id + 1 if self._packet_id < _LAST_ID else 1
        if number % self._every:
            return self._head + PACKET_IDS[number] + self._unstamped
        stamp = b"\1" + time.monotonic_ns().to_bytes(_STAMP - 1)
        return self._head + PACKET_IDS[number] + stamp + self._payload


async def connect(port: int, packet: Connect, stamped: Callable[[bytes, int], None]) -> Client:
    """Connect a client, and wait until it is let in."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Client(packet, stamped), "127.0.0.1", port)
    await client.ready
    return client
