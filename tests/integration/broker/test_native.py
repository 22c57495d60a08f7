"""What only our own engine has to get right."""

import asyncio
from dataclasses import replace
from pathlib import Path

from broker.native import NativeEngine
from mqtt.codes import V311
from mqtt.encode import encode
from mqtt.packets import Connect, Publish
from parley_protocol import topics
from tests.integration.broker.conftest import Broker, Device, options
from tests.platform import free_ports


async def test_an_acknowledgement_for_who_was_let_go_disturbs_nobody(
    tmp_path: Path, bridge: Device
) -> None:
    """A device breaks the protocol right behind a message; that is safe only afterwards."""
    errors: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    port, ws_port = free_ports(2)
    engine = NativeEngine(replace(options(port, ws_port), journal=tmp_path))
    await engine.start()
    broker, ada = Broker(engine, "127.0.0.1", port, ws_port), Device()
    topic = str(topics.Send(ada.uid, ada.device, "dm", ada.uid, "message"))
    connect = Connect(ada.client_id, username=ada.uid, password=ada.token.encode())
    async with broker.client(bridge) as service:
        await service.subscribe(topics.SENT_MESSAGES, 1)
        reader, writer = await asyncio.open_connection(broker.host, port)
        said = [encode(packet, V311) for packet in (connect, Publish(topic, b"hello", 1, 1))]
        writer.write(b"".join(said) + b"\xd0\x00")
        message = await asyncio.wait_for(anext(aiter(service.messages)), 10)
        assert message.payload == b"hello"
        while await reader.read(100):
            pass
        # A later turn: the acknowledgement has come by now.
        await service.subscribe(topics.SENT_MESSAGES, 1)
        writer.close()
    await engine.stop()
    assert errors == []
