"""MQTT over WebSocket (section 6): the same link, its bytes in binary messages."""

import asyncio
import http
from typing import Any

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from broker.core.link import Link
from broker.net.turn import Turn

_FRAME_ROOM = 1024


class WebSocketConnection(Link, asyncio.Protocol):
    """Speaks WebSocket by the library's state machine, which does no I/O of its own."""

    __slots__ = ("protocol", "transport", "turn")

    def __init__(self, turn: Turn) -> None:
        super().__init__(turn.core)
        self.turn = turn
        self.transport: Any = None
        most = turn.core.limits.packet_bytes + _FRAME_ROOM
        self.protocol = ServerProtocol(subprotocols=[Subprotocol("mqtt")], max_size=most)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.set_write_buffer_limits(self.core.limits.write_buffer)

    def data_received(self, data: bytes) -> None:
        self.turn.begin()
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            if isinstance(event, Request):
                self._shake_hands(event)
            elif isinstance(event, Frame):
                self._take_frame(event)
        self._send_protocol_data()

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
        """Send what was written as one message; close where the link is over."""
        data = b"".join(self.out)
        self.out.clear()
        if self.protocol.state is State.OPEN:
            if data:
                self.protocol.send_binary(data)
            if self.is_closing:
                self.protocol.send_close(CloseCode.NORMAL_CLOSURE)
        self._send_protocol_data()
        if self.is_closing and self.transport is not None:
            self.turn.close(self.transport)

    def _shake_hands(self, request: Request) -> None:
        response = self.protocol.accept(request)
        self.protocol.send_response(response)
        if response.status_code != http.HTTPStatus.SWITCHING_PROTOCOLS:
            self.lost()

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode in {Opcode.BINARY, Opcode.CONT}:
            self.feed(bytes(frame.data))
        elif frame.opcode is Opcode.TEXT:
            # Section 6.0: only binary messages carry MQTT.
            self.protocol.send_close(CloseCode.UNSUPPORTED_DATA)
            self.lost()
        elif frame.opcode is Opcode.CLOSE:
            self.lost()

    def _send_protocol_data(self) -> None:
        if self.transport is None:
            return
        for data in self.protocol.data_to_send():
            if data:
                self.transport.write(data)
        if self.protocol.close_expected():
            self.turn.close(self.transport)
