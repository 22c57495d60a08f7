"""What a broker logs: its own doings, and nothing that a client has said."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from config import keys
from parley_protocol import topics
from tests.integration.broker.conftest import Device
from tests.platform import Platform, accepts, free_ports, wait

_SECRET = "innermost"


class Broker:
    """``parley broker`` that logs JSON at the lowest level; give its lines at its end."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.folder = folder / "data"
        keys.create(self.folder)
        self.port, ws_port = free_ports(2)
        self._file = folder / "parley.toml"
        self._file.write_text(
            f"data = '{self.folder}'\n[broker]\nengine = '{engine}'\nmetrics_port = 0\n"
            f"port = {self.port}\nws_port = {ws_port}\n[log]\nlevel = 'debug'\nformat = 'json'\n"
        )

    def run(self, what: Callable[[], None], end: signal.Signals = signal.SIGTERM) -> list[Any]:
        """Do something while it runs; give the lines that it has logged."""
        command = [sys.executable, "-m", "parley", "broker", "--config", str(self._file)]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
            try:
                wait(lambda: accepts(self.port))
                what()
            finally:
                process.send_signal(end)
                _, said = process.communicate(timeout=20)
        self.said = said.decode()
        return [json.loads(line) for line in self.said.splitlines()]

    def device(self, uid: str | None = None) -> Device:
        key = keys.signing_key(self.folder)
        return Device(key=key) if uid is None else Device(uid=uid, key=key, scope="service")


def talk(broker: Broker, device: Device, token: str, version: MQTTProtocolVersion) -> None:
    """Connect, say secret things as long as there is a connection, and leave."""
    client = paho.Client(CallbackAPIVersion.VERSION2, device.client_id, protocol=version)
    client.username_pw_set(device.uid, token)
    mine, peer = f"chat/v1/send/{device.uid}/{device.device}", Device().uid
    client.will_set(f"{mine}/status", f"{_SECRET} will", 1)
    done: list[str] = []

    @client.connect_callback()
    def say(_c: object, _u: object, _f: object, reason: ReasonCode, _p: object) -> None:
        if reason.is_failure:
            done.append("refused")
            return
        client.subscribe([(topics.inbox(device.uid), 1), (f"{_SECRET}/#", 1)])
        for topic in (f"{mine}/dm/{peer}/message", f"{mine}/dm/{peer}/typing", f"{_SECRET}/topic"):
            client.publish(topic, _SECRET, 1)

    @client.publish_callback()
    def note_sent(*_: object) -> None:
        done.append("sent")

    @client.disconnect_callback()
    def note_end(*_: object) -> None:
        done.append("gone")

    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    wait(lambda: done.count("sent") == 3 or bool({"refused", "gone"} & set(done)))
    let_go(client)


def let_go(client: paho.Client) -> None:
    client.disconnect()
    client.loop_stop()


async def rubbish(port: int) -> None:
    """Say what is no MQTT, and half of what is."""
    for data in (
        f"GET /{_SECRET} HTTP/1.1\r\nAuthorization: {_SECRET}\r\n\r\n".encode(),
        b"\x10\x40\x00\x04MQTT\x05\xc2\x00\x3c\x00\x00\x09" + _SECRET.encode() + b"\xff" * 60,
        b"\x10\x0c\x00\x04MQTT\x09\x02\x00\x3c\x00\x00",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        writer.write_eof()
        await reader.read()
        writer.close()


@pytest.mark.parametrize(
    ("engine", "versions"),
    [
        ("parley", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311]),
        ("amqtt", [MQTTProtocolVersion.MQTTv311]),
    ],
)
def test_nothing_that_a_client_says_is_logged(
    tmp_path: Path, engine: str, versions: list[MQTTProtocolVersion]
) -> None:
    broker = Broker(tmp_path, engine)
    ada, service, stranger = broker.device(), broker.device("bridge"), Device()
    tokens = [ada.token, service.token, stranger.token, _SECRET * 5]

    def everybody() -> None:
        for version in versions:
            for device, token in zip((ada, service, stranger, ada), tokens, strict=True):
                talk(broker, device, token, version)
        asyncio.run(rubbish(broker.port))

    lines = broker.run(everybody)
    assert {"listening", "the broker has stopped"} <= {x["message"] for x in lines}
    for line in lines:
        assert {"time", "level", "service", "logger", "message"} <= line.keys()
        assert line["service"] == "broker"
    for secret in (_SECRET, *(part for token in tokens for part in token.split("."))):
        assert secret not in broker.said


def fields(lines: list[Any], message: str) -> dict[str, Any]:
    (line,) = [line for line in lines if line["message"] == message]
    common = ("time", "service", "logger", "message")
    return {name: value for name, value in line.items() if name not in common}


def test_what_our_own_engine_tells(tmp_path: Path) -> None:
    broker = Broker(tmp_path, "parley")
    ada = broker.device()

    def strangers() -> None:
        for token in (ada.token, "no token", "no token", "no token"):
            talk(broker, ada, token, MQTTProtocolVersion.MQTTv311)
        asyncio.run(rubbish(broker.port))

    lines = broker.run(strangers)
    held = {"level": "info", "sessions": 0, "messages": 0, "retained": 0}
    assert fields(lines, "the journal is read") == held
    assert fields(lines, "listening") == {
        "level": "info",
        "host": "127.0.0.1",
        "port": broker.port,
        "ws_port": fields(lines, "listening")["ws_port"],
        "tls": False,
    }
    refused = [line["reasons"] for line in lines if line["message"] == "connections refused"]
    assert sum(sum(reasons.values()) for reasons in refused) == 3 + 3


def test_a_journal_that_is_cut_off_and_one_that_is_read(tmp_path: Path) -> None:
    broker = Broker(tmp_path, "parley")
    ada = broker.device()

    def stay_away() -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2, ada.client_id, clean_session=False)
        client.username_pw_set(ada.uid, ada.token)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        wait(client.is_connected)
        let_go(client)

    broker.run(stay_away)
    (file,) = (broker.folder / "broker").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole + b"\0\0\1")
    lines = broker.run(lambda: None)
    cut = {"level": "warning", "file": file.name, "bytes": 3, "at": len(whole)}
    assert fields(lines, "cut off a broken end") == cut
    assert fields(lines, "the journal is read")["sessions"] == 1


def test_the_platform_speaks_json_alone(tmp_path: Path) -> None:
    with Platform(tmp_path, "[log]\nformat = 'json'\n") as platform:
        pass
    lines = [json.loads(line) for line in platform.log().splitlines()]
    assert {line["service"] for line in lines} == {
        "parley",
        "broker",
        "bridge",
        "keeper",
        "webapi",
    }
    assert fields(lines, "Parley is up.")["api"] == platform.url
