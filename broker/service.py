"""Run the embedded broker as a service."""

import asyncio
import logging
import resource
import signal
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from broker.amqtt_engine import AmqttEngine
from broker.core.access import Anyone
from broker.engine import Engine, Options, Tls
from broker.native import NativeEngine
from config import keys
from config.settings import Broker, BrokerEngine, Settings

_log = logging.getLogger(__name__)
_DAY = 24 * 3600
_MANY = 100_000
_OTHER_FILES = 100
_ENGINES: dict[BrokerEngine, Callable[[Options], Engine]] = {
    "parley": NativeEngine,
    "amqtt": AmqttEngine,
}


def run(settings: Settings, tell_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        BrokerError: a port is in use or must not be listened on, or a plugin cannot be loaded.
    """
    make = _ENGINES[settings.broker.engine]
    uvloop.run(_serve(make, options(settings), tell_ready))


def run_alone(broker: Broker, refused: Iterable[str], data: str | None) -> None:
    """Serve as a general MQTT broker on loopback until SIGTERM or SIGINT.

    It is for anybody, or for those whom plugins let in. With a folder for its journal it forgets
    nothing, without one everything at its end.

    Raises:
        BrokerError: a port is in use, or a plugin cannot be loaded.
    """
    # No token opens anything here, so the key may be any.
    chosen = replace(
        _options(broker, Ed25519PrivateKey.generate().public_key()),
        max_connections=_MANY,
        journal=Path(data) / "broker" if data else None,
    )
    uvloop.run(_serve(lambda found: NativeEngine(found, Anyone(refused)), chosen, lambda: None))


def options(settings: Settings) -> Options:
    """Take an engine's options from the settings."""
    chosen = _options(settings.broker, keys.public_key(settings.folder))
    return replace(chosen, journal=settings.folder / "broker")


def _options(broker: Broker, key: Ed25519PublicKey) -> Options:
    return Options(
        host=broker.plain_host,
        port=broker.port,
        ws_port=broker.ws_port,
        key=key,
        max_connections=broker.max_connections,
        connect_timeout=broker.connect_timeout,
        queue_messages=broker.queue_messages,
        session_seconds=broker.session_days * _DAY,
        tls=_tls(broker) if broker.certificate else None,
        metrics_host=broker.metrics_host,
        metrics_port=broker.metrics_port,
        plugins=broker.plugins,
    )


def _tls(broker: Broker) -> Tls:
    return Tls(
        host=broker.host,
        port=broker.tls_port,
        ws_port=broker.wss_port,
        certificate=Path(broker.certificate),
        key=Path(broker.certificate_key or broker.certificate),
        authorities=Path(broker.client_authorities) if broker.client_authorities else None,
    )


async def _serve(
    make: Callable[[Options], Engine], chosen: Options, tell_ready: Callable[[], None]
) -> None:
    # What they would say names clients, topics and every stranger's bytes.
    for chatty in ("amqtt", "transitions", "websockets"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    _allow_files(chosen.max_connections * len(chosen.places) + _OTHER_FILES)
    engine = make(chosen)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await engine.start()
    for place in chosen.places:
        ports = {"host": place.host, "port": place.port, "ws_port": place.ws_port}
        _log.info("listening", extra={"fields": ports | {"tls": place is chosen.tls}})
    tell_ready()
    await stopping.wait()
    await engine.stop()
    _log.info("the broker has stopped")


def _allow_files(wanted: int) -> None:
    """Let the process have so many files open, or as many as the system lets it: often 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
