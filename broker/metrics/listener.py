"""``GET /metrics``, and nothing else, on the broker's own event loop.

So no other thread reads the core, and a broker that hangs does not look well.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple

import h11
import msgspec
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from broker.core.figures import Figures
from broker.metrics.exposition import registry_of

_SECONDS = 5.0
_AT_ONCE = 16
_PATH = b"/metrics"


class _Reply(NamedTuple):
    status: HTTPStatus
    kind: str
    body: bytes


async def listen(host: str, port: int, figures: Figures) -> asyncio.Server:
    """Answer whoever asks for the figures.

    Raises:
        OSError: the port cannot be listened on.
    """
    expose, crowd = partial(generate_latest, registry_of(figures)), set[_Scrape]()
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: _Scrape(expose, crowd), host, port)


class _Scrape(asyncio.Protocol):
    """A connection for one request. ``crowd`` are all that are open, which are few and short."""

    def __init__(self, expose: Callable[[], bytes], crowd: set["_Scrape"]) -> None:
        self._expose = expose
        self._crowd = crowd
        self._http = h11.Connection(h11.SERVER)
        self._transport: Any = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        if len(self._crowd) >= _AT_ONCE:
            self._transport.abort()
            return
        self._crowd.add(self)
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(_SECONDS, self._transport.abort)

    def connection_lost(self, _error: Exception | None) -> None:
        self._crowd.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            request = self._http.next_event()
        except h11.RemoteProtocolError:
            self._send(_problem(HTTPStatus.BAD_REQUEST), has_body=True)
            return
        if isinstance(request, h11.Request):
            self._send(self._reply(request), has_body=request.method != b"HEAD")

    def _reply(self, request: h11.Request) -> _Reply:
        if request.target.partition(b"?")[0] != _PATH:
            return _problem(HTTPStatus.NOT_FOUND)
        if request.method not in {b"GET", b"HEAD"}:
            return _problem(HTTPStatus.METHOD_NOT_ALLOWED)
        return _Reply(HTTPStatus.OK, CONTENT_TYPE_PLAIN_0_0_4, self._expose())

    def _send(self, reply: _Reply, *, has_body: bool) -> None:
        headers = [
            ("Allow", "GET, HEAD"),
            ("Content-Type", reply.kind),
            ("Content-Length", str(len(reply.body))),
            ("Connection", "close"),
        ]
        head = h11.Response(status_code=reply.status, reason=reply.status.phrase, headers=headers)
        self._transport.write(self._http.send(head))
        if has_body:
            self._transport.write(reply.body)
        self._transport.close()


def _problem(status: HTTPStatus) -> _Reply:
    """Say what is wrong (RFC 9457)."""
    body = msgspec.json.encode({"title": status.phrase, "status": status})
    return _Reply(status, "application/problem+json", body)
