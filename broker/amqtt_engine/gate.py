"""The gate: a connection is judged by its CONNECT packet before the broker hears of it.

Stock amqtt finds and takes over a client id's session before it checks the password, and
publishes a will without asking whether its sender may. So both are settled here first.
"""

import time

from amqtt.mqtt.connack import (
    BAD_USERNAME_PASSWORD,
    NOT_AUTHORIZED,
    UNACCEPTABLE_PROTOCOL_VERSION,
    ConnackPacket,
)
from amqtt.mqtt.connect import ConnectPacket
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from parley_protocol import access, tokens
from parley_protocol.control import EndedSessions
from parley_protocol.tokens import Claims

_MQTT_3_1_1 = 4


class RefusedError(Exception):
    """The connection is not let in; ``code`` goes into its CONNACK (MQTT 3.1.1, 3.2.2.3)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Registry:
    """Who holds which client id, by the token of the last connection."""

    def __init__(self) -> None:
        self._claims: dict[str, Claims] = {}
        self.ended = EndedSessions()

    def admit(self, claims: Claims) -> None:
        """Note an accepted connection."""
        self._claims[claims.client_id] = claims

    def find(self, client_id: str | None) -> Claims | None:
        """Give the token's claims of a client id."""
        return self._claims.get(client_id or "")

    def prune(self, client_ids: set[str]) -> None:
        """Forget client ids that have no session any more."""
        for client_id in self._claims.keys() - client_ids:
            del self._claims[client_id]

    def __len__(self) -> int:
        return len(self._claims)


def judge(connect: ConnectPacket, key: Ed25519PublicKey, ended: EndedSessions) -> Claims:
    """Check a CONNECT packet.

    Raises:
        RefusedError: with the CONNACK code and a reason that is safe to log.
    """
    header = connect.variable_header
    if header is None or header.proto_name != "MQTT" or header.proto_level != _MQTT_3_1_1:
        raise RefusedError(UNACCEPTABLE_PROTOCOL_VERSION, "not MQTT 3.1.1")
    if not connect.username or not connect.password:
        raise RefusedError(BAD_USERNAME_PASSWORD, "no username or no password")
    try:
        claims = tokens.verify(key, connect.password, now=int(time.time()))
    except tokens.InvalidTokenError as error:
        raise RefusedError(NOT_AUTHORIZED, str(error)) from None
    if claims.sid in ended:
        raise RefusedError(NOT_AUTHORIZED, "the token's session has ended")
    client_id = connect.client_id or ""
    if not access.may_connect(claims, client_id=client_id, username=connect.username):
        raise RefusedError(NOT_AUTHORIZED, "the client id is not the token's")
    if connect.will_flag and not access.may_publish(claims, connect.will_topic or ""):
        raise RefusedError(NOT_AUTHORIZED, "the will's topic is not the token's")
    return claims


def refusal(code: int) -> bytes:
    """Encode the CONNACK of a refused connection."""
    return ConnackPacket.build(0, code).to_bytes()
