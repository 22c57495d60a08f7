"""Readers between the network and amqtt: bounded, and able to replay what the gate has read."""

import asyncio
from typing import Protocol

from amqtt.adapters import ReaderAdapter
from websockets import ConnectionClosed
from websockets.asyncio.server import ServerConnection

from parley_protocol import limits

PACKET_MAX = limits.PAYLOAD_MAX + 64 * 1024
"""Bytes of the largest packet: the largest payload and what goes with it."""

_CONNECT_MAX = 16 * 1024


class Source(Protocol):
    """A stream of bytes; an ended one raises ``OSError`` or ``EOFError``."""

    async def read(self, n: int) -> bytes:
        """Give exactly ``n`` bytes."""


class WebSocketSource:
    """The bytes of a WebSocket's binary messages (MQTT 3.1.1, section 6.0)."""

    def __init__(self, websocket: ServerConnection) -> None:
        self._websocket = websocket
        self._buffer = bytearray()

    async def read(self, n: int) -> bytes:
        while len(self._buffer) < n:
            self._buffer += await self._receive()
        data = bytes(self._buffer[:n])
        del self._buffer[:n]
        return data

    async def _receive(self) -> bytes:
        try:
            message = await self._websocket.recv()
        except ConnectionClosed:
            raise ConnectionResetError("closed") from None
        if isinstance(message, str):
            raise ConnectionResetError("MQTT is binary")
        return message


class GuardedReader(ReaderAdapter):
    """What amqtt reads from: first what the gate has read already, then the source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._replay = b""
        self._is_over = False
        self._record: bytearray | None = bytearray()
        self._most = _CONNECT_MAX
        self._silence: float | None = None
        self._heard = 0.0

    def admit(self, keep_alive: int) -> None:
        """Go back to the beginning, and take whole packets from now on.

        A peer that is silent for one and a half times its keep-alive, in seconds, is gone
        (MQTT 3.1.1, section 3.1.2.10); 0 means that it may be silent.
        """
        self._replay, self._record = bytes(self._record or b""), None
        self._most = PACKET_MAX
        self._silence = 1.5 * keep_alive or None
        self._heard = asyncio.get_running_loop().time()

    async def read(self, n: int = -1) -> bytes:
        """Give ``n`` bytes. A length that no packet of ours has ends the connection."""
        # amqtt would go on reading, and take what is inside the packet for packets.
        self._is_over |= not 0 <= n <= self._most - len(self._record or b"")
        if self._is_over:
            raise ConnectionResetError("the packet is too large")
        data, self._replay = self._replay[:n], self._replay[n:]
        if len(data) < n:
            data += await self._receive(n - len(data))
        if self._record is not None:
            self._record += data
        return data

    def feed_eof(self) -> None:
        """Do nothing: the source ends by itself."""

    async def _receive(self, n: int) -> bytes:
        if self._silence is None:
            return await self._source.read(n)
        try:
            async with asyncio.timeout_at(self._heard + self._silence):
                data = await self._source.read(n)
        except TimeoutError:
            raise ConnectionResetError("silent for too long") from None
        self._heard = asyncio.get_running_loop().time()
        return data
