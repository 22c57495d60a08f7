"""The engine: the core, its listeners and its clock."""

import asyncio
import logging
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from amqtt.events import BrokerEvents

from broker.core.access import Rules
from broker.core.core import Core
from broker.core.figures import Figures
from broker.core.limits import Limits
from broker.core.message import Message
from broker.engine import BrokerError, Options, Tls
from broker.journal import FileJournal
from broker.journal.restore import restore, unhurried_collector
from broker.metrics import listen
from broker.native.rules import TokenRules
from broker.net.connection import Connection
from broker.net.tcp import TcpConnection
from broker.net.tls import Certificate
from broker.net.turn import Turn
from broker.net.websocket import WebSocketConnection
from broker.plugins import GatedTcp, GatedWebSocket, JudgedRules, Plugins, load
from mqtt.codes import Reason

_log = logging.getLogger(__name__)
_BACKLOG = 4_096


class NativeEngine:
    """Implements ``broker.engine.Engine``."""

    def __init__(self, options: Options, rules: Rules | None = None) -> None:
        self._options = options
        own = rules or TokenRules(options.key)
        self._rules = JudgedRules(own) if options.plugins else own
        self._plugins: Plugins | None = None
        self._servers: list[asyncio.Server] = []
        self._turn: Turn | None = None
        self._journal: FileJournal | None = None
        self._restored: dict[str, int] = {}
        self._refreshing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        with unhurried_collector():
            core = self._make_core()
        figures = Figures(core, self._journal.figures if self._journal else tuple)
        turn = Turn(core, figures)
        await self._load_plugins(turn)
        for place in self._options.places:
            await self._listen(turn, place)
        if self._options.metrics_port:
            host, port = self._options.metrics_host, self._options.metrics_port
            await self._open(listen(host, port, figures), host, port)
            _log.info("showing figures", extra={"fields": {"host": host, "port": port}})
        turn.start()
        self._turn = turn
        if self._journal is not None:
            self._journal.start(self._stored)
            _log.info("the journal is read", extra={"fields": self._restored})
        if self._plugins is not None:
            await self._plugins.announce(BrokerEvents.POST_START)

    async def _listen(self, turn: Turn, place: Options | Tls) -> None:
        loop, context = asyncio.get_running_loop(), self._context(place)
        tcp, websocket = self._kinds()
        ports = ((tcp, place.port), (websocket, place.ws_port))
        for kind, port in ports:
            opening = loop.create_server(
                partial(kind, turn), place.host, port, backlog=_BACKLOG, ssl=context
            )
            await self._open(opening, place.host, port)

    async def _open(self, opening: Awaitable[asyncio.Server], host: str, port: int) -> None:
        try:
            self._servers.append(await opening)
        except OSError as error:
            await self.stop()
            reason = f"port {port} on {host}: {error.strerror}"
            raise BrokerError(f"the broker cannot listen: {reason}") from None

    def _context(self, place: Options | Tls) -> ssl.SSLContext | None:
        if isinstance(place, Options):
            return None
        certificate = Certificate(place)
        self._refreshing = asyncio.create_task(certificate.keep_fresh())
        return certificate.context

    async def stop(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
        if self._plugins is not None:
            await self._plugins.announce(BrokerEvents.PRE_SHUTDOWN)
        for server in self._servers:
            server.close()
        if self._turn is not None:
            self._turn.begin()
            for link in list(self._turn.core.links):
                link.end(Reason.SERVER_SHUTTING_DOWN, is_normal=True)
            self._turn.stop()
            self._turn.flush()
        if self._plugins is not None:
            await self._plugins.stop()
        if self._journal is not None:
            self._journal.stop()
        await asyncio.gather(*(server.wait_closed() for server in self._servers))

    async def _load_plugins(self, turn: Turn) -> None:
        if not self._options.plugins:
            return
        try:
            self._plugins = load(self._options.plugins, turn)
        except BrokerError:
            await self.stop()
            raise
        await self._plugins.announce(BrokerEvents.PRE_START)

    def _kinds(self) -> tuple[Callable[[Turn], Connection], Callable[[Turn], Connection]]:
        if self._plugins is None:
            return TcpConnection, WebSocketConnection
        plugins = self._plugins
        return partial(GatedTcp, plugins=plugins), partial(GatedWebSocket, plugins=plugins)

    def _make_core(self) -> Core:
        folder = self._options.journal
        try:
            self._journal = FileJournal(folder) if folder else None
        except OSError as error:
            raise BrokerError(f"the journal in {folder}: {error.strerror}") from None
        core = Core(_limits(self._options), self._rules, self._journal)
        core.now = time.time()
        if self._journal is not None:
            self._restored = restore(core, self._journal.log)
        return core

    def _stored(self, messages: list[Message]) -> None:
        if self._turn is not None:
            self._turn.begin()
            self._turn.core.stored(messages)


def _limits(options: Options) -> Limits:
    return replace(
        Limits(),
        connections=options.max_connections,
        connect_seconds=options.connect_timeout,
        queue_messages=options.queue_messages,
        session_seconds=options.session_seconds,
    )
