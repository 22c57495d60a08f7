"""MQTT and WebSocket over TLS: the contract of every engine."""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from broker.amqtt_engine import AmqttEngine
from broker.engine import Engine
from broker.native import NativeEngine
from config import keys
from mqtt.codes import V311
from mqtt.encode import encode
from mqtt.packets import Connect
from parley_protocol import topics
from tests.integration.broker.certificates import Authority
from tests.integration.broker.conftest import Broker, Device, options, take
from tests.platform import accepts, free_ports, wait


@dataclass
class Secured:
    """A broker with TLS listeners, and the ``context`` of a client that trusts it."""

    broker: Broker
    context: ssl.SSLContext


@pytest.fixture(params=[AmqttEngine, NativeEngine])
async def secured(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Secured]:
    authority = Authority(tmp_path / "authority")
    tls = authority.listeners(tmp_path)
    engine: Engine = request.param(replace(options(*free_ports(2)), tls=tls))
    await engine.start()
    context = ssl.create_default_context(cafile=str(authority.file))
    yield Secured(Broker(engine, tls.host, tls.port, tls.ws_port), context)
    await engine.stop()


@pytest.mark.parametrize("websocket", [False, True])
async def test_a_device_talks_over_tls(secured: Secured, *, websocket: bool) -> None:
    ada, bridge = Device(), Device(uid="bridge", scope="service")
    text = b"x" * 500_000
    async with (
        secured.broker.client(ada, websocket=websocket, tls=secured.context) as client,
        secured.broker.client(bridge, tls=secured.context) as service,
    ):
        await client.subscribe(topics.inbox(ada.uid), 1)
        await service.publish(topics.inbox(ada.uid), text, 1)
        assert await take(client, 1) == [text]


@pytest.mark.parametrize("websocket", [False, True])
async def test_who_does_not_speak_tls_is_not_heard(secured: Secured, *, websocket: bool) -> None:
    ada = Device()
    connect = Connect(ada.client_id, username=ada.uid, password=ada.token.encode())
    port = secured.broker.ws_port if websocket else secured.broker.port
    reader, writer = await asyncio.open_connection(secured.broker.host, port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n" if websocket else encode(connect, V311))
    assert (await reader.read())[:1] != b"\x20"
    writer.close()
    await test_a_device_talks_over_tls(secured, websocket=websocket)


@pytest.mark.parametrize("engine", ["parley", "amqtt"])
def test_mosquittos_clients_talk_to_the_command(tmp_path: Path, engine: str) -> None:
    authority = Authority(tmp_path / "authority")
    tls = authority.listeners(tmp_path)
    keys.create(tmp_path / "data")
    port, ws_port = free_ports(2)
    (tmp_path / "parley.toml").write_text(
        f"data = '{tmp_path / 'data'}'\n[broker]\nengine = '{engine}'\nmetrics_port = 0\n"
        f"port = {port}\nws_port = {ws_port}\ntls_port = {tls.port}\nwss_port = {tls.ws_port}\n"
        f"certificate = '{tls.certificate}'\ncertificate_key = '{tls.key}'\n"
    )
    command = [sys.executable, "-m", "parley", "broker", "--config", str(tmp_path / "parley.toml")]
    with subprocess.Popen(command) as process:
        wait(lambda: accepts(tls.port) and accepts(port))
        ada = Device(key=keys.signing_key(tmp_path / "data"))
        topic = str(topics.Send(ada.uid, ada.device, "dm", ada.uid, "message"))
        say = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(tls.port), "-q", "1", "-t", topic]
        login = ["-i", ada.client_id, "-u", ada.uid, "-P", ada.token, "-m", "hello"]
        trust = ["--cafile", str(authority.file)]
        assert subprocess.run([*say, *login, *trust], check=False).returncode == 0
        assert subprocess.run([*say, *login], check=False).returncode != 0
        process.terminate()
    assert process.returncode == 0
