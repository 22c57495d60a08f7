"""What every kind of connection shares: a link with a socket."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from broker.core.link import Link
from broker.net.turn import Turn
from mqtt.codes import Reason


class Connection(Link, asyncio.Protocol, ABC):
    """What the event loop calls. What is written goes out at the end of the loop's turn.

    ``transport`` is there from the connection's beginning until this side has said its last.
    """

    __slots__ = ("surplus", "transport", "turn")

    def __init__(self, turn: Turn) -> None:
        super().__init__(turn.core)
        self.turn = turn
        self.transport: Any = None
        self.surplus = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.set_write_buffer_limits(self.core.limits.write_buffer)
        if self.core.is_crowded:
            self.transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        self.turn.begin()
        self.transport = None
        self.lost()

    def pause_writing(self) -> None:
        self.opened(is_open=False)

    def resume_writing(self) -> None:
        self.turn.begin()
        self.surplus = 0
        self.opened(is_open=True)

    def flush(self) -> int:
        """Send what was written, and close where the link is over; give how many bytes it was."""
        data = self.take_out()
        if self.transport is None:
            return 0
        self.send_bytes(data)
        self.sent()
        if self.is_closing:
            self.turn.close(self.transport)
            self.transport = None
        return len(data)

    def put(self, data: bytes) -> None:
        """Give bytes to the socket. Who asks and asks, and reads no answer, is let go."""
        was_paused = self.is_paused
        self.transport.write(data)
        if was_paused:
            self.surplus += len(data)
            if self.surplus > self.core.limits.write_buffer:
                self.turn.begin()
                self.end(Reason.QUOTA_EXCEEDED)

    @abstractmethod
    def send_bytes(self, data: bytes) -> None:
        """Send bytes of MQTT, maybe none, in this kind's form; the last where ``is_closing``."""
