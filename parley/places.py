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
    return [
        Place("api.port", api.host, api.port),
        Place("broker.port", broker.host, broker.port),
        Place("broker.ws_port", broker.host, broker.ws_port),
    ]


def address(host: str, port: int) -> str:
    """Write a host to connect to and its port as in a URL."""
    host = reachable(host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
