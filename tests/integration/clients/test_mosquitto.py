"""mosquitto_pub and mosquitto_sub, in both versions."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.clients.conftest import HOST, Place

_Form = dict[str, Any]


def place_of(place: Place, version: str) -> list[str]:
    return ["-h", HOST, "-p", str(place.port), "-V", version]


def publish(place: Place, version: str, *options: str) -> None:
    done = subprocess.run(
        ["mosquitto_pub", *place_of(place, version), *options], check=True, timeout=20, stderr=-1
    )
    assert not done.stderr


class Subscriber:
    """A running ``mosquitto_sub``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def wait_for(self, words: str) -> None:
        """Read what it says of itself until some words come."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if words in line:
                return
        raise AssertionError(f"it never said {words!r}")

    def take(self) -> _Form:
        """Wait for a message: its topic, payload, and properties where it has any."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                found: _Form = json.loads(line)
                return found
        raise AssertionError("no message came")

    def kill(self) -> None:
        self._process.kill()


@contextmanager
def subscriber(place: Place, version: str, *options: str) -> Iterator[Subscriber]:
    command = ["stdbuf", "-oL", "mosquitto_sub", *place_of(place, version), "-d", *options]
    with subprocess.Popen([*command, "-F", "%j"], stdout=-1, text=True) as process:
        found = Subscriber(process)
        try:
            found.wait_for("Subscribed")
            yield found
        finally:
            process.kill()


BOTH = pytest.mark.parametrize("version", ["311", "5"])


@BOTH
def test_every_quality_and_retained_messages(anonymous: Place, version: str) -> None:
    topic = uuid4().hex
    publish(anonymous, version, "-t", topic, "-m", "kept", "-q", "1", "-r")
    with subscriber(anonymous, version, "-t", topic, "-q", "2") as found:
        message = found.take()
        assert (message["payload"], message["retain"]) == ("kept", 1)
        for qos in (0, 1, 2):
            publish(anonymous, version, "-t", topic, "-m", "live", "-q", str(qos))
            message = found.take()
            assert (message["payload"], message["qos"], message["retain"]) == ("live", qos, 0)
    publish(anonymous, version, "-t", topic, "-n", "-r", "-q", "1")


@BOTH
@pytest.mark.parametrize("qos", ["1", "2"])
def test_a_session_is_resumed(anonymous: Place, version: str, qos: str) -> None:
    topic = uuid4().hex
    session = ["-i", uuid4().hex, "-c", "-t", topic, "-q", qos]
    session += ["-x", "600"] if version == "5" else []
    with subscriber(anonymous, version, *session):
        pass
    for number in range(3):
        publish(anonymous, version, "-t", topic, "-m", str(number), "-q", qos)
    command = ["mosquitto_sub", *place_of(anonymous, version), *session, "-C", "3"]
    done = subprocess.run(command, check=True, timeout=20, stdout=-1, text=True)
    assert done.stdout.split() == ["0", "1", "2"]


@BOTH
def test_a_will(anonymous: Place, version: str) -> None:
    topic = uuid4().hex
    will = ["--will-topic", topic, "--will-payload", "bye", "--will-qos", "1"]
    if version == "5":
        lasting = ["-c", "-i", uuid4().hex, "-x", "600"]
        will += [*lasting, "-D", "will", "will-delay-interval", "1"]
        will += ["-D", "will", "user-property", "why", "gone"]
    with (
        subscriber(anonymous, version, "-t", topic, "-q", "1") as watcher,
        subscriber(anonymous, version, "-t", uuid4().hex, *will) as gone,
    ):
        gone.kill()
        message = watcher.take()
    assert message["payload"] == "bye"
    if version == "5":
        assert message["properties"]["user-properties"] == {"why": "gone"}


def test_properties(anonymous: Place) -> None:
    topic, said = uuid4().hex, list[str]()
    for words in (
        "user-property a b",
        "user-property c d",
        "response-topic answers",
        "correlation-data 7",
        "content-type text/plain",
        "message-expiry-interval 100",
    ):
        said += ["-D", "publish", *words.split()]
    with subscriber(anonymous, "5", "-t", topic, "-q", "1") as found:
        publish(anonymous, "5", "-t", topic, "-m", "x", "-q", "1", *said)
        message = found.take()["properties"]
    assert 90 <= message.pop("message-expiry-interval") <= 100
    assert message == {
        "user-properties": {"a": "b", "c": "d"},
        "response-topic": "answers",
        "correlation-data": "7",
        "content-type": "text/plain",
    }


def test_shared_subscriptions_take_turns(anonymous: Place) -> None:
    topic = uuid4().hex
    share = ["-t", f"$share/workers/{topic}", "-q", "1"]
    with (
        subscriber(anonymous, "5", *share) as one,
        subscriber(anonymous, "5", *share) as other,
    ):
        for number in range(4):
            publish(anonymous, "5", "-t", topic, "-m", str(number), "-q", "1")
        came = [worker.take()["payload"] for worker in (one, one, other, other)]
    assert sorted(came) == ["0", "1", "2", "3"]
