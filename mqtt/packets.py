"""Packets as values. ``properties`` are empty in 3.1.1."""

from dataclasses import dataclass, field
from typing import TypeAlias

from mqtt.codes import V311, Reason, Type
from mqtt.properties import Properties, nothing


@dataclass(frozen=True, slots=True)
class Will:
    """What is published when the client is lost (section 3.1.2.5)."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Connect:
    """A client's first packet (section 3.1). ``keep_alive`` is in seconds, 0 for none."""

    client_id: str
    version: int = V311
    clean_start: bool = True
    keep_alive: int = 0
    username: str | None = None
    password: bytes | None = field(default=None, repr=False)
    will: Will | None = None
    properties: Properties = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Connack:
    """The answer to CONNECT (section 3.2)."""

    reason: Reason = Reason.SUCCESS
    session_present: bool = False
    properties: Properties = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Publish:
    """An application message (section 3.3). ``packet_id`` is 0 at QoS 0."""

    topic: str
    payload: bytes
    qos: int = 0
    packet_id: int = 0
    retain: bool = False
    dup: bool = False
    properties: Properties = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Ack:
    """PUBACK, PUBREC, PUBREL or PUBCOMP (sections 3.4 to 3.7)."""

    type: Type
    packet_id: int
    reason: Reason = Reason.SUCCESS
    properties: Properties = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One filter of a SUBSCRIBE, and how it is to be served (section 3.8.3.1)."""

    topic_filter: str
    qos: int = 0
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: int = 0


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A request for messages (section 3.8)."""

    packet_id: int
    subscriptions: tuple[Subscription, ...]
    properties: Properties = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """The end of subscriptions (section 3.10)."""

    packet_id: int
    topic_filters: tuple[str, ...]
    properties: Properties = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Suback:
    """SUBACK or UNSUBACK (sections 3.9 and 3.11): a reason for each filter."""

    type: Type
    packet_id: int
    reasons: tuple[Reason, ...]
    properties: Properties = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Ping:
    """PINGREQ or PINGRESP (sections 3.12 and 3.13)."""

    type: Type


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The last packet (section 3.14)."""

    reason: Reason = Reason.SUCCESS
    properties: Properties = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Auth:
    """A step of an authentication (section 3.15)."""

    reason: Reason = Reason.SUCCESS
    properties: Properties = field(default_factory=nothing)


Packet: TypeAlias = (
    Connect | Connack | Publish | Ack | Subscribe | Suback | Unsubscribe | Ping | Disconnect | Auth
)
