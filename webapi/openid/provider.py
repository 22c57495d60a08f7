"""An OpenID Connect provider (OpenID Connect Core 1.0), by authorization code with PKCE."""

import os
import time
from typing import Any, cast

import msgspec
import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from flask import current_app
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from msgspec import Struct

from config.settings import OpenId

KEY = "parley_provider"
SECRET_VARIABLE = "OPENID_SECRET"  # noqa: S105 - where it is, not what it is
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_SCOPE = "openid profile email"
_FRESH_SECONDS = 3_600
_TIMEOUT_SECONDS = 10
_CLOCKS_DIFFER_SECONDS = 60


class AwayError(Exception):
    """The provider does not answer, or not as the standard says; the text is safe to log."""


class RefusedError(Exception):
    """The provider does not vouch for who has come back; the text is safe to log."""


class Begun(Struct, frozen=True, kw_only=True):
    """What a login began with, which has to fit what comes back."""

    state: str
    nonce: str
    verifier: str
    redirect: str


class Person(Struct, frozen=True, kw_only=True):
    """Whom the provider vouches for; ``email`` where it says that it is verified."""

    issuer: str
    subject: str
    username: str
    name: str
    email: str | None


class _Metadata(Struct, frozen=True, kw_only=True):
    """What is needed of OpenID Connect Discovery 1.0, section 3."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""


class _Claims(Struct, frozen=True, kw_only=True):
    """What is needed of an ID token (section 2), and of the claims of section 5.1."""

    iss: str
    sub: str
    preferred_username: str = ""
    name: str = ""
    email: str = ""
    email_verified: bool = False


class Provider:
    """The provider that the settings name; what it says of itself is kept for an hour."""

    def __init__(self, chosen: OpenId) -> None:
        self._chosen = chosen
        self._secret = os.environ.get(SECRET_VARIABLE, "")
        self._metadata: _Metadata | None = None
        self._keys: Any = None
        self._read_at = 0.0

    def authorization_url(self, begun: Begun) -> str:
        """Give where somebody has to go to log in.

        Raises:
            AwayError: the provider has not said so.
        """
        endpoint = self._discovered().authorization_endpoint
        with self._session(begun) as session:
            url, _ = session.create_authorization_url(
                endpoint, state=begun.state, nonce=begun.nonce, code_verifier=begun.verifier
            )
        return cast("str", url)

    def person(self, begun: Begun, code: str) -> Person:
        """Exchange the code with which somebody has come back.

        Raises:
            AwayError: the provider does not answer.
            RefusedError: the code is not good, or what it gives was not made for this login.
        """
        metadata = self._discovered()
        try:
            with self._session(begun) as session:
                token = session.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=begun.verifier,
                    timeout=_TIMEOUT_SECONDS,
                )
                claims = self._checked(token, begun.nonce, metadata)
                more = self._more_claims(session, claims["sub"], metadata)
            return _person({**more, **claims})
        except requests.RequestException as error:
            raise AwayError(type(error).__name__) from None
        except (AuthlibBaseError, JoseError, msgspec.ValidationError, KeyError) as error:
            # The kind alone: a provider's words may quote the code or the token.
            raise RefusedError(type(error).__name__) from None

    def _more_claims(
        self,
        session: Any,  # noqa: ANN401 - Authlib is not annotated
        subject: object,
        metadata: _Metadata,
    ) -> dict[str, object]:
        """Ask for what most providers leave out of ID tokens (section 5.3)."""
        if not metadata.userinfo_endpoint:
            return {}
        answer = session.get(metadata.userinfo_endpoint, timeout=_TIMEOUT_SECONDS)
        answer.raise_for_status()
        claims: dict[str, object] = answer.json()
        return claims if claims.get("sub") == subject else {}

    def _session(self, begun: Begun) -> Any:  # noqa: ANN401 - Authlib is not annotated
        return OAuth2Session(
            self._chosen.client_id,
            self._secret or None,
            token_endpoint_auth_method=None if self._secret else "none",
            scope=_SCOPE,
            redirect_uri=begun.redirect,
            code_challenge_method="S256",
        )

    def _checked(self, token: dict[str, str], nonce: str, metadata: _Metadata) -> dict[str, object]:
        """Check an ID token (section 3.1.3.7)."""
        decoded = self._decoded(token["id_token"])
        wanted = {
            "iss": {"essential": True, "value": metadata.issuer},
            "aud": {"essential": True, "value": self._chosen.client_id},
            "nonce": {"essential": True, "value": nonce},
        }
        given = {
            "nonce": nonce,
            "client_id": self._chosen.client_id,
            "access_token": token["access_token"],
        }
        claims = CodeIDToken(decoded.claims, decoded.header, wanted, given)
        claims.validate(leeway=_CLOCKS_DIFFER_SECONDS)
        return dict(claims)

    def _decoded(self, token: str) -> jwt.Token:
        """Check a signature, by the provider's newest keys where the known ones do not do."""
        registry = JWSRegistry(algorithms=_ALGORITHMS)
        try:
            return jwt.decode(token, self._keys, registry=registry)
        except InvalidKeyIdError:
            self._metadata = None
            self._discovered()
            return jwt.decode(token, self._keys, registry=registry)

    def _discovered(self) -> _Metadata:
        if self._metadata is None or time.monotonic() - self._read_at > _FRESH_SECONDS:
            issuer = self._chosen.issuer
            try:
                found = _get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                metadata = msgspec.convert(found, _Metadata)
                self._keys = KeySet.import_key_set(_get(metadata.jwks_uri))
            except (requests.RequestException, msgspec.ValidationError, JoseError) as error:
                raise AwayError(type(error).__name__) from None
            if metadata.issuer != issuer:
                raise AwayError("it calls itself otherwise than openid.issuer")
            self._metadata, self._read_at = metadata, time.monotonic()
        return self._metadata


def provider() -> Provider | None:
    """Give the current app's provider, if it has one."""
    return cast("Provider | None", current_app.extensions[KEY])


def _get(url: str) -> Any:  # noqa: ANN401 - any JSON
    answer = requests.get(url, timeout=_TIMEOUT_SECONDS)
    answer.raise_for_status()
    return answer.json()


def _person(claims: dict[str, object]) -> Person:
    read = msgspec.convert(claims, _Claims)
    return Person(
        issuer=read.iss,
        subject=read.sub,
        username=read.preferred_username,
        name=read.name,
        email=read.email.lower() if read.email_verified else None,
    )
