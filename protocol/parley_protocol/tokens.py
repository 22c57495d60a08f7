"""Access tokens: JWT (RFC 7519) signed with Ed25519 (EdDSA, RFC 8037).

Only the API holds the signing key; whoever checks a token needs just the public one.
"""

from typing import Literal, cast

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from parley_protocol.ids import client_id, new_id

Scope = Literal["device", "service"]
_ALGORITHM = "EdDSA"


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a token. ``iat`` and ``exp`` are seconds since 1970.

    For a service, ``sub`` is its name and ``device`` the instance. ``sid`` names the session of
    which a device's token is.
    """

    sub: str
    device: str
    scope: Scope
    iat: int
    exp: int
    jti: str
    sid: str = ""

    @property
    def client_id(self) -> str:
        """The one MQTT client id that this token opens."""
        return client_id(self.sub, self.device)


class InvalidTokenError(Exception):
    """The token is not ours, is broken, or has expired."""


def issue(  # noqa: PLR0913 - the claims of a token
    key: Ed25519PrivateKey,
    *,
    sub: str,
    device: str,
    scope: Scope,
    now: int,
    seconds: int,
    sid: str = "",
) -> str:
    """Sign a token that holds from ``now`` for ``seconds``."""
    claims = Claims(
        sub=sub,
        device=device,
        scope=scope,
        iat=now,
        exp=now + seconds,
        jti=new_id(),
        sid=sid,
    )
    return jwt.encode(msgspec.structs.asdict(claims), key, algorithm=_ALGORITHM)


def verify(key: Ed25519PublicKey, token: str, *, now: int) -> Claims:
    """Check signature, form and expiry at ``now``.

    Raises:
        InvalidTokenError: with a reason that is safe to log.
    """
    try:
        options = cast("jwt.types.Options", {"verify_exp": False, "verify_iat": False})
        fields = jwt.decode(token, key, algorithms=[_ALGORITHM], options=options)
        claims = msgspec.convert(fields, Claims)
    except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError) as error:
        raise InvalidTokenError(f"not a token of ours: {type(error).__name__}") from None
    if claims.exp <= now:
        raise InvalidTokenError("the token has expired")
    return claims
