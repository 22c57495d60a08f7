"""aiomqtt, over TCP and WebSocket."""

import asyncio
from typing import Literal
from uuid import uuid4

import aiomqtt
import pytest

from tests.integration.clients.conftest import HOST, Place

Transport = Literal["tcp", "websockets"]


def client(place: Place, transport: Transport, name: str | None = None) -> aiomqtt.Client:
    return aiomqtt.Client(
        HOST,
        place.of(transport),
        transport=transport,
        identifier=name or uuid4().hex,
        clean_session=name is None,
        timeout=20,
    )


async def take(found: aiomqtt.Client) -> tuple[object, int, bool]:
    message = await asyncio.wait_for(anext(aiter(found.messages)), 20)
    return message.payload, message.qos, message.retain


@pytest.mark.parametrize("transport", ["tcp", "websockets"])
async def test_messages_come_and_wait(anonymous: Place, transport: Transport) -> None:
    topic, name = uuid4().hex, uuid4().hex
    async with client(anonymous, transport) as ada:
        await ada.publish(topic, b"kept", 1, retain=True)
        async with client(anonymous, transport, name) as bob:
            await bob.subscribe(topic, 2)
            assert await take(bob) == (b"kept", 1, True)
            for qos in (0, 1, 2):
                await ada.publish(topic, b"live", qos)
                assert await take(bob) == (b"live", qos, False)
        for qos in (1, 2):
            await ada.publish(topic, b"waits", qos)
        async with client(anonymous, transport, name) as bob:
            assert [await take(bob) for _ in range(2)] == [
                (b"waits", 1, False),
                (b"waits", 2, False),
            ]
            await bob.unsubscribe(topic)
        await ada.publish(topic, b"", 1, retain=True)
