"""What waits keeps its order by topic, and nobody waits for everybody else."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from broker.core.message import Item, Message, field_of, message_of
from broker.core.queue import Queue

topics = st.sampled_from("abcd")
steps = st.lists(st.one_of(topics, st.sampled_from(["next", "oldest", "divide"])), max_size=60)


def message(topic: str, number: int = 0) -> Message:
    return Message(field_of(topic), f"{topic} {number}".encode(), 0.0)


def payloads(items: list[Item]) -> list[bytes]:
    return [message_of(item).payload for item in items]


@given(steps)
def test_each_topic_comes_in_its_order_and_nothing_is_lost(taken: list[str]) -> None:
    queue, numbers, found = Queue(), count(), list[Item]()
    expected: dict[str, list[bytes]] = {}
    for step in taken:
        if step == "divide":
            queue.divide()
        elif step in {"next", "oldest"}:
            if queue:
                found.append(queue.next() if step == "next" else queue.take_oldest())
        else:
            item = message(step, next(numbers))
            expected.setdefault(step, []).append(item.payload)
            queue.append(item)
    assert sorted(payloads(list(queue))) == sorted(
        {payload for some in expected.values() for payload in some} - set(payloads(found))
    )
    assert queue.size == sum(message_of(item).size for item in queue)
    while queue:
        found.append(queue.next())
    assert queue.size == 0
    for topic, sent in expected.items():
        assert [p for p in payloads(found) if p.startswith(topic.encode())] == sent


def test_undivided_it_is_a_plain_queue() -> None:
    queue = Queue()
    for number, topic in enumerate("abacab"):
        queue.append(message(topic, number))
    assert payloads([queue.next() for _ in range(6)]) == [
        b"a 0", b"b 1", b"a 2", b"c 3", b"a 4", b"b 5"
    ]  # fmt: skip


def test_what_is_said_now_is_not_behind_what_was_said_meanwhile() -> None:
    queue = Queue()
    for number in range(100):
        queue.append(message("away", number))
    queue.divide()
    for number in range(3):
        queue.append(message("now", number))
    assert message_of(queue.oldest).payload == b"away 0"
    assert payloads([queue.next() for _ in range(6)]) == [
        b"away 0", b"now 0", b"away 1", b"now 1", b"away 2", b"now 2"
    ]  # fmt: skip
    assert payloads([queue.next()]) == [b"away 3"]
