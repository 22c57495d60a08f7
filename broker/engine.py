"""What every engine of the embedded broker offers, whatever is inside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class Tls:
    """Listeners with TLS, and the PEM files that they need.

    Where there are ``authorities``, clients are asked for a certificate that one of them signed.
    """

    host: str
    port: int
    ws_port: int
    certificate: Path
    key: Path
    authorities: Path | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How an engine runs. Ports: TCP and WebSocket, without TLS; times in seconds.

    An engine that has figures shows them on ``metrics_port``, unless it is 0.
    """

    host: str
    port: int
    ws_port: int
    key: Ed25519PublicKey
    max_connections: int
    connect_timeout: float
    queue_messages: int
    session_seconds: int
    tls: Tls | None = None
    metrics_host: str = ""
    metrics_port: int = 0
    journal: Path | None = None
    """Folder for what must survive the process; an engine may have nothing to put there."""
    plugins: Mapping[str, Any] = field(default_factory=dict)
    """amqtt plugins: the names of their classes, each with its configuration."""

    @property
    def places(self) -> "list[Options | Tls]":
        """Where to listen."""
        return [self, self.tls] if self.tls else [self]


class BrokerError(Exception):
    """The broker cannot run; the text is one line for the person who started it."""


class Engine(Protocol):
    """An MQTT broker that keeps to Parley's access rules."""

    async def start(self) -> None:
        """Listen.

        Raises:
            BrokerError: a port is in use or must not be listened on, or a plugin cannot be loaded.
        """

    async def stop(self) -> None:
        """Close every connection and stop listening."""
