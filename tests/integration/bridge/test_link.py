"""The bridge's link on brokers of three makes: nothing is lost, whatever becomes of the wire."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bridge.link import Link
from bridge.stream import Received
from config import keys
from mqtt.codes import V311
from mqtt.encode import encode
from mqtt.packets import Publish
from parley_protocol import tokens, topics
from parley_protocol.ids import client_id, new_id
from tests.integration.bridge.brokers import MAKES, Broker, Wire, read

_PATIENCE = 20.0


class Device:
    """A person's device, by other people's software."""

    def __init__(self, folder: Path, port: int) -> None:
        self.uid, self.device, now = new_id(), new_id(), int(time.time())
        key = keys.signing_key(folder)
        token = tokens.issue(
            key, sub=self.uid, device=self.device, scope="device", now=now, seconds=600
        )
        self.inbox = topics.inbox(self.uid)
        self.send_topic = str(topics.Send(self.uid, self.device, "dm", new_id(), "message"))
        self._open: Callable[[], aiomqtt.Client] = lambda: aiomqtt.Client(
            "127.0.0.1",
            port,
            identifier=client_id(self.uid, self.device),
            username=self.uid,
            password=token,
            clean_session=False,
        )

    async def send(self, *payloads: bytes) -> None:
        async with self._open() as client:
            for payload in payloads:
                await client.publish(self.send_topic, payload, 1)

    async def appear(self) -> None:
        """Have a session from now on."""
        async with self._open() as client:
            await client.subscribe(self.inbox, 1)

    async def hear(self, last: bytes) -> list[bytes]:
        """Give what has come, up to ``last``, the first time of each."""
        heard: list[bytes] = []
        async with asyncio.timeout(_PATIENCE), self._open() as client:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                if message.payload not in heard:
                    heard.append(message.payload)
                if message.payload == last:
                    return heard
        return heard


@dataclass
class Setting:
    broker: Broker
    folder: Path
    wire: Wire
    port: int
    ready: int = 0
    links: list[Link] = field(default_factory=list)

    def link(self, token: str | None = None) -> Link:
        token = token or keys.bridge_token(self.folder)
        claims = tokens.verify(
            keys.public_key(self.folder), keys.bridge_token(self.folder), now=int(time.time())
        )
        self.links.append(Link(f"mqtt://127.0.0.1:{self.port}", claims, token, self._note))
        return self.links[-1]

    async def linked(self) -> Link:
        """Give a link that the broker serves."""
        link, before = self.link(), self.ready
        await self.until(link, lambda: self.ready > before)
        return link

    async def until(self, link: Link, condition: Callable[[], bool]) -> None:
        """Let a link go on until something is so."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            assert time.monotonic() < deadline
            await asyncio.to_thread(link.rest, 0.02)

    def device(self) -> Device:
        return Device(self.folder, self.broker.port)

    def _note(self) -> None:
        self.ready += 1


@pytest.fixture(params=MAKES)
async def setting(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Setting]:
    broker = Broker(request.param, tmp_path)
    await asyncio.to_thread(broker.start)
    wire = Wire(broker.port)
    found = Setting(broker, tmp_path, wire, await wire.start())
    yield found
    for link in found.links:
        link.stop()
    await wire.stop()
    broker.stop(kill=True)


async def take(link: Link, count: int) -> list[Received]:
    """Receive so many publishes."""
    found: list[Received] = []
    deadline = time.monotonic() + _PATIENCE
    while len(found) < count:
        assert time.monotonic() < deadline, found
        found += await asyncio.to_thread(link.receive, limit=count - len(found), seconds=0.2)
    return found


async def settled(link: Link) -> None:
    assert await asyncio.to_thread(link.settle, _PATIENCE)


def numbered(count: int) -> list[bytes]:
    return [f"number {number}".encode() for number in range(count)]


# Stock amqtt does not send again what was on its way: there the sender's outbox does it.
@pytest.mark.parametrize("setting", ["parley", "mosquitto"], indirect=True)
async def test_what_is_not_acknowledged_comes_again(setting: Setting) -> None:
    ada, sent = setting.device(), numbered(12)
    link = await setting.linked()
    await ada.send(*sent)
    batch = await take(link, 12)
    assert [(r.topic, r.payload) for r in batch] == [(ada.send_topic, p) for p in sent]
    link.acknowledge(batch[:5])
    await setting.until(link, lambda: len(read(setting.wire.said[0]).confirmed) == 5)
    setting.wire.cut()
    again = await take(link, 7)
    assert [r.payload for r in again] == sent[5:]
    # Of the earlier connection: their ids may mean something else by now.
    link.acknowledge(batch[5:])
    link.acknowledge(again)
    await setting.until(link, lambda: len(read(setting.wire.said[-1]).confirmed) == 7)
    assert read(setting.wire.said[-1]).confirmed == [r.packet_id for r in again]
    link.stop()
    later = await setting.linked()
    await ada.send(b"and one more")
    assert [r.payload for r in await take(later, 1)] == [b"and one more"]


async def test_publishes_arrive_in_order_over_a_wire_that_is_cut(setting: Setting) -> None:
    grace, said = setting.device(), numbered(60)
    await grace.appear()
    # Connected all the time: what was queued, stock amqtt delivers in any order.
    hearing = asyncio.ensure_future(grace.hear(said[-1]))
    link = await setting.linked()
    for number, payload in enumerate(said):
        link.publish(grace.inbox, payload, 1)
        if number % 20 == 10:
            await asyncio.to_thread(link.rest, 0)
            setting.wire.cut()
            await asyncio.to_thread(link.rest, 0.05)
    await settled(link)
    assert (link.published, link.confirmed) == (60, 60)
    assert await hearing == said


async def test_what_may_not_have_arrived_is_sent_again_as_a_duplicate(setting: Setting) -> None:
    grace, said = setting.device(), numbered(5)
    await grace.appear()
    hearing = asyncio.ensure_future(grace.hear(said[-1]))
    link = await setting.linked()
    link.publish(grace.inbox, b"confirmed", 1)
    await settled(link)
    setting.wire.is_deaf = True
    for payload in said:
        link.publish(grace.inbox, payload, 1)
    await setting.until(link, lambda: len(read(setting.wire.said[0]).publishes) == 6)
    setting.wire.is_deaf = False
    setting.wire.cut()
    await settled(link)
    first, second = (read(wire).publishes for wire in setting.wire.said)
    assert [(p.packet_id, p.payload) for p in second] == [
        (p.packet_id, p.payload) for p in first[1:]
    ]
    for p in second:
        packet = Publish(p.topic, p.payload, 1, p.packet_id, dup=True)
        assert encode(packet, V311) in setting.wire.said[1]
    assert await hearing == [b"confirmed", *said]


async def test_a_broker_that_is_away_is_waited_for(setting: Setting) -> None:
    ada, grace, said = setting.device(), setting.device(), numbered(5)
    await grace.appear()
    link = await setting.linked()
    await asyncio.to_thread(setting.broker.stop)
    for payload in said:
        link.publish(grace.inbox, payload, 1)
    assert not await asyncio.to_thread(link.settle, 0.3)
    assert await asyncio.to_thread(link.receive, limit=1, seconds=0) == []
    await asyncio.to_thread(setting.broker.start)
    await settled(link)
    # Stock amqtt forgets its sessions; what it has confirmed it had.
    await ada.send(b"hello again")
    assert [r.payload for r in await take(link, 1)] == [b"hello again"]


@pytest.mark.parametrize("setting", ["parley"], indirect=True)
async def test_a_broker_killed_in_the_middle_loses_nothing(setting: Setting) -> None:
    ada, grace, sent = setting.device(), setting.device(), numbered(50)
    await grace.appear()
    link = await setting.linked()
    await ada.send(*sent)
    for received in await take(link, 25):
        link.publish(grace.inbox, received.payload, 1)
    await asyncio.to_thread(link.rest, 0)
    await asyncio.to_thread(setting.broker.stop, kill=True)
    await asyncio.to_thread(setting.broker.start)
    batch = await take(link, 50)
    assert [received.payload for received in batch] == sent
    for received in batch:
        link.publish(grace.inbox, received.payload, 1)
    await settled(link)
    assert await grace.hear(sent[-1]) == sent
    link.acknowledge(batch)


@pytest.mark.parametrize("setting", ["parley", "amqtt"], indirect=True)
async def test_a_broker_that_refuses_the_token_is_asked_again(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = tokens.issue(
        Ed25519PrivateKey.generate(), sub="bridge", device=new_id(), scope="service",
        now=int(time.time()), seconds=600,
    )  # fmt: skip
    link = setting.link(stranger)
    await setting.until(link, lambda: caplog.text.count("refuses the bridge") == 2)
    assert setting.ready == 0
    assert stranger not in caplog.text


async def test_nobody_there_is_no_error() -> None:
    folderless = tokens.Claims(sub="bridge", device="1", scope="service", iat=0, exp=1, jti="")
    link = Link("mqtt://127.0.0.1:1", folderless, "token", lambda: None)
    assert await asyncio.to_thread(link.receive, limit=1, seconds=0) == []
    link.publish(topics.inbox(new_id()), b"waits", 1)
    assert not await asyncio.to_thread(link.settle, 0)
    link.stop()
