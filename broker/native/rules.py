"""Parley's access rules, as the core asks for them."""

import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from broker.core.access import Identity, RefusedError
from broker.core.expelling import Expulsion
from mqtt.codes import Reason
from mqtt.errors import PacketError
from mqtt.packets import Connect
from parley_protocol import access, control, fanout, tokens, topics
from parley_protocol.control import EndedSessions
from parley_protocol.tokens import Claims


class TokenHolder:
    """Who has shown a good token.

    Nothing is retained: nobody could read it, and it would stay for ever.
    """

    may_retain = False

    def __init__(self, claims: Claims, ended: EndedSessions) -> None:
        self.claims = claims
        self.credential = claims.sid
        self._ended = ended
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

    def expels(self, topic: str, payload: bytes) -> Expulsion | None:
        if topic != topics.CONTROL:
            return None
        try:
            ended = control.decode(payload)
        except ValueError as error:
            raise PacketError(str(error), Reason.PAYLOAD_FORMAT_INVALID) from None
        self._ended.add(ended, time.time())
        return Expulsion(ended.client_id, ended.sid, ended.is_over)

    def may_subscribe(self, topic_filter: str) -> Reason:
        if not access.may_subscribe(self.claims, topic_filter):
            return Reason.NOT_AUTHORIZED
        return Reason(topics.quality(topic_filter))


class TokenRules:
    """A connection shows a token as its password, and may do what the token says.

    Which sessions have ended is known as long as the process lives; a token lives for minutes.
    """

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self._ended = EndedSessions()

    def admit(self, connect: Connect, now: float) -> Identity:
        if not connect.username or not connect.password:
            raise RefusedError(Reason.BAD_USER_NAME_OR_PASSWORD, "no username or no password")
        claims = self._verify(connect.password, now)
        client_id, username = connect.client_id, connect.username
        if not access.may_connect(claims, client_id=client_id, username=username):
            raise RefusedError(Reason.NOT_AUTHORIZED, "the client id is not the token's")
        return TokenHolder(claims, self._ended)

    def renew(self, identity: Identity, data: bytes, now: float) -> Identity:
        claims = self._verify(data, now)
        if not isinstance(identity, TokenHolder) or claims.client_id != identity.claims.client_id:
            raise RefusedError(Reason.NOT_AUTHORIZED, "the token is another device's")
        return TokenHolder(claims, self._ended)

    def _verify(self, token: bytes, now: float) -> Claims:
        try:
            claims = tokens.verify(self._key, token.decode(), now=int(now))
        except (tokens.InvalidTokenError, UnicodeDecodeError) as error:
            raise RefusedError(Reason.NOT_AUTHORIZED, str(error)) from None
        if claims.sid in self._ended:
            raise RefusedError(Reason.NOT_AUTHORIZED, "the token's session has ended")
        return claims
