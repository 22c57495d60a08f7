"""A device leaves when its session has ended, and its tokens do not bring it back."""

import asyncio

import aiomqtt
import pytest
from aiomqtt.exceptions import MqttConnectError

from broker.native import NativeEngine
from mqtt.codes import V5, Reason
from mqtt.decode import decode
from mqtt.encode import encode
from mqtt.packets import Connect, Disconnect
from mqtt.wire import body_range
from parley_protocol import control, topics
from parley_protocol.control import EndedSession
from tests.integration.broker.conftest import Broker, Device, options, take
from tests.platform import free_ports

_FAR = 2**40


def ended(device: Device, *, is_over: bool = True, sid: str | None = None) -> bytes:
    return control.encode(
        EndedSession(
            uid=device.uid,
            device=device.device,
            sid=sid or device.sid,
            until=_FAR,
            is_over=is_over,
        )
    )


async def gone(client: aiomqtt.Client) -> None:
    """Wait until a connection is ended from the other side."""
    with pytest.raises(aiomqtt.MqttError):
        await asyncio.wait_for(anext(aiter(client.messages)), 5)


async def test_a_device_whose_session_ends_is_disconnected(broker: Broker, bridge: Device) -> None:
    ada, bob = Device(), Device()
    async with broker.client(bob) as other, broker.client(bridge) as service:
        await other.subscribe(topics.inbox(bob.uid), 1)
        client = broker.client(ada)
        await client.__aenter__()
        await service.publish(topics.CONTROL, ended(ada), 1)
        await gone(client)
        with pytest.raises(MqttConnectError):
            async with broker.client(ada):
                pass
        async with broker.client(ada.again()):
            pass
        await service.publish(topics.inbox(bob.uid), b"others stay", 1)
        assert await take(other, 1) == [b"others stay"]


@pytest.mark.parametrize("is_over", [True, False])
async def test_the_queue_goes_with_a_session_that_is_over(
    broker: Broker, bridge: Device, *, is_over: bool
) -> None:
    ada = Device()
    async with broker.client(bridge) as service:
        async with broker.client(ada) as client:
            await client.subscribe(topics.inbox(ada.uid), 1)
        await service.publish(topics.inbox(ada.uid), b"waits", 1)
        await service.publish(topics.CONTROL, ended(ada, is_over=is_over), 1)
        async with broker.client(ada.again()) as client:
            await client.subscribe(topics.inbox(ada.uid), 1)
            await service.publish(topics.inbox(ada.uid), b"new", 1)
            found = await take(client, 1 if is_over else 2)
    assert found == ([b"new"] if is_over else [b"waits", b"new"])


async def test_a_session_that_has_taken_its_place_stays(broker: Broker, bridge: Device) -> None:
    ada = Device()
    async with broker.client(ada) as client, broker.client(bridge) as service:
        await client.subscribe(topics.inbox(ada.uid), 1)
        await service.publish(topics.CONTROL, ended(ada, sid=Device().sid), 1)
        await service.publish(topics.inbox(ada.uid), b"still here", 1)
        assert await take(client, 1) == [b"still here"]


async def test_no_device_gives_orders(broker: Broker, bridge: Device) -> None:
    ada, eve = Device(), Device()
    async with (
        broker.client(ada) as victim,
        broker.client(eve) as intruder,
        broker.client(bridge) as service,
    ):
        await victim.subscribe(topics.inbox(ada.uid), 1)
        await intruder.publish(topics.CONTROL, ended(ada), 1)
        await service.publish(topics.inbox(ada.uid), b"still here", 1)
        assert await take(victim, 1) == [b"still here"]


async def test_the_reason_is_said_in_mqtt_5(bridge: Device) -> None:
    port, ws_port = free_ports(2)
    engine = NativeEngine(options(port, ws_port))
    await engine.start()
    ada = Device()
    connect = Connect(
        ada.client_id, version=V5, username=ada.uid, password=ada.token.encode(), keep_alive=60
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(encode(connect, V5))
    await reader.readexactly(2)
    async with Broker(engine, "127.0.0.1", port, ws_port).client(bridge) as service:
        await service.publish(topics.CONTROL, ended(ada), 1)
        async with asyncio.timeout(5):
            rest = await reader.read()
    tail = rest[-4:]
    begin, end = body_range(tail, tail.index(0xE0)) or (0, 0)
    last = decode(0xE0, tail[begin:end], V5)
    assert isinstance(last, Disconnect)
    assert last.reason is Reason.ADMINISTRATIVE_ACTION
    writer.close()
    await engine.stop()
