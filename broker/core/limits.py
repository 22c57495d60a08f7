"""What one client may ask of the broker, and all together."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds. Times are in seconds, sizes in bytes, rates per second; a service has no rates."""

    connections: int = 100_000
    sessions: int = 1_000_000
    connects_per_second: int = 10_000
    connect_seconds: float = 10.0
    connect_bytes: int = 131_072
    packet_bytes: int = 1_114_112
    packets_per_second: int = 20_000
    bytes_per_second: int = 50_000_000
    inflight: int = 1_000
    service_inflight: int = 2_000
    receive_maximum: int = 1_000
    queue_messages: int = 1_000
    queue_bytes: int = 16_000_000
    all_queues_bytes: int = 4_000_000_000
    service_queue_messages: int = 1_000_000
    service_queue_bytes: int = 1_000_000_000
    queue_seconds: float = 30 * 24 * 3600.0
    write_buffer: int = 4_000_000
    retained_messages: int = 100_000
    retained_bytes: int = 500_000_000
    keep_alive_most: int = 60
    session_seconds: int = 30 * 24 * 3600
    topic_aliases: int = 64
    topic_levels: int = 128
    subscriptions: int = 1_000
    safe_seconds: float = 0.25
    """How long a message may be unacknowledged before the journal takes it: a phone's answer has
    come by then over most networks."""

    def window(self, *, is_service: bool) -> int:
        """Give how many messages may be on their way to a client.

        A service works on batches, and lets go of them only when the broker has what they made.
        """
        return self.service_inflight if is_service else self.inflight

    def queue(self, *, is_service: bool) -> tuple[int, int]:
        """Give how many messages, and bytes, may wait for a session.

        What waits for a service is everybody's, and nobody else has it yet.
        """
        if is_service:
            return self.service_queue_messages, self.service_queue_bytes
        return self.queue_messages, self.queue_bytes

    def allow_topic(self, topic: bytes) -> bool:
        """Tell whether a topic or a filter has few enough levels: each may be a node of a tree."""
        return topic.count(b"/") < self.topic_levels
