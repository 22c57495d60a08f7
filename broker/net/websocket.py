"""MQTT over WebSocket (section 6): the same link, its bytes in binary messages."""

import http

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from broker.net.connection import Connection
from broker.net.turn import Turn

_FRAME_ROOM = 1024


class WebSocketConnection(Connection):
    """Speaks WebSocket by the library's state machine, which does no I/O of its own."""

    __slots__ = ("protocol",)

    def __init__(self, turn: Turn) -> None:
        super().__init__(turn)
        most = turn.core.limits.packet_bytes + _FRAME_ROOM
        self.protocol = ServerProtocol(subprotocols=[Subprotocol("mqtt")], max_size=most)

    def data_received(self, data: bytes) -> None:
        self.turn.begin()
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            if isinstance(event, Request):
                self._shake_hands(event)
            elif isinstance(event, Frame):
                self._take_frame(event)
        self._send_protocol_data()

    def send_bytes(self, data: bytes) -> None:
        if data and self.protocol.state is State.OPEN:
            self.protocol.send_binary(data)
        if self.is_closing:
            self._close(CloseCode.NORMAL_CLOSURE)
        self._send_protocol_data()

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
            self._close(CloseCode.UNSUPPORTED_DATA)
            self.lost()
        elif frame.opcode is Opcode.CLOSE:
            self.lost()

    def _close(self, code: CloseCode) -> None:
        # The peer may have closed already, further on in the bytes of the same turn.
        if self.protocol.state is State.OPEN:
            self.protocol.send_close(code)

    def _send_protocol_data(self) -> None:
        if self.transport is None:
            return
        for data in self.protocol.data_to_send():
            if data:
                self.put(data)
        if self.protocol.close_expected():
            self.lost()
