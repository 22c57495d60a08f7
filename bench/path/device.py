"""A person's device without an MQTT library, so that it is not what is measured (3.1.1, QoS 1)."""

import asyncio
from collections.abc import Callable
from typing import Any

from broker.core.message import PACKET_IDS, PUBACKS
from mqtt.codes import V311
from mqtt.encode import encode
from mqtt.packets import Connect, Subscribe, Subscription
from mqtt.wire import body_range, varint
from parley_protocol import topics
from parley_protocol.ids import client_id

_PUBLISH, _PUBLISH_LAST, _PUBACK = 0x30, 0x3F, 0x40
_ANSWERS = (0x20, 0x90)
_LAST_ID = 65_535


class Device(asyncio.Protocol):
    """Sends to one conversation, and acknowledges what its inbox gets.

    ``heard`` is told of each payload of the inbox, ``taken`` of each PUBACK, ``lost`` of the end.
    """

    def __init__(self, uid: str, device: str, token: str) -> None:
        self.uid = uid
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard: Callable[[Device, bytes], None] = lambda _device, _payload: None
        self.taken: Callable[[Device], None] = lambda _device: None
        self.lost: Callable[[Device], None] = lambda _device: None
        self._connect = Connect(
            client_id(uid, device),
            clean_start=False,
            keep_alive=600,
            username=uid,
            password=token.encode(),
        )
        self._prefix = topics.send_prefix(uid, device)
        self._transport: Any = None
        self._rest = b""
        self._packet_id = 0
        self._field = b""
        self._out: list[bytes] = []

    def talk_to(self, scope: topics.Scope, target: str) -> None:
        """Send to a conversation from now on."""
        name = f"{self._prefix}{scope}/{target}/message".encode()
        self._field = len(name).to_bytes(2) + name

    async def log_in(self, port: int) -> None:
        """Connect, and subscribe to the inbox."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", port)
        await self.ready
        self.ready = loop.create_future()
        wanted = (Subscription(topics.inbox(self.uid), 1),)
        self._transport.write(encode(Subscribe(1, wanted), V311))
        await self.ready

    def send(self, payload: bytes) -> None:
        """Publish; it leaves at the end of the loop's turn, with what else there is."""
        number = self._packet_id = self._packet_id % _LAST_ID + 1
        body = self._field + PACKET_IDS[number] + payload
        self._see_to_flush()
        self._out.append(b"\x32" + varint(len(body)) + body)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(encode(self._connect, V311))

    def connection_lost(self, _error: Exception | None) -> None:
        self.lost(self)
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("refused"))

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at, acknowledgements = 0, []
        while (found := body_range(data, at)) is not None and found[1] <= len(data):
            first, (begin, end) = data[at], found
            if first == _PUBACK:
                self.taken(self)
            elif _PUBLISH <= first <= _PUBLISH_LAST:
                tail = begin + 2 + (data[begin] << 8 | data[begin + 1])
                acknowledgements.append(PUBACKS[data[tail] << 8 | data[tail + 1]])
                self.heard(self, data[tail + 2 : end])
            elif first in _ANSWERS and not self.ready.done():
                self.ready.set_result(None)
            at = end
        self._rest = data[at:]
        if acknowledgements:
            self._see_to_flush()
            self._out[:0] = acknowledgements

    def _see_to_flush(self) -> None:
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._transport.write(b"".join(self._out))
        self._out.clear()
