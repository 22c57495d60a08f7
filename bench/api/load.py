"""HTTP requests at a steady rate, or as many as are answered, over connections that stay open."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.storage.plan import percentile

_CONNECTIONS = 16
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)")


@dataclass(frozen=True)
class Request:
    """What is asked of a server, again and again."""

    url: str
    token: str
    method: str = "GET"
    body: bytes = b""

    def encoded(self) -> bytes:
        """Give it as bytes of HTTP/1.1."""
        parts = urlsplit(self.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        head = f"{self.method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        head += f"Authorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body


class _Connection:
    """One request at a time; opened anew where the server has closed it."""

    def __init__(self, request: Request) -> None:
        self._address = urlsplit(request.url)
        self._bytes = request.encoded()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self) -> None:
        """Send the request, and read the whole answer."""
        try:
            await self._exchange()
        except (ConnectionError, asyncio.IncompleteReadError):
            # Idle connections are closed by servers after a while.
            self._streams = None
            await self._exchange()

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()

    async def _exchange(self) -> None:
        if self._streams is None:
            host, port = self._address.hostname, self._address.port
            self._streams = await asyncio.open_connection(host, port, limit=1 << 20)
        reader, writer = self._streams
        writer.write(self._bytes)
        head = (await reader.readuntil(_END)).lower()
        if not head.startswith(b"http/1.1 200"):
            raise SystemExit(head.decode())
        found = _LENGTH.search(head)
        if found:
            await reader.readexactly(int(found[1]))
            return
        while size := int(await reader.readuntil(b"\r\n"), 16):
            await reader.readexactly(size + 2)
        await reader.readuntil(b"\r\n")


def steadily(request: Request, rate: float, seconds: float) -> list[float]:
    """Ask at a rate; give milliseconds from when each request was due to its answer's end."""
    return asyncio.run(_steadily(request, rate, seconds))


def at_saturation(request: Request, seconds: float) -> float:
    """Ask again as soon as there is an answer, on each connection; give answers a second."""
    return asyncio.run(_at_saturation(request, seconds))


def p(latencies: Sequence[float], share: int) -> float:
    """Give a percentile, in milliseconds."""
    return round(percentile(latencies, share), 1)


async def _steadily(request: Request, rate: float, seconds: float) -> list[float]:
    idle: asyncio.Queue[_Connection] = asyncio.Queue()
    connections = [_Connection(request) for _ in range(_CONNECTIONS)]
    for connection in connections:
        idle.put_nowait(connection)
    begun = time.perf_counter()

    async def ask(number: int) -> float:
        due = begun + number / rate
        await asyncio.sleep(due - time.perf_counter())
        connection = await idle.get()
        await connection.ask()
        idle.put_nowait(connection)
        return (time.perf_counter() - due) * 1000

    latencies = await asyncio.gather(*(ask(number) for number in range(int(rate * seconds))))
    for connection in connections:
        connection.close()
    return latencies


async def _at_saturation(request: Request, seconds: float) -> float:
    end = time.perf_counter() + seconds

    async def keep_asking() -> int:
        connection, count = _Connection(request), 0
        while time.perf_counter() < end:
            await connection.ask()
            count += 1
        connection.close()
        return count

    counts = await asyncio.gather(*(keep_asking() for _ in range(_CONNECTIONS)))
    return sum(counts) / seconds
