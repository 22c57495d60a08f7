"""Plugins of the tests' own, as somebody would write them for amqtt.

What a test looks at is ``Any`` in their configurations: lists of a known type would be copied.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from amqtt.contexts import Action
from amqtt.mqtt import MQTTPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.plugins.base import BaseAuthPlugin, BasePlugin, BaseTopicPlugin
from amqtt.session import ApplicationMessage, Session

HERE = __name__


class Asked(BaseAuthPlugin):
    """Answers as it is told, and notes who was asked about."""

    async def authenticate(self, *, session: Session) -> bool | None:
        self.config.asked.append(session)
        answer: bool | None = self.config.answer
        return answer

    @dataclass
    class Config:
        answer: bool | None = True
        asked: Any = field(default_factory=list)


class Topics(BaseTopicPlugin):
    """Refuses what is in a set, which the test changes, and notes what was asked."""

    async def topic_filtering(
        self,
        *,
        topic: str | None = None,
        action: Action | None = None,
        **_more: object,
    ) -> bool:
        self.config.asked.append((str(action), str(topic)))
        return f"{action} {topic}" not in self.config.refused

    @dataclass
    class Config:
        refused: Any = field(default_factory=set)
        asked: Any = field(default_factory=list)


class Slow(BaseTopicPlugin):
    """Has an answer about ``topic`` only when the test lets it."""

    async def topic_filtering(
        self,
        *,
        topic: str | None = None,
        **_more: object,
    ) -> bool:
        if topic == self.config.topic:
            self.config.asked.set()
            await self.config.answer.wait()
        return True

    @dataclass
    class Config:
        topic: str
        asked: asyncio.Event
        answer: asyncio.Event


class Broken(BaseAuthPlugin, BaseTopicPlugin):
    """Raises an error that names what nobody should read."""

    async def authenticate(self, *, session: Session) -> bool:
        if session.username == "broken":
            raise RuntimeError(f"the password is {session.password}")
        return True

    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,
        **_more: object,
    ) -> bool:
        if topic == "broken":
            raise RuntimeError(f"{session and session.password}")
        return True

    async def on_broker_client_subscribed(self, *, client_id: str, topic: str, qos: int) -> None:
        raise RuntimeError(f"{client_id} {topic} {qos}")


class Listener(BasePlugin[Any]):
    """Notes every event of the broker, with what matters of it."""

    async def on_broker_pre_start(self) -> None:
        self._note("pre_start")

    async def on_broker_post_start(self) -> None:
        self._note("post_start")

    async def on_broker_pre_shutdown(self) -> None:
        self._note("pre_shutdown")

    async def on_broker_post_shutdown(self) -> None:
        self._note("post_shutdown")

    async def on_broker_client_connected(self, *, client_id: str, client_session: Session) -> None:
        self._note("connected", client_id, client_session.username)

    async def on_broker_client_disconnected(
        self, *, client_id: str, client_session: Session
    ) -> None:
        self._note("disconnected", client_id, client_session.username)

    async def on_broker_client_subscribed(self, *, client_id: str, topic: str, qos: int) -> None:
        self._note("subscribed", client_id, topic, qos)

    async def on_broker_client_unsubscribed(self, *, client_id: str, topic: str) -> None:
        self._note("unsubscribed", client_id, topic)

    async def on_broker_message_received(
        self, *, client_id: str, message: ApplicationMessage
    ) -> None:
        self._note("received", client_id, message.topic, message.data, message.qos)

    async def on_broker_message_broadcast(
        self, *, client_id: str, message: ApplicationMessage
    ) -> None:
        self._note("broadcast", client_id, message.topic)

    async def on_broker_retained_message(
        self, *, client_id: str | None, retained_message: ApplicationMessage
    ) -> None:
        self._note("retained", client_id, retained_message.topic, retained_message.data)

    async def close(self) -> None:
        self._note("closed")

    def _note(self, *what: object) -> None:
        self.config.heard.put_nowait(what)

    @dataclass
    class Config:
        heard: Any


class Speaker(BasePlugin[Any]):
    """Uses what amqtt's context offers, when it hears of a message."""

    async def on_broker_message_received(
        self, *, client_id: str, message: ApplicationMessage
    ) -> None:
        context = self.context
        if message.topic != "ask":
            return
        await context.retain_message("kept", b"by a plugin")
        seen = [
            sorted(session.client_id for session in context.sessions),
            context.get_session(client_id).username,
            {name: len(found) for name, found in context.subscriptions.items()},
            context.retained_messages["kept"].data.decode(),
        ]
        await context.broadcast_message("answer", repr(seen).encode())


class Watcher(BasePlugin[Any]):
    """Notes the packets that come and go."""

    async def on_mqtt_packet_received(
        self, *, packet: MQTTPacket[Any, Any, Any], session: Session | None = None
    ) -> None:
        self._note("from", packet, session)

    async def on_mqtt_packet_sent(
        self, *, packet: MQTTPacket[Any, Any, Any], session: Session | None = None
    ) -> None:
        self._note("to", packet, session)

    def _note(self, way: str, packet: MQTTPacket[Any, Any, Any], session: Session | None) -> None:
        topic = packet.topic_name if isinstance(packet, PublishPacket) else None
        what = (type(packet).__name__, session and session.client_id, topic)
        self.config.seen[way].put_nowait(what)

    @dataclass
    class Config:
        seen: Any
