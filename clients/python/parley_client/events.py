"""What a client tells its application."""

from dataclasses import dataclass

from parley_protocol.payloads import Down


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker is reached, and whatever was missed is on its way."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The broker is not reached; the client goes on trying."""


Event = Down | Connected | Disconnected
