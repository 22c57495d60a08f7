"""The engine: stock amqtt with Parley's plugins, on its listeners."""

import asyncio

from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.errors import BrokerError as AmqttError

from broker.amqtt_engine.gate import Registry
from broker.amqtt_engine.guarded import GuardedBroker
from broker.engine import BrokerError, Options, Tls
from broker.net.tls import Certificate


class AmqttEngine:
    """Implements ``broker.engine.Engine``."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._broker: GuardedBroker | None = None
        self._refreshing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._options.plugins:
            raise BrokerError('broker.plugins needs broker.engine = "parley"')
        registry, tls = Registry(), self._options.tls
        certificate = Certificate(tls) if tls else None
        broker = GuardedBroker(
            _config(self._options, registry), self._options, registry, certificate
        )
        try:
            await broker.start()
        except AmqttError as error:
            cause = error.__cause__
            reason = cause.strerror if isinstance(cause, OSError) else str(error)
            raise BrokerError(f"the broker cannot listen: {reason}") from None
        self._broker = broker
        if certificate is not None:
            self._refreshing = asyncio.create_task(certificate.keep_fresh())

    async def stop(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
        if self._broker is not None:
            await self._broker.shutdown()


def _config(options: Options, registry: Registry) -> BrokerConfig:
    here = "broker.amqtt_engine.plugins"
    tls = options.tls
    return BrokerConfig(
        listeners=_listeners("default", options) | (_listeners("tls", tls) if tls else {}),
        session_expiry_interval=options.session_seconds,
        plugins={
            f"{here}.TokenAuth": {"registry": registry},
            f"{here}.TopicAccess": {"registry": registry},
        },
    )


def _listeners(name: str, place: Options | Tls) -> dict[str, ListenerConfig]:
    host = f"[{place.host}]" if ":" in place.host else place.host
    listeners = {
        name: ListenerConfig(type=ListenerType.TCP, bind=f"{host}:{place.port}"),
        f"{name}-ws": ListenerConfig(type=ListenerType.WS, bind=f"{host}:{place.ws_port}"),
    }
    if isinstance(place, Tls):
        for listener in listeners.values():
            listener.ssl, listener.certfile, listener.keyfile = True, place.certificate, place.key
    return listeners
