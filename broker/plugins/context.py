"""What a plugin can see of the broker and do with it: amqtt's context, on Parley's core."""

from collections.abc import Generator

from amqtt.broker import BrokerContext, RetainedApplicationMessage
from amqtt.contexts import BaseContext
from amqtt.session import Session

from broker.core.message import Message, field_of, make
from broker.net.turn import Turn
from broker.plugins.client import Client
from mqtt.filters import is_topic_name

_AS_SUBSCRIBED = 2


class Context(BrokerContext):
    """Implements amqtt's ``BrokerContext``. Its sessions are those of connected clients."""

    def __init__(self, turn: Turn) -> None:
        BaseContext.__init__(self)
        self._turn = turn
        self.clients: dict[str, Client] = {}

    async def broadcast_message(self, topic: str, data: bytes, qos: int | None = None) -> None:
        """Publish a message, by default with the quality that each subscriber has asked for."""
        self._publish(topic, data, qos, retain=False)

    async def retain_message(
        self, topic_name: str, data: bytes | bytearray, qos: int | None = None
    ) -> None:
        """Publish a retained message; one without data takes an earlier one away."""
        self._publish(topic_name, bytes(data), qos, retain=True)

    @property
    def sessions(self) -> Generator[Session]:
        """The clients that are connected."""
        yield from self.clients.values()

    def get_session(self, client_id: str) -> Session | None:
        """Find a connected client."""
        return self.clients.get(client_id)

    @property
    def retained_messages(self) -> dict[str, RetainedApplicationMessage]:
        """Retained messages by topic; of their sources nothing is known any more."""
        core = self._turn.core
        return {
            message.topic: retained_of(message) for message in core.retained.find("#", core.now)
        }

    @property
    def subscriptions(self) -> dict[str, list[tuple[Session, int]]]:
        """Subscriptions of connected clients by filter, each with its QoS."""
        found: dict[str, list[tuple[Session, int]]] = {}
        for client_id, client in self.clients.items():
            for topic_filter, grant in self._turn.core.sessions[client_id].subscriptions.items():
                found.setdefault(topic_filter, []).append((client, grant.qos))
        return found

    async def add_subscription(self, client_id: str, topic: str | None, qos: int | None) -> None:
        """Refuse: the broker's journal keeps sessions, so no plugin has to bring them back.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError

    def _publish(self, topic: str, data: bytes, qos: int | None, *, retain: bool) -> None:
        if not is_topic_name(topic):
            raise ValueError("not a topic name")
        quality = _AS_SUBSCRIBED if qos is None else qos
        self._turn.begin()
        core = self._turn.core
        core.publish(make(field_of(topic), data, quality, core.now, retain=retain))


def retained_of(message: Message) -> RetainedApplicationMessage:
    """Give a retained message in amqtt's form."""
    return RetainedApplicationMessage(None, message.topic, message.payload, message.qos)
