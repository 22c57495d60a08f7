"""Talk on Parley from Python: asyncio, a durable outbox, everything once and in order."""

from parley_client.client import Client
from parley_client.errors import (
    ApiError,
    LoggedOutError,
    RejectedError,
    StoreInUseError,
    UnreachableError,
)
from parley_client.events import Connected, Disconnected, Event
from parley_client.sending import Sending
from parley_protocol.payloads import Entry

__all__ = [
    "ApiError",
    "Client",
    "Connected",
    "Disconnected",
    "Entry",
    "Event",
    "LoggedOutError",
    "RejectedError",
    "Sending",
    "StoreInUseError",
    "UnreachableError",
]
