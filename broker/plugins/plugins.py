"""The loaded plugins: asked for their verdicts, and told what happens."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar

from amqtt.contexts import Action
from amqtt.events import BrokerEvents, Events, MQTTEvents
from amqtt.plugins.base import BaseAuthPlugin, BasePlugin, BaseTopicPlugin

from broker.plugins.client import Client
from broker.plugins.packets import as_amqtt
from mqtt.packets import Packet

Plugin: TypeAlias = BasePlugin[Any]
_Answer = TypeVar("_Answer")
_Listener: TypeAlias = tuple[Plugin, Callable[..., Awaitable[None]]]

_log = logging.getLogger(__name__)
_OF_PACKETS = (
    BrokerEvents.CLIENT_SUBSCRIBED,
    BrokerEvents.CLIENT_UNSUBSCRIBED,
    BrokerEvents.MESSAGE_RECEIVED,
    BrokerEvents.MESSAGE_BROADCAST,
    BrokerEvents.RETAINED_MESSAGE,
    *MQTTEvents,
)


class FailedError(Exception):
    """A plugin has no answer: it raised an error, or took too long. It is in the log."""


class Plugins:
    """All plugins of a broker.

    ``clients`` are those connected, by client id; ``patience`` is how many seconds a plugin has
    for an answer or an event.
    """

    def __init__(
        self, plugins: Sequence[Plugin], clients: dict[str, Client], patience: float
    ) -> None:
        self._plugins = plugins
        self._clients = clients
        self._patience = patience
        self._auth = [plugin for plugin in plugins if isinstance(plugin, BaseAuthPlugin)]
        self._topic = [plugin for plugin in plugins if isinstance(plugin, BaseTopicPlugin)]
        events: list[Events] = [*BrokerEvents, *MQTTEvents]
        self._listeners = {event: _listeners(plugins, event) for event in events}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def follow_packets(self) -> bool:
        """Whether there is anything to ask or tell once a client is connected."""
        return bool(self._topic) or self.hear(*_OF_PACKETS)

    def hear(self, *events: Events) -> bool:
        """Tell whether any plugin wants to know of any of these events."""
        return any(self._listeners[event] for event in events)

    async def admit(self, client: Client) -> bool:
        """Tell whether a client may connect.

        Raises:
            FailedError: a plugin has no answer.
        """
        answers = [
            await self._wait(plugin, plugin.authenticate(session=client)) for plugin in self._auth
        ]
        known = [answer for answer in answers if answer is not None]
        return not self._auth or (bool(known) and all(known))

    async def may(self, client: Client, topic: str, action: Action) -> bool:
        """Tell whether a client may publish on a topic, or subscribe to or receive by a filter.

        Raises:
            FailedError: a plugin has no answer.
        """
        for plugin in self._topic:
            asked = plugin.topic_filtering(session=client, topic=topic, action=action)
            if not await self._wait(plugin, asked):
                return False
        return True

    def joined(self, client: Client) -> asyncio.Task[None] | None:
        """Take note that a client is connected."""
        self._clients[client.client_id or ""] = client
        client.transitions.state = "connected"
        return self._tell_of(client, BrokerEvents.CLIENT_CONNECTED)

    def left(self, client: Client) -> None:
        """Take note that a client is connected no more."""
        if self._clients.get(client.client_id or "") is client:
            del self._clients[client.client_id or ""]
        client.transitions.state = "disconnected"
        self._tell_of(client, BrokerEvents.CLIENT_DISCONNECTED)

    def tell(self, event: Events, **about: Any) -> asyncio.Task[None] | None:  # noqa: ANN401 - what an event tells
        """Tell of an event; give what goes on until all that listen have heard it, if any do."""
        listeners = self._listeners[event]
        return self.begin(self._tell_all(listeners, about)) if listeners else None

    def tell_packets(
        self, event: MQTTEvents, packets: Iterable[Packet], client: Client | None
    ) -> asyncio.Task[None]:
        """Tell of packets, one after the other; give what goes on until they have been heard."""
        return self.begin(self._tell_packets(self._listeners[event], packets, client))

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something that ``stop`` waits for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def announce(self, event: BrokerEvents) -> None:
        """Tell of a step in the broker's own life, and wait until it was heard."""
        await self._tell_all(self._listeners[event], {})

    async def stop(self) -> None:
        """Say that the broker has ended, when all else has been heard, and close the plugins."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self._patience)
            for task in late:
                task.cancel()
        await self.announce(BrokerEvents.POST_SHUTDOWN)
        for plugin in self._plugins:
            with suppress(FailedError):
                await self._wait(plugin, plugin.close())

    def _tell_of(self, client: Client, event: BrokerEvents) -> asyncio.Task[None] | None:
        return self.tell(event, client_id=client.client_id, client_session=client)

    async def _tell_all(self, listeners: list[_Listener], about: dict[str, Any]) -> None:
        for plugin, listener in listeners:
            with suppress(FailedError):
                await self._wait(plugin, listener(**about))

    async def _tell_packets(
        self, listeners: list[_Listener], packets: Iterable[Packet], client: Client | None
    ) -> None:
        for packet in packets:
            # What amqtt cannot read, it would not have told.
            with suppress(Exception):
                found = await as_amqtt(packet)
                if found is not None:
                    await self._tell_all(listeners, {"packet": found, "session": client})

    async def _wait(self, plugin: Plugin, answer: Awaitable[_Answer]) -> _Answer:
        try:
            async with asyncio.timeout(self._patience):
                return await answer
        except Exception as error:  # noqa: BLE001 - whatever it is, it stays with one client
            # Its text may name what a client sent.
            fields = {"plugin": type(plugin).__name__, "error": type(error).__name__}
            _log.warning("a plugin failed", extra={"fields": fields})
            raise FailedError from None


def _listeners(plugins: Sequence[Plugin], event: Events) -> list[_Listener]:
    found = ((plugin, getattr(plugin, f"on_{event}", None)) for plugin in plugins)
    return [(plugin, listener) for plugin, listener in found if listener is not None]
