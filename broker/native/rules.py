"""Parley's access rules, as the core asks for them."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from broker.core.access import Identity, RefusedError
from mqtt.codes import Reason
from mqtt.errors import PacketError
from mqtt.packets import Connect
from parley_protocol import access, fanout, tokens, topics
from parley_protocol.tokens import Claims


class TokenHolder:
    """Who has shown a good token.

    Nothing is retained: nobody could read it, and it would stay for ever.
    """

    may_retain = False

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self.expires_at: float | None = claims.exp
        self.is_service = claims.scope == "service"

    def may_publish(self, topic: str) -> bool:
        return access.may_publish(self.claims, topic)

    def spread(self, topic: str, payload: bytes) -> tuple[list[bytes], bytes] | None:
        if topic != topics.DELIVER:
            return None
        try:
            return fanout.unpack(payload)
        except ValueError as error:
            raise PacketError(str(error), Reason.PAYLOAD_FORMAT_INVALID) from None

    def may_subscribe(self, topic_filter: str) -> Reason:
        if not access.may_subscribe(self.claims, topic_filter):
            return Reason.NOT_AUTHORIZED
        return Reason(topics.quality(topic_filter))


class TokenRules:
    """A connection shows a token as its password, and may do what the token says."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    def admit(self, connect: Connect, now: float) -> Identity:
        if not connect.username or not connect.password:
            raise RefusedError(Reason.BAD_USER_NAME_OR_PASSWORD, "no username or no password")
        claims = self._verify(connect.password, now)
        client_id, username = connect.client_id, connect.username
        if not access.may_connect(claims, client_id=client_id, username=username):
            raise RefusedError(Reason.NOT_AUTHORIZED, "the client id is not the token's")
        return TokenHolder(claims)

    def renew(self, identity: Identity, data: bytes, now: float) -> Identity:
        claims = self._verify(data, now)
        if not isinstance(identity, TokenHolder) or claims.client_id != identity.claims.client_id:
            raise RefusedError(Reason.NOT_AUTHORIZED, "the token is another device's")
        return TokenHolder(claims)

    def _verify(self, token: bytes, now: float) -> Claims:
        try:
            return tokens.verify(self._key, token.decode(), now=int(now))
        except (tokens.InvalidTokenError, UnicodeDecodeError) as error:
            raise RefusedError(Reason.NOT_AUTHORIZED, str(error)) from None
