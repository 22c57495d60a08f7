"""Sessions, limits and broken peers: the contract of every engine."""

import asyncio

import aiomqtt
import paho.mqtt.client as paho
import pytest
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.enums import CallbackAPIVersion

from broker.amqtt_engine import AmqttEngine
from broker.engine import BrokerError
from parley_protocol import limits, topics
from tests.integration.broker.conftest import QUEUE, Broker, Device, options, take


async def publish(broker: Broker, bridge: Device, topic: str, payloads: list[bytes]) -> None:
    async with broker.client(bridge) as client:
        for payload in payloads:
            await client.publish(topic, payload, 1)


def numbers(start: int, stop: int) -> list[bytes]:
    return [str(n).encode() for n in range(start, stop)]


@pytest.mark.parametrize("websocket", [False, True])
async def test_what_comes_while_a_device_is_offline_waits_in_order(
    broker: Broker, bridge: Device, *, websocket: bool
) -> None:
    ada = Device()
    async with broker.client(ada, websocket=websocket) as client:
        await client.subscribe(topics.inbox(ada.uid), 1)
    await publish(broker, bridge, topics.inbox(ada.uid), numbers(0, 10))
    async with broker.client(ada, websocket=websocket) as client:
        await publish(broker, bridge, topics.inbox(ada.uid), numbers(10, 12))
        assert await take(client, 12) == numbers(0, 12)


async def test_live_topics_are_never_queued(broker: Broker, bridge: Device) -> None:
    ada = Device()
    async with broker.client(ada) as client:
        await client.subscribe([(topics.live(ada.uid), 1), (topics.inbox(ada.uid), 1)])
    await publish(broker, bridge, topics.live(ada.uid), [b"typing"])
    async with broker.client(ada) as client:
        await publish(broker, bridge, topics.inbox(ada.uid), [b"message"])
        assert await take(client, 1) == [b"message"]


async def test_a_clean_session_leaves_nothing(broker: Broker, bridge: Device) -> None:
    ada = Device()
    async with broker.client(ada) as client:
        await client.subscribe(topics.inbox(ada.uid), 1)
    async with broker.client(ada, clean=True):
        pass
    await publish(broker, bridge, topics.inbox(ada.uid), [b"lost"])
    async with broker.client(ada) as client:
        await client.subscribe(topics.inbox(ada.uid), 1)
        await publish(broker, bridge, topics.inbox(ada.uid), [b"fresh"])
        assert await take(client, 1) == [b"fresh"]


async def test_a_full_queue_keeps_the_newest(broker: Broker, bridge: Device) -> None:
    ada = Device()
    async with broker.client(ada) as client:
        await client.subscribe(topics.inbox(ada.uid), 1)
    await publish(broker, bridge, topics.inbox(ada.uid), numbers(0, QUEUE + 5))
    async with broker.client(ada) as client:
        assert await take(client, QUEUE) == numbers(5, QUEUE + 5)


async def test_what_waits_for_the_bridge_is_not_bounded_as_a_devices(
    broker: Broker, bridge: Device
) -> None:
    ada = Device()
    topic = str(topics.Send(ada.uid, ada.device, "dm", ada.uid, "message"))
    sent = [f"number {number}".encode() for number in range(3 * QUEUE)]
    async with broker.client(bridge) as service:
        await service.subscribe(topics.SENT_MESSAGES, 1)
    async with broker.client(ada) as client:
        for payload in sent:
            await client.publish(topic, payload, 1)
    async with broker.client(bridge) as service:
        assert sorted(await take(service, len(sent))) == sorted(sent)


async def test_tcp_and_websocket_reach_each_other(broker: Broker, bridge: Device) -> None:
    ada = Device()
    async with broker.client(ada, websocket=True) as client:
        await client.subscribe(topics.inbox(ada.uid), 1)
        large = b"x" * limits.PAYLOAD_MAX
        await publish(broker, bridge, topics.inbox(ada.uid), [b"small", large])
        assert await take(client, 2) == [b"small", large]


async def test_too_many_connections_are_refused(broker: Broker) -> None:
    crowd = [broker.client(Device()) for _ in range(8)]
    for client in crowd:
        await client.__aenter__()
    with pytest.raises(MqttConnectError):
        async with broker.client(Device()):
            pass
    for client in crowd:
        await client.__aexit__(None, None, None)
    async with broker.client(Device()):
        pass


async def raw(broker: Broker, data: bytes) -> bytes:
    """Send bytes, and read until the broker closes the connection."""
    reader, writer = await asyncio.open_connection(broker.host, broker.port)
    writer.write(data)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"", b""),
        (b"\x10", b""),
        (b"GET / HTTP/1.1\r\n\r\n", b""),
        (b"\xff" * 100, b""),
        (
            b"\x10\xff\xff\xff\x7f\x00\x04MQTT\x04\xc2\x00\x3c\xff\xff" + b"x" * 70_000,
            b"\x20\x02\x00\x04",
        ),
        (b"\x10\x10\x00\x04MQTT\x07\x02\x00\x3c\x00\x00\x04abcd", b"\x20\x02\x00\x01"),
        (b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04abcd", b"\x20\x02\x00\x04"),
    ],
    ids=["silent", "a byte", "http", "garbage", "huge", "version 7", "anonymous"],
)
async def test_who_does_not_log_in_is_closed(broker: Broker, data: bytes, answer: bytes) -> None:
    # Who sends too much may be closed without a word.
    assert await raw(broker, data) in {answer, b""}
    async with broker.client(Device()):
        pass


async def test_an_oversized_packet_ends_its_own_connection_alone(
    broker: Broker, bridge: Device
) -> None:
    ada, eve = Device(), Device()
    async with broker.client(ada) as good:
        await good.subscribe(topics.inbox(ada.uid), 1)
        async with broker.client(eve) as bad:
            payload = b"x" * (limits.PAYLOAD_MAX + 70_000)
            topic = str(topics.Send(eve.uid, eve.device, "dm", ada.uid, "message"))
            with pytest.raises(aiomqtt.MqttError):
                await bad.publish(topic, payload, 1, timeout=1)
        await publish(broker, bridge, topics.inbox(ada.uid), [b"fine"])
        assert await take(good, 1) == [b"fine"]


async def test_a_peer_that_falls_silent_is_let_go(broker: Broker, bridge: Device) -> None:
    ada = Device()
    will = str(topics.Send(ada.uid, ada.device, "dm", ada.uid, "message"))
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=ada.client_id, clean_session=False)
    client.username_pw_set(ada.uid, ada.token)
    client.will_set(will, b"gone", 1)
    async with broker.client(bridge) as watcher:
        await watcher.subscribe(topics.SENT_MESSAGES, 1)
        # The client's loop is not run after CONNACK, so that no PINGREQ is ever sent.
        await asyncio.to_thread(client.connect, broker.host, broker.port, 1)
        await asyncio.to_thread(client.loop_read)
        assert await take(watcher, 1) == [b"gone"]
    await asyncio.to_thread(client.loop_read)


async def test_a_port_in_use_is_said_in_one_line(broker: Broker) -> None:
    second = AmqttEngine(options(broker.port, broker.ws_port))
    with pytest.raises(BrokerError, match=r"^[^\n]*in use[^\n]*$"):
        await second.start()


async def test_mosquittos_clients_work(broker: Broker, bridge: Device) -> None:
    ada = Device()
    place = ["-h", broker.host, "-p", str(broker.port)]

    def login(device: Device) -> list[str]:
        return ["-i", device.client_id, "-u", device.uid, "-P", device.token]

    topic = topics.inbox(ada.uid)
    async with broker.client(bridge) as service:
        await service.subscribe(topics.SENT_MESSAGES, 1)
        subscriber = await asyncio.create_subprocess_exec(
            *["mosquitto_sub", *place, *login(ada), "-c", "-q", "1", "-t", topic, "-C", "1"],
            stdout=asyncio.subprocess.PIPE,
        )
        phone = Device(uid=ada.uid)
        sending = str(topics.Send(phone.uid, phone.device, "dm", ada.uid, "message"))
        publisher = await asyncio.create_subprocess_exec(
            *["mosquitto_pub", *place, *login(phone), "-q", "1", "-t", sending, "-m", "hello"]
        )
        assert await asyncio.wait_for(publisher.wait(), 10) == 0
        assert await take(service, 1) == [b"hello"]
        output = asyncio.create_task(subscriber.communicate())
        while not output.done():
            await service.publish(topic, b"echo", 1)
            await asyncio.wait([output], timeout=0.2)
        assert (await output)[0] == b"echo\n"
