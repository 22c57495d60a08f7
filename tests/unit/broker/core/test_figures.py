"""What the broker says of itself."""

from broker.core.figures import figures, publish_figures
from mqtt.packets import Publish
from tests.unit.broker.core.peers import joined, new_core
from tests.unit.broker.core.test_safety import durable


def test_counts() -> None:
    core = new_core(queue_messages=2)
    ada, bob, carl = (joined(core, name) for name in ("ada", "bob", "carl"))
    for peer in (bob, carl):
        peer.subscribe("a")
    carl.link.lost()
    for payload in (b"1", b"2", b"3"):
        ada.publish("a", payload)
    ada.publish("b", b"kept", retain=True)
    assert figures(core) == {
        "clients/connected": 2,
        "clients/total": 3,
        "messages/received": 4,
        "messages/sent": 3,
        "messages/waiting": 2,
        "retained/count": 1,
        "retained/bytes": 4,
        "dropped/queue-full": 1,
    }


def test_who_subscribes_is_told() -> None:
    core = new_core()
    ada = joined(core, "ada")
    publish_figures(core)
    told = [found for found in ada.subscribe("$SYS/#", 0) if isinstance(found, Publish)]
    assert {"$SYS/broker/clients/connected": b"1"}.items() <= {
        message.topic: message.payload for message in told
    }.items()
    publish_figures(core)
    assert ada.payloads()


def test_it_is_not_written_down() -> None:
    core, journal = durable()
    publish_figures(core)
    assert not journal.retained
