"""Who asks: the bearer token of a request (RFC 6750)."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, cast

from flask import Response, current_app, g, request

from parley_protocol import tokens
from parley_protocol.tokens import Claims
from webapi.problems import ProblemError

KEY = "parley_public_key"
"""Where the app's extensions hold the key that checks tokens."""


_View = Callable[..., Response]
_CLAIMS = "parley_claims"


def guarded(view: _View) -> _View:
    """Keep a view from whoever has no good token, before anything else of a request is read."""

    @wraps(view)
    def guard(*values: Any, **named: Any) -> Response:  # noqa: ANN401 - as the view says
        identity()
        return view(*values, **named)

    return guard


def identity() -> Claims:
    """Give the claims of the device that asks.

    The session behind a token is not looked up: tokens live for minutes, and an ended session
    gets no new one.

    Raises:
        ProblemError: 401, where there is no token, or none that holds.
    """
    if _CLAIMS not in g:
        setattr(g, _CLAIMS, _verified())
    return cast("Claims", getattr(g, _CLAIMS))


def asker() -> str | None:
    """Give the uid of the one who asks; ``None`` where there is no good token."""
    with suppress(ProblemError):
        return me()
    return None


def me() -> str:
    """Give the uid of the one who asks; see ``identity``."""
    return identity().sub


def _verified() -> Claims:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorized("no bearer token", "")
    try:
        claims = tokens.verify(current_app.extensions[KEY], token, now=int(time.time()))
    except tokens.InvalidTokenError as error:
        raise _unauthorized(str(error), ', error="invalid_token"') from None
    if claims.scope != "device":
        raise _unauthorized("not a device's token", ', error="invalid_token"')
    return claims


def _unauthorized(detail: str, challenge: str) -> ProblemError:
    headers = {"WWW-Authenticate": f'Bearer realm="parley"{challenge}'}
    return ProblemError(401, "unauthorized", detail, headers=headers)
