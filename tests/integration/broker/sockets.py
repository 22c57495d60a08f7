"""A core behind real sockets, whose clock stands still until the test moves it."""

import asyncio
import contextlib
import functools
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import uvloop

from broker.core.access import Anyone
from broker.core.core import Core
from broker.core.figures import Figures
from broker.core.limits import Limits
from broker.net.connection import Connection
from broker.net.tcp import TcpConnection
from broker.net.turn import Turn
from broker.net.websocket import WebSocketConnection
from mqtt.codes import V311
from mqtt.decode import decode
from mqtt.encode import encode
from mqtt.packets import Connect, Packet
from mqtt.wire import body_range

HOST = "127.0.0.1"
_SMALL = 4_096


_Test = Callable[..., Coroutine[Any, Any, None]]


def on_uvloop(test: _Test) -> Callable[..., None]:
    """Run a test on what the broker runs on."""

    @functools.wraps(test)
    def run(*arguments: Any, **options: Any) -> None:
        uvloop.run(test(*arguments, **options))

    return run


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - there is nothing that would tell
            await asyncio.sleep(0.001)


@dataclass
class Served:
    """A running broker: its core, its ports, and its connections in the order of their coming."""

    core: Core
    now: float = 1_000.0
    port: int = 0
    ws_port: int = 0
    connections: list[Connection] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        for _ in range(seconds):
            self.now += 1
            self.turn.begin()
            self.core.tick()

    async def listen(self) -> list[asyncio.Server]:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.errors.append(context))
        self.turn = Turn(self.core, Figures(self.core), lambda: self.now)
        self.turn.begin()
        servers = [
            await loop.create_server(functools.partial(self._connection, kind), HOST, 0)
            for kind in (TcpConnection, WebSocketConnection)
        ]
        self.port, self.ws_port = (server.sockets[0].getsockname()[1] for server in servers)
        return servers

    def _connection(self, kind: type[Connection]) -> Connection:
        self.connections.append(kind(self.turn))
        return self.connections[-1]


@contextlib.asynccontextmanager
async def served(**limits: Any) -> AsyncIterator[Served]:
    """Run a broker; at the end, nothing may have gone wrong in its event loop."""
    found = Served(Core(Limits(**limits), Anyone()))
    servers = await found.listen()
    yield found
    for server in servers:
        server.close()
    for link in list(found.core.links):
        link.lost()
    await until(lambda: not any(connection.transport for connection in found.connections))
    found.turn.stop()
    assert found.errors == []


class Peer:
    """A client of bytes and packets on a real socket, whose buffers are small."""

    def __init__(self, version: int = V311) -> None:
        self.version = version
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(0)
        self._buffer = bytearray()

    async def open(self, port: int) -> None:
        await asyncio.get_running_loop().sock_connect(self._socket, (HOST, port))

    async def connect(self, port: int, client_id: str, **options: Any) -> Packet:
        """Open a connection and log in; give the broker's answer."""
        await self.open(port)
        return await self.greet(client_id, **options)

    async def greet(self, client_id: str, **options: Any) -> Packet:
        """Log in."""
        await self.send(Connect(client_id, self.version, **options))
        return await self.read()

    async def send(self, *packets: Packet) -> None:
        await self.write(b"".join(encode(packet, self.version) for packet in packets))

    async def write(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def read(self) -> Packet:
        """Wait for a packet."""
        while True:
            found = body_range(self._buffer, 0)
            if found is not None and found[1] <= len(self._buffer):
                begin, end = found
                first, body = self._buffer[0], bytes(self._buffer[begin:end])
                del self._buffer[:end]
                return decode(first, body, self.version)
            self._buffer += await self._receive()

    async def ended(self) -> bool:
        """Wait until the broker has closed; tell whether nothing more had come."""
        try:
            return not await self._receive()
        except EOFError:
            return not self._buffer

    async def _receive(self) -> bytes:
        async with asyncio.timeout(20):
            data = await asyncio.get_running_loop().sock_recv(self._socket, 65_536)
        if not data:
            raise EOFError
        return data

    def close(self) -> None:
        self._socket.close()


def narrow(connection: Connection) -> None:
    """Let the system hold little of what the broker sends: its own bound is to be met."""
    found = connection.transport.get_extra_info("socket")
    found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SMALL)
