"""Connections of which plugins hear: who comes and goes, and what passes."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from amqtt.broker import RetainedApplicationMessage
from amqtt.events import BrokerEvents, MQTTEvents
from amqtt.session import IncomingApplicationMessage

from broker.net.turn import Turn
from broker.plugins.client import Client
from broker.plugins.hold import Hold
from broker.plugins.packets import packets_of
from broker.plugins.plugins import Plugins
from mqtt.packets import Packet

_OF_MESSAGES = (
    BrokerEvents.MESSAGE_RECEIVED,
    BrokerEvents.MESSAGE_BROADCAST,
    BrokerEvents.RETAINED_MESSAGE,
)


class Told(Hold):
    """Tells plugins, and goes on when they have heard: so what they are told cannot pile up."""

    def __init__(self, turn: Turn, plugins: Plugins) -> None:
        super().__init__(turn)
        self.plugins = plugins
        self.client: Client | None = None
        self._untold = 0

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self.plugins.begin(work)

    async def tell_connected(self, client: Client) -> None:
        """Tell that a client was let in. Once nothing more is asked or told, stand aside."""
        self.client, self.is_aside = client, not self.plugins.follow_packets
        await _heard(self.plugins.joined(client))

    def leave(self, *, is_normal: bool) -> None:
        super().leave(is_normal=is_normal)
        client, self.client = self.client, None
        if client is not None:
            self.plugins.left(client)

    async def tell(self, client: Client, event: BrokerEvents, **about: Any) -> None:  # noqa: ANN401 - what an event tells
        """Tell what a client has done."""
        await _heard(self.plugins.tell(event, client_id=client.client_id, **about))

    async def tell_retained(self, client: Client, message: IncomingApplicationMessage) -> None:
        """Tell of a retained message, with no client id, as amqtt does."""
        topic, data, qos = message.topic, message.data, message.qos
        kept = RetainedApplicationMessage(client, topic, data, qos)
        event = BrokerEvents.RETAINED_MESSAGE
        await _heard(self.plugins.tell(event, client_id=None, retained_message=kept))

    @property
    def hears_messages(self) -> bool:
        """Whether a plugin wants to know what is published."""
        return self.plugins.hear(*_OF_MESSAGES)

    @property
    def hears_received(self) -> bool:
        """Whether a plugin wants to know every packet that comes."""
        return self.plugins.hear(MQTTEvents.PACKET_RECEIVED)

    async def tell_received(self, packet: Packet) -> None:
        """Tell of a packet that has come."""
        event = MQTTEvents.PACKET_RECEIVED
        await _heard(self.plugins.tell_packets(event, [packet], self.client))

    def take_out(self) -> bytes:
        data = super().take_out()
        is_heard = self.transport is not None and self.plugins.hear(MQTTEvents.PACKET_SENT)
        # Sending waits for no plugin. One that is too slow misses packets, and costs no memory.
        if is_heard and self._untold + len(data) <= self.core.limits.write_buffer:
            self._tell_sent(data)
        return data

    def _tell_sent(self, data: bytes) -> None:
        def told(_task: asyncio.Task[None]) -> None:
            self._untold -= len(data)

        self._untold += len(data)
        packets, event = packets_of(data, self.version), MQTTEvents.PACKET_SENT
        self.plugins.tell_packets(event, packets, self.client).add_done_callback(told)


async def _heard(telling: asyncio.Task[None] | None) -> None:
    # What is told goes on even where the client's own task ends.
    if telling is not None:
        await asyncio.wait([telling])
