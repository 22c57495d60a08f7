"""MQTT over TCP or TLS."""

from broker.net.connection import Connection


class TcpConnection(Connection):
    """Passes bytes on as they are."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        self.turn.begin()
        self.feed(data)

    def send_bytes(self, data: bytes) -> None:
        if data:
            self.put(data)
