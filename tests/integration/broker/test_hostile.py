"""Peers that are slow, silent, gone, greedy or in each other's way, on real sockets."""

import asyncio
import contextlib
import functools
import subprocess
import sys
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.typing import Subprotocol

from broker.net.connection import Connection
from mqtt.codes import V5, V311, Property, Reason, Type
from mqtt.encode import encode
from mqtt.packets import (
    Ack,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Ping,
    Publish,
    Suback,
    Subscribe,
    Subscription,
    Will,
)
from tests.integration.broker.sockets import HOST, Peer, Served, narrow, on_uvloop, served, until
from tests.platform import accepts, free_ports, wait

LASTING = {Property.SESSION_EXPIRY_INTERVAL: 3600}


@contextlib.contextmanager
def closing(*peers: Peer) -> Iterator[None]:
    try:
        yield
    finally:
        for peer in peers:
            peer.close()


async def subscribed(broker: Served, client_id: str, topic: str, qos: int = 1) -> Peer:
    peer = Peer(V5)
    await peer.connect(broker.port, client_id, properties=LASTING)
    await peer.send(Subscribe(1, (Subscription(topic, qos),)))
    assert isinstance(await peer.read(), Suback)
    return peer


# Slow.


def has_received(connection: Connection, count: int) -> bool:
    return connection.received == count


@on_uvloop
async def test_byte_by_byte() -> None:
    async with served() as broker:
        peer = Peer()
        await peer.open(broker.port)
        await until(lambda: len(broker.connections) == 1)
        (connection,) = broker.connections
        packets: list[Packet] = [
            Connect("slow"),
            Subscribe(1, (Subscription("a"),)),
            Publish("a", b"x" * 200, 1, 7),
        ]
        for count, byte in enumerate(b"".join(encode(packet, V311) for packet in packets), 1):
            await peer.write(bytes((byte,)))
            await until(functools.partial(has_received, connection, count))
        answers = [await peer.read() for _ in range(4)]
        assert Publish("a", b"x" * 200) in answers
        assert answers[0] == Connack()
        assert Ack(Type.PUBACK, 7) in answers
        peer.close()


@pytest.mark.parametrize("said", [b"", b"\x10", encode(Connect("ada", V311), V311)[:-1]])
@on_uvloop
async def test_who_does_not_finish_its_connect(said: bytes) -> None:
    async with served(connect_seconds=10) as broker:
        peer = Peer()
        await peer.open(broker.port)
        await peer.write(said)
        await until(lambda: [link.received for link in broker.core.links] == [len(said)])
        broker.wait(10)
        assert broker.core.links
        broker.wait(1)
        assert await peer.ended()
        assert not broker.core.links
        peer.close()


@on_uvloop
async def test_who_does_not_finish_its_handshake() -> None:
    async with served(connect_seconds=10) as broker:
        peer = Peer()
        await peer.open(broker.ws_port)
        await peer.write(b"GET / HTTP/1.1\r\nHost: a\r\n")
        await until(lambda: len(broker.core.links) == 1)
        broker.wait(11)
        assert await peer.ended()
        assert not broker.core.links
        peer.close()


# Gone.


@pytest.mark.parametrize("version", [V311, V5])
@on_uvloop
async def test_a_peer_that_has_vanished(version: int) -> None:
    """It neither reads nor writes, and nothing says that it is gone."""
    async with served() as broker:
        watcher = await subscribed(broker, "watcher", "wills")
        gone = Peer(version)
        await gone.connect(broker.port, "ada", keep_alive=20, will=Will("wills", b"bye", 1))
        await gone.send(Ping(Type.PINGREQ))
        assert await gone.read() == Ping(Type.PINGRESP)
        broker.wait(25)
        await watcher.send(Ping(Type.PINGREQ))
        assert await watcher.read() == Ping(Type.PINGRESP)
        broker.wait(6)
        message = await watcher.read()
        assert isinstance(message, Publish)
        assert message.payload == b"bye"
        assert list(broker.core.sessions) == ["watcher"]
        if version == V5:
            assert await gone.read() == Disconnect(Reason.KEEP_ALIVE_TIMEOUT)
        assert await gone.ended()
        watcher.close()
        gone.close()


# WebSocket.


async def websocket(broker: Served) -> ClientConnection:
    url = f"ws://{HOST}:{broker.ws_port}"
    return await connect(url, subprotocols=[Subprotocol("mqtt")], compression=None)


@on_uvloop
async def test_frames_of_one_byte_of_none_and_in_fragments() -> None:
    async with served() as broker:
        client = await websocket(broker)
        for byte in encode(Connect("ada", V5), V5):
            await client.send(bytes((byte,)))
            await client.send(b"")
        assert isinstance(await client.recv(), bytes)
        subscribe = encode(Subscribe(1, (Subscription("a", 0),)), V5)
        await client.send([subscribe[:3], b"", subscribe[3:]])
        assert await client.recv() == b"\x90\x04\x00\x01\x00\x00"
        several = encode(Publish("a", b"1"), V5) + encode(Publish("a", b"2"), V5)
        await client.send([several[at : at + 1] for at in range(len(several))])
        assert b"".join([bytes(await client.recv()), bytes(await client.recv())]) == several  # type: ignore[arg-type]
        await client.close()


@on_uvloop
async def test_text_is_refused() -> None:
    async with served() as broker:
        client = await websocket(broker)
        await client.send(encode(Connect("ada", V5), V5))
        await client.recv()
        await client.send("text")
        with pytest.raises(ConnectionClosed) as caught:
            await client.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == CloseCode.UNSUPPORTED_DATA
        await until(lambda: not broker.core.links)


@on_uvloop
async def test_a_packet_of_the_limit_and_one_over_it() -> None:
    async with served(packet_bytes=100_000) as broker:
        client = await websocket(broker)
        await client.send(encode(Connect("ada", V5), V5))
        await client.recv()
        await client.send(encode(Subscribe(1, (Subscription("a", 0),)), V5))
        await client.recv()
        head = len(encode(Publish("a", b"x" * 90_000), V5)) - 90_000
        largest = encode(Publish("a", b"x" * (100_000 - head)), V5)
        assert len(largest) == 100_000
        await client.send(largest)
        assert await client.recv() == largest
        await client.send(encode(Publish("a", b"x" * (100_001 - head)), V5))
        assert await client.recv() == encode(Disconnect(Reason.PACKET_TOO_LARGE), V5)
        with pytest.raises(ConnectionClosed):
            await client.recv()


# Greedy.


@on_uvloop
async def test_a_reader_that_does_not_read_costs_a_bounded_amount_of_memory() -> None:
    async with served(write_buffer=50_000, queue_messages=30, inflight=1_000) as broker:
        slow, sender = await subscribed(broker, "slow", "a"), Peer()
        connection = broker.connections[0]
        narrow(connection)
        await sender.connect(broker.port, "sender")
        session = broker.core.sessions["slow"]
        count = 0
        while session.queue is None or len(session.queue) < 20:
            count += 1
            await sender.send(Publish("a", b"%06d" % count + b"x" * 2_000, 1, 7))
            assert await sender.read() == Ack(Type.PUBACK, 7)
            assert connection.transport.get_write_buffer_size() < 60_000
        before = broker.core.dropped["slow_reader"]
        for _ in range(5):
            await sender.send(Publish("a", b"fleeting"), Ping(Type.PINGREQ))
            assert await sender.read() == Ping(Type.PINGRESP)
        assert broker.core.dropped["slow_reader"] == before + 5
        for number in range(1, count + 1):
            message = await slow.read()
            assert isinstance(message, Publish)
            assert message.payload.startswith(b"%06d" % number)
            await slow.send(Ack(Type.PUBACK, message.packet_id))
        await until(lambda: session.queue is None and not session.inflight)
        slow.close()
        sender.close()


@pytest.mark.parametrize("kind", ["mqtt", "websocket"])
@on_uvloop
async def test_who_asks_and_asks_and_reads_no_answer_is_let_go(kind: str) -> None:
    async with served(write_buffer=50_000) as broker:
        peer = Peer(V5)
        if kind == "mqtt":
            await peer.connect(broker.port, "ada")
            question = encode(Ping(Type.PINGREQ), V5) * 5_000
        else:
            await peer.open(broker.ws_port)
            await peer.write(
                b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
            )
            question = (b"\x89\xfd\0\0\0\0" + b"x" * 125) * 100
        await until(lambda: bool(broker.connections and broker.connections[0].transport))
        narrow(broker.connections[0])
        with contextlib.suppress(ConnectionError):
            for _ in range(2_000):
                if not broker.core.links:
                    break
                await peer.write(question)
        assert not broker.core.links
        assert broker.core.counts.ended == {"quota_exceeded": 1}
        peer.close()


@on_uvloop
async def test_where_too_many_wait_another_is_closed_at_once() -> None:
    async with served(connections=2, connects_per_second=3) as broker:
        crowd = [Peer() for _ in range(6)]
        for peer in crowd:
            await peer.open(broker.port)
        with contextlib.suppress(ConnectionError):
            assert await crowd[-1].ended()
        assert len(broker.core.links) == 5
        assert await crowd[0].greet("ada") == Connack(Reason.SERVER_UNAVAILABLE)
        for peer in crowd:
            peer.close()


# In each other's way.


@on_uvloop
async def test_two_that_fight_over_a_client_id() -> None:
    async with served() as broker:
        taken_over = 0

        async def insist(rounds: int) -> Packet:
            nonlocal taken_over
            for _ in range(rounds):
                peer = Peer(V5)
                await peer.connect(broker.port, "twin", clean_start=False, properties=LASTING)
                with closing(peer):
                    last = await peer.read()
                assert last == Disconnect(Reason.SESSION_TAKEN_OVER)
                taken_over += 1
            return last

        fighting = [asyncio.create_task(insist(40)) for _ in range(2)]
        done, _ = await asyncio.wait(fighting, return_when=asyncio.FIRST_COMPLETED)
        assert done
        last = Peer(V5)
        while not all(task.done() for task in fighting):
            last.close()
            last = Peer(V5)
            await last.connect(broker.port, "twin", clean_start=False, properties=LASTING)
            await asyncio.wait(fighting, timeout=0.05)
        assert taken_over == 80
        await until(lambda: len(broker.core.links) <= 1)
        assert list(broker.core.sessions) == ["twin"]
        assert len(broker.core.timers) <= 200
        last.close()


def test_more_connections_than_the_system_allows_files_at_first() -> None:
    port, ws_port = free_ports(2)
    command = f"{sys.executable} -m parley broker --anonymous --mqtt {port} --ws {ws_port}"

    async def crowd() -> list[Packet]:
        peers = [Peer() for _ in range(80)]
        with closing(*peers):
            return [await peer.connect(port, f"peer-{n}") for n, peer in enumerate(peers)]

    with subprocess.Popen(["bash", "-c", f"ulimit -Sn 50; exec {command}"]) as process:
        try:
            wait(lambda: accepts(port))
            assert asyncio.run(crowd()) == [Connack()] * 80
        finally:
            process.terminate()
    assert process.returncode == 0
