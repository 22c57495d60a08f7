"""A broker of the test's own, and tokens that open it."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiomqtt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from broker.amqtt_engine import AmqttEngine
from broker.engine import Engine, Options
from broker.native import NativeEngine
from parley_protocol import tokens
from parley_protocol.ids import client_id, new_id
from tests.platform import free_ports

QUEUE = 20
KEY = Ed25519PrivateKey.generate()


@dataclass
class Device:
    """Somebody's device, with the means to log in."""

    uid: str = field(default_factory=new_id)
    device: str = field(default_factory=new_id)
    key: Ed25519PrivateKey = KEY
    scope: tokens.Scope = "device"
    expired: bool = False
    seconds: int = 60
    sid: str = field(default_factory=new_id)

    @property
    def client_id(self) -> str:
        return client_id(self.uid, self.device)

    @property
    def token(self) -> str:
        now = int(time.time()) - (100 if self.expired else 0)
        return tokens.issue(
            self.key,
            sub=self.uid,
            device=self.device,
            scope=self.scope,
            now=now,
            seconds=self.seconds,
            sid=self.sid,
        )

    def again(self) -> "Device":
        """Log in anew on the same device."""
        return Device(self.uid, self.device)


@dataclass
class Broker:
    """A running broker."""

    engine: Engine
    host: str
    port: int
    ws_port: int

    def client(
        self,
        device: Device,
        *,
        clean: bool = False,
        identifier: str | None = None,
        username: str | None = None,
        password: str | None = None,
        will: aiomqtt.Will | None = None,
        websocket: bool = False,
        keepalive: int = 60,
        tls: ssl.SSLContext | None = None,
    ) -> aiomqtt.Client:
        return aiomqtt.Client(
            self.host,
            self.ws_port if websocket else self.port,
            transport="websockets" if websocket else "tcp",
            identifier=identifier or device.client_id,
            username=username or device.uid,
            password=device.token if password is None else password,
            clean_session=clean,
            will=will,
            keepalive=keepalive,
            tls_context=tls,
            timeout=5,
        )


async def take(client: aiomqtt.Client, count: int) -> list[bytes]:
    """Wait for so many messages, and give their payloads."""

    async def collect() -> list[bytes]:
        received: list[bytes] = []
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            received.append(message.payload)
            if len(received) == count:
                break
        return received

    return await asyncio.wait_for(collect(), 10)


def options(port: int, ws_port: int) -> Options:
    return Options(
        host="127.0.0.1",
        port=port,
        ws_port=ws_port,
        key=KEY.public_key(),
        max_connections=8,
        connect_timeout=1.0,
        queue_messages=QUEUE,
        session_seconds=3600,
    )


@pytest.fixture(params=[AmqttEngine, NativeEngine])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[Broker]:
    port, ws_port = free_ports(2)
    engine: Engine = request.param(options(port, ws_port))
    await engine.start()
    yield Broker(engine, "127.0.0.1", port, ws_port)
    await engine.stop()


@pytest.fixture
def bridge() -> Device:
    return Device(uid="bridge", scope="service")
