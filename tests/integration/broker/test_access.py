"""Who gets in, and what they may do there: the contract of every engine."""

import asyncio

import aiomqtt
import pytest
from aiomqtt.exceptions import MqttConnectError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from broker.native import NativeEngine
from parley_protocol import fanout, topics
from parley_protocol.ids import new_id
from tests.integration.broker.conftest import Broker, Device, options
from tests.platform import free_ports

REFUSED = 0x80


async def first(client: aiomqtt.Client) -> tuple[str, bytes]:
    message = await asyncio.wait_for(anext(aiter(client.messages)), 5)
    assert isinstance(message.payload, bytes)
    return str(message.topic), message.payload


def send_topic(device: Device) -> str:
    return str(topics.Send(device.uid, device.device, "dm", new_id(), "message"))


async def test_a_token_opens_its_own_client_id(broker: Broker) -> None:
    async with broker.client(Device()):
        pass


@pytest.mark.parametrize(
    ("device", "changes"),
    [
        (Device(), {"password": ""}),
        (Device(), {"password": "x" * 200}),
        (Device(key=Ed25519PrivateKey.generate()), {}),
        (Device(expired=True), {}),
        (Device(), {"identifier": Device().client_id}),
        (Device(), {"username": Device().uid}),
        (Device(), {"will": aiomqtt.Will(topics.inbox(new_id()), b"x", 1)}),
    ],
    ids=["none", "garbage", "foreign", "expired", "client id", "username", "will"],
)
async def test_who_is_refused(broker: Broker, device: Device, changes: dict[str, object]) -> None:
    with pytest.raises(MqttConnectError):
        async with broker.client(device, **changes):  # type: ignore[arg-type]
            pass


async def test_a_stranger_does_not_disturb_a_connected_device(broker: Broker) -> None:
    ada, stranger = Device(), Device()
    async with broker.client(ada) as client:
        await client.subscribe(topics.inbox(ada.uid), 1)
        for password in (stranger.token, "", "garbage"):
            with pytest.raises(MqttConnectError):
                async with broker.client(ada, password=password):
                    pass
        async with broker.client(Device(uid="bridge", scope="service")) as bridge:
            await bridge.publish(topics.inbox(ada.uid), b"still here", 1)
        assert await first(client) == (topics.inbox(ada.uid), b"still here")


async def test_a_device_connecting_again_takes_its_session_over(
    broker: Broker, bridge: Device
) -> None:
    ada = Device()
    async with broker.client(ada) as earlier:
        await earlier.subscribe(topics.inbox(ada.uid), 1)
        async with broker.client(ada) as later, broker.client(bridge) as publisher:
            with pytest.raises(aiomqtt.MqttError):
                await first(earlier)
            for text in (b"one", b"two"):
                await publisher.publish(topics.inbox(ada.uid), text, 1)
            assert [(await first(later))[1], (await first(later))[1]] == [b"one", b"two"]


async def test_what_a_device_sends_reaches_the_bridge(broker: Broker, bridge: Device) -> None:
    ada = Device()
    async with broker.client(bridge) as receiver, broker.client(ada) as sender:
        await receiver.subscribe(topics.SENT_MESSAGES, 1)
        topic = send_topic(ada)
        await sender.publish(topic, b"hello", 1)
        assert await first(receiver) == (topic, b"hello")


@pytest.mark.parametrize("where", ["inbox", "live", "roll-call", "send", "status", "other"])
async def test_nobody_publishes_where_it_is_not_theirs(
    broker: Broker, bridge: Device, where: str
) -> None:
    ada, eve = Device(), Device()
    foreign = {
        "inbox": topics.inbox(ada.uid),
        "live": topics.live(ada.uid),
        "roll-call": topics.ROLL_CALL,
        "send": send_topic(ada),
        "status": topics.status(ada.uid, ada.device),
        "other": "anything",
    }
    async with (
        broker.client(ada) as victim,
        broker.client(bridge) as service,
        broker.client(eve) as intruder,
    ):
        mine = [(topics.inbox(ada.uid), 1), (topics.live(ada.uid), 0), (topics.ROLL_CALL, 0)]
        await victim.subscribe(mine)
        await service.subscribe(topics.SENT_MESSAGES, 1)
        await intruder.publish(foreign[where], b"forged", 1)
        # What comes after in the same stream proves that the forgery was not merely late.
        await intruder.publish(send_topic(eve), b"honest", 1)
        assert (await first(service))[1] == b"honest"
        await service.publish(topics.inbox(ada.uid), b"real", 1)
        assert (await first(victim))[1] == b"real"


async def test_nobody_subscribes_to_what_is_not_theirs(broker: Broker) -> None:
    ada, eve = Device(), Device()
    foreign = [
        topics.inbox(ada.uid),
        topics.live(ada.uid),
        "chat/v1/inbox/+",
        "#",
        "+/v1/inbox/" + ada.uid,
        "$SYS/#",
        f"$share/g/{topics.inbox(ada.uid)}",
        topics.SENT_MESSAGES,
    ]
    async with broker.client(eve) as client:
        granted = await client.subscribe([(topic, 1) for topic in foreign])
        assert [getattr(code, "value", code) for code in granted] == [REFUSED] * len(foreign)
        allowed = await client.subscribe([(topics.inbox(eve.uid), 1), (topics.ROLL_CALL, 0)])
        assert [getattr(code, "value", code) for code in allowed] == [1, 0]


async def test_nothing_is_retained(broker: Broker, bridge: Device) -> None:
    ada = Device()
    async with broker.client(bridge) as publisher, broker.client(ada) as client:
        await publisher.publish(topics.inbox(ada.uid), b"stale", 1, retain=True)
        await client.subscribe(topics.inbox(ada.uid), 1)
        await publisher.publish(topics.inbox(ada.uid), b"fresh", 1)
        assert (await first(client))[1] == b"fresh"


async def test_one_publish_for_many(bridge: Device) -> None:
    """What only our own engine does, and only for a service."""
    port, ws_port = free_ports(2)
    engine = NativeEngine(options(port, ws_port))
    await engine.start()
    broker = Broker(engine, "127.0.0.1", port, ws_port)
    ada, bob, eve = Device(), Device(), Device()
    async with (
        broker.client(ada) as hers,
        broker.client(bob) as his,
        broker.client(eve) as intruder,
        broker.client(bridge) as service,
    ):
        await hers.subscribe(topics.inbox(ada.uid), 1)
        await his.subscribe(topics.inbox(bob.uid), 1)
        await intruder.publish(topics.DELIVER, fanout.pack([ada.uid], b"forged"), 1)
        await service.publish(topics.DELIVER, fanout.pack([ada.uid, bob.uid], b"for both"), 1)
        assert await first(hers) == (topics.inbox(ada.uid), b"for both")
        assert await first(his) == (topics.inbox(bob.uid), b"for both")
        with pytest.raises(aiomqtt.MqttError):
            await service.publish(topics.DELIVER, b"\0\7", 1)
    await engine.stop()


async def test_a_connection_ends_with_its_token(broker: Broker) -> None:
    async with broker.client(Device()) as other:
        with pytest.raises(aiomqtt.MqttError):
            async with broker.client(Device(seconds=2)) as client:
                await asyncio.wait_for(anext(aiter(client.messages)), 30)
        await other.publish(send_topic(Device()), b"x")
