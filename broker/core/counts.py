"""What is counted beside the messages themselves, none of it on the hot path."""

from collections import Counter


class Counts:
    """Counted since the start, but for ``connected``, the clients that are there now.

    Bytes are those of MQTT, without what WebSocket and TLS put around them; those received
    are added up every second and at a connection's end. ``refused`` counts connections
    that were not let in, ``ended`` those that the broker has ended, both by reason.
    """

    __slots__ = (
        "connected",
        "connects",
        "ended",
        "received_bytes",
        "received_packets",
        "refused",
        "sent_bytes",
    )

    def __init__(self) -> None:
        self.connected = 0
        self.connects = 0
        self.received_bytes = 0
        self.received_packets = 0
        self.sent_bytes = 0
        self.refused: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
