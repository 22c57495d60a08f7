"""The device's connection to the broker: kept up, and begun again with jittered pauses."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from parley_client.api import Api
from parley_client.backoff import Backoff
from parley_client.errors import ApiError, UnreachableError
from parley_client.events import Connected, Disconnected
from parley_client.feed import Feed
from parley_client.outbox import Outbox
from parley_client.receipts import Receipts
from parley_client.tasks import finish
from parley_protocol import topics
from parley_protocol.ids import client_id
from parley_protocol.payloads import Receipt, encode

_log = logging.getLogger(__name__)
_KEEP_ALIVE_SECONDS = 60
_SYNC_SECONDS = 600.0
_REFUSED = 0x80
_AT_ONCE = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
"""A publish must not wait for the acknowledgement of the one before (RFC 896)."""


class Connection:
    """Receives for the feed and sends for the outbox, for as long as it is run."""

    def __init__(
        self, api: Api, feed: Feed, outbox: Outbox, receive: Callable[[bytes], None]
    ) -> None:
        self._api = api
        self._feed = feed
        self._outbox = outbox
        self._receive = receive
        self._work = asyncio.Event()
        self._receipts = Receipts()
        self._typing: dict[str, bytes] = {}

    def wake(self) -> None:
        """Look into the outbox now."""
        self._work.set()

    def tell(self, topic: str, receipt: Receipt) -> None:
        """Send a receipt, within a second."""
        self._receipts.note(topic, receipt)
        self._work.set()

    def show(self, topic: str, payload: bytes) -> None:
        """Send what nobody misses where the device is not connected."""
        self._typing[topic] = payload
        self._work.set()

    async def run(self) -> None:
        """Connect, again and again, until cancelled.

        Raises:
            LoggedOutError: the session has ended.
        """
        backoff = Backoff()
        while True:
            try:
                await self._connect_once(backoff)
            except (aiomqtt.MqttError, UnreachableError, OSError) as error:
                _log.info("not connected: %s", error)
            await asyncio.sleep(backoff.pause())

    async def _connect_once(self, backoff: Backoff) -> None:
        token = await self._api.token()
        try:
            async with self._client(token) as mqtt:
                await self._subscribe(mqtt)
                backoff.reset()
                await self._live(mqtt)
        except MqttConnectError:
            self._api.refuse_token(token)
            raise

    def _client(self, token: str) -> aiomqtt.Client:
        held = self._api.credentials
        if held is None:
            raise UnreachableError("logged out")
        address = urlsplit(held.broker)
        secure = address.scheme == "mqtts"
        return aiomqtt.Client(
            address.hostname or "",
            address.port or (8883 if secure else 1883),
            identifier=client_id(held.uid, held.device),
            username=held.uid,
            password=token,
            clean_session=False,
            keepalive=_KEEP_ALIVE_SECONDS,
            tls_context=ssl.create_default_context() if secure else None,
            socket_options=_AT_ONCE,
        )

    async def _subscribe(self, mqtt: aiomqtt.Client) -> None:
        held = self._api.credentials
        uid = held.uid if held else ""
        wanted = [(topics.inbox(uid), 1), (topics.live(uid), 0), (topics.ROLL_CALL, 0)]
        granted = await mqtt.subscribe(wanted)
        if any(getattr(code, "value", code) == _REFUSED for code in granted):
            raise aiomqtt.MqttError("the broker refuses a subscription")

    async def _live(self, mqtt: aiomqtt.Client) -> None:
        """Receive, send and sync until the connection is lost."""
        self._feed.show(Connected())
        self._outbox.connected()
        self._work.set()
        work = [self._read(mqtt), self._write(mqtt), self._sync()]
        tasks = [asyncio.create_task(step) for step in work]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await finish(tasks)
            await self._feed.pause()
            self._typing.clear()
            self._feed.show(Disconnected())
        failures = [task.exception() for task in tasks if not task.cancelled()]
        for failure in filter(None, failures):
            raise failure

    async def _read(self, mqtt: aiomqtt.Client) -> None:
        async for message in mqtt.messages:
            if isinstance(message.payload, bytes | bytearray):
                self._receive(bytes(message.payload))

    async def _write(self, mqtt: aiomqtt.Client) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            self._work.clear()
            for outgoing in self._outbox.take_due(clock()):
                await mqtt.publish(outgoing.topic, outgoing.payload, qos=1)
            for topic, receipt in self._receipts.take_due(clock()):
                await mqtt.publish(topic, encode(receipt), qos=1)
            while self._typing:
                topic, payload = self._typing.popitem()
                await mqtt.publish(topic, payload, qos=0)
            await self._wait_for_work()

    async def _wait_for_work(self) -> None:
        dues = (self._outbox.next_due(), self._receipts.next_due())
        due = min((due for due in dues if due is not None), default=None)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await self._work.wait()

    async def _sync(self) -> None:
        """Ask what is missing: now, and from time to time."""
        backoff = Backoff()
        while True:
            try:
                await self._feed.sync()
                backoff.reset()
                pause = _SYNC_SECONDS
            except (UnreachableError, ApiError) as error:
                _log.info("cannot sync yet: %s", type(error).__name__)
                pause = backoff.pause()
            await asyncio.sleep(pause)
