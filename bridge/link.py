"""The bridge's link to a broker: paho-mqtt with acknowledgements by hand."""

import logging
import queue
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from parley_protocol import topics
from parley_protocol.tokens import Claims

_log = logging.getLogger(__name__)
_KEEP_ALIVE = 30
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class Received:
    """A publish that the broker holds until it is acknowledged.

    Packet ids mean something only on the connection that they came by.
    """

    topic: str
    payload: bytes
    connection: int
    packet_id: int


class Link:
    """Receive what devices send, and publish. Connects again by itself, on the same session."""

    def __init__(
        self, url: str, claims: Claims, token: str, tell_ready: Callable[[], None]
    ) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 1883)
        self._incoming: queue.SimpleQueue[Received] = queue.SimpleQueue()
        self._connection = 0
        self._tell_ready = tell_ready
        self._outstanding: deque[MQTTMessageInfo] = deque()
        self._client = self._make_client(claims, token)

    def start(self) -> None:
        """Connect, and go on trying while the broker is away."""
        self._client.connect_async(*self._address, keepalive=_KEEP_ALIVE)
        self._client.loop_start()

    def stop(self) -> None:
        """Leave; the broker keeps the session and what was not acknowledged."""
        self._client.disconnect()
        self._client.loop_stop()

    def receive(self, *, limit: int, seconds: float) -> list[Received]:
        """Wait for a first publish, and take what else is there, up to ``limit``."""
        batch: list[Received] = []
        try:
            batch.append(self._incoming.get(timeout=seconds))
            while len(batch) < limit:
                batch.append(self._incoming.get_nowait())
        except queue.Empty:
            pass
        return batch

    def acknowledge(self, batch: Iterable[Received]) -> None:
        """Let the broker forget publishes, in the order in which they came."""
        for received in batch:
            if received.connection == self._connection and received.packet_id:
                self._client.ack(received.packet_id, 1)

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Hand a message to the broker, in the order of calls."""
        info = self._client.publish(topic, payload, qos)
        if qos:
            # Without a connection it waits in the client, which is no failure.
            info.rc = MQTTErrorCode.MQTT_ERR_SUCCESS
            self._outstanding.append(info)

    @property
    def outstanding(self) -> int:
        """How many publishes the broker may not have yet."""
        return len(self._outstanding)

    def settle(self, seconds: float) -> bool:
        """Wait until the broker has everything that was published; tell whether it has."""
        deadline = time.monotonic() + seconds
        while self._outstanding:
            self._outstanding[0].wait_for_publish(max(deadline - time.monotonic(), 0))
            if not self._outstanding[0].is_published():
                return False
            self._outstanding.popleft()
        return True

    def _make_client(self, claims: Claims, token: str) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=claims.client_id,
            clean_session=False,
            manual_ack=True,
        )
        client.username_pw_set(claims.sub, token)
        client.max_inflight_messages_set(0)
        # Annotated as whole seconds, used as any.
        client.reconnect_delay_set(_FIRST_PAUSE, _LONGEST_PAUSE)  # type: ignore[arg-type]
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = lambda *_: self._tell_ready()
        client.on_message = self._on_message
        return client

    def _on_socket_open(
        self,
        _client: Client,
        _userdata: Any,  # noqa: ANN401 - paho's signature
        opened: Any,  # noqa: ANN401 - likewise: a socket, whatever its kind
    ) -> None:
        # A publish must not wait for the acknowledgement of the one before (RFC 896).
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(
        self,
        client: Client,
        _userdata: Any,  # noqa: ANN401 - paho's signature
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            _log.error("the broker refuses the bridge: %s", reason)
            return
        self._connection += 1
        _log.info("connected to the broker at %s:%s", *self._address)
        client.subscribe(topics.SENT_MESSAGES, qos=1)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: Any,  # noqa: ANN401 - paho's signature
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            _log.warning("lost the broker: %s", reason)

    def _on_message(
        self,
        _client: Client,
        _userdata: Any,  # noqa: ANN401 - paho's signature
        message: MQTTMessage,
    ) -> None:
        packet_id = message.mid if message.qos else 0
        self._incoming.put(
            Received(message.topic, bytes(message.payload), self._connection, packet_id)
        )
