"""Where the services listen, by the settings."""

from dataclasses import dataclass

from config.settings import Settings, reachable


@dataclass(frozen=True, slots=True)
class Place:
    """A port, and the setting that names it."""

    setting: str
    host: str
    port: int


def places(settings: Settings) -> list[Place]:
    """Give every place where something listens."""
    broker, api = settings.broker, settings.api
    found = [
        Place("api.port", api.host, api.port),
        Place("broker.port", broker.plain_host, broker.port),
        Place("broker.ws_port", broker.plain_host, broker.ws_port),
    ]
    if broker.certificate:
        found += [
            Place("broker.tls_port", broker.host, broker.tls_port),
            Place("broker.wss_port", broker.host, broker.wss_port),
        ]
    if broker.metrics_port and broker.engine == "parley":
        found.append(Place("broker.metrics_port", broker.metrics_host, broker.metrics_port))
    return found


def named(host: str) -> str:
    """Write a host to connect to as in a URL."""
    host = reachable(host)
    return f"[{host}]" if ":" in host else host


def address(host: str, port: int) -> str:
    """Write a host to connect to and its port as in a URL."""
    return f"{named(host)}:{port}"
