"""What every kind of connection shares: a link with a socket."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from broker.core.link import Link
from broker.net.turn import Turn


class Connection(Link, asyncio.Protocol, ABC):
    """What the event loop calls. What is written goes out at the end of the loop's turn.

    ``transport`` is there from the connection's beginning until this side has said its last.
    """

    __slots__ = ("transport", "turn")

    def __init__(self, turn: Turn) -> None:
        super().__init__(turn.core)
        self.turn = turn
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.set_write_buffer_limits(self.core.limits.write_buffer)

    def connection_lost(self, _error: Exception | None) -> None:
        self.turn.begin()
        self.transport = None
        self.lost()

    def pause_writing(self) -> None:
        self.opened(is_open=False)

    def resume_writing(self) -> None:
        self.turn.begin()
        self.opened(is_open=True)

    def flush(self) -> int:
        """Send what was written, and close where the link is over; give how many bytes it was."""
        data = self.out[0] if len(self.out) == 1 else b"".join(self.out)
        self.out.clear()
        if self.transport is None:
            return 0
        self.send_bytes(data)
        if self.is_closing:
            self.turn.close(self.transport)
            self.transport = None
        return len(data)

    @abstractmethod
    def send_bytes(self, data: bytes) -> None:
        """Send bytes of MQTT, maybe none, in this kind's form; the last where ``is_closing``."""
