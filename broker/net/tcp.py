"""MQTT over TCP or TLS: a connection is a link with a socket."""

import asyncio
from typing import Any

from broker.core.link import Link
from broker.net.turn import Turn


class TcpConnection(Link, asyncio.Protocol):
    """What the event loop calls. What it writes goes out at the end of the loop's turn."""

    __slots__ = ("transport", "turn")

    def __init__(self, turn: Turn) -> None:
        super().__init__(turn.core)
        self.turn = turn
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.set_write_buffer_limits(self.core.limits.write_buffer)

    def data_received(self, data: bytes) -> None:
        self.turn.begin()
        self.feed(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self.turn.begin()
        # What is still acknowledged to it goes nowhere.
        self.transport = None
        self.lost()

    def pause_writing(self) -> None:
        self.opened(is_open=False)

    def resume_writing(self) -> None:
        self.turn.begin()
        self.opened(is_open=True)

    def flush(self) -> None:
        """Send what was written; close where the link is over."""
        out, transport = self.out, self.transport
        if out and transport is not None:
            transport.write(out[0] if len(out) == 1 else b"".join(out))
        out.clear()
        if self.is_closing and transport is not None:
            self.turn.close(transport)
