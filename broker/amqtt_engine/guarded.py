"""amqtt's broker behind the gate, with bounded queues and nothing retained."""

import asyncio
import logging
import ssl
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import websockets
from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter, WebSocketsWriter, WriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerType
from amqtt.mqtt.connack import SERVER_UNAVAILABLE
from amqtt.mqtt.connect import ConnectPacket
from amqtt.session import Session
from websockets.asyncio.server import ServerConnection

from broker.amqtt_engine.gate import RefusedError, Registry, judge, refusal
from broker.amqtt_engine.readers import PACKET_MAX, GuardedReader, Source, WebSocketSource
from broker.core.limits import Limits
from broker.engine import Options
from broker.net.tls import Certificate
from parley_protocol import control, topics
from parley_protocol.tokens import Claims

_log = logging.getLogger(__name__)
_Tasks = deque[asyncio.Task[Any]]
_PRUNE_ABOVE = 1_000
_LAST_WORDS_SECONDS = 2.0


class GuardedBroker(Broker):
    """Judges connections before amqtt sees them, and finds subscribers by their topic."""

    def __init__(
        self,
        config: BrokerConfig,
        options: Options,
        registry: Registry,
        certificate: Certificate | None,
    ) -> None:
        super().__init__(config)
        self._certificate = certificate
        self._options = options
        self._registry = registry
        self._connections: dict[str, asyncio.Task[None]] = {}

    async def _create_server_instance(
        self,
        listener_name: str,
        listener_type: ListenerType,
        address: str | None,
        port: int,
        ssl_context: ssl.SSLContext | None,
    ) -> asyncio.Server | websockets.asyncio.server.Server:
        host = address.strip("[]") if address else None
        if ssl_context is not None and self._certificate is not None:
            ssl_context = self._certificate.context
        if listener_type is not ListenerType.WS:
            return await super()._create_server_instance(
                listener_name, listener_type, host, port, ssl_context
            )
        return await websockets.serve(
            lambda websocket: self.ws_connected(websocket, listener_name),
            host,
            port,
            subprotocols=[websockets.Subprotocol("mqtt")],
            max_size=PACKET_MAX,
            compression=None,
            ssl=ssl_context,
        )

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        """Take a connection over TCP."""
        await self._arrive(StreamReaderAdapter(reader), StreamWriterAdapter(writer), listener_name)

    async def ws_connected(self, websocket: ServerConnection, listener_name: str) -> None:
        """Take a connection over WebSocket."""
        await self._arrive(WebSocketSource(websocket), WebSocketsWriter(websocket), listener_name)

    async def retain_message(self, *_args: Any, **_kwargs: Any) -> None:  # noqa: ANN401 - as amqtt
        """Retain nothing: nobody could read it, and it would stay for ever."""

    async def _arrive(self, source: Source, writer: WriterAdapter, listener_name: str) -> None:
        reader = GuardedReader(source)
        try:
            claims = await self._judge(reader)
        except RefusedError as refused:
            _log.info("refused a connection: %s", refused)
            await _close(writer, refusal(refused.code))
            return
        except Exception as error:  # noqa: BLE001 - no bytes of a stranger may do more than this
            _log.info("closed a connection that did not log in: %s", type(error).__name__)
            await _close(writer, b"")
            return
        await self._serve(claims, reader, writer, listener_name)

    async def _judge(self, reader: GuardedReader) -> Claims:
        async with asyncio.timeout(self._options.connect_timeout):
            connect = await ConnectPacket.from_stream(reader)
        claims = judge(connect, self._options.key, self._registry.ended)
        client_id = claims.client_id
        if len(self._connections) >= self._options.max_connections:
            raise RefusedError(SERVER_UNAVAILABLE, "too many connections")
        await self._end_earlier(client_id, clean=connect.clean_session_flag)
        if len(self._registry) > 2 * len(self.sessions) + _PRUNE_ABOVE:
            self._registry.prune(set(self.sessions))
        self._registry.admit(claims)
        reader.admit(connect.keep_alive)
        return claims

    async def _end_earlier(self, client_id: str, *, clean: bool) -> None:
        """Let an earlier connection of the client end before the new one begins.

        Both would share amqtt's session, and the end of one would switch the other off.
        """
        earlier = self._connections.get(client_id)
        if earlier is not None:
            await self._end(client_id, earlier)
        session, _ = self.sessions.get(client_id, (None, None))
        if session is not None and session.clean_session and not clean:
            await self._delete_session(client_id)

    async def _end(self, client_id: str, connection: asyncio.Task[None]) -> None:
        session, handler = self.sessions.get(client_id, (None, None))
        if session is not None and handler is not None:
            await handler.handle_connection_closed()
        _, late = await asyncio.wait([connection], timeout=_LAST_WORDS_SECONDS)
        for task in late:
            task.cancel()
            await asyncio.wait([task])

    async def _obey(self, order: bytes | bytearray) -> None:
        """Let a device go whose session has ended; MQTT 3.1.1 knows no way to say why."""
        try:
            ended = control.decode(bytes(order))
        except ValueError as error:
            _log.warning("refused an order: %s", error)
            return
        self._registry.ended.add(ended, time.time())
        client_id, connection = ended.client_id, self._connections.get(ended.client_id)
        claims = self._registry.find(client_id)
        if connection is not None and claims is not None and claims.sid != ended.sid:
            return
        if connection is not None:
            await self._end(client_id, connection)
        if ended.is_over and client_id in self.sessions:
            await self._delete_session(client_id)

    async def _expire(self, claims: Claims, connection: asyncio.Task[None]) -> None:
        await asyncio.sleep(claims.exp - time.time())
        await self._end(claims.client_id, connection)

    async def _serve(
        self, claims: Claims, reader: GuardedReader, writer: WriterAdapter, listener_name: str
    ) -> None:
        task, client_id = asyncio.current_task(), claims.client_id
        if task is None:
            return
        self._connections[client_id] = task
        expiring = asyncio.create_task(self._expire(claims, task))
        try:
            await self._client_connected(listener_name, reader, writer)
        finally:
            expiring.cancel()
            if self._connections.get(client_id) is task:
                del self._connections[client_id]

    async def _run_broadcast(self, running_tasks: _Tasks) -> None:
        """Hand a message to its subscribers, found by their exact topic.

        Stock amqtt compares each message with every filter of every session.
        """
        message = await self._broadcast_queue.get()
        if message["topic"] == topics.CONTROL:
            running_tasks.append(asyncio.ensure_future(self._obey(message["data"])))
            return
        quality = topics.quality(message["topic"])
        for session, granted in self._subscribers(message["topic"]):
            qos = min(quality, granted)
            if session.transitions.state == "connected":
                self._publish(session, message, qos, running_tasks)
            elif qos and not session.clean_session:
                self._make_room(session)
                await self._retain_broadcast_message(message, qos, session)

    def _subscribers(self, topic: str) -> Iterator[tuple[Session, int]]:
        yield from self._subscriptions.get(topic, ())
        for topic_filter, subscribers in self._subscriptions.items():
            if "+" in topic_filter and self._matches(topic, topic_filter):
                yield from subscribers

    def _publish(
        self, session: Session, message: dict[str, Any], qos: int, running_tasks: _Tasks
    ) -> None:
        handler = self._get_handler(session)
        if handler is None:
            return
        if session.inflight_out_count >= self._queue_most(session):
            # It does not keep up. Connecting again, it fetches what it lacks.
            running_tasks.append(asyncio.ensure_future(handler.handle_connection_closed()))
            return
        publish = handler.mqtt_publish(message["topic"], message["data"], qos, retain=False)
        running_tasks.append(asyncio.ensure_future(publish))

    def _queue_most(self, session: Session) -> int:
        claims = self._registry.find(session.client_id)
        is_service = claims is not None and claims.scope == "service"
        return Limits().service_queue_messages if is_service else self._options.queue_messages

    def _make_room(self, session: Session) -> None:
        # The oldest goes: a client finds by its numbers what it lacks, and fetches it.
        while session.retained_messages.qsize() >= self._queue_most(session):
            session.retained_messages.get_nowait()


async def _close(writer: WriterAdapter, last_words: bytes) -> None:
    with suppress(OSError, TimeoutError, websockets.ConnectionClosed):
        async with asyncio.timeout(_LAST_WORDS_SECONDS):
            if last_words:
                writer.write(last_words)
                await writer.drain()
            await writer.close()
