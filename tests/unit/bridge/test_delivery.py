"""One interface for delivery, whatever the broker can do."""

import pytest

from bridge.delivery import Delivery, sender_last
from parley_protocol import fanout, topics
from parley_protocol.ids import new_id


class Publishes:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.found: list[tuple[str, bytes, int]] = []

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        self.found.append((topic, payload, qos))


def reached(found: list[tuple[str, bytes, int]]) -> list[tuple[str, bytes]]:
    """Say what inboxes get, however it was handed over."""
    inboxes: list[tuple[str, bytes]] = []
    for topic, payload, qos in found:
        assert qos == 1
        single = [topic.encode()], payload
        many, body = fanout.unpack(payload) if topic == topics.DELIVER else single
        inboxes += [(inbox.decode(), body) for inbox in many]
    return inboxes


@pytest.mark.parametrize("count", [0, 1, 2, 100])
@pytest.mark.parametrize("fans_out", [False, True])
def test_everybody_is_reached_in_order(count: int, *, fans_out: bool) -> None:
    link, uids = Publishes(), [new_id() for _ in range(count)]
    Delivery(link, fans_out=fans_out).deliver(uids, b"hello")
    assert reached(link.found) == [(topics.inbox(uid), b"hello") for uid in uids]
    assert len(link.found) == (min(count, 1) if fans_out else count)


def test_the_sender_is_last() -> None:
    assert sender_last(["a", "b", "c"], "b") == ["a", "c", "b"]
    assert sender_last(["a", "c"], "b") == ["a", "c"]
