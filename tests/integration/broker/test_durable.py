"""The broker as a process that is killed: what it had acknowledged is still there."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from config import keys
from parley_protocol import topics
from tests.integration.broker.conftest import Device, take
from tests.platform import accepts, free_ports, wait


class Process:
    """``parley broker`` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        keys.create(self.folder)
        self.port, ws_port, self.metrics = free_ports(3)
        self.file = folder / "parley.toml"
        self.file.write_text(
            f"data = '{self.folder}'\n[broker]\nport = {self.port}\nws_port = {ws_port}\n"
            f"metrics_port = {self.metrics}\n"
        )
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "parley", "broker", "--config", str(self.file)]
        self._process = subprocess.Popen(command)
        wait(lambda: accepts(self.port))

    def end(self, number: signal.Signals) -> None:
        self._process.send_signal(number)
        self._process.wait(20)

    def client(self, device: Device) -> aiomqtt.Client:
        return aiomqtt.Client(
            "127.0.0.1",
            self.port,
            identifier=device.client_id,
            username=device.uid,
            password=device.token,
            clean_session=False,
        )

    def device(self, uid: str | None = None) -> Device:
        key = keys.signing_key(self.folder)
        if uid is None:
            return Device(key=key)
        return Device(uid=uid, key=key, scope="service")

    def journal(self) -> bytes:
        return b"".join(file.read_bytes() for file in (self.folder / "broker").iterdir())


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    found = Process(tmp_path)
    yield found
    found.end(signal.SIGTERM)


async def publish(process: Process, topic: str, *payloads: bytes) -> None:
    async with process.client(process.device("bridge")) as bridge:
        for payload in payloads:
            await bridge.publish(topic, payload, 1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_what_waits_for_a_device_survives(process: Process, number: signal.Signals) -> None:
    ada = process.device()
    async with process.client(ada) as client:
        await client.subscribe(topics.inbox(ada.uid), 1)
    payloads = [str(n).encode() for n in range(200)]
    await publish(process, topics.inbox(ada.uid), *payloads[:100])
    for part in (payloads[100:150], payloads[150:]):
        process.end(number)
        process.start()
        await publish(process, topics.inbox(ada.uid), *part)
    async with process.client(ada) as client:
        assert await take(client, 200) == payloads


async def test_what_was_acknowledged_does_not_come_again(process: Process) -> None:
    """After a clean end; what is acknowledged in the last moment before a kill may."""
    ada = process.device()
    async with process.client(ada) as client:
        await client.subscribe(topics.inbox(ada.uid), 1)
    await publish(process, topics.inbox(ada.uid), b"one", b"two")
    async with process.client(ada) as client:
        assert await take(client, 2) == [b"one", b"two"]
    process.end(signal.SIGTERM)
    process.start()
    async with process.client(ada) as client:
        await publish(process, topics.inbox(ada.uid), b"nothing before it")
        assert await take(client, 1) == [b"nothing before it"]


async def test_what_a_device_does_not_acknowledge_survives(process: Process) -> None:
    ada = process.device()
    silent = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=ada.client_id,
        clean_session=False,
        manual_ack=True,
    )
    silent.username_pw_set(ada.uid, ada.token)
    subscribed = asyncio.Event()
    loop = asyncio.get_running_loop()

    @silent.connect_callback()
    def subscribe(*_: object) -> None:
        silent.subscribe(topics.inbox(ada.uid), 1)

    @silent.subscribe_callback()
    def tell(*_: object) -> None:
        loop.call_soon_threadsafe(subscribed.set)

    await asyncio.to_thread(silent.connect, "127.0.0.1", process.port)
    silent.loop_start()
    await subscribed.wait()
    await publish(process, topics.inbox(ada.uid), b"one", b"two")
    process.end(signal.SIGKILL)
    silent.disconnect()
    silent.loop_stop()
    process.start()
    async with process.client(ada) as client:
        assert await take(client, 2) == [b"one", b"two"]


async def test_what_everybody_acknowledges_is_never_written(process: Process) -> None:
    ada = process.device()
    async with process.client(ada) as client:
        await client.subscribe(topics.inbox(ada.uid), 1)
        await publish(process, topics.inbox(ada.uid), *[b"fleeting words"] * 50)
        assert await take(client, 50) == [b"fleeting words"] * 50
    async with process.client(ada):
        pass
    assert process.journal().count(b"fleeting words") < 5


async def test_a_broken_journal_does_not_keep_the_broker_from_starting(process: Process) -> None:
    ada = process.device()
    async with process.client(ada) as client:
        await client.subscribe(topics.inbox(ada.uid), 1)
    await publish(process, topics.inbox(ada.uid), b"one", b"two")
    process.end(signal.SIGKILL)
    (file,) = (process.folder / "broker").iterdir()
    file.write_bytes(file.read_bytes() + b"\x00\x00\x01")
    process.start()
    async with process.client(ada) as client:
        assert await take(client, 2) == [b"one", b"two"]
