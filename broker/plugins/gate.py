"""The gate before the link: plugins are asked about a packet before the link gets it."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from amqtt.broker import RetainedApplicationMessage
from amqtt.contexts import Action
from amqtt.events import BrokerEvents

from broker.core.access import RefusedError
from broker.core.connecting import refuse
from broker.net.tcp import TcpConnection
from broker.net.turn import Turn
from broker.net.websocket import WebSocketConnection
from broker.plugins.client import Client, client_of, message_of
from broker.plugins.hold import Hold
from broker.plugins.plugins import FailedError, Plugins
from broker.plugins.rules import Judged, JudgedRules
from mqtt.codes import Property, Reason
from mqtt.decode import decode
from mqtt.errors import PacketError
from mqtt.filters import split_share
from mqtt.packets import Connect, Packet, Publish, Subscribe, Unsubscribe
from mqtt.wire import body_range


class Gate(Hold):
    """A connection whose packets plugins judge and hear of.

    Where they only judge who connects, it stands aside after that.
    """

    def __init__(self, turn: Turn, plugins: Plugins) -> None:
        super().__init__(turn)
        self._plugins = plugins
        self._client: Client | None = None

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._plugins.begin(work)

    def leave(self, *, is_normal: bool) -> None:
        super().leave(is_normal=is_normal)
        client, self._client = self._client, None
        if client is not None:
            self._plugins.left(client)

    async def take(self, data: bytes) -> None:
        try:
            await self._judge(data)
        except FailedError:
            # Nothing was acknowledged, so whoever comes again loses nothing.
            self.turn.begin()
            if self.session is None:
                self.core.counts.refused["plugin_failed"] += 1
                refuse(self, Reason.SERVER_UNAVAILABLE)
            else:
                self.end(Reason.IMPLEMENTATION_ERROR)

    async def _judge(self, data: bytes) -> None:
        packet, client = self._decoded(data), self._client
        if isinstance(packet, Connect) and self.session is None:
            await self._connect(packet, data)
        elif client is None:
            self.pass_on(data)
        elif isinstance(packet, Publish):
            await self._publish(client, packet, data)
        elif isinstance(packet, Subscribe):
            await self._subscribe(client, packet, data)
        else:
            self.pass_on(data)
            for topic_filter in packet.topic_filters if isinstance(packet, Unsubscribe) else ():
                await self._tell(client, BrokerEvents.CLIENT_UNSUBSCRIBED, topic=topic_filter)

    def _decoded(self, data: bytes) -> Packet | None:
        """Give a packet; none where it is for the link to say what is wrong."""
        try:
            body, end = body_range(data, 0) or (0, 0)
            return None if self.is_aside else decode(data[0], data[body:end], self.version)
        except PacketError:
            return None

    async def _connect(self, packet: Connect, data: bytes) -> None:
        self.version, client = packet.version, client_of(packet, self.transport)
        is_wanted = await self._may_connect(client, packet)
        with self._rules.consent(is_given=is_wanted):
            self.pass_on(data)
        if self.session is not None:
            client.client_id = self.session.client_id
            self._client, self.is_aside = client, not self._plugins.follow_packets
            await _heard(self._plugins.joined(client))

    async def _may_connect(self, client: Client, packet: Connect) -> bool:
        try:
            identity = self._rules.own.admit(packet, self.core.now)
        except RefusedError:
            return False
        if identity.is_service:
            return True
        if not await self._plugins.admit(client):
            return False
        if packet.will and not await self._plugins.may(client, packet.will.topic, Action.PUBLISH):
            return False
        if not packet.clean_start:
            await self._look_through(client)
        return True

    async def _look_through(self, client: Client) -> None:
        """End subscriptions of an earlier connection by which the client may no longer receive."""
        session = self.core.sessions.get(client.client_id or "")
        if session is None:
            return
        for topic_filter in list(session.subscriptions):
            if not await self._plugins.may(client, _plain(topic_filter), Action.RECEIVE):
                self.core.unsubscribe(session, topic_filter)

    async def _publish(self, client: Client, packet: Publish, data: bytes) -> None:
        topic, judged = self._full_topic(packet), self._judged
        if not topic:
            # An alias that means nothing yet.
            self.pass_on(data)
            return
        message = message_of(packet, topic)
        await self._tell(client, BrokerEvents.MESSAGE_RECEIVED, message=message)
        asked = {topic: topic} if judged.own.may_publish(topic) else {}
        judged.refused = await self._refused(client, asked, Action.PUBLISH)
        if judged.refused:
            # The link remembers what was allowed, and would not ask.
            self.topics = set()
        self.pass_on(data)
        if judged.may_publish(topic):
            await self._tell(client, BrokerEvents.MESSAGE_BROADCAST, message=message)
            if packet.retain and judged.may_retain:
                kept = RetainedApplicationMessage(client, topic, packet.payload, packet.qos)
                event = BrokerEvents.RETAINED_MESSAGE
                await _heard(self._plugins.tell(event, client_id=None, retained_message=kept))

    def _full_topic(self, packet: Publish) -> str:
        alias = packet.properties.get(Property.TOPIC_ALIAS)
        field = (self.aliases or {}).get(alias) if alias and not packet.topic else None
        return packet.topic if field is None else field[2:].decode()

    async def _subscribe(self, client: Client, packet: Subscribe, data: bytes) -> None:
        judged = self._judged
        filters = [wanted.topic_filter for wanted in packet.subscriptions]
        asked = {
            found: _plain(found)
            for found in filters
            if _is_granted(judged.own.may_subscribe(found))
        }
        judged.refused = await self._refused(client, asked, Action.SUBSCRIBE, Action.RECEIVE)
        self.pass_on(data)
        for wanted in packet.subscriptions:
            topic, qos = wanted.topic_filter, wanted.qos
            if _is_granted(judged.may_subscribe(topic)):
                await self._tell(client, BrokerEvents.CLIENT_SUBSCRIBED, topic=topic, qos=qos)

    @property
    def _rules(self) -> JudgedRules:
        rules: JudgedRules = self.core.rules  # type: ignore[assignment] # by the engine
        return rules

    @property
    def _judged(self) -> Judged:
        identity: Judged = self.identity  # type: ignore[assignment] # by JudgedRules
        return identity

    async def _refused(
        self, client: Client, asked: Mapping[str, str], *actions: Action
    ) -> frozenset[str]:
        """Ask about topics or filters, by the names that plugins know; give those refused."""
        if self._judged.is_service:
            return frozenset()
        refused = [
            topic
            for topic, name in asked.items()
            for action in actions
            if not await self._plugins.may(client, name, action)
        ]
        return frozenset(refused)

    async def _tell(self, client: Client, event: BrokerEvents, **about: Any) -> None:  # noqa: ANN401 - what an event tells
        await _heard(self._plugins.tell(event, client_id=client.client_id, **about))


class GatedTcp(Gate, TcpConnection):
    """MQTT over TCP or TLS, behind the gate."""


class GatedWebSocket(Gate, WebSocketConnection):
    """MQTT over WebSocket, behind the gate."""


async def _heard(telling: asyncio.Task[None] | None) -> None:
    # What is told goes on even where the client's own task ends.
    if telling is not None:
        await asyncio.wait([telling])


def _plain(topic_filter: str) -> str:
    """Give a filter without its share, of which amqtt's plugins know nothing."""
    return split_share(topic_filter)[1]


def _is_granted(reason: Reason) -> bool:
    return reason < Reason.UNSPECIFIED_ERROR
