"""How often one may ask: by account, by address, and more strictly where secrets can be guessed.

The standing of each limit goes with every answer (draft-ietf-httpapi-ratelimit-headers-10).
"""

import os
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Literal

from flask import Flask, Response, current_app, request
from flask_limiter import ApplicationLimit, Limiter, RequestLimit

from config.settings import Limits
from webapi import auth
from webapi.counting import ProcessStorage

Strict = Literal["sign_up", "log_in", "refresh"]
"""What an endpoint can be that has a limit of its own beside the general ones."""
PASSWORD_VARIABLE = "REDIS_PASSWORD"  # noqa: S105 - where it is, not what it is
_STRICT: tuple[Strict, ...] = ("sign_up", "log_in", "refresh")
_MARK = "parley_strict"
_EXEMPT = "operations"
_NETWORK_BITS = 64


def strictly(view: Callable[..., Response], kind: Strict) -> None:
    """Put a view under a limit of its own."""
    setattr(view, _MARK, kind)


def register(app: Flask, limits: Limits) -> None:
    """Limit the requests to an app."""
    chosen: list[str | Callable[[], str] | ApplicationLimit] = [
        _limit(limits.address, "address", _address),
        _limit(limits.account, "account", _account, lambda: auth.asker() is None),
        *(_limit(getattr(limits, kind), kind, _address, _is_not(kind)) for kind in _STRICT),
    ]
    limiter = Limiter(
        _address,
        storage_uri=limits.store or f"{ProcessStorage.STORAGE_SCHEME[0]}://",
        storage_options=_options(limits.store),
        application_limits=chosen,
        # Without Redis each process counts for itself, which is better than not at all.
        in_memory_fallback_enabled=True,
    )
    limiter.request_filter(lambda: request.blueprint == _EXEMPT)
    limiter.init_app(app)
    app.after_request(lambda response: _describe(response, limiter.current_limits))


def _limit(
    amounts: str, scope: str, key: Callable[[], str], spared: Callable[[], bool] | None = None
) -> ApplicationLimit:
    return ApplicationLimit(amounts, key_function=key, scope=scope, exempt_when=spared)


def _options(store: str) -> dict[str, str | int]:
    password = os.environ.get(PASSWORD_VARIABLE)
    return {"password": password} if store and password else {}


def _is_not(kind: Strict) -> Callable[[], bool]:
    def spared() -> bool:
        view = current_app.view_functions[request.endpoint or ""]
        return getattr(view, _MARK, None) != kind

    return spared


def _account() -> str:
    return auth.asker() or ""


def _address() -> str:
    """Give who is at the other end: in IPv6 a network, because each has addresses without end."""
    address = ip_address(request.remote_addr or "::")
    if isinstance(address, IPv6Address):
        return str(int(address) >> _NETWORK_BITS)
    return str(address)


def _describe(response: Response, limits: list[RequestLimit]) -> Response:
    now = time.time()
    policies, standings, wait = [], [], 0
    for limit in limits:
        window, rest = limit.limit.get_expiry(), max(0, round(limit.window.reset_time - now))
        name = f"{limit.request_args[-1]}-{limit.limit.GRANULARITY.name}"
        policies.append(f'"{name}";q={limit.limit.amount};w={window}')
        standings.append(f'"{name}";r={limit.remaining};t={rest}')
        wait = max(wait, rest) if limit.breached else wait
    if limits:
        response.headers["RateLimit-Policy"] = ", ".join(policies)
        response.headers["RateLimit"] = ", ".join(standings)
    if any(limit.breached for limit in limits):
        response.headers["Retry-After"] = str(max(1, wait))
    return response
