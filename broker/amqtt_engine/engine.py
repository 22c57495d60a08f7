"""The engine: stock amqtt with Parley's plugins, on two listeners."""

from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.errors import BrokerError as AmqttError

from broker.amqtt_engine.gate import Registry
from broker.amqtt_engine.guarded import GuardedBroker
from broker.engine import BrokerError, Options


class AmqttEngine:
    """Implements ``broker.engine.Engine``."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._broker: GuardedBroker | None = None

    async def start(self) -> None:
        registry = Registry()
        broker = GuardedBroker(_config(self._options, registry), self._options, registry)
        try:
            await broker.start()
        except AmqttError as error:
            cause = error.__cause__
            reason = cause.strerror if isinstance(cause, OSError) else str(error)
            raise BrokerError(f"the broker cannot listen: {reason}") from None
        self._broker = broker

    async def stop(self) -> None:
        if self._broker is not None:
            await self._broker.shutdown()


def _config(options: Options, registry: Registry) -> BrokerConfig:
    here = "broker.amqtt_engine.plugins"
    host = f"[{options.host}]" if ":" in options.host else options.host
    return BrokerConfig(
        listeners={
            "default": ListenerConfig(type=ListenerType.TCP, bind=f"{host}:{options.port}"),
            "ws": ListenerConfig(type=ListenerType.WS, bind=f"{host}:{options.ws_port}"),
        },
        session_expiry_interval=options.session_seconds,
        plugins={
            f"{here}.TokenAuth": {"registry": registry},
            f"{here}.TopicAccess": {"registry": registry},
        },
    )
