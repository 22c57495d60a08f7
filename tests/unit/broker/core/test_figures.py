"""What the broker says of itself."""

import pytest

from broker.core import figures as module
from broker.core.core import Core
from broker.core.figures import Figure, Figures
from mqtt.codes import Reason
from mqtt.packets import Publish
from tests.unit.broker.core.peers import Peer, joined, new_core
from tests.unit.broker.core.test_safety import durable


def read(core: Core) -> dict[str, object]:
    figures = Figures(core)
    figures.tick()
    return {figure.name: figure.value for figure in figures.read()}


def test_counts() -> None:
    core = new_core(queue_messages=2)
    ada, bob, carl = (joined(core, name) for name in ("ada", "bob", "carl"))
    bob.acknowledges = False
    for peer in (bob, carl):
        peer.subscribe("a")
    carl.link.lost()
    for payload in (b"1", b"22", b"333"):
        ada.publish("a", payload)
    ada.publish("b", b"kept", retain=True)
    core.tick()
    found = read(core)
    assert found.pop("packets_received_total") == 3 + 2 + 4
    assert found.pop("bytes_received_total")
    assert found == {
        "connections": 2,
        "sessions": 3,
        "subscriptions": 2,
        "connects_total": 3,
        "connections_refused_total": {},
        "connections_ended_total": {},
        "messages_received_total": 4,
        "messages_sent_total": 3,
        "messages_dropped_total": {"queue_full": 1},
        "bytes_sent_total": 0,
        "messages_inflight": 3,
        "messages_queued": 2,
        "messages_queued_bytes": 5,
        "retained_messages": 1,
        "retained_bytes": 4,
        "uptime_seconds": 0,
    }


def test_bytes_received_are_all_counted_once() -> None:
    core = new_core()
    ada = Peer(core)
    ada.link.feed(b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x00\x00\x03ada")
    core.tick()
    ada.link.feed(b"\xc0\x00")
    ada.link.lost()
    core.tick()
    assert (core.counts.received_bytes, core.counts.received_packets) == (19, 2)


def test_who_was_refused_and_who_was_ended() -> None:
    core = new_core(connections=2, connect_seconds=5)
    joined(core, "ada")
    joined(core, "ada")
    Peer(core)
    Peer(core).connect("bob")
    joined(core, "carl").link.feed(b"\xff\x00")
    core.now += 6
    core.tick()
    found = read(core)
    assert found["connections"] == 1
    assert found["connections_refused_total"] == {"quota_exceeded": 2, "connect_timeout": 1}
    assert found["connections_ended_total"] == {"session_taken_over": 1}


def test_a_connection_that_is_ended_says_why() -> None:
    core = new_core()
    ada = joined(core, "ada")
    ada.link.feed(b"\xff\x00")
    bob = joined(core, "bob")
    bob.link.end(Reason.SERVER_SHUTTING_DOWN)
    Peer(core).link.feed(b"GET / HTTP/1.1\r\n\r\n")
    found = read(core)
    assert found["connections"] == 0
    assert found["connections_refused_total"] == {"protocol_error": 1}
    assert found["connections_ended_total"] == {"malformed_packet": 1, "server_shutting_down": 1}


def test_many_sessions_are_added_up_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SLICE", 4)
    core = new_core()
    for number in range(10):
        joined(core, f"{number}").subscribe("a")
    figures = Figures(core)

    def subscriptions() -> object:
        figures.tick()
        return next(f.value for f in figures.read() if f.name == "subscriptions")

    assert [subscriptions() for _ in range(3)] == [0, 0, 10]
    joined(core, "11").subscribe("a")
    assert [subscriptions() for _ in range(3)] == [10, 10, 11]


def test_who_subscribes_is_told() -> None:
    core = new_core()
    figures = Figures(core, lambda: [Figure("journal/bytes", "journal_bytes", "Its size.", 7)])
    ada = joined(core, "ada")
    figures.publish()
    told = [found for found in ada.subscribe("$SYS/#", 0) if isinstance(found, Publish)]
    assert {
        "$SYS/broker/clients/connected": b"1",
        "$SYS/broker/journal/bytes": b"7",
    }.items() <= {message.topic: message.payload for message in told}.items()
    core.dropped["expired"] += 2
    figures.publish()
    assert b"2" in ada.payloads()


def test_what_it_says_of_itself_is_not_counted() -> None:
    core = new_core()
    figures = Figures(core)
    figures.publish()
    figures.publish()
    found = {figure.name: figure.value for figure in figures.read()}
    assert (found["messages_received_total"], found["retained_messages"]) == (0, 0)
    assert found["retained_bytes"] == 0


def test_it_is_not_written_down() -> None:
    core, journal = durable()
    Figures(core).publish()
    assert not journal.retained
