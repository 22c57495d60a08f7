"""What the log says of connections and messages that came to nothing."""

import logging

import pytest

from broker.net.report import Report
from mqtt.packets import Connect
from tests.unit.broker.core.peers import Peer, joined, new_core


def said(log: pytest.LogCaptureFixture) -> list[tuple[int, str, object]]:
    found = [(r.levelno, r.getMessage(), r.__dict__["fields"]) for r in log.records]
    log.clear()
    return found


def test_a_thousand_refusals_are_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    core = new_core()
    report = Report(core)
    for _ in range(1_000):
        Peer(core).link.feed(b"secret words, no MQTT")
    Peer(core).send(Connect("", clean_start=False))
    report.tell()
    reasons = {"protocol_error": 1_000, "client_id_not_valid": 1}
    assert said(caplog) == [(logging.INFO, "connections refused", {"reasons": reasons})]
    report.tell()
    assert said(caplog) == []
    Peer(core).link.feed(b"once more")
    report.tell()
    reasons = {"protocol_error": 1}
    assert said(caplog) == [(logging.INFO, "connections refused", {"reasons": reasons})]


def test_too_much_to_do_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    core = new_core(queue_messages=1, connections=2)
    report = Report(core)
    ada, bob = joined(core, "ada"), joined(core, "bob")
    bob.subscribe("a")
    assert Peer(core).connect("carl").reason
    bob.link.lost()
    for payload in (b"1", b"2", b"3"):
        ada.publish("a", payload)
    report.tell()
    assert said(caplog) == [
        (logging.WARNING, "connections refused", {"reasons": {"quota_exceeded": 1}}),
        (logging.WARNING, "messages dropped", {"reasons": {"queue_full": 2}}),
    ]
