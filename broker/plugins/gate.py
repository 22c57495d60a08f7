"""The gate before the link: plugins are asked about a packet before the link gets it."""

from collections.abc import Mapping
from dataclasses import replace

from amqtt.contexts import Action
from amqtt.events import BrokerEvents

from broker.core.access import RefusedError
from broker.core.connecting import refuse
from broker.net.tcp import TcpConnection
from broker.net.websocket import WebSocketConnection
from broker.plugins.client import Client, client_of, message_of
from broker.plugins.plugins import FailedError
from broker.plugins.rules import Judged, JudgedRules
from broker.plugins.told import Told
from mqtt.codes import Property, Reason, Type
from mqtt.decode import decode
from mqtt.errors import PacketError
from mqtt.filters import split_share
from mqtt.packets import Connect, Packet, Publish, Subscribe, Unsubscribe
from mqtt.wire import body_range

_OF_INTEREST = {Type.CONNECT, Type.PUBLISH, Type.SUBSCRIBE, Type.UNSUBSCRIBE}


class Gate(Told):
    """A connection whose packets plugins judge, and hear of.

    Where they only judge who connects, it stands aside after that.
    """

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
        packet, client = self._decoded(data), self.client
        if packet is not None and self.hears_received:
            await self.tell_received(packet)
        if self.is_closing:
            return
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
                await self.tell(client, BrokerEvents.CLIENT_UNSUBSCRIBED, topic=topic_filter)

    def _decoded(self, data: bytes) -> Packet | None:
        """Give a packet of interest, its topic in full where an alias stood for it.

        There is none where it is for the link to say what is wrong.
        """
        if self.is_aside or not (data[0] >> 4 in _OF_INTEREST or self.hears_received):
            return None
        try:
            body, end = body_range(data, 0) or (0, 0)
            packet = decode(data[0], data[body:end], self.version)
        except PacketError:
            return None
        return self._in_full(packet) if isinstance(packet, Publish) else packet

    async def _connect(self, packet: Connect, data: bytes) -> None:
        self.version, client = packet.version, client_of(packet, self.transport)
        is_wanted = await self._may_connect(client, packet)
        with self._rules.consent(is_given=is_wanted):
            self.pass_on(data)
        if self.session is not None:
            client.client_id = self.session.client_id
            await self.tell_connected(client)

    async def _may_connect(self, client: Client, packet: Connect) -> bool:
        try:
            identity = self._rules.own.admit(packet, self.core.now)
        except RefusedError:
            return False
        if identity.is_service:
            return True
        if not await self.plugins.admit(client):
            return False
        if packet.will and not await self.plugins.may(client, packet.will.topic, Action.PUBLISH):
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
            if not await self.plugins.may(client, _plain(topic_filter), Action.RECEIVE):
                self.core.unsubscribe(session, topic_filter)

    async def _publish(self, client: Client, packet: Publish, data: bytes) -> None:
        topic, judged = packet.topic, self._judged
        message = message_of(packet) if self.hears_messages else None
        if message is not None:
            await self.tell(client, BrokerEvents.MESSAGE_RECEIVED, message=message)
        asked = {topic: topic} if judged.own.may_publish(topic) else {}
        judged.refused = await self._refused(client, asked, Action.PUBLISH)
        if judged.refused:
            # The link remembers what was allowed, and would not ask.
            self.topics = set()
        self.pass_on(data)
        if message is not None and judged.may_publish(topic):
            await self.tell(client, BrokerEvents.MESSAGE_BROADCAST, message=message)
            if packet.retain and judged.may_retain:
                await self.tell_retained(client, message)

    def _in_full(self, packet: Publish) -> Publish | None:
        alias = packet.properties.get(Property.TOPIC_ALIAS)
        if packet.topic or alias is None:
            return packet
        field = (self.aliases or {}).get(alias)
        return None if field is None else replace(packet, topic=field[2:].decode())

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
                await self.tell(client, BrokerEvents.CLIENT_SUBSCRIBED, topic=topic, qos=qos)

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
            if not await self.plugins.may(client, name, action)
        ]
        return frozenset(refused)


class GatedTcp(Gate, TcpConnection):
    """MQTT over TCP or TLS, behind the gate."""


class GatedWebSocket(Gate, WebSocketConnection):
    """MQTT over WebSocket, behind the gate."""


def _plain(topic_filter: str) -> str:
    """Give a filter without its share, of which amqtt's plugins know nothing."""
    return split_share(topic_filter)[1]


def _is_granted(reason: Reason) -> bool:
    return reason < Reason.UNSPECIFIED_ERROR
